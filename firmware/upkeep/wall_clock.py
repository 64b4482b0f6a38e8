"""The wall clock: UTC alongside the monotonic device time, from a battery-backed clock that runs on without power.

Device time decides about doses; the wall clock tells how long the power was gone, and stamps events. It is either known
or lost, and never a guess: a time that contradicts the stored one or the device time is lost until a person sets it. A
clock that merely does not answer is not lost: its time is carried on by device time for a day.

Two clocks can only show that they disagree. Each look that agrees moves the anchor from which UTC is counted. The rates
of the two are compared from an anchor of its own, which no such look moves (docs/adr/0011). If the two drift apart by
the same amount hour after hour, their rates differ; if by any other amounts, one of them has jumped.

Implements: THER-1, THER-8, LOG-1, SELF-1
"""

from firmware.compat import const, roomy
from firmware.errors import Refused
from firmware.protocol import CLOCK_FAILED, UTC_MAX_S, UTC_MIN_S

_US_PER_S = 1000000
_READS = const(3)  # tries to read a clock that does not answer
# How far apart the two may be: both are whole seconds, and two quartzes differ by less than one in 2000 (500 ppm; each
# board's is specified within 50, the battery-backed one within 20).
_SLACK_S = const(2)
_DRIFT = const(2000)
# The sum that jumps too small to be detected may reach while rates are compared.
_RATE_SLACK_S = const(15)
_ALIKE = const(3)  # hours in a row apart by the same amount: no jump
_WINDOW_S = const(600)  # the shortest window compared in this way
_HOUR_S = const(3600)
# Two records of the time may be an hour of device time apart, in which the other clock may have fallen behind.
_BEHIND_S = const(4)
# The longest power cut that is believed: as long as the longest thing that runs, a temporary rate or a rolling cap.
VOUCHED_S = const(86400)
# The longest time since the last record that is believed after a reset with the power on: there is a record every hour,
# and delayed starts (c_ext/board/start.h) take minutes. A clock that shows more has jumped meanwhile.
VOUCHED_RESET_S = const(4200)
# How long device time carries on the time of a silent clock: by then it may be 43 s wrong, which shifts no pattern by
# an amount that matters.
_HELD_US = 86400000000

# Why the time is lost: the log's detail.
(SILENT, BEHIND, AHEAD, DISAGREES, LOST_BEFORE) = range(1, 6)


class WallClock:
    """`clock` is the device's Clock, `rtc` the driver of the battery-backed one (firmware/drivers/rtc.py)."""

    def __init__(self, clock, rtc):
        self.known = False
        self.why = SILENT  # why it is lost
        self.silent = False  # no answer at the latest look
        self._outside = False  # its answer then was no possible time
        self._clock = clock
        self._rtc = rtc
        self._heard_us = self._rate_us = self._window_us = 0
        self._rate_s = self._window_s = None
        self._alike = 0  # windows in a row in which the two came apart by the same amount
        self._gained_s = 0  # that amount, per hour
        utc_s = self._read()
        self.known = utc_s is not None
        self._anchor(utc_s or 0)
        self._start_rate(utc_s)
        roomy(self)

    def look(self):
        """Compare with the battery-backed clock; returns whether the time is known."""
        now_us = self._clock.now_us()
        utc_s = self._read()
        if self.known and utc_s is not None and not self._fits(utc_s, now_us):
            utc_s = self._read()  # read again: it may have been a bus error
        self.silent = utc_s is None and not self._outside
        if self.silent:
            if now_us - self._heard_us >= _HELD_US:
                self.lose(SILENT)
            return self.known
        self._heard_us = now_us
        if self.known:
            if utc_s is None or not self._fits(utc_s, now_us):
                self.lose(DISAGREES)
            elif abs(utc_s - self.utc_s(now_us)) > 1:
                # A second's difference is only rounding to whole seconds, which must not move a pattern's boundaries.
                self._anchor(utc_s)
        self._compare(utc_s, now_us)
        return self.known

    def _compare(self, utc_s, now_us):
        """Have the two come apart since the look before, and if so by a jump or by their rates?"""
        if utc_s is None or self._rate_s is None:
            self._start_rate(utc_s)
            return
        device_s = (now_us - self._window_us) // _US_PER_S
        gained_s = utc_s - self._window_s - device_s
        if device_s < _WINDOW_S:
            if not _agree(gained_s, device_s):
                self._start_rate(utc_s)
            return
        was = self._alike
        if _agree(gained_s, device_s):
            self._alike = 0
        else:
            gained_s = gained_s * _HOUR_S // device_s
            same = abs(gained_s - self._gained_s) <= max(2 * _SLACK_S, abs(gained_s) // 8)
            self._alike = min(was + 1, _ALIKE) if was and same else 1
            self._gained_s = gained_s
        self._window_us, self._window_s = now_us, utc_s
        if self._alike < _ALIKE and (self._alike or was):
            self._start_rate(utc_s)  # it may be a jump, which says nothing about rates

    def lose(self, why):
        """The time is lost until a person sets it; `why` is the log's detail."""
        if self.known:
            self.known = False
            self.why = why

    def set(self, utc_s):
        """Set the time to `utc_s`. Refused if the battery-backed clock does not accept it."""
        try:
            self._rtc.set(utc_s)
        except OSError:
            raise Refused(CLOCK_FAILED)
        self._anchor(utc_s)
        self._start_rate(utc_s)
        self._heard_us = self._anchor_us
        self.known = True
        self.silent = False

    def utc_s(self, now_us):
        """UTC at device time `now_us`, s; 0 while it is lost."""
        return self._anchor_s + (now_us - self._anchor_us) // _US_PER_S if self.known else 0

    def device_us(self, utc_s):
        """Device time at which it will be `utc_s`. The clock must be known."""
        return self._anchor_us + (utc_s - self._anchor_s) * _US_PER_S

    def elapsed(self):
        """(device µs, wall clock s) since a reset, a jump or a setting of the time; None if the clock is silent."""
        utc_s = self._read()
        if utc_s is None or self._rate_s is None:
            return None
        return self._clock.now_us() - self._rate_us, utc_s - self._rate_s

    def stamp_s(self, now_us):
        """The time stamp for events, s: UTC, or device time while UTC is lost."""
        return self.utc_s(now_us) if self.known else now_us // _US_PER_S

    def gone_us(self, since_utc_s, vouched_s=VOUCHED_S):
        """How long ago `since_utc_s` was, by the clock as read at start-up: (likely, at most), µs; None if unknown.
        `since_utc_s` 0: the time was lost then, and stays lost.

        If the clock shows a time before that, or more than `vouched_s` after it, it is not believed and counts as lost.
        """
        if not self.known:
            return None
        gone_s = self._anchor_s - since_utc_s
        if not since_utc_s:
            self.lose(LOST_BEFORE)
        elif gone_s < -_BEHIND_S:
            self.lose(BEHIND)
        elif gone_s > vouched_s:
            self.lose(AHEAD)
        else:
            most_s = max(0, gone_s) + _BEHIND_S
            # The record's second was truncated twice, at the anchor and at the record, this one once: the difference is
            # half a second too large.
            return max(0, gone_s * _US_PER_S - _US_PER_S // 2), (most_s + most_s // _DRIFT + 1) * _US_PER_S
        return None

    def advanced(self):
        """Device time has jumped: align the two anew."""
        self._anchor_us = self._rate_us = self._window_us = self._heard_us = self._clock.now_us()

    def _anchor(self, utc_s):
        self._anchor_s = utc_s
        self._anchor_us = self._clock.now_us()

    def _start_rate(self, utc_s):
        self._rate_s = self._window_s = utc_s
        self._rate_us = self._window_us = self._clock.now_us()

    def _fits(self, utc_s, now_us):
        return _agree(utc_s - self.utc_s(now_us), (now_us - self._anchor_us) // _US_PER_S)

    def _read(self):
        """UTC, s; None: no answer, no possible time, or the chip reports the time as lost."""
        self._outside = False
        for _ in range(_READS):
            try:
                utc_s = self._rtc.read()
            except OSError:
                continue
            if utc_s is not None:
                if UTC_MIN_S <= utc_s <= UTC_MAX_S:
                    return utc_s
                self._outside = True
        return None


def rates_agree(device_us, wall_s):
    """Have the two clocks run equally fast, given the time that each has counted?"""
    device_s = device_us // _US_PER_S
    return _agree(wall_s - device_s, device_s, _RATE_SLACK_S)


def _agree(ahead_s, since_s, slack_s=_SLACK_S):
    return abs(ahead_s) <= slack_s + since_s // _DRIFT
