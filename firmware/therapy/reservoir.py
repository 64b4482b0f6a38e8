"""What is left in the reservoir, for how long it lasts, and when its insulin is due to be replaced.

The volume is computed, not sensed, as in the implant ("PPC calculates that 800 (2 ml) or fewer units": MiniMed 2007D
physician manual, p. 81): what was filled in less what was ordered since, every ordered stroke counted as a whole one,
whatever it was for. So an error can only show too little, as long as the pump does not leak. Whether computed and real
agree is for the next refill to tell (firmware/therapy/refill.py).

Implements: THER-4
"""

import struct

from firmware import protocol
from firmware.compat import const
from firmware.errors import Refused

# The greatest volume that can be filled in: 15 ml, 6,000 U at U-400 (the same manual).
CAPACITY_NL = const(15000000)
# mU at which the level becomes low, empty, stop. Low and empty are the implant's; stop is SPEC THER-4's.
THRESHOLDS_MU = (800000, 400000, 200000)
LEVELS = ("full", "low", "empty", "stop")
LEVEL_FULL, LEVEL_LOW, LEVEL_EMPTY, LEVEL_STOP = range(4)

# In-use life of the insulin: 45 days at 37 °C by the label of Insuman Implantable 400 IU/ml; 90 days is the longest
# refill interval of the implant (the same manual, p. 81).
LIFE_DAYS = const(45)
LIFE_DAYS_MAX = const(90)
DUE_STATES = ("not_due", "due", "unknown")
NOT_DUE, DUE, UNKNOWN = range(3)

_DAY_S = const(86400)
_FORMAT = "<IIIB"
STATE_BYTES = const(13)


def level_of(left_mu, thresholds_mu=THRESHOLDS_MU):
    """One of LEVEL_…; `thresholds_mu` are those of low, empty and stop, each less than the one before.

    A level begins *at* its threshold: of the manual's two wordings (p. 81 "800 or fewer", p. 104 "less than 800") the
    one that warns earlier.
    """
    level = LEVEL_FULL
    for threshold_mu in thresholds_mu:
        if left_mu <= threshold_mu:
            level += 1
    return level


def lasts_s(left_mu, until_mu, day_mu):
    """Seconds until `until_mu` are left, at a use of `day_mu` a day, rounded down; None without any use to go by."""
    if day_mu <= 0:
        return None
    return max(0, left_mu - until_mu) * _DAY_S // day_mu


class Reservoir:
    """The reservoir of a pump with strokes of `stroke_nl` nl and insulin of `concentration_u_per_ml` U/ml.

    `filled_nl` were in it when `strokes_at_fill` strokes had been ordered, at `filled_utc_s` (0: the clock was lost).
    `life_days` is the insulin's. Until filled() is called for the first time it is empty.
    """

    def __init__(self, stroke_nl, concentration_u_per_ml):
        self.filled_nl = 0
        self.strokes_at_fill = 0
        self.filled_utc_s = 0
        self.life_days = LIFE_DAYS
        self._stroke_nl = stroke_nl
        self._concentration_u_per_ml = concentration_u_per_ml

    def filled(self, volume_nl, strokes, utc_s):
        """`volume_nl` are in it now, with `strokes` ordered so far, at `utc_s` (None or 0: the clock is lost).

        Refused, nothing changed: more than it holds, or less than nothing.
        """
        if not 0 <= volume_nl <= CAPACITY_NL:
            limit_nl = CAPACITY_NL if volume_nl > 0 else 0
            raise Refused(protocol.OUT_OF_RANGE, "filled_nl", volume_nl, limit_nl)
        self.filled_nl = volume_nl
        self.strokes_at_fill = strokes
        self.filled_utc_s = utc_s or 0

    def set_life(self, days):
        """The insulin's life in use from now on. Refused: not 1 to LIFE_DAYS_MAX days."""
        if not 1 <= days <= LIFE_DAYS_MAX:
            raise Refused(protocol.OUT_OF_RANGE, "life_days", days, LIFE_DAYS_MAX if days > 1 else 1)
        self.life_days = days

    def used_nl(self, strokes):
        """Ordered since the fill, with `strokes` ordered in all: nl. Refused if that is less than there were then."""
        if strokes < self.strokes_at_fill:
            raise Refused(protocol.OUT_OF_RANGE, "strokes", strokes, self.strokes_at_fill)
        return (strokes - self.strokes_at_fill) * self._stroke_nl

    def left_nl(self, strokes):
        """Left by computation, with `strokes` ordered in all: nl, not below 0."""
        return max(0, self.filled_nl - self.used_nl(strokes))

    def left_mu(self, strokes):
        """The same in mU of insulin, rounded down."""
        return self.left_nl(strokes) * self._concentration_u_per_ml // 1000

    def due(self, utc_s):
        """(NOT_DUE, DUE or UNKNOWN; when it is due, UTC in s, 0 if unknown), at `utc_s`.

        UNKNOWN: the clock is lost now, or was at the fill, or runs from before it. Then nobody may take it for fresh.
        """
        if not utc_s or not self.filled_utc_s or utc_s < self.filled_utc_s:
            return UNKNOWN, 0
        due_s = self.filled_utc_s + self.life_days * _DAY_S
        return (DUE if utc_s >= due_s else NOT_DUE), due_s

    def report(self, strokes, day_mu, utc_s, thresholds_mu=THRESHOLDS_MU):
        """The status fields, at a use of `day_mu` a day; times until the stop threshold and until nothing in s."""
        left_mu = self.left_mu(strokes)
        due, due_s = self.due(utc_s)
        return {
            "reservoir_nl": self.left_nl(strokes),
            "reservoir_mu": left_mu,
            "reservoir_level": level_of(left_mu, thresholds_mu),
            "stops_in_s": lasts_s(left_mu, thresholds_mu[-1], day_mu),
            "empty_in_s": lasts_s(left_mu, 0, day_mu),
            "refill": due,
            "refill_due_utc_s": due_s,
        }

    def pack_into(self, buffer, at=0):
        """Put the state into STATE_BYTES of `buffer`."""
        struct.pack_into(_FORMAT, buffer, at, self.filled_nl, self.strokes_at_fill, self.filled_utc_s, self.life_days)

    def unpack(self, buffer, at=0):
        """Take it from there."""
        values = struct.unpack_from(_FORMAT, buffer, at)
        self.filled_nl, self.strokes_at_fill, self.filled_utc_s, self.life_days = values
