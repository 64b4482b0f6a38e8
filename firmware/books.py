"""The pump's books: what has happened, made true in memory before anything follows from it.

The one place that gives a permit. If memory takes no record there is none, and delivery stops by itself.

Implements: STORE-1, LOG-1
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.deliveries import Deliveries
from firmware.errors import FirmwareError, Refused
from firmware.seams import nobody

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

    def stroke_over(self, whole=False):
        """A stroke is over: into memory, then the next permit. `whole`: more has changed than the stroke."""
        self.recount()
        if self.deliveries.stroke_ended() or whole:
            self.store()
        elif self.memory.stroke(self.strokes + 1):
            self._permit()
        else:
            self.on_failure()

    def recount(self):
        """How many strokes are over, by the core's own count: an order may have entered one before its event comes."""
        self.strokes = self._core.over()

    def store(self):
        """Make true what has happened; only then may the next stroke come. STORE-1."""
        self.recount()
        self.deliveries.tell()
        if self.memory.store(self.deliveries, self.strokes + 1):
            self._permit()
        elif self.memory.usable or self.memory.state == protocol.MEMORY_WRITE_FAILED:
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
        """Raises Refused while nothing can be stored."""
        if not self.memory.usable:
            raise Refused(protocol.MEMORY_FAILED)

    def accepted(self, message_name, *values):
        """An order was carried out: log it and store what it has led to. Raises Refused if that fails."""
        self.acted(message_name, *values)
        self.need_memory()

    def acted(self, message_name, *values):
        """The same for an order that made the pump safer: it counts, whether that fails or not."""
        self.memory.note(protocol.CATEGORY_COMMAND, protocol.EVENT_ACCEPTED, _ID[message_name], 0, values)
        if message_name not in _OF_A_LOOP:
            self.memory.record.contact_us = self._clock.now_us()
        self.store()

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
