"""How much is left in the reservoir, how long it lasts, and when its insulin is due for replacement.

The volume is computed, not sensed, as in the implant ("PPC calculates that 800 (2 ml) or fewer units": MiniMed 2007D
physician manual, p. 81): the volume filled in, less all strokes ordered since, each counted as a whole stroke whatever
its purpose. So the computed volume can only err low, as long as the pump does not leak. The next refill shows whether
computed and real volume agree (firmware/protocol/refill.py).

Implements: THER-4
"""

from firmware import protocol
from firmware.compat import const
from firmware.errors import Refused

# Places in protocol.RESERVOIRS.
LEVEL_FULL, LEVEL_LOW, LEVEL_EMPTY, LEVEL_STOP = range(4)

NOT_DUE, DUE, UNKNOWN = range(3)

_DAY_S = const(86400)


def level_of(left_mu, thresholds_mu):
    """One of LEVEL_…; `thresholds_mu` are those of low, empty and stop, each less than the one before.

    A level begins *at* its threshold. The manual has two wordings (p. 81 "800 or fewer", p. 104 "less than 800"); this
    is the one that warns earlier.
    """
    level = LEVEL_FULL
    for threshold_mu in thresholds_mu:
        if left_mu <= threshold_mu:
            level += 1
    return level


def lasts_s(left_mu, until_mu, day_mu):
    """Seconds until `until_mu` are left, at a use of `day_mu` a day, rounded down; None if there is no use."""
    if left_mu <= until_mu:
        return 0
    return (left_mu - until_mu) * _DAY_S // day_mu if day_mu > 0 else None


class Reservoir:
    """The reservoir of a pump with strokes of `stroke_nl` nl and insulin of `concentration_u_per_ml` U/ml.

    `filled_nl` were in it when `strokes_at_fill` strokes had been ordered, at `filled_utc_s` (0: the clock was lost).
    `life_days` is the insulin's in-use life. All four are set from outside; a new reservoir is empty.
    """

    def __init__(self, stroke_nl, concentration_u_per_ml):
        self.filled_nl = 0
        self.strokes_at_fill = 0
        self.filled_utc_s = 0
        self.life_days = 0
        self._stroke_nl = stroke_nl
        self._concentration_u_per_ml = concentration_u_per_ml

    def used_nl(self, strokes):
        """Volume ordered since the fill, nl; `strokes` are ordered in all. Refused if fewer than at the fill."""
        if strokes < self.strokes_at_fill:
            raise Refused(protocol.OUT_OF_RANGE, "strokes", strokes, self.strokes_at_fill)
        return (strokes - self.strokes_at_fill) * self._stroke_nl

    def left_nl(self, strokes):
        """Computed volume left, nl, not below 0; `strokes` are ordered in all."""
        return max(0, self.filled_nl - self.used_nl(strokes))

    def left_mu(self, strokes):
        """The same in mU of insulin, rounded down."""
        return self.left_nl(strokes) * self._concentration_u_per_ml // 1000

    def due(self, utc_s, ran_s):
        """(NOT_DUE, DUE or UNKNOWN; when it is due, UTC in s, 0 if unknown), at `utc_s` (0: the clock is lost), with
        `ran_s` of device time since the fill.

        By the wall clock or by device time, whichever comes first, so a wall clock that is lost, was set, or is behind
        the time of the fill postpones nothing. UNKNOWN: not yet due by device time, and there is no clock to say when.
        """
        life_s = self.life_days * _DAY_S
        due_s = utc_s + life_s - ran_s if utc_s else 0
        if utc_s and 0 < self.filled_utc_s <= utc_s:
            due_s = min(due_s, self.filled_utc_s + life_s)
        if ran_s >= life_s or (due_s and utc_s >= due_s):
            return DUE, max(0, due_s)
        return (NOT_DUE if due_s else UNKNOWN), due_s
