"""Therapy: basal as a person or a closed loop orders it, passed to the dose core. Therapy proposes, the core disposes:
its refusals are passed on with the limit that they name. Boluses: firmware/therapy/boluses.py; suspend, stop and
resume: firmware/therapy/switch.py.

Each method named after a message takes the request's fields and returns the reply's. An order is carried out and
stored, or refused with nothing changed. Between its checks and its effects it calls `agree(summary)`, with the values
of the message's summary: raising, that ends it there (firmware/link/prepared.py). The states and their transitions:
docs/therapy.md.

Implements: THER-1, THER-2, THER-3, THER-7, DOSE-5, GUARD-1, SEC-3
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import nobody
from firmware.errors import Refused
from firmware.protocol import NEVER_US
from firmware.storage.ledgers import in_force
from firmware.storage.settings import fingerprint
from firmware.therapy.answers import US_PER_MIN, Answers, cut_by
from firmware.therapy.halting import settle, still

_RUNNING = protocol.STATE_RUNNING


class Therapy:
    """The therapy of one pump.

    `core`, `clock`: the dose core and the device's clock; `books` the Books, `programme` the Programme, `forecast` the
    Forecast, `stroke_uu` the stroke, µU.
    """

    def __init__(self, core, clock, books, programme, forecast, stroke_uu):
        self.programme = programme
        self.forecast = forecast
        self.deadline_us = NEVER_US  # when something changes by itself: boundary, end of a temporary rate, auto-off
        self._core = core
        self._clock = clock
        self._books = books
        self._record = books.memory.record
        self._settings = books.memory.settings
        self.answers = Answers(core, clock, stroke_uu)

    def begin(self):
        """After a reset: basal follows the present programme. Memory has been opened. Returns whether a closed loop's
        rate has lapsed meanwhile.
        """
        now_us = self._clock.now_us()
        if not self._books.memory.usable:
            still(self._core, self._clock)  # intact state or none: GUARD-3
            self._record.mode = protocol.STATE_STOPPED
            return False
        lapsed = self._lapse(now_us)
        self.follow(now_us)
        return lapsed

    @property
    def auto_off_us(self):
        """When the pump stops unless a person orders something; NEVER_US: never."""
        minutes = self._settings.auto_off_min
        if not minutes or self._record.mode != _RUNNING:
            return NEVER_US
        return self._record.contact_us + minutes * US_PER_MIN

    def time(self, now_us):
        """The deadline has come: enter into the books what the core has done by itself. Returns (has a closed loop's
        rate lapsed, is there something to store).
        """
        before = self._books.deliveries.stretch_of
        lapsed = self._lapse(now_us)
        self.follow(now_us)
        return lapsed, lapsed or before != self._books.deliveries.stretch_of

    def _lapse(self, now_us):
        """End a recommendation whose time is over, and log that the programmed rate is back; returns whether it did."""
        lapsed = 0 < self._record.recommended_until_us <= now_us
        if lapsed:
            self._record.recommended_until_us = 0
            rate_mu_per_h = self.programme.programmed_mu_per_h(now_us)
            note = (protocol.CATEGORY_CONNECTIVITY, protocol.EVENT_RATE_LAPSED, 0, 0, (rate_mu_per_h,))
            self._books.memory.note(*note)
        return lapsed

    def follow(self, now_us, reason=protocol.REASON_SUPERSEDED):
        """Synchronise core, programme and books."""
        since_us = min(now_us, self.programme.next_us)
        settle(self._core, now_us)
        if not self._core.state()[code.GUARD_FAULT]:
            self.programme.apply(now_us)
        else:
            self.programme.next_us = NEVER_US  # nothing changes by itself now; a deadline in the past would never clear
        self._books.deliveries.follow(now_us, since_us, reason)
        self.plan()

    def plan(self):
        """Work out the next deadline."""
        deadline_us = min(self.programme.next_us, self.auto_off_us)
        temp_until_us = self._core.state()[code.TEMP_UNTIL_US]
        self.deadline_us = temp_until_us if 0 <= temp_until_us < deadline_us else deadline_us

    # What a person orders.

    def set_basal(self, rate_mu_per_h, agree=nobody, **order):
        """Set a rate by hand. Refused: above the clinician's limit, fault."""
        now_us = self.begin_order()
        old_mu_per_h = self.programme.programmed_mu_per_h(now_us)
        self.allow_rate("rate_mu_per_h", rate_mu_per_h)
        agree(self.of_rates(now_us, (rate_mu_per_h,), rate_mu_per_h, protocol.MANUAL))
        self._record.pattern = protocol.MANUAL
        self._record.manual_mu_per_h = rate_mu_per_h
        self._record.recommended_until_us = 0
        self.follow(now_us)
        self._books.accepted("set_basal", rate_mu_per_h)
        reply = {"at_us": now_us, "old_rate_mu_per_h": old_mu_per_h, "new_rate_mu_per_h": rate_mu_per_h}
        reply["cut_by"] = self.cut_by(now_us)
        return reply

    def select_pattern(self, pattern, agree=nobody, **order):
        """Run a pattern by the local clock."""
        now_us = self.begin_order()
        rates = self._settings.rates(pattern)
        self.allow_rate("pattern", max(rates))
        agree(self.of_rates(now_us, rates, self.programme.rate_at(now_us, rates), pattern))
        old, self._record.pattern = self._record.pattern, pattern
        self._record.recommended_until_us = 0
        self.follow(now_us)
        self._books.accepted("select_pattern", pattern)
        reply = {"at_us": now_us, "old_pattern": old, "rate_mu_per_h": self.programme.programmed_mu_per_h(now_us)}
        reply["cut_by"] = self.cut_by(now_us)
        return reply

    def temp_basal(self, kind, value, duration_min, agree=nobody, **order):
        """A temporary rate, in mU/h or percent of the programmed one."""
        now_us = self.begin_order(_RUNNING)
        if kind == protocol.TEMP_PERCENT:
            if value > 200:
                raise Refused(protocol.OUT_OF_RANGE, "value", value, 200)
            greatest_mu_per_h = self.programme.greatest_mu_per_h() * value // 100
        else:
            if value % 50:
                raise Refused(protocol.NOT_MULTIPLE, "value", value, 50)
            greatest_mu_per_h = value
        self.answers.allow("value", greatest_mu_per_h)
        which = code.TEMP_PERCENT if kind == protocol.TEMP_PERCENT else code.TEMP_RATE
        summary = self._of_temp(now_us, which, value, now_us + duration_min * US_PER_MIN)
        summary.update(kind=kind, value=value, duration_min=duration_min)
        agree(summary)
        if self._record.recommended_until_us:
            self._record.recommended_until_us = 0
            self.programme.apply(now_us)
        result = self._core.temp_basal(now_us, which, value, duration_min * US_PER_MIN)
        self.answers.need(result, "value", value)
        self.follow(now_us)
        self._books.accepted("temp_basal", kind, value, duration_min)
        state = self._core.state()
        return {
            "at_us": now_us,
            "delivery_id": self._books.deliveries.stretch_id,
            "until_us": state[code.TEMP_UNTIL_US],
            "in_force_mu_per_h": in_force(state)[1],
            "cut_by": self.cut_by(now_us),
        }

    def cancel_temp(self, agree=nobody, **order):
        """Back to the programmed rate."""
        self._books.need_memory()
        now_us = self._clock.now_us()
        number, state = self._books.deliveries.stretch_id, self._core.state()
        if state[code.GUARD_FAULT]:
            self.answers.need(code.E_FAULT)
        if not state[code.TEMP]:
            self.answers.need(code.E_NO_TEMP)
        agree(self._of_temp(now_us, 0, 0, 0))
        self.answers.need(self._core.cancel_temp(now_us))
        self.follow(now_us)
        self._books.accepted("cancel_temp", number)
        return {"at_us": now_us, "delivery_id": number, "in_force_mu_per_h": in_force(self._core.state())[1]}

    def recommend_rate(self, rate_mu_per_h, valid_min, agree=nobody, **order):
        """Run a closed loop's rate until it lapses. Refused during a temporary rate."""
        now_us = self.begin_order(_RUNNING)
        if self._core.state()[code.TEMP]:
            raise Refused(protocol.TEMP_ACTIVE)
        self.answers.allow("rate_mu_per_h", rate_mu_per_h)
        summary = {"in_force_mu_per_h": self.in_force_mu_per_h(), "then_mu_per_h": rate_mu_per_h}
        summary.update(programmed_mu_per_h=self.programme.programmed_mu_per_h(now_us), valid_min=valid_min)
        agree(summary)
        self._record.recommended_mu_per_h = rate_mu_per_h
        self._record.recommended_until_us = now_us + valid_min * US_PER_MIN
        self.follow(now_us)
        self._books.accepted("recommend_rate", rate_mu_per_h, valid_min)
        programmed_mu_per_h = self.programme.programmed_mu_per_h(now_us)
        until_us = self._record.recommended_until_us
        return {"at_us": now_us, "until_us": until_us, "programmed_mu_per_h": programmed_mu_per_h}

    def of_rates(self, now_us, rates, then_mu_per_h, pattern):
        """The summary of an order that makes `rates` the programme, of which `then_mu_per_h` is the one of now."""
        old, state = self.programme.rates(), list(self._core.state())
        state[code.RATE_MU_PER_H] = then_mu_per_h
        return {
            "state": self.state(state), "in_force_mu_per_h": self.in_force_mu_per_h(),
            "old_pattern": self._record.pattern, "old_day_mu": sum(old) * 24 // len(old),
            "old_rate_mu_per_h": self.programme.programmed_mu_per_h(now_us), "then_mu_per_h": then_mu_per_h,
            "pattern": pattern, "day_mu": sum(rates) * 24 // len(rates), "fingerprint": fingerprint(rates),
            "cut_by": cut_by(self.forecast.daily(rates, state)),
        }  # fmt: skip

    def _of_temp(self, now_us, which, value, until_us):
        """The summary of an order after which this temporary rate runs; `which` 0: none does."""
        state, programmed_mu_per_h = list(self._core.state()), self.programme.programmed_mu_per_h(now_us)
        summary = {"in_force_mu_per_h": self.in_force_mu_per_h(), "programmed_mu_per_h": programmed_mu_per_h}
        summary["temp_until_us"] = state[code.TEMP_UNTIL_US] if state[code.TEMP] else NEVER_US
        state[code.TEMP], state[code.TEMP_VALUE], state[code.TEMP_UNTIL_US] = which, value, until_us
        state[code.RATE_MU_PER_H] = min(programmed_mu_per_h, self._core.limits()[0])
        summary.update(then_mu_per_h=in_force(state)[1])
        summary.update(cut_by=cut_by(self.forecast.daily(self.programme.rates(), state)))
        return summary

    def allow_rate(self, field_name, greatest_mu_per_h):
        """Raise Refused if `greatest_mu_per_h` is above the limit, also after a running percentage is applied to it."""
        state = self._core.state()
        if state[code.TEMP] == code.TEMP_PERCENT:
            greatest_mu_per_h = max(greatest_mu_per_h, greatest_mu_per_h * state[code.TEMP_VALUE] // 100)
        self.answers.allow(field_name, greatest_mu_per_h)

    def promised_mu_per_h(self):
        """The highest rate to which a running percentage above 100 % may raise the programme; 0 without one."""
        state = self._core.state()
        if state[code.TEMP] != code.TEMP_PERCENT or state[code.TEMP_VALUE] <= 100:
            return 0  # no rate is raised then, and one above the limit runs at the limit
        return self.programme.greatest_mu_per_h() * state[code.TEMP_VALUE] // 100

    def cut_by(self, now_us):
        """A place in protocol.CUTS: the cap that must cut the programmed delivery, either day after day, or before a
        temporary rate has ended, or while a bolus runs.
        """
        state = self._core.state()
        window = self.forecast.daily(self.programme.rates(), state)
        if window is None:
            square_until_us = self._books.deliveries.square_until_us
            found = self.forecast.cut(now_us, square_until_us, until_us=state[code.TEMP_UNTIL_US])
            window = None if found is None else found[0]
        return cut_by(window)

    def in_force_mu_per_h(self):
        """The basal rate that is delivered now."""
        state = self._core.state()
        return 0 if state[code.SUSPENDED] else in_force(state)[1]

    # Actions that the device takes by itself.

    def halt_by_itself(self, now_us, reason=protocol.REASON_FAULT):
        """Stop delivery, for AlarmDesk.halt(). Returns (has a closed loop's rate lapsed, has the state changed)."""
        still(self._core, self._clock)
        lapsed = self._lapse(now_us)  # a lapse before the halt is reported, whichever of the two is handled first
        stopped, self._record.mode = self._record.mode, protocol.STATE_STOPPED
        self.cut(now_us, reason)
        halted = stopped != protocol.STATE_STOPPED
        if halted:
            self.plan()
        return lapsed, halted

    def cut(self, now_us, reason):
        """The core delivers nothing any more: end the running deliveries with this reason."""
        self._record.recommended_until_us = 0
        self._books.deliveries.follow(now_us, now_us, reason)
        self._books.deliveries.boluses_ended(reason)

    def give(self, field_name, volume_mu, now_us, parts, normal, square=0, duration_us=0):
        """Have the core deliver these strokes, the `parts` of Deliveries.ask(). Refused: what the core refuses."""
        deliveries = self._books.deliveries
        deliveries.ask(now_us, parts, duration_us)
        try:
            self.answers.need(self._core.bolus(now_us, normal, square, duration_us), field_name, volume_mu)
        finally:
            deliveries.begun()

    def state(self, state):
        """The pump's state (protocol.STATES), for a core in `state`."""
        if state[code.GUARD_FAULT]:
            return protocol.STATE_FAULT
        if state[code.SUSPENDED] and self._record.mode == _RUNNING:
            return protocol.STATE_STOPPED
        return self._record.mode

    def fault(self, state):
        """The fault latched by a core in `state`, or that a stopped pump's next stroke would latch; 0: none."""
        apart = state[code.GUARD_COMMANDED] - state[code.GUARD_CONFIRMED]
        if self.state(state) == protocol.STATE_STOPPED and not state[code.IN_FLIGHT] and not -1 <= apart <= 1:
            return code.FAULT_COUNT
        return state[code.GUARD_FAULT]

    def begin_order(self, needed=None):
        """The time of an order. Raises Refused if nothing can be stored, in a fault, or in a state not `needed`."""
        self._books.need_memory()
        state = self.state(self._core.state())
        if state == protocol.STATE_FAULT or (needed is not None and state != needed):
            raise Refused(protocol.WRONG_STATE, None, state)
        return self._clock.now_us()
