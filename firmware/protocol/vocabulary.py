"""The enumerations of the programmer link and of the event log, as tuples; a name's index is the value sent.

Device and host use them as `firmware.protocol.NAME`. A value once assigned is never reused for anything else.
"""

from firmware.compat import const

NEVER_US = 0xFFFFFFFFFFFFFFFF  # a time that will not come
# 2020 to 2099, the times that a wall clock may show: adding any of the pump's durations still fits in 32 bits.
UTC_MIN_S, UTC_MAX_S = 1577836800, 4102444799
NO_PATTERN = const(0xFF)  # in the place of a pattern: a rate set by hand
MANUAL = NO_PATTERN

STATES = ("running", "suspended", "fault", "stopped", "procedure")
STATE_RUNNING, STATE_SUSPENDED, STATE_FAULT, STATE_STOPPED, STATE_PROCEDURE = range(5)
KINDS = (
    "basal", "normal_bolus", "temp_basal", "square_bolus", "dual_normal", "dual_square",
    "insulin_test", "buffer", "naoh", "diagnostic",  # in procedures: never therapy
)  # fmt: skip
(KIND_BASAL, KIND_NORMAL_BOLUS, KIND_TEMP_BASAL, KIND_SQUARE_BOLUS) = range(4)
(KIND_DUAL_NORMAL, KIND_DUAL_SQUARE, KIND_INSULIN_TEST, KIND_BUFFER, KIND_NAOH, KIND_DIAGNOSTIC) = range(4, 10)
PATTERNS = ("A", "B", "C", "D")
HALF_HOURS = const(48)
RESERVOIRS = ("enough", "low", "empty", "stop")
CUTS = ("none", "hour", "day")  # the rolling cap that must cut what is programmed
TEMPS = ("rate", "percent")
TEMP_RATE, TEMP_PERCENT = range(2)
DIAGNOSES = (  # as firmware.occlusion.codes has them
    "none", "occlusion", "partial_occlusion", "air_lock", "backflow", "motor_stall", "sensor_stuck",
    "sensor_range", "sensor_drift", "occlusion_cleared", "not_watched",
)  # fmt: skip
REASONS = (
    "running", "completed", "cancelled", "suspended", "fault", "hour_cap", "day_cap", "superseded", "reset",
    "reservoir",
)  # fmt: skip
(REASON_RUNNING, REASON_COMPLETED, REASON_CANCELLED, REASON_SUSPENDED) = range(4)
(REASON_FAULT, REASON_HOUR_CAP, REASON_DAY_CAP, REASON_SUPERSEDED, REASON_RESET) = range(4, 9)
REASON_RESERVOIR = const(9)
MEMORIES = ("whole", "mended", "caps_late", "write_failed", "damaged", "absent")
(MEMORY_WHOLE, MEMORY_MENDED, MEMORY_CAPS_LATE, MEMORY_WRITE_FAILED, MEMORY_DAMAGED, MEMORY_ABSENT) = range(6)

# LOG-1's five classes, and one for an event whose cells are damaged. Below: the events, which have values a, b, c, d.
CATEGORIES = ("unreadable", "delivery", "command", "malfunction", "alarm", "connectivity")
(CATEGORY_UNREADABLE, CATEGORY_DELIVERY, CATEGORY_COMMAND) = range(3)
(CATEGORY_MALFUNCTION, CATEGORY_ALARM, CATEGORY_CONNECTIVITY) = range(3, 6)
EVENTS = (
    "unreadable", "delivery_ended", "delivery_so_far", "accepted", "refused", "initialised", "reset", "fault",
    "memory", "clock_lost", "clock_set", "connected", "diagnosis", "settings_kept", "rate_lapsed",
    "alarm", "acknowledged", "self_test", "exception", "fault_cleared", "clock_silent",
    "edge_differs", "edge_forgiven", "setting_changed", "crashed",
    "enrolled", "revoked", "rotated", "provisioned", "openings_refused", "presence_held",
)  # fmt: skip
(EVENT_UNREADABLE, EVENT_DELIVERY_ENDED, EVENT_DELIVERY_SO_FAR, EVENT_ACCEPTED, EVENT_REFUSED) = range(5)
(EVENT_INITIALISED, EVENT_RESET, EVENT_FAULT, EVENT_MEMORY) = range(5, 9)
(EVENT_CLOCK_LOST, EVENT_CLOCK_SET, EVENT_CONNECTED, EVENT_DIAGNOSIS) = range(9, 13)
(EVENT_SETTINGS_KEPT, EVENT_RATE_LAPSED, EVENT_ALARM, EVENT_ACKNOWLEDGED, EVENT_SELF_TEST) = range(13, 18)
(EVENT_EXCEPTION, EVENT_FAULT_CLEARED, EVENT_CLOCK_SILENT, EVENT_EDGE_DIFFERS, EVENT_EDGE_FORGIVEN) = range(18, 23)
EVENT_SETTING_CHANGED, EVENT_CRASHED, EVENT_ENROLLED, EVENT_REVOKED, EVENT_ROTATED = range(23, 28)
EVENT_PROVISIONED, EVENT_OPENINGS_REFUSED, EVENT_PRESENCE_HELD = range(28, 31)
HOLD_BEGUN, HOLD_LET_GO, HOLD_LONG_ENOUGH = range(1, 4)  # of presence_held, its detail

# Refusal codes: CODES[code] is its name.
CODES = (
    "accepted", "unknown_message", "bad_length", "out_of_range", "not_multiple", "not_whole_strokes", "hard_limit",
    "clinician_limit", "hour_limit", "day_limit", "wrong_state", "bolus_active", "no_bolus_active",
    "internal_error", "memory_failed", "memory_good", "clock_failed", "no_temp_active",
    "temp_active", "not_staged", "not_the_same", "expired", "repeated", "wrong_role", "not_active", "cause_there",
    "unfit", "self_test_failed", "no_fault", "unsound", "wrong_content",
    "other_life", "holds_too_long", "id_taken", "interrupted", "voided", "reservoir",
    "not_open", "no_presence", "slots_full", "no_such_slot", "already_provisioned", "own_slot",
    "not_prepared", "changed_meanwhile",
)  # fmt: skip
(UNKNOWN_MESSAGE, BAD_LENGTH, OUT_OF_RANGE, NOT_MULTIPLE, NOT_WHOLE_STROKES) = range(1, 6)
(HARD_LIMIT, CLINICIAN_LIMIT, HOUR_LIMIT, DAY_LIMIT, WRONG_STATE, BOLUS_ACTIVE) = range(6, 12)
(NO_BOLUS_ACTIVE, INTERNAL_ERROR, MEMORY_FAILED, MEMORY_GOOD, CLOCK_FAILED) = range(12, 17)
(NO_TEMP_ACTIVE, TEMP_ACTIVE, NOT_STAGED, NOT_THE_SAME, EXPIRED, REPEATED) = range(17, 23)
(WRONG_ROLE, NOT_ACTIVE, CAUSE_THERE, UNFIT, SELF_TEST_FAILED, NO_FAULT, UNSOUND, WRONG_CONTENT) = range(23, 31)
OTHER_LIFE, HOLDS_TOO_LONG, ID_TAKEN, INTERRUPTED, VOIDED = range(31, 36)
RESERVOIR_LEVEL = const(36)
NOT_OPEN, NO_PRESENCE, SLOTS_FULL, NO_SUCH_SLOT, ALREADY_PROVISIONED, OWN_SLOT = range(37, 43)
NOT_PREPARED, CHANGED_MEANWHILE = range(43, 45)
# The outcome of an order: it was answered as given; it was not done and will not be; it is too old to be remembered.
OUTCOMES = ("answered", "void", "forgotten")
OUTCOME_ANSWERED, OUTCOME_VOID, OUTCOME_FORGOTTEN = range(3)
PROCEDURES = ("none", "refill", "rinse", "flush", "stroke_volume", "patency")  # firmware.protocol.procedures
ENDS = ("completed", "left", "unfit")
CONTENTS = ("insulin", "buffer", "naoh", "empty")
CHECKS = (
    "core_answers", "native_core", "image", "memory", "ram", "stroke_sensor", "pressure_sensor",
    "clock", "clock_rate", "watchdog", "spared_parts", "edges_forgiven",
)  # fmt: skip
BATTERIES = ("good", "low", "depleted")
# The bench may do everything; only a development image knows it.
ROLES = ("anyone", "patient", "clinician", "service", "card", "provisioning", "bench")
(ROLE_NONE, ROLE_PATIENT, ROLE_CLINICIAN, ROLE_SERVICE, ROLE_CARD, ROLE_PROVISIONING, ROLE_BENCH) = range(7)
SLOT_STATES = ("free", "enrolled", "in_use")  # enrolled: its key was handed out and has opened no session yet
SLOT_FREE, SLOT_ENROLLED, SLOT_IN_USE = range(3)
