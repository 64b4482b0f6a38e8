"""What anybody on the link can have written into the log, and how often: connects, refusals, questions that failed.

Each is written at once, as long as there are few. What comes too often is counted, and told with the next that is
written; so neither polling nor a flood pushes therapy out of the log (LOG-2), wears the memory or keeps the supervisor.

Implements: LOG-1, LOG-2
"""

from firmware import protocol
from firmware.compat import const

_HOUR_US = const(3600000000)
_REFUSALS = const(32)  # at once; then one an hour


class Sparing:
    """`burst` at once, then one each `each_us`."""

    def __init__(self, burst, each_us):
        self._slack_us = (burst - 1) * each_us
        self._each_us = each_us
        self._spent_us = 0  # by then all of the burst is there again
        self._untold = 0

    def told(self, now_us):
        """One more has happened: how many the record now stands for, 0: none is written."""
        self._untold += 1
        if self._spent_us > now_us + self._slack_us:
            return 0
        self._spent_us = max(self._spent_us, now_us) + self._each_us
        count, self._untold = self._untold, 0
        return count


class Visitors:
    """The visitors of a pump: `clock` and `memory` are its parts. What each method returns: is there to store?"""

    def __init__(self, clock, memory):
        self._clock = clock
        self._memory = memory
        self._connects = Sparing(1, 2 * _HOUR_US)
        self._refusals = Sparing(_REFUSALS, _HOUR_US)
        self._failures = Sparing(_REFUSALS, _HOUR_US)

    def connected(self, schema_agreed):
        """A programmer has said hello."""
        if schema_agreed:
            return self._note(self._connects, protocol.CATEGORY_CONNECTIVITY, protocol.EVENT_CONNECTED, 1)
        return self._note(self._refusals, protocol.CATEGORY_CONNECTIVITY, protocol.EVENT_CONNECTED, 0)

    def refused(self, message_id, refusal_code, value):
        """An order was refused."""
        value = min(abs(value), 0xFFFFFFFF)
        return self._note(
            self._refusals, protocol.CATEGORY_COMMAND, protocol.EVENT_REFUSED, message_id, refusal_code, (value,)
        )

    def stumbled(self, kind):
        """A question has failed with this kind of exception."""
        return self._note(self._failures, protocol.CATEGORY_MALFUNCTION, protocol.EVENT_EXCEPTION, kind)

    def _note(self, sparing, category, event, detail, reason=0, values=()):
        count = sparing.told(self._clock.now_us())
        if count:
            self._memory.note(category, event, detail, reason, values + (count,))
        return count > 0
