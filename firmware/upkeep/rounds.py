"""The look around that the supervisor takes every hour, and its wait for a memory that does not answer.

Implements: GUARD-3, LOG-1, SELF-1, STORE-1
"""

from firmware import protocol
from firmware.upkeep import energy
from firmware.upkeep.parts import BATTERY

WATCH_US = 3600000000  # the longest that the core lets its supervisor be away, GUARD-3
RETRY_US = 60000000  # until a memory that failed is tried again
_WAIT_US = 1000000  # between polls of an absent memory, in the first minute
_DAY_US = 86400000000


class Rounds:
    """The rounds of one pump; the arguments are its parts. The next is at `due_us`; a failure brings it forward."""

    def __init__(self, clock, wall, memory, books, therapy, edges, upkeep, alarms, spared):
        self._wall = wall
        self._memory = memory
        self._books = books
        self._therapy = therapy
        self._edges = edges
        self._upkeep = upkeep
        self._alarms = alarms
        self._spared = spared
        self._told_us = 0  # when running deliveries were last logged
        self._begun_us = clock.now_us()
        waiting = memory.state == protocol.MEMORY_ABSENT
        self.due_us = self._begun_us + (_WAIT_US if waiting else WATCH_US)

    def time(self, now_us):
        """It is due. Returns whether the pump must restart, because the memory that was absent answers."""
        memory, wall, alarms, upkeep = self._memory, self._wall, self._alarms, self._upkeep
        if memory.state == protocol.MEMORY_ABSENT:
            self.due_us = now_us + (_WAIT_US if now_us - self._begun_us < RETRY_US else RETRY_US)
            return memory.come
        known = wall.known
        self.due_us = now_us + WATCH_US
        silent = wall.silent
        if not wall.look() and known:
            memory.note(protocol.CATEGORY_ALARM, protocol.EVENT_CLOCK_LOST, wall.why)
        elif wall.silent and not silent:
            memory.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_CLOCK_SILENT)
        self._therapy.follow(now_us)
        alarms.look(now_us)
        if self._edges.look(now_us):
            self._books.store()
        alarms.battery(self._spared.run(BATTERY, upkeep.account) or energy.GOOD)
        daily = now_us - self._told_us >= _DAY_US
        failed = upkeep.test(daily=True) if daily else upkeep.rates()
        if failed:
            alarms.raise_alarm("self_test_fail", failed)
        if daily:
            self._told_us = now_us
            self._books.so_far()
        else:
            self._books.keep_time()
        return False
