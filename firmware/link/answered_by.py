"""The table of which part of the pump answers which message. The part's method has the message's name.

`commands` is the link's own part (commands.py); all others are attributes of the pump. A test compares this table with
that of the messages: each message is answered by exactly one part, and the part has the method.
"""

ANSWERED_BY = (
    ("commands", ("identity", "status", "settle_order", "prepare")),
    ("switch", ("suspend", "stop", "resume")),
    ("therapy", ("set_basal", "temp_basal", "cancel_temp", "recommend_rate", "select_pattern")),
    ("boluses", ("bolus", "square_bolus", "dual_bolus", "cancel_bolus")),
    ("patterns", ("stage_pattern", "commit_pattern", "read_pattern", "set_settings", "read_settings")),
    ("refills", ("read_reservoir",)),
    ("clinic", (
        "start_procedure", "answer_procedure", "interrupt_procedure", "read_procedure", "record_refill",
    )),
    ("alarms", ("read_alarms", "acknowledge_alarm")),
    ("faults", ("clear_fault",)),
    ("device", ("set_limits", "set_time", "initialise_memory", "self_test")),
    ("reports", ("read_time", "read_deliveries", "read_log", "read_diagnosis")),
    ("upkeep", ("read_energy",)),
    ("stream", ("telemetry",)),
    ("programmers", ("enrol", "read_programmers", "revoke", "rotate", "provision")),
)  # fmt: skip


def part_for(name):
    """The part that answers the message of this name. It is looked up: a dict of them would take half a kilobyte."""
    for part, names in ANSWERED_BY:
        if name in names:
            return part
    raise KeyError(name)
