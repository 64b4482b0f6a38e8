"""Presence: somebody is at the device and shows it, by a button or a magnet.

It gates what a wire alone must not do: a new key, and openings while a flood lasts. It authenticates nobody.

The one thing that it gives by itself is a new card, to whoever has neither card nor clinician and holds it for ten
minutes: slow and loud on purpose, so that nobody does it unnoticed to somebody who wears the pump.

Implements: SEC-2
"""

from firmware.compat import const
from firmware.protocol import HOLD_LET_GO, HOLD_LONG_ENOUGH, NEVER_US

_HOLDS_US = const(60000000)
HOLD_US = const(600000000)
LOOK_US = const(1000000)  # between two looks whether it is still held
# The longest between two looks: the supervisor is never away so long while presence is held. After a longer one nobody
# knows whether it was held all the time, so the ten minutes begin anew.
_GAP_US = const(5000000)


class Presence:
    """`read()` says whether presence is shown now; `clock` is the pump's. It counts for a minute.

    `due_us` is when look() must be called.
    """

    def __init__(self, read, clock):
        self.due_us = NEVER_US
        self._read = read
        self._clock = clock
        self._until_us = 0
        self._since_us = 0  # when the hold began
        self._looked_us = 0
        self._long = False  # it was held long enough

    def shown(self):
        """Has presence been shown within the last minute?"""
        now_us = self._clock.now_us()
        if self._read():
            self._until_us = now_us + _HOLDS_US
        return now_us < self._until_us

    @property
    def held(self):
        """Was presence held for ten minutes, and shown within the last minute?"""
        return self._long and self.shown()

    def hold(self):
        """Somebody asks for what takes ten minutes: count them, from now. Returns whether that has begun just now."""
        if self.due_us != NEVER_US or not self._read():
            return False
        self._since_us = self._looked_us = self._clock.now_us()
        self.due_us = self._since_us + LOOK_US
        return True

    def look(self):
        """See whether it is still held; returns HOLD_LET_GO, HOLD_LONG_ENOUGH, or 0 if nothing is new."""
        now_us = self._clock.now_us()
        self.due_us = now_us + LOOK_US
        shown = self._read()
        if self._long:
            if not self.shown():
                self._end()
                return 0
        elif not shown:
            self._end()
            return HOLD_LET_GO
        if now_us - self._looked_us > _GAP_US:
            self._since_us = now_us
        self._looked_us = now_us
        if self._long or now_us - self._since_us < HOLD_US:
            return 0
        self._long = True
        return HOLD_LONG_ENOUGH

    def spend(self):
        """It has served its purpose: for another key it must be shown again."""
        self._until_us = 0
        self._end()

    def _end(self):
        self.due_us = NEVER_US
        self._long = False
