"""Rate-limits the events that anybody on the link can cause in the log: connects, refusals, failed queries.

Each is written at once as long as there are few. Beyond that they are only counted, and the next event written carries
the count. So neither polling nor a flood pushes therapy out of the log (LOG-2), wears the memory or holds up the
supervisor.

Implements: LOG-1, LOG-2
"""

from firmware import protocol
from firmware.compat import const

_HOUR_US = const(3600000000)
_REFUSALS = const(32)  # in a burst; then one an hour
_HOLDS = const(8)  # the same, of a button that is held


class Sparing:
    """A rate limiter: allows a burst of `burst`, then one every `each_us`."""

    def __init__(self, burst, each_us):
        self._slack_us = (burst - 1) * each_us
        self._each_us = each_us
        self._spent_us = 0  # when the full burst is available again
        self._untold = 0

    def told(self, now_us):
        """One more has happened; returns how many events the record to be written stands for, 0: write none."""
        self._untold += 1
        if self._spent_us > now_us + self._slack_us:
            return 0
        self._spent_us = max(self._spent_us, now_us) + self._each_us
        count, self._untold = self._untold, 0
        return count


class Visitors:
    """The log of a pump's visitors; `clock` and `memory` are its parts. Each method returns whether there is something
    to store.
    """

    def __init__(self, clock, memory):
        self._clock = clock
        self._memory = memory
        self._connects = Sparing(1, 2 * _HOUR_US)
        self._refusals = Sparing(_REFUSALS, _HOUR_US)
        self._intrusions = Sparing(1, _HOUR_US)
        self._holds = Sparing(_HOLDS, _HOUR_US)
        self._held_long = Sparing(_HOLDS, _HOUR_US)
        self._failures = Sparing(_REFUSALS, _HOUR_US)

    def began(self, slot):
        """A session has begun, with the key of this slot."""
        return self._note(self._connects, protocol.CATEGORY_CONNECTIVITY, protocol.EVENT_CONNECTED, slot)

    def intruded(self):
        """An opening was refused."""
        return self._note(self._intrusions, protocol.CATEGORY_CONNECTIVITY, protocol.EVENT_OPENINGS_REFUSED, 0)

    def held(self, what):
        """Presence is held for a new card: a HOLD_ of the protocol."""
        sparing = self._held_long if what == protocol.HOLD_LONG_ENOUGH else self._holds
        return self._note(sparing, protocol.CATEGORY_CONNECTIVITY, protocol.EVENT_PRESENCE_HELD, what)

    def refused(self, message_id, refusal_code, value):
        """An order was refused."""
        value = min(abs(value), 0xFFFFFFFF)
        return self._note(
            self._refusals, protocol.CATEGORY_COMMAND, protocol.EVENT_REFUSED, message_id, refusal_code, (value,)
        )

    def stumbled(self, kind):
        """A query has failed with this kind of exception."""
        return self._note(self._failures, protocol.CATEGORY_MALFUNCTION, protocol.EVENT_EXCEPTION, kind)

    def _note(self, sparing, category, event, detail, reason=0, values=()):
        count = sparing.told(self._clock.now_us())
        if count:
            self._memory.note(category, event, detail, reason, values + (count,))
        return count > 0
