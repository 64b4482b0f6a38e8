"""The pump's memory: decides what is stored when, and handles its failures.

Every change of the pump is stored before it is answered, and every stroke before the next is permitted. If that fails
there is no permit, so no stroke, and the status says why; nothing here ever makes a stroke possible.

A memory that does not answer when the pump starts is absent, not damaged: its content is unknown, so nothing is
written, and the pump waits for it. Once it answers, the pump restarts with everything that it holds.

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

    `state` is one of protocol.MEMORIES. While it is write_failed, damaged or absent, `usable` is false; a damaged or
    absent memory is not written over.
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
        self._waiting = []  # queued events that are not in the log yet, each with its number
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
        """Was it absent when the pump started, and does it answer now? Then the pump must restart."""
        return self.state == protocol.MEMORY_ABSENT and self._journal.answers()

    def open(self, deliveries, advance, entropy=None, powered=False):
        """Restore the stored state, if there is one. `advance(us)` moves the board's counter on; `entropy()` is 32
        unpredictable bits, if the board has them. `powered`: it was a reset, and power was never gone.

        The restored state is stored again, and nothing is permitted yet.
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
        """Continue from the stored state; returns success."""
        ordered = self.orders.read(self.record.command_id)
        found = restore(self._core, self._journal, self._wall, self._clock.now_us(), powered, ordered)
        if found.broken:
            self.state = protocol.MEMORY_DAMAGED
            return False
        # The counter has run meanwhile, and after a long start-up may be well past the stored time.
        advance(max(found.device_time_us - self._clock.now_us(), 0))
        self._wall.advanced()
        if not self._wall.known and self.record.recommended_until_us:
            # Without a clock nobody knows whether the recommendation still holds.
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
        """Initialise a memory that is new or damaged. Raises what the memory raises."""
        record = self.record
        record.pattern = protocol.MANUAL
        record.manual_mu_per_h = 0
        record.recommended_until_us = 0
        record.alarms = 0
        self._fill(deliveries, 0)
        self._save_core()
        if self.state == protocol.MEMORY_DAMAGED:
            # Events that are still readable stay, and the numbers continue from theirs.
            self.log.find_newest()
        self._journal.initialise(self._seed())
        self.state = protocol.MEMORY_WHOLE
        self.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_INITIALISED)

    def _seed(self):
        """The seed from which a life is drawn; on a board without entropy it comes from the clocks."""
        if self._entropy is not None:
            return self._entropy()
        now_us = self._clock.now_us()
        return crc32(struct.pack("<QI", now_us, self._wall.stamp_s(now_us) & 0xFFFFFFFF))

    def note(self, category, event, detail=0, reason=0, values=()):
        """Log an event; it counts with the next store(). If memory fails now, the event waits for that store()."""
        self.queue(category, event, detail, reason, values)
        try:
            self._put_queued()
        except FirmwareError:
            self.state = protocol.MEMORY_WRITE_FAILED

    def queue(self, category, event, detail=0, reason=0, values=()):
        """Queue an event, to be written with the next note() or store(); returns True. Queuing is its last step."""
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
        """Discard the `count` events queued last; no store() may have succeeded since."""
        for _ in range(count):
            if self._lost:
                self._lost -= 1
            elif self._waiting:
                self._waiting.pop()
            else:
                self.log.next_number -= 1

    def _put_queued(self):
        """Write the queued events to the log, in order. Raises what the memory raises; unwritten ones stay queued."""
        while self._waiting:
            number, *event = self._waiting[0]
            if number == self.log.next_number:  # else it is in the log already, and something failed just after
                self.log.append(*event)
            del self._waiting[0]
        if self._lost:
            lost, self._lost = self._lost, 0
            self.queue(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_MEMORY, 0, 0, (lost,))
            self._put_queued()

    def store(self, deliveries, permitted):
        """Commit everything that has happened, with `permitted` as the stroke that may start next; returns success."""
        self._fill(deliveries, permitted)
        return self._save()

    def keep_time(self, deliveries, permitted):
        """As store(), but as cheap as a stroke if only the time has changed since the latest record."""
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
        """A stroke is over, and nothing else has changed: write the record before the next permit. Kept short."""
        record = self.record
        now_us = self._clock.now_us()
        record.permitted = permitted
        record.saved_us = now_us
        record.saved_utc_s = self._wall.utc_s(now_us)
        return self._save(True)

    def store_energy(self):
        """Store the battery's account from `energy`."""
        self._store_beside(_ENERGY)

    def store_alarms(self):
        """Store the latched alarms from `alarms`; they count with the next store()."""
        self._store_beside(_ALARMS)

    def store_settings(self):
        """Store the settings; returns success. They count with the next store(); on failure they are reverted."""
        try:
            self._journal.save_settings()
        except FirmwareError:
            self.state = protocol.MEMORY_WRITE_FAILED
            return False
        return True

    def take_back_settings(self):
        """Discard the settings stored since the latest successful store()."""
        self._journal.take_back_settings()

    def _store_beside(self, which):
        """Store a record beside the state. If that fails, the next store() first retries it."""
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
            # A successful save of the state must not drop what is still queued: it would never be logged.
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
        # Read from the saved state and not from the core: its interrupt may start a stroke in between. The state may be
        # later than the time asked for, if a stroke started after the clock was read.
        record.strokes, books_us = record.of_core()
        record.saved_us = max(record.saved_us, books_us)
