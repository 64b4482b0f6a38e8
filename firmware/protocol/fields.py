"""The fields that the messages of firmware/protocol are made of, as data."""

from firmware.protocol.codec import MAX_WIRE_BYTES
from firmware.protocol.table import Field
from firmware.protocol.vocabulary import (
    BATTERIES,
    CATEGORIES,
    CHECKS,
    CONTENTS,
    CUTS,
    DIAGNOSES,
    EVENTS,
    HALF_HOURS,
    KINDS,
    MEMORIES,
    PATTERNS,
    PROCEDURES,
    REASONS,
    RESERVOIRS,
    STATES,
    TEMPS,
)


def u8(name, doc, names=(), low=None, high=None):
    return Field(name, "u8", "", doc, low, high, names=names)


def u32(name, doc, unit=""):
    return Field(name, "u32", unit, doc)


def time(name, doc):
    return Field(name, "u64", "µs", doc)


# Only requests are checked against limits: a reply with an odd value is better than one that cannot be sent.
NEW_LIMITS = (
    Field("max_basal_mu_per_h", "u32", "mU/h", "greatest basal rate", 0, 35000, 50, hard=True),
    Field("max_bolus_mu", "u32", "mU", "greatest single bolus", 0, 40000, hard=True),
    Field("max_hour_mu", "u32", "mU", "greatest use in any 60 min", 0, 60000, hard=True),
    Field("max_day_mu", "u32", "mU", "greatest use in any 24 h", 0, 500000, hard=True),
)


def shown_limits(prefix, doc):
    return tuple(u32(prefix + field.name, doc + field.doc, field.unit) for field in NEW_LIMITS)


CUT_BY = u8("cut_by", "the rolling cap that must cut what is programmed, day after day or while a bolus runs", CUTS)
AT = time("at_us", "device time at which it took effect")
# Every order begins with these fields.
ORDER = (
    Field(
        "command_id",
        "u32",
        "",
        "chosen by the programmer; one that came before is answered as before, not done again",
        1,
    ),
    u32("life", "the pump's, as it told it: an order for another one is not done"),
    time("expires_us", "device time after which it must not be done any more; at most 10 min ahead"),
    Field("confirms", "u64", "", "hash of the summary that `prepare` has answered with; 0 where none is needed"),
)
LIFE = u32("life", "what an order must name; other after each start, 0 while no order can be taken")

DELIVERY = (
    u32("id", "delivery number; rises by one, never reused"),
    u8("kind", "what was delivered", KINDS),
    time("start_us", "device time of its start"),
    time("end_us", "device time of its end; 0 while it runs"),
    u32("programmed_mu", "what therapy asked for, up to now if it runs", "mU"),
    u32("commanded_strokes", "strokes ordered"),
    u32("delivered_strokes", "strokes confirmed by the stroke sensor"),
    u32("abandoned_strokes", "strokes given up for the reason recorded"),
    u8("reason", "why it ended", REASONS),
)

# What the values mean: docs/memory.md.
EVENT = (
    u32("number", "event number; rises by one, never reused"),
    u32("time_s", "UTC since 1970, or device time while the clock was lost", "s"),
    Field("clock_known", "bool", "", "time_s is UTC"),
    u8("category", "which of the five classes", CATEGORIES),
    u8("event", "what happened", EVENTS),
    u8("detail", "kind of delivery, id of the message, or memory state"),
    u8("reason", "why a delivery ended, or the refusal's code"),
) + tuple(u32(name, "value: see docs/memory.md") for name in ("a", "b", "c", "d"))

STATUS = (
    time("now_us", "device time of this status"),
    u8("state", "what the pump is doing", STATES),
    u8("fault", "fault of the dose core: latched, or, stopped, the one that the next stroke would latch; 0 is none"),
    u32("basal_rate_mu_per_h", "programmed basal rate", "mU/h"),
    u32("in_force_mu_per_h", "basal rate that is delivered now", "mU/h"),
    u8("pattern", "the pattern that runs; 255: a rate set by hand"),
    time("temp_until_us", "end of the temporary rate; 2^64-1 if there is none"),
    time("recommended_until_us", "end of a recommended rate; 2^64-1 if there is none"),
    u32("bolus_id", "delivery number of the latest normal bolus; 0: none yet, or a procedure's strokes came after it"),
    u32("bolus_programmed_mu", "its programmed volume", "mU"),
    u32("bolus_commanded_mu", "its strokes ordered", "mU"),
    u32("bolus_delivered_mu", "its strokes confirmed", "mU"),
    u32("bolus_remaining_mu", "what is still to come; 0 when it has ended", "mU"),
    u32("square_id", "delivery number of the latest square bolus; 0 is none yet"),
    u32("square_programmed_mu", "its programmed volume", "mU"),
    u32("square_delivered_mu", "its strokes confirmed", "mU"),
    u32("square_remaining_mu", "what is still to come; 0 when it has ended", "mU"),
    u32("strokes_commanded", "strokes ordered since the ledger began"),
    u32("strokes_delivered", "strokes confirmed"),
    u32("strokes_abandoned", "strokes given up for a recorded reason"),
    u32("hour_mu", "use in the last 60 min", "mU"),
    u32("day_mu", "use in the last 24 h", "mU"),
    Field("pressure_pa", "i32", "Pa", "catheter pressure above ambient"),
    u8("diagnosis", "what the occlusion detector's finding is that stands", DIAGNOSES),
    u32("missed_mu", "by this finding, of what counts as delivered what did not reach the patient", "mU"),
    u32("released_mu", "what has reached the patient since from the catheter that has opened", "mU"),
    time("next_due_us", "device time of the next stroke as the rate is and as it will be after its next change;"
        " 2^64-1: none by these"),
    u32("utc_s", "wall clock since 1970; 0 if it is lost", "s"),
    u8("memory", "state of the non-volatile memory", MEMORIES),
    Field("resets", "u16", "", "resets since the memory was initialised"),
    u32("newest_event", "number of the newest event in the log; 0 if none"),
    u8("alarm", "number of the alarm that speaks for all; 0: none"),
    u8("alarms", "alarms that are latched"),
    u32("reservoir_mu", "computed content of the reservoir", "mU"),
) + shown_limits("", "clinician limit: ") + (
    CUT_BY,
    u32("square_commanded_mu", "strokes of the square bolus ordered", "mU"),
)  # fmt: skip

DIAGNOSIS = (
    u8("diagnosis", "the finding that stands; delivery resumed: none", DIAGNOSES),
    time("at_us", "device time of the stroke that settled it"),
    u32("strokes", "strokes from the first that looked wrong to that one"),
    u32("missed_mu", "of them what did not reach the patient", "mU"),
    u32("stored_mu", "of that what waits in the catheter, to be released when it opens", "mU"),
    u32("released_mu", "of that what has been released", "mU"),
    Field("rise_pa", "i32", "Pa", "what one stroke adds to the pressure"),
    Field("level_pa", "i32", "Pa", "pressure above ambient at the time"),
    u32("compliance_pl_per_pa", "the catheter's compliance that follows from the rise", "pL/Pa"),
    Field("air_lock_watched", "bool", "", "an air lock or a backflow would show; behind a syringe neither does"),
)

COUNTERS = (
    u32("frames_good", "frames accepted"),
    u32("frames_overlong", "dropped: over %d bytes" % MAX_WIRE_BYTES),
    u32("frames_bad_cobs", "dropped: not COBS"),
    u32("frames_too_short", "dropped: no room for header and CRC"),
    u32("frames_bad_crc", "dropped: CRC differs"),
    u32("frames_not_request", "dropped: a reply's id, so an echo or a reflection"),
    u32("requests_refused", "requests answered with a refusal"),
    u32("internal_errors", "refusals because the firmware failed"),
    u32("orders_repeated", "orders that came again and were not done again"),
    u32("sessions", "sessions begun"),
    u32("openings_refused", "openings refused: forged, stale or beyond the bound"),
    u32("frames_forged", "sealed frames refused: not of the session, or altered"),
)

IDENTITY = (
    Field("board", "str8", "", "board name"),
    Field("firmware_version", "str8", "", "version of the firmware"),
    Field("core_version", "str8", "", "version of the dose core"),
    Field("native_core", "bool", "", "the compiled C core is the one in use"),
    Field("stroke_uu", "u32", "µU", "insulin in one stroke"),
    Field("stroke_nl", "u32", "nL", "volume of one stroke"),
    Field("concentration_u_per_ml", "u16", "U/mL", "insulin concentration"),
    time("now_us", "device time"),
    Field("image", "str8", "", "first 16 hex digits of the flashed image's SHA-256; empty on a board without one"),
    LIFE,
)

PATTERN = u8("pattern", "which pattern", PATTERNS)
RATES = Field(
    "rates",
    "records",
    "",
    "one for each half-hour from midnight on",
    HALF_HOURS,
    HALF_HOURS,
    fields=(Field("rate_mu_per_h", "u32", "mU/h", "basal rate", 0, 35000, 50, hard=True),),
)
FINGERPRINT = u32("fingerprint", "CRC-32 of the 48 rates, each as u32")
DAY = u32("day_mu", "what the 48 rates make in a day", "mU")

DURATION_MIN = Field("duration_min", "u32", "min", "how long", 30, 1440)
SQUARE_MIN = Field("duration_min", "u32", "min", "how long", 30, 480)
TEMP = u8("kind", "whether `value` is a rate in mU/h or percent of the programmed rate", TEMPS)

SETTINGS = (
    Field("suspend_rate_mu_per_h", "u32", "mU/h", "basal rate while suspended; 0: none", 0, 1000, 50),
    Field("auto_off_min", "u32", "min", "stop after so long without a programmer; 0: never", 0, 10080),
    Field("utc_offset_min", "i32", "min", "local time less UTC", -720, 840, 15),
    Field("reservoir_low_mu", "u32", "mU", "below this the reservoir is low", 0, 6000000),
    Field("reservoir_empty_mu", "u32", "mU", "below this it counts as empty", 0, 6000000),
    Field("reservoir_stop_mu", "u32", "mU", "below this delivery stops", 0, 6000000),
    Field("in_use_days", "u32", "d", "how long the insulin may stay in the reservoir", 1, 90),
    Field("stroke_tone", "bool", "", "a tone with every stroke"),
)
RESERVOIR = (
    time("now_us", "device time"),
    u8("level", "what the content calls for", RESERVOIRS),
    u32("left_mu", "computed content", "mU"),
    u32("filled_mu", "content after the latest refill", "mU"),
    u32("filled_utc_s", "when that was; 0: never, or the clock was lost", "s"),
    u32(
        "empty_h",
        "hours to the stop at the use of the last 24 h or what is programmed, whichever is more; 2^32-1: for ever",
        "h",
    ),
    u32("due_utc_s", "when the next refill is due; 0 if that is not known", "s"),
)
ALARM = (
    u8("alarm", "its number (docs/alarms.md)"),
    time("since_us", "device time of its begin"),
    u32("detail", "the figure that belongs to it"),
    Field("cause_there", "bool", "", "its cause is there now, so it cannot be acknowledged away"),
    Field("quiet", "bool", "", "it was acknowledged while its cause was there, and makes no sound for now"),
)
BANDS = ("good", "watch", "rinse", "catheter", "over", "interval_too_short", "first_refill", "none")
REFILL = (
    Field("put_before_mg", "u32", "mg", "the insulin syringe before it was filled in", 1, 150000),
    Field("put_after_mg", "u32", "mg", "and after", 1, 150000),
    Field("taken_back_nl", "u32", "nL", "insulin taken back to bring the vacuum back", 0, 15000000),
    Field("drawn_before_mg", "u32", "mg", "the syringe for what was left, before it was drawn", 1, 150000),
    Field("drawn_after_mg", "u32", "mg", "and after", 1, 150000),
)
REFILLED = (
    u32("filled_nl", "in the reservoir now", "nL"),
    Field("residual_nl", "i32", "nL", "drawn from it before"),
    Field("accuracy_tenths", "i32", "0.1 %", "refill accuracy of the interval; negative: less than counted"),
    u32("uncertainty_tenths", "within which that is certain (k = 2)", "0.1 %"),
    u8("band", "what follows from it (docs/therapy.md); none: no refill has been recorded here", BANDS),
    Field("missing_nl", "i32", "nL", "gone from the reservoir and not delivered; negative: delivered and not gone"),
    u32("delivered_nl", "the interval's size: delivered since the refill before; 0 at the first", "nL"),
)
VERDICT = REFILLED[2:]  # of a refill that a procedure has recorded
STEP = u8("step", "the step that it is for (docs/procedures.md)")
PROCEDURE = (
    u8("procedure", "the procedure under way", PROCEDURES),
    u8("step", "its step (docs/procedures.md)"),
    Field("procedure_delivering", "bool", "", "the step's strokes are being made"),
    Field("procedure_strokes_left", "u16", "", "strokes that the step still wants"),
    u8("procedure_end", "how the latest ended (0 completed, 1 left, 2 unfit); 255: none has"),
    Field("fit", "bool", "", "therapy may run: insulin in the reservoir, no NaOH in the catheter"),
    u8("reservoir_holds", "what is in the reservoir", CONTENTS),
    u32("catheter_buffer_nl", "buffer in the catheter", "nL"),
    u32("catheter_naoh_nl", "sodium hydroxide in the catheter", "nL"),
    u32("until_insulin_nl", "what must leave the tip before insulin does", "nL"),
)
ENERGY = (
    u32("battery_used_nah", "taken from the battery, by count", "nAh"),
    u32("battery_left_nah", "what it still holds", "nAh"),
    u32("battery_left_s", "how long that lasts", "s"),
    u32("battery_mean_na", "mean current reckoned with", "nA"),
    u8("battery_level", "what it calls for", BATTERIES),
    u32("wakes", "wake-ups of the processor"),
)
SELF_TEST = (
    Field("passed", "bool", "", "all required checks are there, and all that therapy needs have passed"),
    u32("duration_us", "how long it took", "µs"),
    Field(
        "checks",
        "records",
        "",
        "what this board has the means for",
        0,
        len(CHECKS),
        fields=(
            u8("check", "which", CHECKS),
            Field("ok", "bool", "", "passed"),
            Field("value", "i32", "", "what was found; -1: the check itself failed"),
        ),
    ),
)
TELEMETRY = (
    STATUS
    + COUNTERS
    + (
        u32("battery_left_nah", "what the battery still holds, by count", "nAh"),
        u32("wakes", "wake-ups of the processor"),
        u32("worst_late_us", "latest wake-up of the supervisor since the reset", "µs"),
    )
)
