"""The orders about the guided procedures of a pump, and what follows from them: refills, and the end of a procedure.

While a procedure is under way the pump is in a state of its own: no basal is programmed, and strokes are made only when
the person says so (firmware/therapy/course.py). However the procedure ends, the pump is stopped then, and a person
resumes it.

Each order calls `agree(summary)` between its checks and its effects (firmware/link/prepared.py).

Implements: THER-5, THER-6, SEC-3
"""

from firmware import protocol
from firmware.compat import const, nobody, roomy
from firmware.errors import Refused
from firmware.protocol import refill
from firmware.protocol.codec import NAME
from firmware.protocol.procedures import INSULIN
from firmware.protocol.refill import CAPACITY_NL
from firmware.therapy.course import DRAWN, LAST, NOT_YET, PLACES, PUT_IN, WITHDRAWN, nothing_yet
from firmware.therapy.refills import noted

_SHOWN = tuple([field[NAME] for field in protocol.VERDICT])
_IS_SHOWN = const(0x40)  # see _mark()
REFILL_MESSAGE = const(0x37)  # record_refill; a test compares


class Clinic:
    """One pump's orders about procedures; `core`, `clock`, `books`, `therapy`, `refills`, `course` are its parts."""

    def __init__(self, core, clock, books, therapy, refills, course, alarms):
        self._core = core
        self._clock = clock
        self._books = books
        self._therapy = therapy
        self._refills = refills
        self._course = course
        self._alarms = alarms
        self._guide = course.guide
        roomy(self)

    def stroke(self):
        """A stroke is over. Returns whether the whole state record must be written."""
        course = self._course
        if not course.to_follow:
            return False
        strokes = self._core.over()
        while course.follow(strokes):
            self._left()
        return True

    def start_procedure(self, procedure, agree=nobody, **order):
        """Begin a procedure. Refused while therapy runs."""
        self._books.need_memory()
        now_us = self._clock.now_us()
        state = self._therapy.state(self._core.state())
        if state == protocol.STATE_FAULT:
            raise Refused(protocol.WRONG_STATE, None, state)
        running = state not in (protocol.STATE_STOPPED, protocol.STATE_PROCEDURE)
        self._guide.may_begin(procedure, running)
        agree({"state": state, "procedure": procedure, "reservoir_holds": self._guide.reservoir})
        undo = self._course.undo()
        course = self._course
        if not course.under_way:
            course.follow_all()  # a stroke of therapy may be in progress
        self._guide.begin(procedure, running)
        course.kept = nothing_yet()
        course.begun = self._mark(self._guide.reservoir == INSULIN)
        course.enter(now_us)
        course.keep()
        self._books.accepted("start_procedure", procedure, undo=undo)
        return self._reply(now_us)

    def answer_procedure(self, step, choice, value, agree=nobody, **order):
        """The person has answered a step."""
        self._books.need_memory()
        now_us = self._clock.now_us()
        guide = self._guide
        at = guide.need(step, choice, value)
        after = refilled = missing_mu = None
        if at.takes is not None:
            self._need_possible(at, value)
            if at.name == LAST:
                after, refilled, missing_mu = self._refilled(value)
        if guide.strokes_left:
            self._course.need_strokes(guide.strokes_left)
        summary = {"procedure": guide.procedure.number, "step": step, "choice": choice, "value": value}
        summary["strokes"] = guide.strokes_left
        agree(summary)
        undo = self._course.undo()
        if after is not None:
            self._record_refill(after, refilled)  # before the step is left: the memory may fail
        guide.answer(step, choice, value)
        if refilled is not None:
            self._course.kept = [refilled[name] & 0xFFFFFFFF for name in _SHOWN]
            self._course.begun |= _IS_SHOWN
        if not self._course.under_way:
            self._left()
        self._course.keep()
        self._books.accepted("answer_procedure", step, choice, value, undo=undo)
        if refilled is not None:
            self._alarms.refilled(missing_mu)
        return self._reply(now_us)

    def interrupt_procedure(self, step, agree=nobody, **order):
        """The person breaks off."""
        self._books.need_memory()
        now_us = self._clock.now_us()
        guide = self._guide
        guide.may_interrupt(step)
        agree({"procedure": guide.procedure.number, "step": step, "strokes_left": guide.strokes_left})
        undo = self._course.undo()
        self._guide.interrupt(step)
        if not self._course.under_way:
            self._left()
        self._course.keep()
        self._books.accepted("interrupt_procedure", step, undo=undo)
        return self._reply(now_us)

    def _need_possible(self, step, value):
        """Raises Refused for an impossible volume: at its own step, before anything has followed from it."""
        name, kept = step.takes.name, self._course.kept
        low = high = value
        if PLACES.get(step.name) == WITHDRAWN and self._course.begun & 0x80:
            high = self._refills.most_left_nl()
        elif name in ("put_in_nl", "filled_nl"):
            high = refill.MOST_PUT_IN_NL
        elif step.name in ("drawn_insulin", LAST) and kept[PUT_IN] != NOT_YET:
            there_nl = kept[PUT_IN]
            if step.name == LAST:
                there_nl -= 0 if kept[DRAWN] == NOT_YET else kept[DRAWN]
                low = max(0, there_nl - CAPACITY_NL)
            high = there_nl - 1
        if not low <= value <= high:
            raise Refused(protocol.OUT_OF_RANGE, name, value, low if value < low else high)

    def _refilled(self, taken_back_nl):
        """The refill once all its volumes are known, as Refills.refilled_by_volume() has it; Nones if it was recorded
        before: just before power went.
        """
        withdrawn_nl, put_in_nl, drawn_nl, strokes, _ = self._course.kept
        begun = self._course.begun
        whole = begun == self._mark(True)
        if NOT_YET not in (withdrawn_nl, put_in_nl) and (whole or begun == self._mark(False)):
            taken_nl = [taken_back_nl]
            if drawn_nl != NOT_YET:
                taken_nl.append(drawn_nl)
            return self._refills.refilled_by_volume(withdrawn_nl, put_in_nl, taken_nl, whole, strokes)
        return None, None, None

    def _record_refill(self, after, refilled):
        self._refills.store(after)
        kind = (protocol.CATEGORY_COMMAND, protocol.EVENT_ACCEPTED, REFILL_MESSAGE, 0)
        self._books.will_note(*kind, noted(refilled))

    def _mark(self, whole):
        """One byte: the number of refills (bits 0 to 5), and whether the reservoir was as the latest one had filled it
        (bit 7). Bit 6 is _IS_SHOWN: the values kept are the result of this procedure's refill.
        """
        return self._refills.number & 0x3F | (0x80 if whole else 0)

    def record_refill(
        self, put_before_mg, put_after_mg, taken_back_nl, drawn_before_mg, drawn_after_mg, agree=nobody, **order
    ):
        """Record a refill by its weights, see Refills.refilled_by_weight().

        Refused with nothing changed: impossible weights; more than fits; during a guided refill, whose figures it would
        make worthless.
        """
        self._books.need_memory()
        self._course.need_no_refill()
        now_us = self._clock.now_us()
        weights = (put_before_mg, put_after_mg, taken_back_nl, drawn_before_mg, drawn_after_mg)
        after, reply, missing_mu = self._refills.refilled_by_weight(*weights)
        summary = {"refills": self._refills.number, "left_mu": self._refills.left_mu}
        summary.update(reply)
        agree(summary)
        self._refills.store(after)
        self._books.accepted("record_refill", *noted(reply))
        self._alarms.refilled(missing_mu)
        reply["at_us"] = now_us
        return reply

    def read_procedure(self):
        """The read_procedure reply's fields."""
        return self._guide.report()

    def _reply(self, now_us):
        reply = self._guide.report()
        reply["at_us"] = now_us
        course = self._course
        shown = zip(_SHOWN, [_signed(each) for each in course.kept]) if course.begun & _IS_SHOWN else refill.NOTHING
        reply.update(shown)
        return reply

    def _left(self):
        """The procedure has ended: the pump is stopped."""
        self._alarms.halt(self._clock.now_us(), protocol.REASON_CANCELLED)


def _signed(value):
    """A 32-bit value read as signed."""
    return value - (value >> 31 << 32)
