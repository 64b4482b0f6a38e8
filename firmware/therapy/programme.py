"""The programmed basal rate, and when it changes next: set by hand, by a pattern and the local clock, by a closed
loop's recommendation, or the lowest rate while suspended.

The dose core is always given the next change along with the present rate, so the change takes effect at its own
microsecond whatever the supervisor does. The order of precedence: procedure, suspended, recommended, pattern, by hand.

Without a clock a pattern runs at the lowest of its rates (THER-1, STORE). A pattern above the clinician's limit runs at
the limit.

Implements: THER-1, THER-3, THER-7
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import const
from firmware.errors import FirmwareError
from firmware.protocol import NEVER_US
from firmware.storage.ledgers import SQUARE, to_come, with_temp
from firmware.therapy.halting import settle

_HALF_HOUR_S = const(1800)
_US_PER_S = const(1000000)
_LONGEST_US = 2 * 86400 * _US_PER_S  # a temporary rate's day, and a day of the pattern


class Programme:
    """The programmed basal of `core`; `record` and `settings` hold what outlives a reset, `wall` is the WallClock.

    `next_us` is when the rate changes next (NEVER_US: it stays); it is valid after apply().
    """

    def __init__(self, core, record, settings, wall):
        self.next_us = NEVER_US
        self._core = core
        self._record = record
        self._settings = settings
        self._wall = wall

    def apply(self, now_us):
        """Give the core the present rate and the next change. The core must not be faulted.

        Raises FirmwareError if the core does not accept them: they must then not be taken to be in force.
        """
        limit_mu_per_h = self._core.limits()[0]
        result = code.E_RANGE
        for _ in range(2):
            now_us = settle(self._core, now_us)
            rate_mu_per_h, self.next_us, next_mu_per_h = self.wanted(now_us)
            rate_mu_per_h = min(rate_mu_per_h, limit_mu_per_h)
            next_mu_per_h = min(next_mu_per_h, limit_mu_per_h)
            result = self._give(now_us, rate_mu_per_h, next_mu_per_h)
            if result == code.E_MAX_BASAL and self._core.cancel_temp(now_us) == code.OK:
                # The running percentage would raise the rate above the limit: cancel the percentage, keep the rate.
                result = self._give(now_us, rate_mu_per_h, next_mu_per_h)
            as_given = result == code.OK and self._core.state()[code.RATE_MU_PER_H] == rate_mu_per_h
            if as_given or result not in (code.OK, code.E_RANGE):
                break
            # A stroke has started since, later than a change that was planned or about to be: retry as of that stroke.
            result = code.E_RANGE
        if result not in (code.OK, code.E_FAULT):  # a fault is reported by an event of its own
            raise FirmwareError("the dose core answered %d to the programmed rate" % result)

    def _give(self, now_us, rate_mu_per_h, next_mu_per_h):
        """Give the core the present rate and the next one, where they differ; returns its result code."""
        core = self._core
        state = core.state()
        result = code.OK
        if state[code.RATE_MU_PER_H] != rate_mu_per_h or (self.next_us == NEVER_US and state[code.BOUNDARY_US] >= 0):
            result = core.set_basal(now_us, rate_mu_per_h)
        if result == code.OK and self.next_us != NEVER_US:
            result = core.plan_basal(now_us, self.next_us, next_mu_per_h)
        return result

    def wanted(self, now_us):
        """(mU/h now, device time of the next change or NEVER_US, mU/h from then on)."""
        record = self._record
        if record.mode == protocol.STATE_PROCEDURE:
            return 0, NEVER_US, 0
        if record.mode == protocol.STATE_SUSPENDED:
            rate_mu_per_h, next_us, next_mu_per_h = self._programmed(now_us)
            return self._least(rate_mu_per_h), next_us, self._least(next_mu_per_h)
        if record.recommended_until_us > now_us:
            until_us = record.recommended_until_us
            return record.recommended_mu_per_h, until_us, self._programmed(until_us)[0]
        return self._programmed(now_us)

    def ahead(self, now_us, until_s):
        """The basal that the core will program: (s from now, mU/h from then on, mU/h times s by then), up to `until_s`.

        The second is the one in which the rate changes; the amount by then is exact, rounded down.
        """
        stretches, before_uq = [], 0
        for at_us, rate_mu_per_h, next_us in self._stretches(now_us):
            stretches.append(((at_us - now_us) // _US_PER_S, rate_mu_per_h, before_uq // _US_PER_S))
            if next_us == NEVER_US or next_us - now_us > until_s * _US_PER_S:
                break
            before_uq += rate_mu_per_h * (next_us - at_us)
        return stretches

    def next_due_us(self, state, stroke_uq, square_until_us):
        """When the next stroke of a core in `state` will be due, NEVER_US if none is within two days; `stroke_uq` is
        the stroke in mU/h times µs, a square bolus ends at `square_until_us`.

        The core reports this itself, but it knows only one change of a pattern. Where more changes lie before the end
        of a temporary rate, it does not know the rate that follows, and the due time is worked out here.
        """
        due_us, until_us = state[code.NEXT_US], state[code.TEMP_UNTIL_US]
        if due_us <= until_us or not 0 <= state[code.BOUNDARY_US] < until_us:  # -1: none
            return NEVER_US if due_us < 0 else due_us
        due_us = NEVER_US
        if to_come(state, SQUARE):
            strokes, commanded, _, abandoned = state[code.SQUARE_PROGRAMMED : code.SQUARE_ABANDONED + 1]
            start_us = state[code.SQUARE_START_US]
            due_us = start_us - (start_us - square_until_us) * (commanded + abandoned + 1) // strokes
        owed_uq, now_us = state[code.OWED_Q], state[code.AT_US]
        for at_us, rate_mu_per_h, next_us in self._stretches(now_us):
            if rate_mu_per_h:
                basal_us = at_us - (owed_uq - stroke_uq) // rate_mu_per_h
                if basal_us <= next_us:
                    return min(due_us, basal_us)
            if next_us - now_us > _LONGEST_US:
                return due_us
            owed_uq += rate_mu_per_h * (next_us - at_us)

    def _stretches(self, at_us):
        """(device time, mU/h that the core will program from then on, until when or NEVER_US), from `at_us` on."""
        state, limit_mu_per_h = self._core.state(), self._core.limits()[0]
        while at_us != NEVER_US:
            rate_mu_per_h, next_us, _ = self.wanted(at_us)
            rate_mu_per_h = min(rate_mu_per_h, limit_mu_per_h)
            if state[code.SUSPENDED]:
                rate_mu_per_h = 0
            elif at_us < state[code.TEMP_UNTIL_US]:  # -1 without one
                next_us = min(next_us, state[code.TEMP_UNTIL_US])
                rate_mu_per_h = with_temp(state, rate_mu_per_h)
            yield at_us, rate_mu_per_h, next_us
            at_us = next_us

    def _least(self, programmed_mu_per_h):
        """The rate while suspended: never above the rate in force before, nor above that of a running pump."""
        record = self._record
        would_be_mu_per_h = programmed_mu_per_h * record.suspended_percent // 100
        return min(self._settings.suspend_rate_mu_per_h, record.suspended_mu_per_h, would_be_mu_per_h)

    def rates(self):
        """The rates in sequence, each for half an hour: one if set by hand, 48 for a pattern."""
        if self._record.pattern == protocol.MANUAL:
            return (self._record.manual_mu_per_h,)
        return self._settings.rates(self._record.pattern)

    def day_mu(self):
        """A day of basal, mU, as programmed or, if that is more, at the temporary rate; also while it is stopped."""
        rates, state = self.rates(), self._core.state()
        brings_mu = sum(rates) * 24 // len(rates)
        if state[code.TEMP] == code.TEMP_RATE:
            return max(brings_mu, state[code.TEMP_VALUE] * 24)
        return max(brings_mu, brings_mu * state[code.TEMP_VALUE] // 100) if state[code.TEMP] else brings_mu

    def programmed_mu_per_h(self, now_us):
        """The rate by hand or by pattern, whether it is in force or not."""
        return self._programmed(now_us)[0]

    def greatest_mu_per_h(self):
        """The highest rate that may come into force by itself."""
        return max(self.rates())

    def rate_at(self, now_us, rates):
        """The one of a pattern's `rates` that the local clock says."""
        return self._of(rates, self._wall.utc_s(now_us)) if self._wall.known else min(rates)

    def rate_by(self, utc_s):
        """The programmed rate, if it is `utc_s`."""
        rates = self.rates()
        return rates[0] if len(rates) == 1 else self._of(rates, utc_s)

    def _of(self, rates, utc_s):
        return rates[(utc_s + self._settings.utc_offset_min * 60) // _HALF_HOUR_S % protocol.HALF_HOURS]

    def _programmed(self, now_us):
        pattern = self._record.pattern
        settings = self._settings
        if pattern == protocol.MANUAL:
            return self._record.manual_mu_per_h, NEVER_US, 0
        if not self._wall.known:
            return min(settings.rates(pattern)), NEVER_US, 0
        offset_s = settings.utc_offset_min * 60
        half_hour = (self._wall.utc_s(now_us) + offset_s) // _HALF_HOUR_S
        rate_mu_per_h = settings.rate(pattern, half_hour % protocol.HALF_HOURS)
        for ahead in range(1, protocol.HALF_HOURS):
            then_mu_per_h = settings.rate(pattern, (half_hour + ahead) % protocol.HALF_HOURS)
            if then_mu_per_h != rate_mu_per_h:
                change_us = self._wall.device_us((half_hour + ahead) * _HALF_HOUR_S - offset_s)
                # A re-anchored clock may put the change slightly in the past.
                return rate_mu_per_h, max(change_us, now_us + 1), then_mu_per_h
        return rate_mu_per_h, NEVER_US, 0
