"""What the device tells of an order before it is given: the fields of each order's summary.

The first are *bound*: what the order would do, and what it would do it to. If one of them is another when the order
comes, the order is refused. The others are *shown* and move by themselves, such as what has been used so far. An order
that is not here needs no preparing: what only makes less, and what delivers nothing (docs/adr/0015).

Implements: SEC-3, THER-9
"""

from firmware.protocol.fields import (
    CUT_BY,
    FINGERPRINT,
    REFILLED,
    SETTINGS,
    STEP,
    TEMP,
    shown_limits,
    time,
    u8,
    u32,
)
from firmware.protocol.table import Field
from firmware.protocol.vocabulary import CONTENTS, MEMORIES, PROCEDURES, STATES

_STATE = u8("state", "what the pump is doing", STATES)
_IN_FORCE = u32("in_force_mu_per_h", "basal rate that is delivered now", "mU/h")
_OLD_RATE = u32("old_rate_mu_per_h", "programmed rate now", "mU/h")
_THEN = u32("then_mu_per_h", "programmed rate from then on", "mU/h")
_OLD_PATTERN = u8("old_pattern", "the pattern that runs; 255: a rate set by hand")
_PATTERN = u8("pattern", "which pattern")
_OLD_DAY = u32("old_day_mu", "what the rates before make in a day", "mU")
_NEW_DAY = u32("day_mu", "what the new rates make in a day", "mU")
_PROGRAMMED = u32("programmed_mu_per_h", "programmed rate", "mU/h")
_TEMP_THEN = u32("then_mu_per_h", "basal rate that is delivered from then on", "mU/h")
_TEMP_UNTIL = time("temp_until_us", "end of the temporary rate that runs; 2^64-1 if there is none")
_AT_ONCE = u32("volume_mu", "how much at once", "mU")
_SPREAD = u32("square_mu", "how much spread", "mU")
_LASTS = u32("duration_min", "how long", "min")
_BESIDE = (
    u32("strokes", "strokes it is made of"),
    u32("bolus_id", "delivery number of the latest normal bolus before; 0: none"),
    u32("square_id", "delivery number of the latest square bolus before; 0: none"),
    _IN_FORCE,
    u32("max_hour_mu", "greatest use in any 60 min", "mU"),
    u32("max_day_mu", "greatest use in any 24 h", "mU"),
)
_COMES_TO = (
    u32("takes_s", "how long it takes, if nothing holds it up", "s"),
    u32("hour_mu", "use in the last 60 min", "mU"),
    u32("hour_then_mu", "the same with it and with the boluses that run, without basal to come", "mU"),
    u32("day_mu", "use in the last 24 h", "mU"),
    u32("day_then_mu", "the same with it and with the boluses that run, without basal to come", "mU"),
    u32("left_mu", "what the reservoir holds after them; 2^32-1: not known", "mU"),
)


def _settings(prefix, doc):
    return tuple(Field(prefix + each.name, each.kind, each.unit, doc + each.doc) for each in SETTINGS)


# (bound, shown) of each message's name.
SUMMARIES = {
    "set_basal": ((_STATE, _IN_FORCE, _OLD_PATTERN, _OLD_RATE, _THEN, CUT_BY), ()),
    "select_pattern": (
        (_STATE, _IN_FORCE, _OLD_PATTERN, _OLD_RATE, _OLD_DAY, _PATTERN, FINGERPRINT, _NEW_DAY, _THEN, CUT_BY),
        (),
    ),
    "commit_pattern": (
        (_STATE, _IN_FORCE, _PATTERN, Field("running", "bool", "", "it is the pattern that runs"))
        + (u32("old_fingerprint", "of the rates before"), _OLD_DAY, FINGERPRINT, _NEW_DAY, _OLD_RATE, _THEN, CUT_BY),
        (),
    ),
    "temp_basal": (
        (_IN_FORCE, _PROGRAMMED, _TEMP_UNTIL, TEMP)
        + (u32("value", "the rate or the percentage"), _LASTS, _TEMP_THEN, CUT_BY),
        (),
    ),
    "cancel_temp": ((_IN_FORCE, _PROGRAMMED, _TEMP_UNTIL, _TEMP_THEN, CUT_BY), ()),
    "recommend_rate": (
        (_IN_FORCE, _PROGRAMMED, _TEMP_THEN, u32("valid_min", "how long it holds unless renewed", "min")),
        (),
    ),
    "bolus": ((_AT_ONCE,) + _BESIDE, _COMES_TO),
    "square_bolus": ((_SPREAD, _LASTS) + _BESIDE, _COMES_TO),
    "dual_bolus": ((_AT_ONCE, _SPREAD, _LASTS) + _BESIDE, _COMES_TO),
    "resume": ((_STATE, _IN_FORCE, _THEN), ()),
    "set_limits": (shown_limits("old_", "before: ") + shown_limits("new_", "then: ") + (CUT_BY,), ()),
    "set_settings": (_settings("old_", "before: ") + _settings("new_", "then: "), ()),
    "set_time": (
        (
            Field("clock_known", "bool", "", "the clock runs, and is not lost"),
            u32("new_utc_s", "clock then", "s"),
            Field("utc_offset_min", "i32", "min", "local time less UTC"),
            _OLD_RATE,
            _THEN,
        ),
        (u32("old_utc_s", "clock now; 0 if it is lost", "s"),),
    ),
    "initialise_memory": ((u8("memory", "state of the memory that will be forgotten", MEMORIES),), ()),
    "record_refill": (
        (u32("refills", "refills recorded before"),) + REFILLED[:2],
        (u32("left_mu", "computed content now", "mU"),) + REFILLED[2:],
    ),
    "start_procedure": (
        (_STATE, u8("procedure", "which", PROCEDURES), u8("reservoir_holds", "what is in the reservoir", CONTENTS)),
        (),
    ),
    "answer_procedure": (
        (u8("procedure", "the one under way", PROCEDURES), STEP, u8("choice", "place among the step's choices"))
        + (Field("value", "i32", "", "the step's input"), u32("strokes", "strokes that are made then")),
        (),
    ),
    "interrupt_procedure": (
        (u8("procedure", "the one under way", PROCEDURES), STEP),
        (u32("strokes_left", "strokes that the step still wants"),),
    ),
    "clear_fault": (
        (
            u8("fault", "the fault that is latched"),
            u32("commanded_strokes", "strokes ordered; they count as seen then"),
            u32("confirmed_strokes", "strokes that the stroke sensor has seen"),
        ),
        (),
    ),
}
