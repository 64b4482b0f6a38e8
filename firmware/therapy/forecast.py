"""Looks ahead at the rolling caps: counts the strokes that have started, are promised, and will come from basal.

A request is refused whole if a cap would have to cut it, or would have to cut something accepted earlier (GUARD-1). So
for each future instant the strokes of the hour and of the day that end there are counted in advance: the past ones by
the guard's own count, which can be queried for a future time; the rest of the running boluses; the requested bolus; and
basal, as it is programmed now.

An interval of time is checked as a whole: a window that ends in it holds at most the past strokes still counted at the
interval's beginning, plus those that have come by its end. If that is within the cap, so is every instant of it; if
not, the interval is halved, down to a minute. So the answer errs only on the safe side, by no more than a minute's
worth, and an evening with nothing near a cap takes a few steps. Windows that lie wholly in the future are not halved
but divided where a rate changes. Between two changes their content is a straight line, so hours just under a cap take
only a few steps as well. Times are in seconds from now, amounts in quanta of 1 mU/h for 1 s.

Implements: GUARD-1, THER-2
"""

from firmware import dose_codes as code
from firmware.compat import const
from firmware.protocol import NEVER_US
from firmware.storage.ledgers import with_temp
from firmware.therapy.look import Look

_US_PER_S = const(1000000)
_LEAF_S = const(60)
# The guard's windows, in its ticks and in whole seconds: an hour and a day, rounded up as it does (guard.h).
_TICKS = (3435, 82399)
_WINDOW_S = (3603, 86403)
_PLAIN_S = (3600, 86400)
# The most intervals that are halved in all, which bounds the supervisor's turn to 170 ms on a Pico; most questions take
# 20 ms. An interval not resolved by then counts against the request, on the safe side. Once a cap is exceeded,
# _LOOKS_MORE more halvings are spent on finding by how much.
_LOOKS = const(200)
_LOOKS_MORE = const(24)


class Forecast:
    """Looks ahead for `core`, whose strokes are of `stroke_uu` µU and start `spacing_us` apart; `programme` knows the
    basal to come.
    """

    def __init__(self, core, programme, stroke_uu, spacing_us):
        self._core = core
        self._programme = programme
        self._stroke_q = stroke_uu * 18 // 5  # µU in quanta of 1 mU/h for 1 s
        self._spacing_us = spacing_us
        self._looks = 0  # intervals that may still be halved

    def takes_us(self, strokes):
        """How long so many strokes take that nothing holds up."""
        return strokes * self._spacing_us

    def daily(self, rates, state=None, limits=None):
        """The window, HOUR or DAY, whose cap must cut these rates day after day, or None. With a core's `state`, its
        temporary rate is counted until it ends. `limits`: as Core.limits(), if not those in force.
        """
        limits = limits or self._core.limits()
        halves = [min(rate, limits[0]) * 1800 for rate in rates]
        most_q = [max([halves[at] + halves[at - 1] for at in range(len(halves))]), sum(halves) * (48 // len(halves))]
        if state is not None and state[code.TEMP]:
            left_s = max(0, state[code.TEMP_UNTIL_US] - state[code.AT_US]) // _US_PER_S
            for window in (code.HOUR, code.DAY):
                lasts_s = min(left_s, _WINDOW_S[window])
                rest_q = most_q[window] - most_q[window] * lasts_s // _WINDOW_S[window]
                most_q[window] = max(most_q[window], with_temp(state, state[code.RATE_MU_PER_H]) * lasts_s + rest_q)
        for window in (code.HOUR, code.DAY):
            # The guard's windows are a little longer than an hour and a day.
            if most_q[window] * _WINDOW_S[window] // _PLAIN_S[window] > limits[2 + window] * self._stroke_q:
                return window
        return None

    def cut(self, now_us, square_until_us, normal=0, square=0, square_us=0, caps=None, until_us=0):
        """(window of the first cap that would have to cut, HOUR or DAY; the strokes it would count), or None.

        The request is for `normal` strokes at once and `square` ones spread over `square_us`; if both are 0, only what
        has been accepted is checked. The running square bolus ends at `square_until_us`. `caps`: strokes in an hour and
        in a day, if not those in force. `until_us`: look ahead at least this far.
        """
        self._looks = _LOOKS
        look = Look(self._core.state(), now_us, square_until_us, self._stroke_q, self._spacing_us)
        look.ask(normal, square, square_us)
        look.until_s = max(look.until_s, (until_us - now_us) // _US_PER_S)
        if not look.until_s:  # nothing is promised, so no cap has anything to cut
            return None
        caps = self._core.limits()[2:] if caps is None else caps
        look.take_basal(self._programme.ahead(now_us, look.until_s + _WINDOW_S[code.DAY]))
        for window in (code.HOUR, code.DAY):
            counted = self._over(look, now_us, window, caps[window])
            if counted:
                return window, counted
        return None

    def _over(self, look, now_us, window, cap):
        """The most strokes that a window will hold, if that is more than `cap`, else 0."""
        # Without a request only the promised strokes are checked; with one, also the basal that comes after it.
        if not look.asked:
            return self._most(look, now_us, window, cap, 0, look.until_s, False)
        found = self._most(look, now_us, window, cap, 0, look.asked_until_s, True)
        from_s = look.asked_until_s
        for to_s in (look.until_s, look.until_s + _WINDOW_S[window]):
            after = self._most(look, now_us, window, max(cap, found), from_s, to_s, True) if to_s > from_s else 0
            from_s = to_s
            # After the request: the rest of the running boluses, then basal. If a cap must cut by then even without
            # the bolus, that is no reason to refuse it.
            if after and not found and self._most(look, now_us, window, cap, 0, to_s, False):
                return 0
            found = max(found, after)
        return found

    def _most(self, look, now_us, window, cap, from_s, to_s, asked):
        """As _over(), for the windows that end between the two times."""
        found, more = 0, _LOOKS
        intervals = [self._counted(look, now_us, window, from_s, to_s, asked), from_s, to_s]
        while intervals:
            to_s = intervals.pop()
            from_s = intervals.pop()
            counted = intervals.pop()
            if counted <= max(cap, found):
                continue
            middle_s = None
            if to_s - from_s > _LEAF_S:
                middle_s = look.middle(from_s, to_s, _WINDOW_S[window], asked)
                if middle_s is None:
                    counted = min(counted, look.straight(from_s, to_s, _WINDOW_S[window], asked))
                    if counted <= max(cap, found):
                        continue
                    if look.came(to_s, asked) - look.came(from_s, asked) < (to_s - from_s) // _LEAF_S:
                        middle_s = (from_s + to_s) // 2  # a stroke is worth more than a minute
            if middle_s is None:
                found = counted
                more = min(more, _LOOKS_MORE)
                continue
            if min(self._looks, more) <= 0:
                return found or (counted if asked else 0)
            self._looks -= 1
            more -= 1
            halves = [
                (self._counted(look, now_us, window, from_s, middle_s, asked), from_s, middle_s),
                (self._counted(look, now_us, window, middle_s, to_s, asked), middle_s, to_s),
            ]
            for half in sorted(halves):  # the fuller one is looked at first
                intervals.extend(half)
        return found

    def _counted(self, look, now_us, window, from_s, to_s, asked):
        """The most strokes that a window ending between the two times holds."""
        past = self._core.used(now_us + from_s * _US_PER_S, window)
        return past + look.came(to_s, asked) - look.came_before(from_s - _WINDOW_S[window], asked)


def full(core, now_us, state):
    """The window whose cap has just withheld a stroke, HOUR or DAY, even if it has room again by now.

    No stroke has started since, so the cap that stays full longest was full then.
    """
    ticks, commanded = core.ticks(), state[code.GUARD_COMMANDED]
    free = [0, 0]
    for window in (code.HOUR, code.DAY):
        cap = core.limits()[2 + window]
        if cap == 0:
            free[window] = NEVER_US
        elif commanded >= cap:
            free[window] = ticks[(commanded - cap) % len(ticks)] + _TICKS[window]
    hour, day = free
    return code.HOUR if hour >= day or (now_us >> 20) < hour else code.DAY
