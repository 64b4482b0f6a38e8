"""The detector's findings, numbered as on the programmer link."""

from firmware.compat import const

NONE = const(0)
OCCLUSION = const(1)  # nothing leaves the catheter: the rise of a stroke stays
PARTIAL = const(2)  # the stroke leaves slowly: its rise outlasts a cough, then goes
AIR_LOCK = const(3)  # the motor moves without a pressure pulse: air, or a mechanism that has come apart
BACKFLOW = const(4)  # a pulse, then suction: the return stroke draws from the catheter
STALL = const(5)  # no edge from the stroke sensor, and no pressure
SENSOR_STUCK = const(6)  # the pressure sensor repeats its reading
SENSOR_RANGE = const(7)  # the pressure sensor is at an end of its range: open or shorted
SENSOR_DRIFT = const(8)  # it shows a pressure that no body has, while strokes look healthy
CLEARED = const(9)  # an occlusion has opened; the stored volume has reached the patient
NOT_WATCHED = const(10)  # this board brings the detector no readings

NAMES = (
    "none", "occlusion", "partial_occlusion", "air_lock", "backflow", "motor_stall", "sensor_stuck",
    "sensor_range", "sensor_drift", "occlusion_cleared", "not_watched",
)  # fmt: skip

# The findings that stop delivery until a person resumes it; after the others it goes on, with an alarm.
# Delivery stops where no stroke reaches the patient, and each further one adds to the volume that a reopening releases,
# or to a wrong account.
STOPS = (OCCLUSION, AIR_LOCK, STALL)
FOLLOW = (PARTIAL, CLEARED)  # findings that an occlusion may turn into


def displaces(code, stood):
    """Does a finding replace the standing one? No lesser finding replaces one that stopped delivery."""
    return code in STOPS or stood not in STOPS or (stood == OCCLUSION and code in FOLLOW)


class Diagnosis:
    """One finding and its evidence. Volumes nL, pressures Pa, times µs.

    `strokes` were commanded from the first that looked wrong to the one that settled it; `missed_nl` of their volume
    did not reach the patient. Of that, `stored_nl` waits in the catheter to be released, and `released_nl` has been
    released. `rise_pa` is the rise of one stroke, `compliance_pl_per_pa` the compliance that follows from it,
    `level_pa` the pressure at the time.
    """

    def __init__(self, code, at_us, strokes, missed_nl):
        self.code = code
        self.at_us = at_us
        self.strokes = strokes
        self.missed_nl = missed_nl
        self.stored_nl = 0
        self.released_nl = 0
        self.rise_pa = 0
        self.level_pa = 0
        self.compliance_pl_per_pa = 0
