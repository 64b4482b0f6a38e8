"""The reservoir as the programmer sees it, and the record of a refill: the volumes in and out, and whether they agree.

Implements: THER-4, THER-5
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import const, roomy
from firmware.errors import Refused
from firmware.protocol import refill
from firmware.protocol.refill import CAPACITY_NL
from firmware.therapy.reservoir import DUE, LEVEL_FULL, LEVEL_STOP, Reservoir, lasts_s, level_of

_H_S = const(3600)
_US_PER_S = const(1000000)
_US_PER_DAY = 86400000000
_NEVER_H = 0xFFFFFFFF
_I32_NL = const(0x7FFFFFFF)
_NOTHING_FOUND = (0, 0, refill.FIRST, 0, False)


class Refills:
    """The reservoir of a pump with strokes of `stroke_nl` nl and insulin of `per_ml` U/ml; `books` keeps its record,
    `programme` knows the basal to come.
    """

    def __init__(self, core, clock, wall, books, programme, stroke_nl, per_ml):
        self._core = core
        self._clock = clock
        self._wall = wall
        self._books = books
        self._programme = programme
        self._settings = books.memory.settings
        self._reservoir = Reservoir(stroke_nl, per_ml)
        self._stroke_nl = stroke_nl
        self._per_ml = per_ml
        roomy(self)

    @property
    def left_mu(self):
        """Computed content, mU. In a pump that was never filled it is unknown, and shown as 0."""
        return self._left_mu(0)

    def _left_mu(self, before):
        now = self._now()
        return now.left_mu(max(now.strokes_at_fill, self._core.state()[code.GUARD_COMMANDED] - before))

    def above_stop_mu(self):
        """The insulin above the level at which the pump stops, mU; None for a pump that was never filled."""
        if not self._settings.refills:
            return None
        return max(0, self.left_mu - self._settings.reservoir_stop_mu)

    def level(self, before=0):
        """The reservoir's level now, or `before` strokes ago: a place in protocol.RESERVOIRS. A pump that was never
        filled counts as full, since its content is unknown.
        """
        settings = self._settings
        if not settings.refills:
            return LEVEL_FULL
        return level_of(
            self._left_mu(before), (settings.reservoir_low_mu, settings.reservoir_empty_mu, settings.reservoir_stop_mu)
        )

    def due(self):
        """Is a refill due, as far as is known?"""
        return bool(self._settings.refills) and self._due()[0] == DUE

    @property
    def due_us(self):
        """Device time at which a refill is due, by running time or by the wall clock, as far as that is known now;
        NEVER_US in a pump that was never filled.
        """
        settings, wall = self._settings, self._wall
        if not settings.refills:
            return protocol.NEVER_US
        life_us = settings.in_use_days * _US_PER_DAY
        due_us = settings.filled_us + life_us
        if settings.filled_utc_s and wall.known:
            due_us = min(due_us, wall.device_us(settings.filled_utc_s) + life_us)
        return due_us

    def read_reservoir(self):
        """The read_reservoir reply's fields."""
        now_us = self._clock.now_us()
        day_mu = self._core.used(now_us, code.DAY) * self._stroke_nl * self._per_ml // 1000
        day_mu = max(day_mu, self._programme.day_mu())
        left_mu = self.left_mu
        known = self._settings.refills  # 0: never filled, so neither time is known
        empty_s = lasts_s(left_mu, self._settings.reservoir_stop_mu, day_mu) if known else None
        return {
            "now_us": now_us,
            "level": self.level(),
            "left_mu": left_mu,
            "filled_mu": self._settings.filled_nl * self._per_ml // 1000,
            "filled_utc_s": self._settings.filled_utc_s,
            "empty_h": _NEVER_H if empty_s is None else min(empty_s // _H_S, _NEVER_H),
            "due_utc_s": self._due()[1] if known else 0,
        }

    def refilled_by_weight(self, put_before_mg, put_after_mg, taken_back_nl, drawn_before_mg, drawn_after_mg):
        """A refill: the insulin syringe weighed before and after, the volume taken back, and the weights of the syringe
        that the residual insulin was drawn into. Nothing is changed until store() is called with what it returns.

        Returns what store() takes, the record_refill reply's fields, and the mU that left the reservoir beyond doubt
        other than by strokes (None: none).
        """
        put_in = refill.weighed(put_before_mg, put_after_mg)
        residual = refill.weighed(drawn_after_mg, drawn_before_mg)
        return self._refilled(refill.net_fill(put_in, refill.read_off(taken_back_nl)), residual)

    def refilled_by_volume(self, withdrawn_nl, put_in_nl, taken_nl, whole, strokes):
        """The same by the graduations of the syringes, for the guided procedures; `taken_nl` are the volumes taken out
        again. `strokes` had been ordered when the residual was withdrawn. Not `whole`: the reservoir had been emptied
        before, so there is nothing to compare with.
        """
        filled = refill.net_fill(refill.read_off(put_in_nl), *[refill.read_off(each_nl) for each_nl in taken_nl])
        return self._refilled(filled, refill.read_off(withdrawn_nl), whole, strokes)

    def _refilled(self, filled, residual, whole=True, strokes_then=None):
        settings = self._settings
        strokes = self._core.state()[code.GUARD_COMMANDED]
        delivered_nl = self._now().used_nl(strokes if strokes_then is None else strokes_then)
        whole = whole and settings.refills > 0
        found = self._compared(residual, delivered_nl) if whole else _NOTHING_FOUND
        after = (settings.refills + 1, filled.nl, filled.reading_nl, max(0, filled.by_weight_nl), strokes)
        tenths, uncertainty, band, missing_nl, certain = found
        reply = {
            "filled_nl": filled.nl,
            "residual_nl": residual.nl,
            "accuracy_tenths": tenths,
            "uncertainty_tenths": uncertainty,
            "band": band,
            "missing_nl": missing_nl,
            "delivered_nl": delivered_nl if whole else 0,
        }
        return after, reply, missing_nl * self._per_ml // 1000 if certain and missing_nl > 0 else None

    def store(self, after):
        """Store a refill; it counts with the order that records it. Raises Refused."""
        for name, value in zip(_STORED, after + (self._utc_s(), self._clock.now_us())):
            setattr(self._settings, name, value)
        self._books.store_settings()

    def _compared(self, residual, delivered_nl):
        """(accuracy and its uncertainty in 0.1 %, band, nl missing, is that beyond doubt) since the latest refill."""
        at_fill = self._at_fill()
        missing_nl = at_fill.nl - residual.nl - delivered_nl
        certain = refill.beyond_doubt(
            at_fill.nl - residual.nl, delivered_nl, refill.expanded_nl(at_fill, residual, False)
        )
        if delivered_nl:
            found = refill.accuracy(at_fill, residual, delivered_nl)
            tenths = max(-_I32_NL, min(found.tenths, _I32_NL))
            return tenths, found.uncertainty_tenths, found.band, missing_nl, certain
        if missing_nl < 0 and certain:
            raise Refused(protocol.OUT_OF_RANGE, "residual_nl", residual.nl, at_fill.nl)
        return 0, 0, refill.OVER if certain else refill.TOO_SHORT, missing_nl, certain

    def _at_fill(self):
        settings = self._settings
        return refill.Volume(settings.filled_nl, settings.filled_reading_nl, settings.filled_by_weight_nl)

    @property
    def number(self):
        """The number of refills recorded."""
        return self._settings.refills

    def most_left_nl(self):
        """The most that can be drawn from the reservoir, as read off a syringe, nl."""
        if not self._settings.refills:
            return CAPACITY_NL
        at_fill = self._at_fill()
        return at_fill.nl + refill.expanded_nl(at_fill, refill.read_off(0), False)

    def need_above_stop(self):
        """Raises Refused at the level at which the pump stops."""
        if self.level() == LEVEL_STOP:
            raise Refused(protocol.RESERVOIR_LEVEL, None, self.left_mu, self._settings.reservoir_stop_mu)

    def _due(self):
        ran_us = self._clock.now_us() - self._settings.filled_us
        return self._now().due(self._utc_s(), max(0, ran_us) // _US_PER_S)

    def _utc_s(self):
        return self._wall.utc_s(self._clock.now_us())

    def _now(self):
        settings = self._settings
        reservoir = self._reservoir
        reservoir.filled_nl = min(settings.filled_nl, CAPACITY_NL)
        reservoir.strokes_at_fill = settings.filled_strokes
        reservoir.filled_utc_s = settings.filled_utc_s
        reservoir.life_days = settings.in_use_days
        return reservoir


def noted(found):
    """The values that the log keeps of a refill."""
    return tuple([found[name] for name in ("filled_nl", "residual_nl", "accuracy_tenths", "band")])


_STORED = (
    "refills",
    "filled_nl",
    "filled_reading_nl",
    "filled_by_weight_nl",
    "filled_strokes",
    "filled_utc_s",
    "filled_us",
)
