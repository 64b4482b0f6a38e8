"""The boluses that a person orders: normal, square, dual, and their cancellation.

Each method named after a message takes the request's fields and returns the reply's. A refusal changes nothing, and
neither does what comes before `agree(summary)`.

Implements: THER-2, DOSE-3, GUARD-1, SEC-3
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import const, nobody
from firmware.errors import Refused
from firmware.storage.ledgers import NORMAL, SQUARE, to_come
from firmware.therapy.answers import US_PER_MIN
from firmware.therapy.halting import afterwards

_US_PER_S = const(1000000)
_HOUR_US = const(3600000000)
_NOT_KNOWN = 0xFFFFFFFF


class Boluses:
    """The boluses of one pump: `core`, `clock`, `books`, `therapy`, `refills` are its parts. `failed(error)`: one was
    cancelled, but the work that follows has failed.
    """

    def __init__(self, core, clock, books, therapy, refills, failed):
        self._core = core
        self._clock = clock
        self._books = books
        self._therapy = therapy
        self._refills = refills
        self._failed = failed
        self._answers = therapy.answers

    def bolus(self, volume_mu, agree=nobody, **order):
        """A normal bolus of whole strokes."""
        strokes = self._answers.strokes("volume_mu", volume_mu)
        parts = ((NORMAL, protocol.KIND_NORMAL_BOLUS, volume_mu),)
        now_us = self._begin(agree, volume_mu, parts, strokes, 0, 0)
        number = self._books.deliveries.latest[NORMAL]
        self._books.accepted("bolus", number, volume_mu)
        return {"at_us": now_us, "delivery_id": number, "strokes": strokes}

    def square_bolus(self, volume_mu, duration_min, agree=nobody, **order):
        """A bolus spread evenly."""
        strokes = self._answers.strokes("volume_mu", volume_mu)
        parts = ((SQUARE, protocol.KIND_SQUARE_BOLUS, volume_mu),)
        now_us = self._begin(agree, volume_mu, parts, 0, strokes, duration_min * US_PER_MIN)
        number = self._books.deliveries.latest[SQUARE]
        self._books.accepted("square_bolus", number, volume_mu, duration_min)
        return {"at_us": now_us, "delivery_id": number, "strokes": strokes}

    def dual_bolus(self, volume_mu, square_mu, duration_min, agree=nobody, **order):
        """One part at once, one part spread evenly; the clinician's limit applies to their sum."""
        strokes = self._answers.strokes("volume_mu", volume_mu)
        square = self._answers.strokes("square_mu", square_mu)
        parts = ((NORMAL, protocol.KIND_DUAL_NORMAL, volume_mu), (SQUARE, protocol.KIND_DUAL_SQUARE, square_mu))
        now_us = self._begin(agree, volume_mu + square_mu, parts, strokes, square, duration_min * US_PER_MIN)
        number, square_id = self._books.deliveries.latest
        self._books.accepted("dual_bolus", number, volume_mu, square_mu, duration_min)
        return {"at_us": now_us, "delivery_id": number, "square_id": square_id, "strokes": strokes + square}

    def _begin(self, agree, volume_mu, parts, normal, square, duration_us):
        """Have the core begin the bolus; returns the time. Refused: what the core refuses, what a cap would cut."""
        field_name = "volume_mu"
        now_us = self._therapy.begin_order(protocol.STATE_RUNNING)
        runs = self._books.deliveries.runs
        if (normal and runs(NORMAL)) or (square and runs(SQUARE)):
            # Its last stroke may be over while the event is still pending. The core would begin a new bolus and so
            # discard counts that the books have not read yet.
            raise Refused(protocol.BOLUS_ACTIVE, field_name, volume_mu)
        state = self._core.state()
        if normal + square > self._core.limits()[1]:
            self._answers.need(code.E_MAX_BOLUS, field_name, volume_mu)
        until_us = self._books.deliveries.square_until_us
        cut = self._therapy.forecast.cut(now_us, until_us, normal, square, duration_us)
        if cut is not None:
            window, strokes = cut
            refusal = (protocol.HOUR_LIMIT, protocol.DAY_LIMIT)[window]
            limit = self._core.limits()[2 + window]
            raise Refused(refusal, field_name, self._answers.mu(strokes), self._answers.mu(limit))
        above_mu = self._refills.above_stop_mu()
        waiting_mu = self._answers.mu(to_come(state, NORMAL) + to_come(state, SQUARE))
        if above_mu is not None and volume_mu > above_mu - waiting_mu:
            raise Refused(protocol.RESERVOIR_LEVEL, field_name, volume_mu, max(0, above_mu - waiting_mu))
        agree(self._summary(now_us, state, volume_mu, normal, square, duration_us))
        # On a slow chip the look ahead takes longer than strokes are decided ahead, so the bolus begins only now. What
        # was counted holds: the windows looked at are a second longer than the guard's.
        now_us = self._clock.now_us()
        self._therapy.give(field_name, volume_mu, now_us, parts, normal, square, duration_us)
        return now_us

    def _summary(self, now_us, state, volume_mu, normal, square, duration_us):
        """What the bolus comes to, beside what has been used and what runs; without basal to come."""
        mu, used_mu = self._answers.mu, self._answers.used_mu
        spread, waiting = to_come(state, SQUARE), to_come(state, NORMAL)
        left_us = max(1, self._books.deliveries.square_until_us - now_us)
        in_hour = waiting + normal + spread * min(_HOUR_US, left_us) // left_us
        in_hour += square * min(_HOUR_US, duration_us) // max(1, duration_us)
        _, _, hour, day = self._core.limits()
        bolus_id, square_id = self._books.deliveries.latest
        after_mu = mu(spread + waiting) + volume_mu
        left_mu = _NOT_KNOWN
        if self._refills.above_stop_mu() is not None:
            left_mu = max(0, self._refills.left_mu - after_mu)
        return {
            "volume_mu": mu(normal), "square_mu": mu(square), "strokes": normal + square,
            "duration_min": duration_us // US_PER_MIN, "bolus_id": bolus_id, "square_id": square_id,
            "in_force_mu_per_h": self._therapy.in_force_mu_per_h(), "max_hour_mu": mu(hour), "max_day_mu": mu(day),
            "takes_s": max(self._therapy.forecast.takes_us(normal), duration_us) // _US_PER_S,
            "hour_mu": used_mu(code.HOUR), "hour_then_mu": used_mu(code.HOUR) + mu(in_hour),
            "day_mu": used_mu(code.DAY), "day_then_mu": used_mu(code.DAY) + after_mu, "left_mu": left_mu,
        }  # fmt: skip

    def cancel_bolus(self, **order):
        """End every bolus; a stroke in progress is completed. Not for a procedure's strokes: interrupt_procedure ends
        those.
        """
        now_us = self._clock.now_us()
        if self._therapy.state(self._core.state()) == protocol.STATE_PROCEDURE:
            raise Refused(protocol.NO_BOLUS_ACTIVE)
        self._answers.need(self._core.cancel_bolus(now_us))
        normal, square = self._books.deliveries.runs(NORMAL), self._books.deliveries.runs(SQUARE)
        number, square_id = self._books.deliveries.latest
        afterwards(lambda: self._cancelled(number if normal else 0, square_id if square else 0), self._failed)
        reply = {"at_us": now_us, "delivery_id": number if normal else 0, "square_id": square_id if square else 0}
        reply.update(self._answers.part("", NORMAL, normal))
        reply.update(self._answers.part("square_", SQUARE, square))
        return reply

    def _cancelled(self, number, square_id):
        self._books.deliveries.boluses_ended()
        self._books.acted("cancel_bolus", number, square_id)
