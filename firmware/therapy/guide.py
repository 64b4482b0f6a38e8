"""Walks a person through a procedure of firmware/protocol/procedures.py: one engine for all of them.

The pump makes strokes only when the person says `go` at a step that delivers: as many as the step specifies, booked to
the ledger that it names. A delivery that was cut is never resumed by itself; another `go` makes only the missing
strokes. An answer names the step that it is for, so one that arrives late or twice is refused.

Implements: THER-5, THER-6
"""

import struct

from firmware import protocol
from firmware.compat import const
from firmware.errors import Refused
from firmware.protocol import bounded
from firmware.protocol.procedures import BUFFER, COUNT, ENDS, INSULIN, NAOH, RESERVOIR, TO_CATHETER, UNFIT
from firmware.protocol.procedures import procedure as made

IDLE = const(0)  # in place of a procedure's number
NO_END = const(255)
NO_CHOICE = const(255)
_FORMAT = "<BBBBBHHI"
_FIXED_BYTES = const(13)
STATE_BYTES = const(25)


class Guide:
    """The procedure that is under way, if any.

    `deliver(strokes, ledger)` has the pump make strokes, or raises Refused; `cancel()` ends them after the one in
    progress and returns how many are missing; `catheter` is the Catheter, `stroke_nl` the stroke.
    `told(procedure, step, choice, value)` is called with the numbers of each answer; choice NO_CHOICE is an
    interruption.
    """

    def __init__(self, deliver, cancel, catheter, stroke_nl, told=None):
        self.procedure = self.step = _nothing()
        self.delivering = False
        self.made = 0  # strokes of this step
        self.reservoir = INSULIN
        self.end = NO_END  # how the latest procedure ended, a place in ENDS
        self.insulin_reached_nl = 0  # insulin that left the tip in procedures since the memory was initialised
        self.catheter = catheter
        self._asked_strokes = 0
        self._deliver = deliver
        self._cancel = cancel
        self._stroke_nl = stroke_nl
        self._told = told

    @property
    def fit(self):
        """May therapy run? It needs insulin in the reservoir, no NaOH in the catheter, and no procedure under way."""
        return self.procedure is None and self.reservoir == INSULIN and not self.catheter.held_nl(NAOH)

    @property
    def wanted(self):
        """Strokes that the step makes in all; 0 at a step without a delivery."""
        step = self.step
        if step is None or not step.delivers:
            return 0
        return self._asked_strokes if step.counted_by else -(-step.volume_nl // self._stroke_nl)

    @property
    def strokes_left(self):
        """Strokes that an answer to the step has the pump make."""
        return max(0, self.wanted - self.made)

    def begin(self, number, delivering):
        """Begin procedure `number`; `delivering`: therapy runs. Refused: what may_begin() refuses."""
        self.procedure = procedure = self.may_begin(number, delivering)
        self.end = NO_END
        self._enter(procedure.steps[0].name)

    def may_begin(self, number, delivering):
        """Return procedure `number`; `delivering`: therapy runs.

        Refused: unknown; therapy runs, or a procedure does (WRONG_STATE, field `procedure`, value: which, 0 for
        therapy); the reservoir does not hold what the procedure needs (WRONG_CONTENT, value what it holds, limit what
        is needed: places in protocol.CONTENTS).
        """
        procedure = made(number)
        if procedure is None:
            raise Refused(protocol.OUT_OF_RANGE, "procedure", number, COUNT)
        if delivering or self.procedure is not None:
            raise Refused(protocol.WRONG_STATE, "procedure", IDLE if delivering else self.procedure.number, number)
        if self.reservoir not in procedure.needs:
            raise Refused(protocol.WRONG_CONTENT, None, self.reservoir, procedure.needs[0])
        return procedure

    def answer(self, place, choice, value=0):
        """The person answers step `place` with `choice` (an index into its choices) and the step's input, if any.

        Refused, nothing changed: what need() refuses; what `deliver` refuses.
        """
        step = self.need(place, choice, value)
        takes = step.takes
        strokes = self.strokes_left
        if strokes:
            self._deliver(strokes, step.ledger)
            self.delivering = True
        self._tell(place, choice, value)
        if not strokes:
            if takes is not None and takes.unit == "strokes":
                self._asked_strokes = value
            self._go_on(step.choices[choice][1])

    def need(self, place, choice, value=0):
        """Return the step `place`. Raises Refused unless it can be answered so: no procedure, another step, or one that
        is delivering (WRONG_STATE, field `step`); no such choice; an input out of range.
        """
        step = self._at(place)
        if self.delivering:
            raise Refused(protocol.WRONG_STATE, "step", place, self.wanted - self.made)
        if not 0 <= choice < len(step.choices):
            raise Refused(protocol.OUT_OF_RANGE, "choice", choice, len(step.choices) - 1)
        takes = step.takes
        if takes is not None and not takes.low <= value <= takes.high:
            raise Refused(protocol.OUT_OF_RANGE, takes.name, value, takes.low if value < takes.low else takes.high)
        return step

    def interrupt(self, place):
        """The person interrupts at step `place`; a delivery ends after the stroke in progress. Refused: what
        may_interrupt() refuses.
        """
        step = self.may_interrupt(place)
        if self.delivering:
            self.delivery_ended(self._cancel())
        self._tell(place, NO_CHOICE, self.made)
        self._go_on(step.interrupt, False)

    def may_interrupt(self, place):
        """Return the step `place`. Refused: another, or one that cannot be interrupted (WRONG_STATE, field `step`)."""
        step = self._at(place)
        if step.interrupt is None:
            raise Refused(protocol.WRONG_STATE, "step", place, place)
        return step

    def stroke(self):
        """The pump has made a stroke that a step ordered; the last one moves on to the next step.

        A stroke that was in progress when its delivery ended is ignored here: delivery_ended() has counted it.
        """
        if not self.delivering:
            return
        self._made()
        if self.made == self.wanted:
            self.delivering = False
            self._go_on(self.step.choices[0][1])

    def delivery_ended(self, missing):
        """The delivery has ended with `missing` strokes not made: by a cap, a fault, a person or a reset. The step
        waits; if none is missing, `go` only moves on.

        A stroke in progress counts as delivered (DOSE-5), so it is followed at once.
        """
        self.delivering = False
        if self.made < self.wanted - missing:
            self._made()

    def report(self):
        """The status fields."""
        catheter = self.catheter
        return {
            "procedure": IDLE if self.procedure is None else self.procedure.number,
            "step": 0 if self.procedure is None else self.procedure.place(self.step.name),
            "procedure_delivering": self.delivering,
            "procedure_strokes_left": self.wanted - self.made,
            "procedure_end": self.end,
            "fit": self.fit,
            "reservoir_holds": self.reservoir,
            "catheter_buffer_nl": catheter.held_nl(BUFFER),
            "catheter_naoh_nl": catheter.held_nl(NAOH),
            "until_insulin_nl": catheter.until_insulin_nl(),
        }

    def pack_into(self, buffer, at=0):
        """Put the state into STATE_BYTES of `buffer`."""
        number, place = IDLE, 0
        if self.procedure is not None:
            number, place = self.procedure.number, self.procedure.place(self.step.name)
        bounded.pack_into(
            _FORMAT, buffer, at, number, place, 1 if self.delivering else 0, self.reservoir, self.end, self.made,
            self._asked_strokes, self.insulin_reached_nl,
        )  # fmt: skip
        self.catheter.pack_into(buffer, at + _FIXED_BYTES)

    def unpack(self, buffer, at=0):
        """Read the state from there. Returns whether it is valid; if not, the pump is unfit for therapy.

        `delivering` is as stored: if that delivery has ended since, the caller must call delivery_ended().
        """
        values = struct.unpack_from(_FORMAT, buffer, at)
        number, place, delivering, self.reservoir, self.end, self.made, self._asked_strokes, self.insulin_reached_nl = (
            values
        )
        self.delivering = bool(delivering)
        known = self.catheter.unpack(buffer, at + _FIXED_BYTES) and self.reservoir < len(RESERVOIR)
        self.procedure = made(number)
        known = known and (number == IDLE or (self.procedure is not None and place < len(self.procedure.steps)))
        if not known:
            # Assume the worst: only a rinse followed by a flush leads back to therapy.
            self.procedure = self.step = None
            self.delivering = False
            self.reservoir = NAOH
            self.end = ENDS.index(UNFIT)
            self.catheter.fill(NAOH)
            return False
        self.step = None if self.procedure is None else self.procedure.steps[place]
        return True

    def _at(self, place):
        procedure = self.procedure
        if procedure is None or not 0 <= place < len(procedure.steps) or procedure.steps[place] is not self.step:
            current = IDLE if procedure is None else procedure.place(self.step.name)
            raise Refused(protocol.WRONG_STATE, "step", place, current)
        return self.step

    def _made(self):
        self.made += 1
        if self.step.outlet == TO_CATHETER:
            self.insulin_reached_nl += self.catheter.push(self.reservoir, self._stroke_nl)[INSULIN]

    def _tell(self, place, choice, value):
        if self._told is not None:
            self._told(self.procedure.number, place, choice, value)

    def _go_on(self, name, by_choice=True):
        if by_choice and self.step.leaves is not None:
            self.reservoir = self.step.leaves
        if name in ENDS:
            self.end = ENDS.index(name)
            self.procedure = self.step = None
            self.made = 0
        else:
            self._enter(name)

    def _enter(self, name):
        self.step = self.procedure.steps[self.procedure.place(name)]
        self.made = 0
        if self.step.enters is not None:
            self.reservoir = self.step.enters
        if self.step.floods is not None:
            self.insulin_reached_nl += self.catheter.held_nl(INSULIN)
            self.catheter.fill(self.step.floods)


def _nothing():
    """None, typed so that the checker does not narrow it: _at() makes sure that a procedure is under way."""
    return None


def stroke_volume(pipette_nl, strokes, stroke_nl):
    """The mean stroke if `strokes` filled `pipette_nl`: (pl, deviation from `stroke_nl` in 0.1 %), rounded down."""
    each_pl = pipette_nl * 1000 // strokes
    return each_pl, (each_pl - stroke_nl * 1000) // stroke_nl
