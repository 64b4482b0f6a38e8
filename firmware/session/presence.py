"""Presence: somebody is at the device and shows it, by a button or a magnet.

It gates what a wire alone must not do: a new key, and openings while a flood lasts. It authenticates nobody.

Implements: SEC-2
"""

from firmware.compat import const

_HOLDS_US = const(60000000)


class Presence:
    """`read()` says whether presence is shown now; `clock` is the pump's. It counts for a minute."""

    def __init__(self, read, clock):
        self._read = read
        self._clock = clock
        self._until_us = 0

    def shown(self):
        """Has presence been shown within the last minute?"""
        now_us = self._clock.now_us()
        if self._read():
            self._until_us = now_us + _HOLDS_US
        return now_us < self._until_us

    def spend(self):
        """It has served its purpose: for another key it must be shown again."""
        self._until_us = 0
