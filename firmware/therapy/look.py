"""One look ahead: the strokes owed and promised now, the request, and the basal to come; how many come by when.

Times are in seconds from now, amounts in quanta of 1 mU/h for 1 s. Where the exact number depends on which stroke waits
for which, there is a most and a least.

Implements: GUARD-1, THER-2
"""

from firmware import dose_codes as code
from firmware.compat import const

_US_PER_S = const(1000000)
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


class Look:
    """A look ahead from one instant; `stroke_q` is a stroke in quanta, `spacing_us` the least time between two."""

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
