"""What follows from a failure: of the supervisor's code, of a part that therapy does not need, or of the memory.

Implements: ALARM-1, STORE-1, THER-10
"""

import gc

from firmware import protocol
from firmware.upkeep.parts import LINK, Spared
from firmware.upkeep.rounds import RETRY_US

# The number of an exception in the log is its place here; any other has the next number.
EXCEPTIONS = (MemoryError, OSError, ValueError, TypeError, IndexError, KeyError, AttributeError, RuntimeError)


class Failures:
    """The failures of `pump`, with its `clock` and `memory`.

    It is made first, since the other parts are given its methods, and so asks the pump for them only on a failure.
    """

    def __init__(self, pump, clock, memory):
        self.last_error = None  # the latest exception, for inspection
        self.spared = Spared(self.of_part)
        self._pump = pump
        self._clock = clock
        self._memory = memory
        self._failing = False  # a failure is being handled

    def failed(self, error):
        """The supervisor's own code has failed: log it, book what has happened, stop, and let a person decide."""
        pump, books = self._pump, self._pump.books
        self._failing = True
        kind = self._note(error)
        now_us = self._clock.now_us()
        pump.alarms.raise_alarm("system_error", kind)  # halts, also if it is latched already
        pump.rounds.due_us = min(pump.rounds.due_us, now_us + RETRY_US)
        books.deliveries.boluses_ended()  # of which the alarm has cut the last stroke
        books.store()
        self._failing = False

    def attend(self, poll):
        """Let the link process what has arrived. A failure there, other than an order's, stops nothing (THER-10)."""
        try:
            poll()
        except Exception as error:
            if self._failing:
                raise
            self.spared.failed(LINK, error)

    def of_part(self, part, error):
        """A part that therapy does not need has failed."""
        self._note(error)
        self._pump.alarms.raise_alarm("communication_error", 1 + part)

    def of_query(self, error):
        """A query has failed: log why. Nothing has changed."""
        gc.collect()
        self.last_error = error
        self._pump.visited(self._pump.visitors.stumbled, number_of(error))

    def of_memory(self):
        """The memory accepts no record, so no permit is given. Stop, so that waiting strokes do not burst out once it
        does.
        """
        pump = self._pump
        now_us = self._clock.now_us()
        pump.alarms.halt(now_us)
        pump.rounds.due_us = now_us + RETRY_US
        pump.alarms.memory_failed()

    def _note(self, error):
        """Put an exception into the log; returns its number there."""
        gc.collect()  # the cause may have been a full heap
        self.last_error = error
        kind = number_of(error)
        self._memory.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_EXCEPTION, kind)
        return kind


def number_of(error):
    """The number of an exception in the log."""
    return EXCEPTIONS.index(type(error)) if type(error) in EXCEPTIONS else len(EXCEPTIONS)
