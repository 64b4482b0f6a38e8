"""The pump's memory at work: what is stored when, and what follows when it cannot be.

Whatever changes the pump is stored before it is answered, and each stroke before the next is permitted. If that fails
there is no permit, so no stroke, and the status says why; nothing here ever makes a stroke possible.

A memory that does not answer when the pump starts is absent, not damaged: nothing is known of what it holds, so nothing
is written, and the pump waits for it. Once it answers the pump starts anew, with everything that it holds.

Implements: STORE-1, STORE-3, LOG-1
"""

import struct
from binascii import crc32

from firmware import protocol
from firmware.compat import roomy
from firmware.errors import FirmwareError, MemoryAbsent
from firmware.storage import journal as stored
from firmware.storage.event_log import NO_CLOCK
from firmware.storage.restart import restore

_RESETS_MAX = 0xFFFF
_WAITING = 16  # events that wait for a memory that takes none; with an order's own they are fewer than event_log.SPARE
# Records beside the state, bits.
_ENERGY, _ALARMS = 1, 2
_US_PER_S = 1000000


class Memory:
    """Keeps `core` in `journal`; `clock` and `wall` are the device's and the wall clock.

    `state` is one of protocol.MEMORIES. While it is write_failed, damaged or absent, `usable` is false; what is damaged
    or absent is not written over.
    """

    def __init__(self, journal, core, clock, wall):
        self.state = protocol.MEMORY_WHOLE
        self.log = journal.log
        self.record = journal.record
        self.settings = journal.settings
        self.orders = journal.orders
        self.staging = journal.staging
        self.energy = journal.energy
        self.alarms = journal.alarms
        self.scratch_at = journal.scratch_at
        self.nvm = journal.nvm
        self._journal = journal
        self._waiting = []  # events that the log has not taken yet, each with its number
        self._lost = 0  # events for which there was no room
        self.counted = 0  # strokes that count by the restart
        self._behind = 0  # records whose latest contents are not stored
        self._core = core
        self._clock = clock
        self._wall = wall
        roomy(self)

    @property
    def usable(self):
        """May the pump dose on what it stores?"""
        return self.state < protocol.MEMORY_WRITE_FAILED

    @property
    def come(self):
        """Was it absent when the pump started, and does it answer now? Then the pump must start anew."""
        return self.state == protocol.MEMORY_ABSENT and self._journal.answers()

    def open(self, deliveries, advance, entropy=None, powered=False):
        """Take up the last life, if there was one. `advance(us)` moves the board's counter, `entropy()` is 32 bits that
        nobody knows before, if the board has them. `powered`: it was a reset, and power was never gone.

        What it has found is then stored, and nothing is permitted yet.
        """
        self._entropy = entropy
        try:
            opened = self._journal.open()
            if opened == stored.NEW:
                self.initialise(deliveries)
            elif opened == stored.DAMAGED:
                self.state = protocol.MEMORY_DAMAGED
            else:
                if self._take_up(opened, deliveries, advance, powered):
                    self.orders.begin_life(self._seed(), self._clock.now_us(), self.record.command_id)
                self.store(deliveries, 0)
        except MemoryAbsent:
            self.state = protocol.MEMORY_ABSENT
        except FirmwareError:
            self.state = protocol.MEMORY_DAMAGED

    def _take_up(self, opened, deliveries, advance, powered):
        """Go on with what is stored; returns success."""
        ordered = self.orders.read(self.record.command_id)
        found = restore(self._core, self._journal, self._wall, self._clock.now_us(), powered, ordered)
        if found.broken:
            self.state = protocol.MEMORY_DAMAGED
            return False
        # The clock has gone on meanwhile, and may have passed the last life's end long ago: a start that took long.
        advance(max(found.device_time_us - self._clock.now_us(), 0))
        self._wall.advanced()
        if not self._wall.known and self.record.recommended_until_us:
            # Without a clock nobody knows whether the closed loop is still there.
            self.record.recommended_until_us = found.device_time_us
        if opened == stored.ONE_COPY:
            self.state = protocol.MEMORY_MENDED
        if found.starts_replaced:
            self.state = protocol.MEMORY_CAPS_LATE
        self.counted = found.counted
        self.record.resets = min(self.record.resets + 1, _RESETS_MAX)
        gone_s = (found.device_time_us - found.ended_us) // _US_PER_S
        values = (self.record.resets, found.doubtful, gone_s, found.starts_replaced)
        self.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_RESET, self.state, 0, values)
        deliveries.restore(self.record, found.ended_us, found.unknown * self._journal.stroke_uu // 1000)
        return True

    def initialise(self, deliveries):
        """Start anew with a memory that is new or cannot be believed. Raises what the memory raises."""
        record = self.record
        record.pattern = protocol.MANUAL
        record.manual_mu_per_h = 0
        record.recommended_until_us = 0
        record.alarms = 0
        self._fill(deliveries, 0)
        self._save_core()
        if self.state == protocol.MEMORY_DAMAGED:
            # Events that are still readable stay, and numbers go on from theirs.
            self.log.find_newest()
        self._journal.initialise(self._seed())
        self.state = protocol.MEMORY_WHOLE
        self.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_INITIALISED)

    def _seed(self):
        """What a life is drawn with. A board without entropy has its clocks."""
        if self._entropy is not None:
            return self._entropy()
        now_us = self._clock.now_us()
        return crc32(struct.pack("<QI", now_us, self._wall.stamp_s(now_us) & 0xFFFFFFFF))

    def note(self, category, event, detail=0, reason=0, values=()):
        """Put an event into the log; it counts with the next store(). One that memory does not take waits for that."""
        self.queue(category, event, detail, reason, values)
        try:
            self._put_queued()
        except FirmwareError:
            self.state = protocol.MEMORY_WRITE_FAILED

    def queue(self, category, event, detail=0, reason=0, values=()):
        """The same, to be written with what is noted or stored next; returns True. Nothing can fail once it is done."""
        if self.state >= protocol.MEMORY_DAMAGED:
            return True
        now_us = self._clock.now_us()
        if not self._wall.known:
            category |= NO_CLOCK
        if len(self._waiting) >= _WAITING:
            self._lost += 1
            return True
        number = self._waiting[-1][0] + 1 if self._waiting else self.log.next_number
        queued = (number, self._wall.stamp_s(now_us), category, event, detail, reason, values)
        return self._waiting.append(queued) is None  # type: ignore[func-returns-value]  # one step, see Deliveries

    def take_back(self, count):
        """The `count` events that were queued last, without a store() since that succeeded, are not true."""
        for _ in range(count):
            if self._lost:
                self._lost -= 1
            elif self._waiting:
                self._waiting.pop()
            else:
                self.log.next_number -= 1

    def _put_queued(self):
        """Into the log with them, in order. Raises what the memory raises; those that are not in it stay."""
        while self._waiting:
            number, *event = self._waiting[0]
            if number == self.log.next_number:  # else it is in already: something has failed just after
                self.log.append(*event)
            del self._waiting[0]
        if self._lost:
            lost, self._lost = self._lost, 0
            self.queue(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_MEMORY, 0, 0, (lost,))
            self._put_queued()

    def store(self, deliveries, permitted):
        """Make everything true that has happened, and `permitted` the stroke that may come next; returns success."""
        self._fill(deliveries, permitted)
        return self._save()

    def keep_time(self, deliveries, permitted):
        """As store(), and as cheap as a stroke if nothing but the time has changed since the latest record."""
        record = self.record
        if (
            self._waiting
            or not self.usable
            or record.next_event != self.log.next_number
            or (record.stretch_id, record.stretch_since_us) != deliveries.stretch_of
        ):
            return self.store(deliveries, permitted)
        return self.stroke(permitted)

    def stroke(self, permitted):
        """A stroke is over, and nothing else has changed: the record before the next permit. Kept short."""
        record = self.record
        now_us = self._clock.now_us()
        record.permitted = permitted
        record.saved_us = now_us
        record.saved_utc_s = self._wall.utc_s(now_us)
        return self._save(True)

    def store_energy(self):
        """Store the battery's account, as it is in `energy`."""
        self._store_beside(_ENERGY)

    def store_alarms(self):
        """Store the latched alarms, as they are in `alarms`; they count with the next store()."""
        self._store_beside(_ALARMS)

    def store_settings(self):
        """Store the settings; returns success. They count with the next store(), or are what they were."""
        try:
            self._journal.save_settings()
        except FirmwareError:
            self.state = protocol.MEMORY_WRITE_FAILED
            return False
        return True

    def take_back_settings(self):
        """The settings stored since the latest store() that succeeded are not to be: they are what they were."""
        self._journal.take_back_settings()

    def _store_beside(self, which):
        """Store a record beside the state. If it fails, the next store() tries it again first."""
        if self.state >= protocol.MEMORY_DAMAGED:
            return
        self._behind |= which
        try:
            self._catch_up()
        except FirmwareError:
            self.state = protocol.MEMORY_WRITE_FAILED

    def _catch_up(self):
        journal = self._journal
        for which, save in ((_ENERGY, journal.save_energy), (_ALARMS, journal.save_alarms)):
            if self._behind & which:
                save()
                self._behind &= ~which

    def _fill(self, deliveries, permitted):
        record = self.record
        deliveries.describe(record)
        record.permitted = permitted
        record.saved_us = self._clock.now_us()
        record.saved_utc_s = self._wall.utc_s(record.saved_us)
        record.clock_known = 1 if self._wall.known else 0

    def _save(self, only_stroke=False):
        if self.state >= protocol.MEMORY_DAMAGED:
            return False
        try:
            # What is not stored must not be forgotten because something else is: then it would never be told.
            if self._waiting or self._behind or self._lost:
                only_stroke = False
                self._catch_up()
                self._put_queued()
            self._save_core()
            self._journal.save(only_stroke)
        except FirmwareError:
            self.state = protocol.MEMORY_WRITE_FAILED
            return False
        if self.state == protocol.MEMORY_WRITE_FAILED:
            self.state = protocol.MEMORY_WHOLE
        return True

    def _save_core(self):
        record = self.record
        self._core.save_into(record.saved_us, record.core)
        # Not asked of the core again: its interrupt may start a stroke in between. The state may be later than the time
        # asked for: of a stroke that started after the clock was read.
        record.strokes, books_us = record.of_core()
        record.saved_us = max(record.saved_us, books_us)
