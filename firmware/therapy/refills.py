"""The reservoir as the programmer sees it, and the record of a refill: what went in, what came out, whether it fits.

Implements: THER-4, THER-5
"""

from firmware import dose_codes as code
from firmware.compat import const
from firmware.therapy import refill
from firmware.therapy.reservoir import CAPACITY_NL, DUE, LEVEL_FULL, Reservoir, lasts_s, level_of

_H_S = const(3600)
_US_PER_S = const(1000000)
_NEVER_H = 0xFFFFFFFF
_NO_BAND = len(refill.BANDS)  # the first refill has nothing to compare with


class Refills:
    """The reservoir of a pump with strokes of `stroke_nl` nl and insulin of `per_ml` U/ml; `books` keeps its record."""

    def __init__(self, core, clock, wall, books, stroke_nl, per_ml):
        self._core = core
        self._clock = clock
        self._wall = wall
        self._books = books
        self._settings = books.memory.settings
        self._reservoir = Reservoir(stroke_nl, per_ml)
        self._stroke_nl = stroke_nl
        self._per_ml = per_ml

    @property
    def left_mu(self):
        """Computed content, mU; what a pump never filled has is not known, and shown as 0."""
        return self._now().left_mu(self._core.state()[code.GUARD_COMMANDED])

    def above_stop_mu(self):
        """What is left above the level at which the pump stops, mU; None of a pump that was never filled."""
        if not self._settings.refills:
            return None
        return max(0, self.left_mu - self._settings.reservoir_stop_mu)

    def level(self):
        """What the content calls for: a place in protocol.RESERVOIRS. Of a pump that was never filled nothing."""
        settings = self._settings
        if not settings.refills:
            return LEVEL_FULL
        return level_of(
            self.left_mu, (settings.reservoir_low_mu, settings.reservoir_empty_mu, settings.reservoir_stop_mu)
        )

    def due(self):
        """Is a refill due, as far as anybody knows?"""
        return bool(self._settings.refills) and self._due()[0] == DUE

    def read_reservoir(self):
        """The read_reservoir reply's fields."""
        now_us = self._clock.now_us()
        core = self._core
        day_mu = core.used(now_us, code.DAY) * self._stroke_nl * self._per_ml // 1000
        day_mu = day_mu or core.state()[code.RATE_MU_PER_H] * 24
        left_mu = self.left_mu
        empty_s = lasts_s(left_mu, self._settings.reservoir_stop_mu, day_mu)
        return {
            "now_us": now_us,
            "level": self.level(),
            "left_mu": left_mu,
            "filled_mu": self._settings.filled_nl * self._per_ml // 1000,
            "filled_utc_s": self._settings.filled_utc_s,
            "empty_h": _NEVER_H if empty_s is None else min(empty_s // _H_S, _NEVER_H),
            "due_utc_s": self._due()[1],
        }

    def record_refill(self, put_before_mg, put_after_mg, taken_back_nl, drawn_before_mg, drawn_after_mg, **order):
        """A refill: the insulin syringe weighed before and after, what was taken back, the syringe of what was drawn.

        Refused with nothing changed: weights that cannot be, more than fits.
        """
        self._books.need_memory()
        now_us = self._clock.now_us()
        put_in = refill.weighed(put_before_mg, put_after_mg)
        residual = refill.weighed(drawn_after_mg, drawn_before_mg)
        reply = self._refilled(refill.net_fill(put_in, refill.read_off(taken_back_nl)), residual)
        reply["at_us"] = now_us
        return reply

    def refilled_by_volume(self, withdrawn_nl, put_in_nl, taken_back_nl):
        """The same, by the scales of the syringes; for the guided procedure."""
        filled = refill.net_fill(refill.read_off(put_in_nl), refill.read_off(taken_back_nl))
        self._refilled(filled, refill.read_off(withdrawn_nl))

    def _refilled(self, filled, residual):
        settings = self._settings
        strokes = self._core.state()[code.GUARD_COMMANDED]
        delivered_nl = self._now().used_nl(strokes)
        found = None
        if settings.refills and delivered_nl:
            at_fill = refill.Volume(settings.filled_nl, settings.filled_reading_nl, settings.filled_by_weight_nl)
            found = refill.accuracy(at_fill, residual, delivered_nl)
        before = [getattr(settings, name) for name in _STORED]
        after = (settings.refills + 1, filled.nl, filled.reading_nl, max(0, filled.by_weight_nl), strokes)
        self._set(after + (self._utc_s(), self._clock.now_us()))
        if not self._books.memory.store_settings():
            self._set(before)
            self._books.on_failure()
            self._books.need_memory()
        tenths, uncertainty, band = (0, 0, _NO_BAND) if found is None else _verdict(found)
        self._books.accepted("record_refill", filled.nl, max(0, residual.nl), abs(tenths), band)
        return {
            "filled_nl": filled.nl,
            "residual_nl": residual.nl,
            "accuracy_tenths": tenths,
            "uncertainty_tenths": uncertainty,
            "band": band,
        }

    def _set(self, values):
        for name, value in zip(_STORED, values):
            setattr(self._settings, name, value)

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


_STORED = (
    "refills",
    "filled_nl",
    "filled_reading_nl",
    "filled_by_weight_nl",
    "filled_strokes",
    "filled_utc_s",
    "filled_us",
)


def _verdict(found):
    return found.tenths, found.uncertainty_tenths, found.band
