"""The dose core as a Python class, method for method what the MicroPython module `dosecore` offers.

Thin on purpose: every method is one call into C. Times are µs, rates mU/h, volumes strokes unless the name says more.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

from c_ext.host.build import build, load

# The order of Core.state(), on every face of the core.
STATE_FIELDS = (
    "basal_commanded",
    "basal_delivered",
    "basal_abandoned",
    "bolus_id",
    "bolus_programmed",
    "bolus_commanded",
    "bolus_delivered",
    "bolus_abandoned",
    "bolus_start_us",
    "bolus_end_us",
    "bolus_reason",
    "suspended",
    "rate_mu_per_h",
    "slot_us",
    "pace_due_us",
    "pace_excess_q",
    "pace_waiting",
    "pace_held_q",
    "guard_commanded",
    "guard_confirmed",
    "guard_permitted",
    "guard_fault",
    "strokes_withheld",
    "in_flight",
)

# Steps per stroke, start rate Hz, maximum rate Hz, acceleration Hz/s: an assumed small stepper, for tests.
MOTOR = (96, 200, 1000, 4000)
PREFIXES = ("DOSE_", "GUARD_", "CORE_", "MOTION_", "PACE_")
HOUR, DAY = 0, 1
NEVER_US = 2**64 - 1


class Core:
    """One pump's core. Implements: DOSE-1 … DOSE-5, GUARD-1, GUARD-2, GUARD-4 (in C; nothing is decided here)."""

    module: ModuleType  # set by bind()

    def __init__(
        self,
        stroke_nl: int = 500,
        concentration_u_per_ml: int = 400,
        spacing_us: int = 0,
        motor: tuple[int, int, int, int] = MOTOR,
        history: int = 2500,
        now_us: int = 0,
    ) -> None:
        """spacing_us 0 means the default. Raises ValueError if core_init() refuses the configuration."""
        ffi, lib = self.module.ffi, self.module.lib
        self.c: Any = ffi.new("core_t *")
        self.history: Any = ffi.new("uint32_t[]", history)
        self._config = ffi.new("core_config_t *", (stroke_nl, concentration_u_per_ml, spacing_us, motor))
        self._limits = ffi.new("guard_limits_t *")
        self._refused = ffi.new("uint32_t *")
        if not lib.core_init(self.c, now_us, self._config, self.history, history):
            raise ValueError(
                f"core configuration out of range: stroke_nl={stroke_nl} concentration_u_per_ml="
                f"{concentration_u_per_ml} spacing_us={spacing_us} motor={motor} history={history}"
            )

    def set_basal(self, now_us: int, rate_mu_per_h: int) -> int:
        """Basal rate from now on; a DOSE code."""
        return int(self.module.lib.core_set_basal(self.c, now_us, rate_mu_per_h))

    def bolus(self, now_us: int, strokes: int) -> int:
        """Start a normal bolus; a DOSE code."""
        return int(self.module.lib.core_bolus(self.c, now_us, strokes))

    def cancel_bolus(self, now_us: int) -> int:
        """End the running bolus; a DOSE code."""
        return int(self.module.lib.core_cancel_bolus(self.c, now_us))

    def suspend(self, now_us: int) -> int:
        """Stop programming, let the stroke in progress end; a DOSE code."""
        return int(self.module.lib.core_suspend(self.c, now_us))

    def resume(self, now_us: int) -> int:
        """Go on at the programmed rate; a DOSE code."""
        return int(self.module.lib.core_resume(self.c, now_us))

    def set_limits(self, basal_mu_per_h: int, bolus_mu: int, hour_mu: int, day_mu: int) -> tuple[int, int]:
        """(code, number of the limit refused, 1 … 4, or 0)."""
        limits = self._limits
        limits.max_basal_mu_per_h, limits.max_bolus_mu = basal_mu_per_h, bolus_mu
        limits.max_hour_mu, limits.max_day_mu = hour_mu, day_mu
        code = int(self.module.lib.core_set_limits(self.c, limits, self._refused))
        return code, int(self._refused[0])

    def permit(self, stroke: int) -> bool:
        """The permit for this stroke is written; false unless it is the next."""
        return bool(self.module.lib.core_permit(self.c, stroke))

    def stop(self, now_us: int, fault: int) -> None:
        """Latch MEMORY_FAULT, COUNT_FAULT or STOPPED; ValueError for another code."""
        lib = self.module.lib
        if not lib.GUARD_MEMORY_FAULT <= fault <= lib.GUARD_STOPPED:
            raise ValueError(f"not a fault code: {fault}")
        lib.core_stop(self.c, now_us, fault)

    def next_us(self) -> int:
        """µs, or -1 for never."""
        due_us = int(self.module.lib.core_next_us(self.c))
        return -1 if due_us == NEVER_US else due_us

    def service(self, now_us: int) -> int:
        """The stroke timer's handler: NOTHING, STROKE, WITHHELD or FAULT."""
        return int(self.module.lib.core_service(self.c, now_us))

    def confirmed(self) -> None:
        """The stroke sensor saw an edge."""
        self.module.lib.core_stroke_confirmed(self.c)

    def ended(self) -> None:
        """The burst has ended."""
        self.module.lib.core_stroke_ended(self.c)

    def used(self, now_us: int, window: int) -> int:
        """Strokes in the last hour (window 0) or day (1), as the guard counts them."""
        lib = self.module.lib
        ticks = lib.GUARD_DAY_TICKS if window == DAY else lib.GUARD_HOUR_TICKS
        return int(lib.guard_used_strokes(self._member("guard"), now_us, ticks))

    def limits(self) -> tuple[int, int, int, int]:
        """In force: (basal_mu_per_h, bolus strokes, strokes in an hour, strokes in a day)."""
        guard = self.c.guard
        words = (guard.basal_mu_per_h, guard.bolus_strokes, guard.hour_strokes, guard.day_strokes)
        return tuple(int(word.value) for word in words)  # type: ignore[return-value]

    def bolus_running(self) -> bool:
        """Strokes of a bolus are to come, or its last one is playing."""
        return bool(self.module.lib.core_bolus_running(self.c))

    def plan(self) -> tuple[int, int, tuple[int, ...]]:
        """(steps, duration_us, the periods in µs)."""
        plan = self.c.plan
        return int(plan.steps), int(plan.duration_us), tuple(plan.period_us[i] for i in range(plan.steps))

    def state(self) -> tuple[int, ...]:
        """STATE_FIELDS, all integers."""
        c = self.c
        dose, guard = c.dose, c.guard
        basal, bolus, pace = dose.basal, dose.bolus, dose.basal_pace
        return (
            basal.commanded, basal.delivered, basal.abandoned,
            dose.bolus_id, bolus.programmed, bolus.commanded, bolus.delivered, bolus.abandoned,
            dose.bolus_start_us, dose.bolus_end_us, dose.bolus_reason,
            dose.suspended, dose.rate_mu_per_h, dose.slot_us,
            -1 if pace.due_us == NEVER_US else pace.due_us, pace.excess_q, pace.waiting, pace.held_q,
            guard.commanded.value, guard.confirmed.value, guard.permitted.value, guard.fault.value,
            c.strokes_withheld, c.in_flight,
        )  # fmt: skip

    def _member(self, name: str) -> Any:
        return self.module.ffi.addressof(self.c, name)

    def raw(self) -> bytes:
        """Every byte of the context and of the rolling-cap history: a refusal must leave all of them alone."""
        ffi = self.module.ffi
        return bytes(ffi.buffer(self.c)) + bytes(ffi.buffer(self.history))


def bind(path: Path) -> type[Core]:
    """The class Core over the extension at `path`."""
    return type("Core", (Core,), {"module": load(path)})


def constants(module: ModuleType) -> dict[str, int]:
    """Codes and limits under the names the MicroPython module gives them: DOSE_E_TIME is E_TIME."""
    found = {}
    for name in dir(module.lib):
        value = getattr(module.lib, name)
        prefix = next((p for p in PREFIXES if name.startswith(p)), None)
        if prefix is not None and isinstance(value, int):
            found[name[len(prefix) :]] = value
    return found


def bind_default() -> type[Core]:
    """The class Core over the core as it stands, compiled first if need be."""
    return bind(build())
