"""What the detector can say; the order is the programmer link's."""

from firmware.compat import const

NONE = const(0)
OCCLUSION = const(1)  # nothing leaves the catheter: the rise that a stroke makes stays
PARTIAL = const(2)  # it leaves slowly: the rise outlasts a cough, then goes
AIR_LOCK = const(3)  # the motor moves, no pressure pulse: air, or a mechanism that has come apart
BACKFLOW = const(4)  # a pulse, and then suction: the return stroke draws from the catheter
STALL = const(5)  # no edge of the stroke sensor, no pressure
SENSOR_STUCK = const(6)  # the pressure sensor repeats itself
SENSOR_RANGE = const(7)  # it stands at an end of its range: open or shorted
SENSOR_DRIFT = const(8)  # it shows what no body has, while strokes look healthy
CLEARED = const(9)  # an occlusion has opened; what was stored has reached the patient
NOT_WATCHED = const(10)  # this board brings the detector no readings

NAMES = (
    ("none", "occlusion", "partial_occlusion", "air_lock", "backflow", "motor_stall", "sensor_stuck")
    + ("sensor_range", "sensor_drift", "occlusion_cleared", "not_watched")
)  # fmt: skip

# What each asks of the pump: to give no more until a person says so, or to go on and tell.
# Where strokes reach nobody and every further one adds to what a reopening releases or to a wrong account, they stop.
STOPS = (OCCLUSION, AIR_LOCK, STALL)
FOLLOW = (PARTIAL, CLEARED)  # what an occlusion may turn out to have been


def displaces(code, stood):
    """Whether a finding takes the place of the one that stands: no lesser one displaces one that stopped delivery."""
    return code in STOPS or stood not in STOPS or (stood == OCCLUSION and code in FOLLOW)


class Diagnosis:
    """One finding and what speaks for it. Volumes nL, pressures Pa, times µs.

    `strokes` were commanded from the first that looked wrong to the one that settled it; `missed_nl` of them did not
    reach the patient. `stored_nl` of that waits in the catheter to be released, `released_nl` has been. `rise_pa` is
    what one stroke adds, `compliance_pl_per_pa` what follows from it, `level_pa` the pressure at the time.
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
