"""The pump's books: what has happened, made true in memory before anything follows from it.

The one place that gives a permit. If memory takes no record there is none, and delivery stops by itself.

Implements: STORE-1, LOG-1
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import nobody, roomy
from firmware.errors import FirmwareError, Refused
from firmware.storage.deliveries import Deliveries

_OF_A_LOOP = ("recommend_rate",)  # no act of a person, THER-3
_ID = {message.name: message.id for message in protocol.MESSAGES}


class Books:
    """The record of deliveries, the log and the permits of one pump.

    `core` is the dose core, `memory` a Memory that has not been opened yet, `clock` the device's. `deliveries` are kept
    here; `strokes` counts those that are over. `on_failure()` is called when memory has failed.
    """

    def __init__(self, core, clock, memory):
        self._core = core
        self._clock = clock
        self.memory = memory
        self.deliveries = Deliveries(core, self._note_end)
        self.strokes = 0
        self.on_failure = nobody
        self.on_begin = self.on_undo = nobody  # an order begins that may have to be undone; it is undone
        self._before = (0, 0, 0)  # of the record, when the order began
        self._notes = []  # what the log will have of the order, if it is carried out
        roomy(self)

    def stroke_over(self, whole=False):
        """A stroke is over: into memory, then the next permit. `whole`: more has changed than the stroke."""
        # As recount() and _permit(), without these calls: each stroke comes here.
        core = self._core
        self.strokes = strokes = core.over()
        if self.deliveries.stroke_ended() or whole:
            self.store()
        elif not self.memory.stroke(strokes + 1):
            self.on_failure()
        elif not core.permit(strokes + 1):
            self._permit()

    def recount(self):
        """How many strokes are over, by the core's own count: an order may have entered one before its event comes."""
        self.strokes = self._core.over()

    def store(self):
        """Make true what has happened; only then may the next stroke come. STORE-1."""
        self._store(self.memory.store)

    def keep_time(self):
        """Make true what time it is: a restart credits the caps no more than what is stored. All else is as it was, or
        is stored with it.
        """
        self._store(self.memory.keep_time)

    def _store(self, store):
        self.recount()
        self.deliveries.tell()
        if store(self.deliveries, self.strokes + 1):
            self._permit()
        elif self.memory.state <= protocol.MEMORY_WRITE_FAILED:
            self.on_failure()

    def _permit(self):
        """The permit that is in memory. Refused while that stroke is in progress, which has it, and after a fault.

        Or a stroke was over while the record was written: then another record is.
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
        self.on_begin()

    def will_note(self, *event):
        """What the log will have of the present order before that it was accepted; as memory.note() takes it."""
        self._notes.append(event)

    def accepted(self, message_name, *values, undo=nobody):
        """An order was carried out: log it and store what it has led to.

        If memory does not take it at once it was not: `undo()` takes back what it has changed besides the record and
        the settings, the pump stops, and Refused is raised.
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
        self.on_undo()
        if memory.state <= protocol.MEMORY_WRITE_FAILED:
            self.on_failure()
        raise Refused(protocol.MEMORY_FAILED)

    def store_settings(self):
        """An order has changed the settings; they count with accepted(). Raises Refused, and then they have not."""
        if not self.memory.store_settings():
            record = self.memory.record
            record.command_id = record.command_before
            self.on_failure()
            raise Refused(protocol.MEMORY_FAILED)

    def acted(self, message_name, *values):
        """The same for an order that made the pump safer: it counts, whether that fails or not."""
        self._note_accepted(message_name, values)
        self.store()

    def _note_accepted(self, message_name, values):
        self.memory.note(protocol.CATEGORY_COMMAND, protocol.EVENT_ACCEPTED, _ID[message_name], 0, values)
        if message_name not in _OF_A_LOOP:
            self.memory.record.contact_us = self._clock.now_us()

    def so_far(self):
        """Put what is being delivered into the log."""
        for delivery in self.deliveries.running():
            self._note_delivery(protocol.EVENT_DELIVERY_SO_FAR, delivery)
        self.store()

    def _note_end(self, delivery):
        return self._note_delivery(protocol.EVENT_DELIVERY_ENDED, delivery)

    def _note_delivery(self, what, delivery):
        fields = delivery.as_record(self._clock.now_us())
        values = (fields["id"], fields["programmed_mu"], fields["delivered_strokes"], fields["abandoned_strokes"])
        return self.memory.queue(protocol.CATEGORY_DELIVERY, what, fields["kind"], fields["reason"], values)
