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
_NEVER_S = const(1 << 29)
# Basal and square strokes that fall due together wait for each other, a stroke or two.
_WAIT_STROKES = const(3)


class Spread:
    """A square part: `to_come` strokes, the last of `of` that are spread over `over_s`, `left_s` before its end."""

    def __init__(self, to_come, of, over_s, left_s):
        self.to_come = to_come
        self.of = of
        self.over_s = over_s
        self.left_s = left_s

    def come_parts(self, at_s):
        """The most that is owed by `at_s`, in strokes times `over_s`; the least is the value for a second before."""
        return self.to_come * self.over_s - max(0, self.left_s - at_s) * self.of

    def come(self, at_s):
        """The same in whole strokes."""
        return max(0, self.come_parts(at_s) // self.over_s)


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

    def daily(self, rates, state=None):
        """The window, HOUR or DAY, whose cap must cut these rates day after day, or None. With a core's `state`, its
        temporary rate is counted until it ends.
        """
        limits = self._core.limits()
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
        look = _Look(self._core.state(), now_us, square_until_us, self._stroke_q, self._spacing_us)
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


class _Look:
    """One look ahead: the strokes owed and promised now, the request, and the basal to come."""

    def __init__(self, state, now_us, square_until_us, stroke_q, spacing_us):
        self._stroke_q = stroke_q
        self._spacing_us = spacing_us
        self._slot_us = max(0, state[code.SLOT_US] - now_us)
        waiting = state[code.SQUARE_WAITING]
        spread = state[code.SQUARE_PROGRAMMED] - state[code.SQUARE_COMMANDED] - state[code.SQUARE_ABANDONED] - waiting
        normal = state[code.NORMAL_PROGRAMMED] - state[code.NORMAL_COMMANDED] - state[code.NORMAL_ABANDONED]
        self._waiting = state[code.BASAL_WAITING] + state[code.TEMP_WAITING] + waiting + normal
        self._owed_q = state[code.OWED_Q] // _US_PER_S
        self._late_s = _WAIT_STROKES * spacing_us // _US_PER_S + 2
        self._basal, self._turns = [(0, 0, 0)], [_NEVER_S]
        left_s = over_s = 1
        if spread:
            left_s = max(1, (square_until_us - now_us) // _US_PER_S)
            over_s = max(1, (square_until_us - state[code.SQUARE_START_US]) // _US_PER_S)
        self._square = Spread(spread, state[code.SQUARE_PROGRAMMED] if spread else 0, over_s, left_s)
        self._asked_square = Spread(0, 0, 1, 0)
        self._asked_normal = 0
        self.asked = False
        self.asked_until_s = 0
        # Until all promised strokes are out. Waiting basal alone is no promise: a cap may cut it.
        self.until_s = self._out_s(self._waiting + spread) + (left_s if spread else 0)
        if not normal + waiting + spread:
            self.until_s = 0

    def ask(self, normal, square, square_us):
        """Add the requested bolus."""
        if not normal and not square:
            return
        self.asked = True
        over_s = max(1, square_us // _US_PER_S)
        self._asked_normal = normal
        self._asked_square = Spread(square, square, over_s, over_s)
        self.asked_until_s = self._out_s(self._waiting + normal + square) + (over_s if square else 0)
        self.until_s = max(self.until_s, self.asked_until_s)

    def take_basal(self, basal):
        """Take the basal to come, as Programme.ahead() gives it."""
        self._basal = basal
        ends_s = [self._square.left_s, self._asked_square.left_s]
        self._turns = sorted([from_s for from_s, _, _ in basal] + ends_s) + [_NEVER_S]

    def _out_s(self, strokes):
        return (self._slot_us + (strokes + _WAIT_STROKES) * self._spacing_us) // _US_PER_S + 1

    def came(self, at_s, asked, unsure_q=2):
        """The most strokes that start from now until `at_s`: those owed by then, at the shortest spacing."""
        owed_q = self._owed_q + unsure_q + self._basal_q(at_s)
        owed = self._waiting + self._square.come(at_s) + owed_q // self._stroke_q
        if asked:
            owed += self._asked_normal + self._asked_square.come(at_s)
        return min(owed, 1 + (at_s * _US_PER_S - self._slot_us) // self._spacing_us)

    def came_before(self, at_s, asked):
        """The fewest strokes that start from now until `at_s`."""
        at_s -= self._late_s
        return max(0, self.came(at_s, asked, 0)) if at_s > 0 else 0

    def middle(self, from_s, to_s, window_s, asked):
        """Where to divide an interval of window ends; None: straight() can count it undivided.

        That holds where all windows lie in the future and no strokes wait for their turn any more. The content of a
        window is a straight line then, between the times at which a rate changes.
        """
        window_s += self._late_s
        if from_s < window_s < to_s:
            return window_s
        if from_s < window_s or self._crowded(from_s - window_s, asked) or self._crowded(to_s - window_s, asked):
            return (from_s + to_s) // 2
        for after_s in ((from_s + to_s) // 2, from_s):
            turn_s = min(self._turn_after(after_s), self._turn_after(after_s - window_s) + window_s)
            if turn_s < to_s:
                return turn_s
        return None

    def straight(self, from_s, to_s, window_s, asked):
        """The most strokes in a window that ends between the two times, where middle() has nothing to divide.

        A window holds its share of each kind of strokes, rounded up. The sum is greatest at one of the two ends. Only
        if two kinds change at once may it be one more in between, and never more than the sum of each kind's maximum.
        """
        window_s += self._late_s
        sums, most, changing = [0, 0], 0, -1
        for kind in range(3):
            shares = [self._share(at_s, window_s, kind, asked) for at_s in (from_s, to_s)]
            strokes = [-(-share // whole) for share, whole in shares]
            sums = [sums[0] + strokes[0], sums[1] + strokes[1]]
            most += max(strokes)
            changing += shares[0] != shares[1]
        return min(most, max(sums) + max(0, changing))

    def _share(self, at_s, window_s, kind, asked):
        """(amount of a kind that falls into a window, the amount of one stroke in the same unit)."""
        if kind == 0:
            return self._basal_q(at_s) - self._basal_q(at_s - window_s), self._stroke_q
        square = (self._square, self._asked_square)[kind - 1]
        if kind == 2 and not asked:
            return 0, 1
        return square.come_parts(at_s) - square.come_parts(at_s - window_s), square.over_s

    def _turn_after(self, at_s):
        """When a rate changes next after `at_s`."""
        turns = self._turns
        low, high = -1, len(turns) - 1  # the last one is beyond every time looked at
        while high - low > 1:
            middle = (low + high) // 2
            if turns[middle] > at_s:
                high = middle
            else:
                low = middle
        return turns[high]

    def _crowded(self, at_s, asked):
        """Do strokes wait for their turn at `at_s`?"""
        return self.came(at_s, asked) > (at_s * _US_PER_S - self._slot_us) // self._spacing_us

    def _basal_q(self, at_s):
        """The amount of basal from now until `at_s`, in quanta."""
        basal = self._basal
        low, high = 0, len(basal)
        while high - low > 1:
            middle = (low + high) // 2
            if basal[middle][0] <= at_s:
                low = middle
            else:
                high = middle
        from_s, rate_mu_per_h, before_q = basal[low]
        return before_q + rate_mu_per_h * (at_s - from_s)


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
