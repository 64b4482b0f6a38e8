"""The wall clock: UTC beside the monotonic device time, from a battery-backed clock that goes on without power.

The device's own time decides about doses; the wall clock tells how long the power was gone, and stamps events. It is
known or it is lost, and never a guess.

Implements: THER-1, LOG-1
"""

from firmware.errors import Refused
from firmware.protocol import CLOCK_FAILED

_US_PER_S = 1000000
# Both readings are whole seconds; a cheap quartz is off by less than one in a thousand.
_SLACK_US = 2000000
_DRIFT_US_PER_S = 1000


class WallClock:
    """`clock` is the device's Clock, `rtc` the driver of the battery-backed one (firmware/drivers/rtc.py)."""

    def __init__(self, clock, rtc):
        self.known = False
        self._clock = clock
        self._rtc = rtc
        self._anchor_us = 0
        self._anchor_s = 0
        self.look()

    def look(self):
        """Compare with the battery-backed clock; returns whether the time is known."""
        utc_s = self._rtc.read()
        # Within a second it is the rounding of whole seconds, which must not move a pattern's boundaries to and fro.
        if utc_s is not None and not (self.known and abs(utc_s - self.utc_s(self._clock.now_us())) <= 1):
            self._anchor(utc_s)
        self.known = utc_s is not None
        return self.known

    def set(self, utc_s):
        """It is `utc_s` now. Refused if the battery-backed clock does not take it."""
        try:
            self._rtc.set(utc_s)
        except OSError:
            raise Refused(CLOCK_FAILED)
        self._anchor(utc_s)
        self.known = True

    def utc_s(self, now_us):
        """UTC at device time `now_us`, s; 0 while it is lost."""
        return self._anchor_s + (now_us - self._anchor_us) // _US_PER_S if self.known else 0

    def device_us(self, utc_s):
        """Device time at which it will be `utc_s`. The clock must be known."""
        return self._anchor_us + (utc_s - self._anchor_s) * _US_PER_S

    def elapsed(self):
        """(device µs, wall clock s) that have passed since the two were brought together; None while it is lost."""
        utc_s = self._rtc.read()
        if utc_s is None or not self.known:
            return None
        return self._clock.now_us() - self._anchor_us, utc_s - self._anchor_s

    def stamp_s(self, now_us):
        """What an event is stamped with: UTC, or device time while UTC is lost."""
        return self.utc_s(now_us) if self.known else now_us // _US_PER_S

    def gone_us(self, since_utc_s):
        """(likely, at most): how long ago it was `since_utc_s`; None if that cannot be known."""
        if not self.known or not since_utc_s or self._anchor_s < since_utc_s:
            return None
        gone_s = self._anchor_s - since_utc_s
        return gone_s * _US_PER_S, gone_s * (_US_PER_S + _DRIFT_US_PER_S) + _SLACK_US

    def advanced(self):
        """Device time has jumped: the two are brought together anew."""
        self._anchor_us = self._clock.now_us()

    def _anchor(self, utc_s):
        self._anchor_s = utc_s
        self._anchor_us = self._clock.now_us()
