"""The difference of one stroke that is allowed between strokes ordered and seen, and when it is forgiven.

GUARD-4 allows a difference of one; the next one would be a fault, even years later. That rule is not aimed at a stroke
sensor that misses one stroke in months, but at one that misses two a week: docs/adr/0009.

Implements: GUARD-4, LOG-1
"""

from firmware import protocol
from firmware.compat import const, roomy

_DAY_US = 86400000000
_BETWEEN_US = 7 * _DAY_US  # from one forgiven to the next
_MOST = const(0xFFFF)
MISSED, TOO_MANY = range(2)  # detail of the event


class Edges:
    """Watches the stroke sensor of one pump: `core`, `clock` and `memory` are its parts."""

    def __init__(self, core, clock, memory):
        self._core = core
        self._clock = clock
        self._memory = memory
        self._apart = core.apart()
        self._since_us = clock.now_us()
        roomy(self)

    def stroke_over(self):
        """Call after every stroke; returns whether the sensor has disagreed, and logs it then."""
        apart = self._core.apart()
        if apart == self._apart:
            return False
        more = apart > self._apart
        self._apart = apart
        self._since_us = self._clock.now_us()
        self._note(protocol.EVENT_EDGE_DIFFERS, MISSED if more else TOO_MANY, abs(apart))
        return True

    def look(self, now_us):
        """Forgive a difference that has stood for a day without another one; returns whether that was done."""
        record = self._memory.record
        if not self._apart or now_us - self._since_us < _DAY_US:
            return False
        if record.edges_forgiven and now_us - record.edge_forgiven_us < _BETWEEN_US:
            return False
        if not self._core.forgive(now_us):
            return False
        record.edges_forgiven = min(record.edges_forgiven + 1, _MOST)
        record.edge_forgiven_us = now_us
        self._note(protocol.EVENT_EDGE_FORGIVEN, MISSED if self._apart > 0 else TOO_MANY, record.edges_forgiven)
        self._apart = self._core.apart()
        return True

    def _note(self, event, which, count):
        self._memory.note(protocol.CATEGORY_MALFUNCTION, event, which, 0, (count,))
