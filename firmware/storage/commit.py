"""The pump's books: every event is committed to memory before anything follows from it.

This is the only place that gives a permit. If memory accepts no record, no permit is given, and delivery stops by
itself.

Implements: STORE-1, LOG-1
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import nobody, roomy
from firmware.errors import FirmwareError, Refused
from firmware.protocol.codec import NAME, NUMBER
from firmware.storage.deliveries import Deliveries

_OF_A_LOOP = ("recommend_rate",)  # no act of a person, THER-3
_ID = {message[NAME]: message[NUMBER] for message in protocol.MESSAGES}


class Books:
    """The record of deliveries, the log and the permits of one pump.

    `core` is the dose core, `memory` a Memory that has not been opened yet, `clock` the device's. `deliveries` is the
    record kept here; `strokes` counts the strokes that are over.

    `failed()` is called when memory accepts no record. This is the one call upwards, because every part stores, and
    none may go on as if it had: the pump must have halted before the call that stores returns (docs/adr/0014).
    """

    def __init__(self, core, clock, memory, failed):
        self._core = core
        self._clock = clock
        self.memory = memory
        self.deliveries = Deliveries(core, self._note_end)
        self.strokes = 0
        self._failed = failed
        self._before = (0, 0, 0)  # of the record, when the order began
        self._notes = []  # events to log for the order, if it is carried out
        roomy(self)

    def stroke_over(self, whole=False):
        """A stroke is over: store it, then give the next permit. `whole`: more than the stroke has changed."""
        # The same as recount() and _permit(), inlined because every stroke runs through here.
        core = self._core
        self.strokes = strokes = core.over()
        if self.deliveries.stroke_ended() or whole:
            self.store()
        elif not self.memory.stroke(strokes + 1):
            self._failed()
        elif not core.permit(strokes + 1):
            self._permit()

    def recount(self):
        """Take over the core's own count of strokes: an order may book one before its event has been handled."""
        self.strokes = self._core.over()

    def store(self):
        """Commit what has happened; only then may the next stroke start. STORE-1."""
        self._store(self.memory.store)

    def keep_time(self):
        """Commit the present time: a restart credits the caps with no more time than is stored. If anything else has
        changed, it is stored too.
        """
        self._store(self.memory.keep_time)

    def _store(self, store):
        self.recount()
        self.deliveries.tell()
        if store(self.deliveries, self.strokes + 1):
            self._permit()
        elif self.memory.state <= protocol.MEMORY_WRITE_FAILED:
            self._failed()

    def _permit(self):
        """Give the core the permit that is in memory. The core refuses it while that stroke is in progress, since the
        stroke has it already, and after a fault.

        If a stroke ended while the record was being written, the core refuses it too; then another record is written.
        """
        stroke = self.strokes + 1
        if self._core.permit(stroke):
            return
        self.recount()
        state = self._core.state()
        if state[code.GUARD_FAULT]:
            return
        if self.strokes + 1 != stroke:
            self.store()
        elif state[code.GUARD_COMMANDED] != stroke:
            raise FirmwareError("no permit for stroke %d after %d" % (stroke, state[code.GUARD_COMMANDED]))

    def need_memory(self):
        """An order begins. Raises Refused while nothing can be stored."""
        if not self.memory.usable:
            raise Refused(protocol.MEMORY_FAILED)
        self.begin()

    def begin(self):
        """An order begins that accepted() may have to undo."""
        record = self.memory.record
        self._before = (record.pattern, record.manual_mu_per_h, record.contact_us)
        self._notes = []

    def will_note(self, *event):
        """Add an event to log for the present order, ahead of its acceptance; arguments as for memory.note()."""
        self._notes.append(event)

    def accepted(self, message_name, *values, undo=nobody):
        """An order was carried out: log it and store its effects.

        If memory does not accept that at once, the order is rolled back: `undo()` takes back its effects other than
        those on the record and the settings, the pump stops, and Refused is raised.
        """
        memory, before, notes = self.memory, self._before, self._notes
        self.recount()
        self.deliveries.tell()
        for each in notes:
            memory.queue(*each)
        self._note_accepted(message_name, values)
        if memory.store(self.deliveries, self.strokes + 1):
            self._permit()
            return
        memory.take_back(len(notes) + 1)
        memory.take_back_settings()
        record = memory.record
        record.pattern, record.manual_mu_per_h, record.contact_us = before
        record.command_id = record.command_before
        undo()
        memory.store_alarms()  # the order may have acknowledged some
        if memory.state <= protocol.MEMORY_WRITE_FAILED:
            self._failed()
        raise Refused(protocol.MEMORY_FAILED)

    def store_settings(self):
        """Store settings that an order has changed; they count with accepted(). Raises Refused, with them unchanged."""
        if not self.memory.store_settings():
            record = self.memory.record
            record.command_id = record.command_before
            self._failed()
            raise Refused(protocol.MEMORY_FAILED)

    def acted(self, message_name, *values):
        """As accepted(), for an order that made the pump safer: it counts even if storing it fails."""
        self._note_accepted(message_name, values)
        self.store()

    def _note_accepted(self, message_name, values):
        self.memory.note(protocol.CATEGORY_COMMAND, protocol.EVENT_ACCEPTED, _ID[message_name], 0, values)
        if message_name not in _OF_A_LOOP:
            self.memory.record.contact_us = self._clock.now_us()

    def so_far(self):
        """Log the running deliveries."""
        for delivery in self.deliveries.running():
            self._note_delivery(protocol.EVENT_DELIVERY_SO_FAR, delivery)
        self.store()

    def _note_end(self, delivery):
        return self._note_delivery(protocol.EVENT_DELIVERY_ENDED, delivery)

    def _note_delivery(self, what, delivery):
        fields = delivery.as_record(self._clock.now_us())
        values = (fields["id"], fields["programmed_mu"], fields["delivered_strokes"], fields["abandoned_strokes"])
        return self.memory.queue(protocol.CATEGORY_DELIVERY, what, fields["kind"], fields["reason"], values)
