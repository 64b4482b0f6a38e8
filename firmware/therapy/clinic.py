"""The guided procedures of a pump: their strokes, their record, and when therapy may run again.

While a procedure is under way the pump is in a state of its own: no basal is programmed, and strokes are made only when
the person says so. Each of its strokes is stored together with the procedure's own state. However the procedure ends,
the pump is stopped then, and a person resumes it.

Implements: THER-5, THER-6
"""

import struct

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import const, roomy
from firmware.errors import Refused
from firmware.protocol import refill
from firmware.protocol.bounded import pack_into
from firmware.protocol.procedures import INSULIN, LEDGER_DIAGNOSTIC
from firmware.protocol.refill import CAPACITY_NL
from firmware.storage.deliveries import NORMAL, to_come
from firmware.therapy.catheter import Catheter
from firmware.therapy.guide import STATE_BYTES as GUIDE_BYTES
from firmware.therapy.guide import Guide

# The values kept of a refill, guided or at the end of a rinse: volumes, and the strokes ordered when the withdrawn
# volume was entered. Once the refill is recorded they are no longer needed, and its result takes their places until the
# next procedure.
_WITHDRAWN, _PUT_IN, _DRAWN, _STROKES = range(4)
# By the step that takes the input. What the syringe in the side port has drawn comes out of the reservoir too.
_PLACES = {
    "withdraw": _WITHDRAWN, "remove_insulin": _WITHDRAWN, "fill": _PUT_IN, "fill_insulin": _PUT_IN,
    "drawn_insulin": _DRAWN,
}  # fmt: skip
_LAST = "take_back"
_KEPT_FORMAT = "<IIIIIBI"
_NOT_YET = 0xFFFFFFFF
_SHOWN = tuple([field.name for field in protocol.VERDICT])
_IS_SHOWN = const(0x40)  # see _mark()
STATE_BYTES = const(50)  # the guide's, what is kept, the refills before, strokes followed


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
        self._kept = _nothing_yet()
        self._begun = 0  # see _mark()
        self._followed = 0  # of all strokes, those followed through the catheter; not kept current while all is insulin
        roomy(self)

    def begin(self):
        """After a reset: take up the stored procedure. An empty place is a new pump's, whose catheter is full."""
        if any(self._record.procedure):
            self._take_up()
            self.bolus_over()
            if not self.under_way:
                self._follow(self._commanded())  # including a stroke counted by the restart
        self._keep()

    def _take_up(self):
        self._guide.unpack(self._record.procedure)
        *self._kept, self._begun, self._followed = struct.unpack_from(_KEPT_FORMAT, self._record.procedure, GUIDE_BYTES)

    def _undo(self):
        """Return a function that restores the procedure as it is now. A delivery that has begun since is then over, or
        ends with the halt that follows.
        """
        before = bytes(self._record.procedure)

        def undo():
            began = self._guide.delivering
            self._record.procedure[:] = before
            self._take_up()
            self._guide.delivering = self._guide.delivering or began
            if not to_come(self._core.state(), NORMAL):
                self.bolus_over()

        return undo

    @property
    def under_way(self):
        """Is a procedure under way?"""
        return self._guide.procedure is not None

    @property
    def watched(self):
        """Do strokes say anything about the catheter? Those of therapy and of the patency test do; those into a syringe
        do not.
        """
        step = self._guide.step
        return step is None or step.ledger == LEDGER_DIAGNOSTIC

    def need_fit(self):
        """Raises Refused while therapy must not run: a procedure is under way, the reservoir holds no insulin, or there
        is NaOH in the catheter.
        """
        if not self._guide.fit:
            raise Refused(protocol.UNFIT)

    def need_no_refill(self):
        """Raises Refused while a procedure that ends with a refill is under way."""
        if self.under_way and _LAST in [step.name for step in self._guide.procedure.steps]:
            raise Refused(protocol.WRONG_STATE, None, protocol.STATE_PROCEDURE)

    def stroke(self):
        """A stroke is over. Returns whether the whole state record must be written."""
        if self._guide.procedure is None and self._catheter.only_insulin:
            return False
        self._follow(self._core.over())
        return True

    def _follow(self, strokes):
        """`strokes` strokes are over, or count as over: follow those that have not been followed yet."""
        while self._followed < strokes:
            self._followed += 1
            was = self._guide.step
            if was is not None:
                self._guide.stroke()
                if self._guide.step is not was:
                    self._left_step()
            elif self._catheter.only_insulin:
                self._followed = strokes
            else:
                self._catheter.push(INSULIN, self._stroke_nl)
        self._keep()

    def _commanded(self):
        return self._core.state()[code.GUARD_COMMANDED]

    def bolus_over(self):
        """The delivery was ended from outside: by a cap, a fault, an alarm or a reset."""
        if self.under_way and self._guide.delivering:
            self._guide.delivery_ended(self._missing())
            self._keep()

    def _missing(self):
        """The number of strokes of the ended delivery that were never started. The others count as followed now."""
        state = self._core.state()
        self._followed = state[code.GUARD_COMMANDED]
        return state[code.NORMAL_PROGRAMMED] - state[code.NORMAL_COMMANDED]

    def start_procedure(self, procedure, **order):
        """Begin a procedure. Refused while therapy runs."""
        self._books.need_memory()
        now_us = self._clock.now_us()
        state = self._therapy.state(self._core.state())
        if state == protocol.STATE_FAULT:
            raise Refused(protocol.WRONG_STATE, None, state)
        undo = self._undo()
        if not self.under_way:
            self._follow(self._commanded())  # a stroke of therapy may be in progress
        self._guide.begin(procedure, state not in (protocol.STATE_STOPPED, protocol.STATE_PROCEDURE))
        self._kept = _nothing_yet()
        self._begun = self._mark(self._guide.reservoir == INSULIN)
        self._therapy.enter_procedure(now_us)
        self._keep()
        self._books.accepted("start_procedure", procedure, undo=undo)
        return self._reply(now_us)

    def answer_procedure(self, step, choice, value, **order):
        """The person has answered a step."""
        self._books.need_memory()
        now_us = self._clock.now_us()
        at = self._guide.need(step, choice, value)
        undo, refilled = self._undo(), None
        if at.takes is not None:
            self._need_possible(at, value)
            if at.name == _LAST:
                refilled = self._record_refill(value)  # before the step is left: the memory may fail
        self._guide.answer(step, choice, value)
        if refilled is not None:
            self._kept = [refilled[name] & 0xFFFFFFFF for name in _SHOWN]
            self._begun |= _IS_SHOWN
        self._left_step()
        self._keep()
        self._books.accepted("answer_procedure", step, choice, value, undo=undo)
        if refilled is not None:
            self._refills.follow(refilled)
        return self._reply(now_us)

    def interrupt_procedure(self, step, **order):
        """The person breaks off."""
        self._books.need_memory()
        now_us = self._clock.now_us()
        undo = self._undo()
        self._guide.interrupt(step)
        self._left_step()
        self._keep()
        self._books.accepted("interrupt_procedure", step, undo=undo)
        return self._reply(now_us)

    def _need_possible(self, step, value):
        """Raises Refused for an impossible volume: at its own step, before anything has followed from it."""
        name = step.takes.name
        low = high = value
        if _PLACES.get(step.name) == _WITHDRAWN and self._begun & 0x80:
            high = self._refills.most_left_nl()
        elif name in ("put_in_nl", "filled_nl"):
            high = refill.MOST_PUT_IN_NL
        elif step.name in ("drawn_insulin", _LAST) and self._kept[_PUT_IN] != _NOT_YET:
            there_nl = self._kept[_PUT_IN]
            if step.name == _LAST:
                there_nl -= 0 if self._kept[_DRAWN] == _NOT_YET else self._kept[_DRAWN]
                low = max(0, there_nl - CAPACITY_NL)
            high = there_nl - 1
        if not low <= value <= high:
            raise Refused(protocol.OUT_OF_RANGE, name, value, low if value < low else high)

    def _record_refill(self, taken_back_nl):
        """Record the refill once all its volumes are known, unless that was done before: just before power went."""
        withdrawn_nl, put_in_nl, _, strokes, _ = self._kept
        whole = self._begun == self._mark(True)
        if _NOT_YET not in (withdrawn_nl, put_in_nl) and (whole or self._begun == self._mark(False)):
            taken_nl = [taken_back_nl]
            if self._kept[_DRAWN] != _NOT_YET:
                taken_nl.append(self._kept[_DRAWN])
            return self._refills.refilled_by_volume(withdrawn_nl, put_in_nl, taken_nl, whole, strokes)
        return None

    def _mark(self, whole):
        """One byte: the number of refills (bits 0 to 5), and whether the reservoir was as the latest one had filled it
        (bit 7). Bit 6 is _IS_SHOWN: the values kept are the result of this procedure's refill.
        """
        return self._refills.number & 0x3F | (0x80 if whole else 0)

    def read_procedure(self):
        """The read_procedure reply's fields."""
        return self._guide.report()

    def _reply(self, now_us):
        reply = self._guide.report()
        reply["at_us"] = now_us
        reply.update(zip(_SHOWN, [_signed(each) for each in self._kept]) if self._begun & _IS_SHOWN else refill.NOTHING)
        return reply

    def _deliver(self, strokes, ledger):
        now_us = self._clock.now_us()
        self._therapy.order_strokes(now_us, strokes, protocol.KIND_INSULIN_TEST + ledger)

    def _cancel(self):
        now_us = self._clock.now_us()
        if self._core.cancel_bolus(now_us) == code.OK:
            self._books.deliveries.boluses_ended()
        return self._missing()

    def _told(self, procedure, step, choice, value):
        place = _PLACES.get(self._guide.procedure.steps[step].name)
        if place is not None:
            self._kept[place] = value
        if place == _WITHDRAWN:
            self._kept[_STROKES] = self._core.state()[code.GUARD_COMMANDED]

    def _left_step(self):
        if self.under_way:
            return
        self._therapy.leave_procedure(self._clock.now_us())

    def _keep(self):
        self._guide.pack_into(self._record.procedure)
        pack_into(_KEPT_FORMAT, self._record.procedure, GUIDE_BYTES, *self._kept, self._begun, self._followed)


def _signed(value):
    """A 32-bit value read as signed."""
    return value - (value >> 31 << 32)


def _nothing_yet():
    return [_NOT_YET] * len(_SHOWN)
