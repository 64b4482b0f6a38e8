"""The guided procedures at work in a pump: its strokes for them, its record of them, and when therapy may run again.

While a procedure is under way the pump is in a state of its own: no basal is programmed, and strokes come only when
the person says so. Each stroke of it goes into the memory with the procedure's own state. However it ends, the pump is
then stopped, and a person resumes.

Implements: THER-5, THER-6
"""

import struct

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import const
from firmware.deliveries import NORMAL
from firmware.errors import Refused
from firmware.therapy.catheter import Catheter
from firmware.therapy.guide import STATE_BYTES as GUIDE_BYTES
from firmware.therapy.guide import Guide
from firmware.therapy.procedures import COMPLETED, ENDS, LEDGER_DIAGNOSTIC

_REFILL = 1
# What a refill asks for, by the step that takes it.
_VOLUMES = ("withdrawn_nl", "put_in_nl", "taken_back_nl")
_VOLUMES_FORMAT = "<III"
_NOT_YET = 0xFFFFFFFF
STATE_BYTES = const(37)  # the guide's, and the volumes


class Clinic:
    """The procedures of one pump: `core`, `clock`, `books`, `therapy`, `refills` are its parts."""

    def __init__(self, core, clock, books, therapy, refills, stroke_nl):
        self._core = core
        self._clock = clock
        self._books = books
        self._record = books.memory.record
        self._therapy = therapy
        self._refills = refills
        self._stroke_nl = stroke_nl
        self._catheter = Catheter()
        self._guide = Guide(self._deliver, self._cancel, self._catheter, stroke_nl, self._told)
        self._volumes = _nothing_yet()

    def begin(self):
        """A life begins: take up where the last one was. An empty place is a new pump's, and that catheter is full."""
        place = self._record.procedure
        if any(place):
            self._guide.unpack(place)
            self._volumes = list(struct.unpack_from(_VOLUMES_FORMAT, place, GUIDE_BYTES))
        self._keep()

    @property
    def under_way(self):
        """Is a procedure under way?"""
        return self._guide.procedure is not None

    @property
    def watched(self):
        """Do strokes tell of the catheter? Those of therapy and of the patency test do; into a syringe they do not."""
        step = self._guide.step
        return step is None or step.ledger == LEDGER_DIAGNOSTIC

    def need_fit(self):
        """Raises Refused while therapy must not run: what is in the reservoir or the catheter is no insulin."""
        if not self._guide.fit:
            raise Refused(protocol.UNFIT)

    def stroke(self):
        """A stroke is over. Returns whether the state record has to be written whole."""
        if self.under_way:
            was = self._guide.step
            self._guide.stroke()
            self._keep()
            if self._guide.step is not was:
                self._left_step()
            return True
        if self._catheter.only_insulin:
            return False
        self._catheter.push(0, self._stroke_nl)
        self._keep()
        return True

    def bolus_over(self):
        """A delivery has been ended by something else: a cap, a fault, an alarm."""
        if self.under_way and self._guide.delivering:
            self._guide.delivery_ended()
            self._keep()

    def start_procedure(self, procedure, **order):
        """Begin. Refused while therapy runs."""
        self._books.need_memory()
        now_us = self._clock.now_us()
        state = self._therapy.state(self._core.state())
        if state == protocol.STATE_FAULT:
            raise Refused(protocol.WRONG_STATE, None, state)
        self._guide.begin(procedure, state not in (protocol.STATE_STOPPED, protocol.STATE_PROCEDURE))
        self._volumes = _nothing_yet()
        self._therapy.enter_procedure(now_us)
        self._keep()
        self._books.accepted("start_procedure", procedure)
        return self._reply(now_us)

    def answer_procedure(self, step, choice, value, **order):
        """The person has said something at a step."""
        self._books.need_memory()
        now_us = self._clock.now_us()
        self._guide.answer(step, choice, value)
        self._left_step()
        self._keep()
        self._books.accepted("answer_procedure", step, choice, abs(value))
        return self._reply(now_us)

    def interrupt_procedure(self, step, **order):
        """The person breaks off."""
        now_us = self._clock.now_us()
        self._guide.interrupt(step)
        self._left_step()
        self._keep()
        self._books.accepted("interrupt_procedure", step)
        return self._reply(now_us)

    def read_procedure(self):
        """The read_procedure reply's fields."""
        return self._guide.report()

    def _reply(self, now_us):
        reply = self._guide.report()
        reply["at_us"] = now_us
        return reply

    def _deliver(self, strokes, ledger):
        now_us = self._clock.now_us()
        if self._record.mode != protocol.STATE_PROCEDURE:
            self._therapy.enter_procedure(now_us)  # an alarm has stopped the pump in between
        volume_mu = self._therapy.order_strokes(now_us, strokes)
        self._books.deliveries.bolus_started(now_us, NORMAL, protocol.KIND_INSULIN_TEST + ledger, volume_mu)

    def _cancel(self):
        now_us = self._clock.now_us()
        if self._core.cancel_bolus(now_us) == code.OK:
            self._books.deliveries.boluses_ended()

    def _told(self, procedure, step, choice, value):
        steps = self._guide.procedure.steps
        if procedure == _REFILL and steps[step].takes is not None:
            self._volumes[_VOLUMES.index(steps[step].takes.name)] = value

    def _left_step(self):
        if self.under_way:
            return
        self._therapy.leave_procedure(self._clock.now_us())
        if self._guide.end == ENDS.index(COMPLETED) and _NOT_YET not in self._volumes:
            self._refills.refilled_by_volume(*self._volumes)
        self._volumes = _nothing_yet()

    def _keep(self):
        self._guide.pack_into(self._record.procedure)
        struct.pack_into(_VOLUMES_FORMAT, self._record.procedure, GUIDE_BYTES, *self._volumes)


def _nothing_yet():
    return [_NOT_YET] * len(_VOLUMES)
