"""The course of the guided procedure that is under way: its step, its strokes, what they put into the catheter, and its
record. Orders about procedures: firmware/therapy/clinic.py.

Each stroke of a procedure is stored together with the procedure's own state, so a reset continues at the same step.

Implements: THER-5, THER-6
"""

import struct

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import const, roomy
from firmware.errors import Refused
from firmware.protocol.bounded import pack_into
from firmware.protocol.procedures import INSULIN, LEDGER_DIAGNOSTIC
from firmware.storage.ledgers import NORMAL, over, to_come
from firmware.therapy.catheter import Catheter
from firmware.therapy.guide import STATE_BYTES as GUIDE_BYTES
from firmware.therapy.guide import Guide
from firmware.therapy.halting import still

# The values kept of a refill, guided or at the end of a rinse: volumes, and the strokes ordered when the withdrawn
# volume was entered. Once the refill is recorded they are no longer needed, and its result takes their places until the
# next procedure.
WITHDRAWN, PUT_IN, DRAWN, _STROKES = range(4)
# By the step that takes the input. What the syringe in the side port has drawn comes out of the reservoir too.
PLACES = {
    "withdraw": WITHDRAWN, "remove_insulin": WITHDRAWN, "fill": PUT_IN, "fill_insulin": PUT_IN,
    "drawn_insulin": DRAWN,
}  # fmt: skip
LAST = "take_back"  # the step that ends a refill
NOT_YET = 0xFFFFFFFF
_KEPT_FORMAT = "<IIIIIBI"
STATE_BYTES = const(50)  # the guide's, what is kept, the refills before, strokes followed


class Course:
    """The procedure under way in one pump, if any: `core`, `clock`, `books`, `therapy` are its parts, `watch` the Watch
    over the catheter (None: not watched), `stroke_nl` the stroke.

    `guide` is at its step, `kept` are the values entered, `begun` is the clinic's mark. Whoever changes them calls
    keep().
    """

    def __init__(self, core, clock, books, therapy, watch, stroke_nl):
        self._core = core
        self._clock = clock
        self._books = books
        self._record = books.memory.record
        self._therapy = therapy
        self._watch = watch
        self._stroke_nl = stroke_nl
        self._catheter = Catheter()
        self.guide = Guide(self._deliver, self._cancel, self._catheter, stroke_nl, self._told)
        self.kept = nothing_yet()
        self.begun = 0
        self._followed = 0  # of all strokes, those followed through the catheter; not kept current while all is insulin
        roomy(self)

    def begin(self):
        """After a reset: take up the stored procedure. An empty place is a new pump's, whose catheter is full."""
        if any(self._record.procedure):
            self._take_up()
            self.bolus_over()
            if not self.under_way:
                self.follow_all()  # including a stroke counted by the restart
        self.keep()

    def _take_up(self):
        self.guide.unpack(self._record.procedure)
        *self.kept, self.begun, self._followed = struct.unpack_from(_KEPT_FORMAT, self._record.procedure, GUIDE_BYTES)

    def undo(self):
        """Return a function that restores the procedure as it is now. A delivery that has begun since is then over, or
        ends with the halt that follows.
        """
        before = bytes(self._record.procedure)

        def undo():
            began = self.guide.delivering
            self._record.procedure[:] = before
            self._take_up()
            self.guide.delivering = self.guide.delivering or began
            if not to_come(self._core.state(), NORMAL):
                self.bolus_over()

        return undo

    @property
    def under_way(self):
        """Is a procedure under way?"""
        return self.guide.procedure is not None

    @property
    def watched(self):
        """Do strokes say anything about the catheter? Those of therapy and of the patency test do; those into a syringe
        do not.
        """
        step = self.guide.step
        return step is None or step.ledger == LEDGER_DIAGNOSTIC

    def need_fit(self):
        """Raises Refused while therapy must not run: a procedure is under way, the reservoir holds no insulin, or there
        is NaOH in the catheter.
        """
        if not self.guide.fit:
            raise Refused(protocol.UNFIT)

    def need_no_refill(self):
        """Raises Refused while a procedure that ends with a refill is under way."""
        if self.under_way and LAST in [step.name for step in self.guide.procedure.steps]:
            raise Refused(protocol.WRONG_STATE, None, protocol.STATE_PROCEDURE)

    @property
    def to_follow(self):
        """Must a stroke be followed? Not while all is insulin."""
        return self.guide.procedure is not None or not self._catheter.only_insulin

    def follow_all(self):
        """No procedure is under way: follow all strokes, one in progress included."""
        self.follow(self._core.state()[code.GUARD_COMMANDED])

    def follow(self, strokes):
        """`strokes` strokes are over, or count as over: follow those that have not been followed yet, and keep that.

        Stops and returns True, with nothing kept yet, if one of them has ended the procedure.
        """
        while self._followed < strokes:
            self._followed += 1
            if self.under_way:
                self.guide.stroke()
                if not self.under_way:
                    return True
            elif self._catheter.only_insulin:
                self._followed = strokes
            else:
                self._catheter.push(INSULIN, self._stroke_nl)
        self.keep()
        return False

    def bolus_over(self):
        """The delivery was ended from outside: by a cap, a fault, an alarm or a reset."""
        if self.under_way and self.guide.delivering:
            self.guide.delivery_ended(self._missing())
            self.keep()

    def _missing(self):
        """The number of strokes of the ended delivery that were never started. The others count as followed now."""
        state = self._core.state()
        self._followed = state[code.GUARD_COMMANDED]
        return state[code.NORMAL_PROGRAMMED] - state[code.NORMAL_COMMANDED]

    def enter(self, now_us):
        """Make a stopped pump ready for a procedure: no basal, strokes only as ordered."""
        self._make_ready(now_us)
        self._is_ready(now_us)

    def _is_ready(self, now_us):
        self._therapy.follow(now_us)
        if self._watch is not None:
            self._watch.procedure(now_us)

    def _make_ready(self, now_us):
        self._record.mode = protocol.STATE_PROCEDURE
        self._therapy.programme.apply(now_us)
        self._therapy.answers.need(self._core.resume(now_us))

    def need_strokes(self, strokes):
        """Raises Refused if the core would not make so many strokes of a procedure now."""
        state, answers, volume_mu = self._core.state(), self._therapy.answers, self._therapy.answers.mu(strokes)
        if state[code.GUARD_FAULT]:
            answers.need(code.E_FAULT)
        if not over(state, NORMAL):
            answers.need(code.E_BUSY, "value", volume_mu)
        answers.need(answers.caps(self._clock.now_us(), strokes), "value", volume_mu)

    def order_strokes(self, now_us, strokes, kind):
        """Order strokes of a procedure, as a delivery of this kind. The core may refuse them like any bolus.

        A pump that was stopped in between is made ready first, and put back if they are refused.
        """
        mode = self._record.mode
        stopped = mode != protocol.STATE_PROCEDURE
        if stopped:
            self._make_ready(now_us)
        volume_mu = self._therapy.answers.mu(strokes)
        try:
            self._therapy.give("value", volume_mu, now_us, ((NORMAL, kind, volume_mu),), strokes)
        except Refused:
            if stopped:
                still(self._core, self._clock)
                self._record.mode = mode
            raise
        if stopped:
            self._is_ready(now_us)

    def _deliver(self, strokes, ledger):
        self.order_strokes(self._clock.now_us(), strokes, protocol.KIND_INSULIN_TEST + ledger)

    def _cancel(self):
        now_us = self._clock.now_us()
        if self._core.cancel_bolus(now_us) == code.OK:
            self._books.deliveries.boluses_ended()
        return self._missing()

    def _told(self, procedure, step, choice, value):
        place = PLACES.get(self.guide.procedure.steps[step].name)
        if place is not None:
            self.kept[place] = value
        if place == WITHDRAWN:
            self.kept[_STROKES] = self._core.state()[code.GUARD_COMMANDED]

    def keep(self):
        """Put the state into the state record; it counts with the next store()."""
        self.guide.pack_into(self._record.procedure)
        pack_into(_KEPT_FORMAT, self._record.procedure, GUIDE_BYTES, *self.kept, self.begun, self._followed)


def nothing_yet():
    """The values kept of a procedure that has begun."""
    return [NOT_YET] * len(protocol.VERDICT)
