"""Names of the dose core's faces: the fields of its state, in their order, and its codes and limits."""

from types import ModuleType

# Ledgers, in the order of dose_kind_t.
KINDS = ("basal", "temp", "normal", "square")
# The order of Core.state(), on every face of the core.
STATE_FIELDS = (
    *(f"{kind}_{part}" for kind in KINDS for part in ("programmed", "commanded", "delivered", "abandoned")),
    "normal_id",
    "normal_start_us",
    "normal_end_us",
    "normal_reason",
    "square_id",
    "square_start_us",
    "square_end_us",
    "square_reason",
    "temp_start_us",
    "temp_end_us",
    "temp_reason",
    "suspended",
    "rate_mu_per_h",
    "boundary_us",
    "boundary_mu_per_h",
    "temp",
    "temp_value",
    "temp_until_us",
    "slot_us",
    "at_us",
    "owed_q",
    "basal_waiting",
    "temp_waiting",
    "square_owed_q",
    "square_waiting",
    "guard_commanded",
    "guard_confirmed",
    "guard_permitted",
    "guard_fault",
    "guard_alive_tick",
    "guard_free_tick",
    "strokes_withheld",
    "in_flight",
    "armed_us",
    "armed_kind",
    "unconfirmed",
    "hour_used",
    "day_used",
)
PREFIXES = ("DOSE_", "GUARD_", "CORE_", "MOTION_", "PACE_", "BASAL_")


def constants(module: ModuleType) -> dict[str, int]:
    """Codes and limits under their names in the MicroPython module: DOSE_E_TIME is E_TIME."""
    found = {}
    for name in dir(module.lib):
        value = getattr(module.lib, name)
        prefix = next((p for p in PREFIXES if name.startswith(p)), None)
        if prefix is not None and isinstance(value, int):
            found[name[len(prefix) :]] = value
    return found
