"""The evaluation of a refill: how much was put in, how much was left, and whether the pump delivered what it counted.

Refill accuracy, in 0.1 %, is 1000·((V_fill − V_residual) − V_delivered)/V_delivered. V_fill is the volume that the last
refill left in the reservoir, V_residual the volume drawn out of it now, and V_delivered the volume ordered in between.
Negative is under-delivery, the sign of the implant's manual ("increasingly negative refill accuracy" means backflow:
MiniMed 2007D physician manual, p. 109). The formula is derived from its worksheet; it is not printed there.

The uncertainty of the figure is computed along with it. Each reading has a half-width within which it certainly lies;
these are combined as rectangular distributions, two standard uncertainties wide (k = 2; JCGM 100:2008, 4.3.7 and 6.2).
The readings of a syringe in two weighings share one density, which therefore acts on their difference.

Implements: THER-5
"""

from firmware import protocol
from firmware.compat import const
from firmware.errors import Refused
from firmware.protocol.procedures import CATHETER_NL

# The largest volume that can be filled in: 15 ml, 6,000 U at U-400 (MiniMed 2007D physician manual, p. 81).
CAPACITY_NL = const(15000000)
# U-400 insulin, mg/ml. Assumption: no measured value is published; 1.00 to 1.01 g/ml covers dilute buffered solutions.
DENSITY_MG_PER_ML = const(1005)
DENSITY_HALF_WIDTH_MG_PER_ML = const(5)
# Assumption: scales with a resolution of 10 mg; each reading is off by up to one step.
BALANCE_MG = const(10)
# After the fill 2 ml are taken back, which restores the vacuum (MiniMed 2007C physician manual).
TAKEN_BACK_NL = const(2000000)
# ISO 7886-1 syringes of 5 ml are graduated in 0.2 ml; half of that is what can be read (assumption).
SCALE_HALF_WIDTH_NL = const(100000)

# 0.1 %. Beyond 15 % is abnormal, beyond 50 % the catheter comes before the rinse (Renard, Diabetes Care 1996;19:812);
# 10 % is a choice of this project.
WATCH = const(100)
FLAG = const(150)
CATHETER_FIRST = const(500)
BANDS = ("good", "watch", "rinse", "catheter", "over", "interval_too_short")
GOOD, WATCHED, RINSE, CATHETER, OVER, TOO_SHORT, FIRST, NO_REFILL = range(8)

# A 60 ml syringe is far larger than any fill needs, and weighs far less than a mistyped weight.
_SYRINGE_MG_MAX = const(150000)


# The most that can be put in: the capacity, plus the volume taken back for the vacuum.
MOST_PUT_IN_NL = CAPACITY_NL + TAKEN_BACK_NL
# The figures shown when no refill has been recorded.
NOTHING = {"accuracy_tenths": 0, "uncertainty_tenths": 0, "band": NO_REFILL, "missing_nl": 0, "delivered_nl": 0}


class Volume:
    """A measured volume: `nl`, with a reading uncertainty of ± `reading_nl` (half-width).

    `by_weight_nl` is the part of it that was weighed and so depends on the density.
    """

    def __init__(self, nl, reading_nl, by_weight_nl=0):
        self.nl = nl
        self.reading_nl = reading_nl
        self.by_weight_nl = by_weight_nl


def weighed(before_mg, after_mg, balance_mg=BALANCE_MG, density_mg_per_ml=DENSITY_MG_PER_ML):
    """The Volume that has left a syringe (negative: has entered it) between two weighings.

    Refused: a weight that no syringe has.
    """
    for name, weight_mg in (("before_mg", before_mg), ("after_mg", after_mg)):
        if not 0 < weight_mg <= _SYRINGE_MG_MAX:
            raise Refused(protocol.OUT_OF_RANGE, name, weight_mg, _SYRINGE_MG_MAX if weight_mg > 0 else 1)
    nl = _divided((before_mg - after_mg) * 1000000, density_mg_per_ml)
    return Volume(nl, isqrt_up(2 * balance_mg * balance_mg) * 1000000 // density_mg_per_ml, nl)


def read_off(nl, half_width_nl=SCALE_HALF_WIDTH_NL):
    """The Volume read off a syringe's scale. Refused: a negative volume."""
    if nl < 0:
        raise Refused(protocol.OUT_OF_RANGE, "volume_nl", nl, 0)
    return Volume(nl, half_width_nl)


def net_fill(put_in, *taken):
    """The Volume that a fill leaves in the reservoir: `put_in` less the volumes `taken` back for the vacuum or by a
    rinse.

    Refused: nothing left, or more than the reservoir holds.
    """
    nl = put_in.nl - sum([each.nl for each in taken])
    if not 0 < nl <= CAPACITY_NL:
        raise Refused(protocol.OUT_OF_RANGE, "filled_nl", nl, CAPACITY_NL if nl > 0 else 1)
    squares = sum([each.reading_nl * each.reading_nl for each in (put_in,) + taken])
    return Volume(nl, isqrt_up(squares), put_in.by_weight_nl - sum([each.by_weight_nl for each in taken]))


class Accuracy:
    """A refill accuracy: `tenths` and `uncertainty_tenths` in 0.1 %, `band`, and the volume used.

    `certain`: no limit of a band lies within the uncertainty, so the verdict is more than chance.
    """

    def __init__(self, tenths, uncertainty_tenths, band, certain, used_nl):
        self.tenths = tenths
        self.uncertainty_tenths = uncertainty_tenths
        self.band = band
        self.certain = certain
        self.used_nl = used_nl

    @property
    def flagged(self):
        """Is it beyond ±15 %?"""
        return abs(self.tenths) > FLAG


def accuracy(filled, residual, delivered_nl, catheter_changed=False):
    """The Accuracy of the interval since `filled` (a Volume), with `residual` left now and `delivered_nl` ordered.

    `catheter_changed`: the catheter held insulin at one of the two visits and not at the other.
    Refused, with the value at fault: more left than was filled in, nothing delivered (then there is no accuracy).
    """
    if delivered_nl <= 0:
        raise Refused(protocol.WRONG_STATE, "delivered_nl", delivered_nl, 1)
    if residual.nl < 0:
        raise Refused(protocol.OUT_OF_RANGE, "residual_nl", residual.nl, 0)
    used_nl = filled.nl - residual.nl
    uncertainty_nl = expanded_nl(filled, residual, catheter_changed)
    if used_nl + uncertainty_nl < 0:
        raise Refused(protocol.OUT_OF_RANGE, "residual_nl", residual.nl, filled.nl)
    tenths = _divided(1000 * (used_nl - delivered_nl), delivered_nl)
    uncertainty_tenths = -(-1000 * uncertainty_nl // delivered_nl)
    band = _band(tenths, uncertainty_tenths)
    if band == TOO_SHORT and beyond_doubt(used_nl, delivered_nl, uncertainty_nl):
        # Too little was delivered for a percentage, but the volume itself is conclusive.
        band = OVER if used_nl > delivered_nl else RINSE
    edges = (WATCH, FLAG, -WATCH, -FLAG, -CATHETER_FIRST)
    certain = all(abs(tenths - edge) > uncertainty_tenths for edge in edges)
    return Accuracy(tenths, uncertainty_tenths, band, certain, used_nl)


def beyond_doubt(used_nl, delivered_nl, uncertainty_nl):
    """Is the volume used off by more than 15 % of the volume delivered, even with the readings at their worst?"""
    return abs(used_nl - delivered_nl) - uncertainty_nl > delivered_nl * FLAG // 1000


def expanded_nl(filled, residual, catheter_changed):
    """The expanded uncertainty (k = 2) of the volume used, ± nl: √(4/3 · Σ half-width²), rounded up."""
    weighed_nl = abs(filled.by_weight_nl - residual.by_weight_nl)
    parts = (
        filled.reading_nl,
        residual.reading_nl,
        weighed_nl * DENSITY_HALF_WIDTH_MG_PER_ML // DENSITY_MG_PER_ML,
        CATHETER_NL if catheter_changed else 0,
    )
    return isqrt_up(-(-4 * sum([part * part for part in parts]) // 3))


def isqrt_up(value):
    """The least integer whose square is not below `value` (Newton's method; MicroPython has no math.isqrt)."""
    root = value
    better = (root + 1) // 2
    while better < root:
        root = better
        better = (root + value // root) // 2
    return root if root * root == value else root + 1


def _band(tenths, uncertainty_tenths):
    if uncertainty_tenths > FLAG:
        return TOO_SHORT
    if tenths > FLAG:
        return OVER
    if tenths < -CATHETER_FIRST:
        return CATHETER
    if tenths < -FLAG:
        return RINSE
    return WATCHED if abs(tenths) > WATCH else GOOD


def _divided(value, by):
    """`value / by`, rounded to the nearest, halves away from zero, so both signs round alike."""
    return (abs(value) + by // 2) // by * (1 if value >= 0 else -1)
