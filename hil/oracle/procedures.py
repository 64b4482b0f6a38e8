"""A guided procedure under way: which answers fit, which strokes they order, what the reservoir and catheter hold.

Implements: THER-5, THER-6 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hil.oracle.exact import up
from hil.oracle.guide import AS_ENTERED, CATHETER_NL, CONTENTS, ENDS, NAMES, PROCEDURES, Step
from hil.oracle.promises import cap_reasons
from hil.oracle.reasons import Reason
from hil.oracle.reservoir import CAPACITY_NL

if TYPE_CHECKING:
    from hil.oracle.device import Device

NO_END = 255
NO_REFILL = {"accuracy_tenths": 0, "uncertainty_tenths": 0, "band": "none", "missing_nl": 0, "delivered_nl": 0}


class Procedures:
    """The guided procedure of one device; its `name` is "none" while none is under way."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.name = "none"
        self.place = 0  # of its step; 0 while none is under way, for it begins there
        self.left = 0  # strokes still to be made at this step
        self.latest_end = NO_END
        self.holds = "insulin"
        self.buffer_nl = 0  # in the catheter
        self.whole = False  # as it began, the reservoir held what the latest refill has left
        self.strokes = 0  # the count of strokes when that was withdrawn
        self.entered: dict[str, int] = {}
        self.verdict = dict(NO_REFILL)  # of the refill that the procedure has recorded
        self._followed = False  # the stroke in progress has been counted

    @property
    def step(self) -> Step:
        """The present step."""
        return PROCEDURES[self.name][1][self.place]

    @property
    def under_way(self) -> bool:
        """Is a procedure under way?"""
        return self.name != "none"

    @property
    def fit(self) -> bool:
        """May therapy run?"""
        return self.holds == "insulin" and not self.under_way

    def shown(self) -> dict[str, Any]:
        """The fields that the link shows of it."""
        return {
            "procedure": self.name,
            "step": self.place,
            "procedure_delivering": self._delivering,
            "procedure_strokes_left": self.left,
            "procedure_end": self.latest_end,
            "fit": self.fit,
            "reservoir_holds": self.holds,
            "catheter_buffer_nl": self.buffer_nl,
            "catheter_naoh_nl": 0,
            "until_insulin_nl": self.buffer_nl,
        }

    # Why not

    def _wrong_state(self) -> Reason:
        return Reason("wrong_state")

    def not_start(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        """Reasons against beginning a procedure."""
        if not 1 <= values["procedure"] < len(NAMES):
            must.append(Reason("out_of_range"))
            return
        if self.under_way:
            must += [self._wrong_state(), Reason("unfit")]
        needs = PROCEDURES[NAMES[values["procedure"]]][0]
        if self.holds not in needs:
            must.append(Reason("wrong_content", None, CONTENTS.index(self.holds)))

    def not_answer(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        """Reasons against an answer: another step, no such choice, a figure out of its bounds, strokes being made."""
        if not self.under_way or values["step"] != self.place:
            must.append(self._wrong_state())
            return
        if self._delivering:
            must.append(self._wrong_state())
        step = self.step
        low, high = step.bounds or (values["value"], values["value"])
        if values["choice"] >= len(step.choices) or not low <= values["value"] <= high:
            must.append(Reason("out_of_range"))
        elif step.bounds:
            self._impossible(step, values["value"], must, may)
        if step.strokes_nl and self.left and not must:
            self._beyond(self.left, must, may)

    def _beyond(self, strokes: int, must: list[Reason], may: list[Reason]) -> None:
        """GUARD-1: the limits hold for the strokes of a procedure too."""
        pump = self.device.pump
        volume_mu, limit = pump.quantum.mu(strokes), self.device.settings.limits["max_bolus_mu"]
        if volume_mu > limit:
            must.append(Reason("clinician_limit", None, volume_mu, limit))
        cap_must, cap_may = cap_reasons(pump, (strokes, 0), 0, refused=True)
        must += cap_must
        may += cap_may

    @property
    def _put_nl(self) -> int:
        """The insulin that a refill, or the one that a rinse ends with, has put in."""
        return self.entered["fill" if self.name == "refill" else "fill_insulin"]

    def _net_nl(self, taken_back_nl: int) -> int:
        """The volume that it leaves in the reservoir."""
        return self._put_nl - self.entered.get("drawn_insulin", 0) - taken_back_nl

    def _impossible(self, step: Step, value: int, must: list[Reason], may: list[Reason]) -> None:
        """THER-5: each figure is checked at its own step against what is possible."""
        if step.name.startswith("fill") and value > CAPACITY_NL:
            may.append(Reason("out_of_range"))
        if step.name == "drawn_insulin" and value >= self._put_nl:
            must.append(Reason("out_of_range"))
        if step.name == "take_back" and not 0 < self._net_nl(value) <= CAPACITY_NL:
            must.append(Reason("out_of_range"))
        if step.name in ("withdraw", "remove_insulin") and self.whole and value > self.device.reservoir.left_nl():
            may.append(Reason("out_of_range"))

    def not_interrupt(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        """Reasons against an interruption."""
        if not self.under_way or values["step"] != self.place or self.step.interrupt is None:
            must.append(self._wrong_state())

    # Effects

    def start(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a procedure."""
        self._follow()  # a stroke of therapy may be in progress
        self.name = NAMES[values["procedure"]]
        self.entered, self.verdict = {}, dict(NO_REFILL)
        self.whole = self.holds == "insulin"
        self.latest_end = NO_END
        self._state("procedure")
        return self.shown()

    def answer(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Take an answer at the present step. If strokes follow, a stopped pump is in the procedure again."""
        step = self.step
        if step.bounds:
            self.entered[step.name] = values["value"]
        if step.name in ("withdraw", "remove_insulin"):
            self.strokes = self.device.pump.commanded
        if step.strokes_nl and self.left:
            self.device.pump.begin(step.ledger, self.left)
            self._state("procedure")
        else:
            self._go(step, step.choices[values["choice"]])
        return self.shown() | self.verdict

    def interrupt(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Interrupt the procedure; strokes end after the one in progress."""
        pump = self.device.pump
        if pump.normal is not None:
            pump.drop(pump.normal, "cancelled")
        self._follow()  # the last stroke may be in progress
        assert self.step.interrupt is not None
        self._go(self.step, self.step.interrupt, leaving=False)
        return self.shown()

    def _wanted(self, step: Step) -> int:
        if step.strokes_nl == AS_ENTERED:
            return self.entered["count"]
        return up(step.strokes_nl, self.device.pump.quantum.nl)

    def confirmed(self) -> None:
        """The stroke sensor has seen a stroke: it pushes through the catheter, and may be the last of the step."""
        if self._followed:  # counted when its delivery ended
            self._followed = False
            return
        self._made()
        pump = self.device.pump
        if self._delivers and not self.left and pump.state == "procedure" and not pump.dark:
            self._go(self.step, self.step.choices[0])

    def halted(self) -> None:
        """The pump is stopped: a step's stroke in progress counts as delivered (DOSE-5), even if it is the last one."""
        if self._delivers:
            self._follow()

    def _follow(self) -> None:
        if self.device.pump.unconfirmed and not self._followed:
            self._made()
            self._followed = True

    @property
    def _delivers(self) -> bool:
        return self.under_way and bool(self.step.ledger)

    @property
    def _delivering(self) -> bool:
        """Are strokes of the step being made? The last one too, until it has been seen."""
        pump = self.device.pump
        in_progress = bool(pump.unconfirmed) and not self._followed
        return self._delivers and pump.state == "procedure" and (pump.normal is not None or in_progress)

    def _made(self) -> None:
        if not (self._delivers and self.step.side_port):
            self.buffer_nl = max(0, self.buffer_nl - self.device.pump.quantum.nl)
        if self._delivers:
            self.left -= 1

    def _go(self, step: Step, to: str, *, leaving: bool = True) -> None:
        if leaving and step.leaves:
            self.holds = step.leaves
            self._filled()
        if to in ENDS:
            self.name, self.place, self.left = "none", 0, 0
            self.latest_end = ENDS.index(to)
            if to == "unfit" and self.holds == "insulin":
                self.holds = "empty"
            self._state("stopped")
        else:
            self._enter([each.name for each in PROCEDURES[self.name][1]].index(to))

    def _enter(self, place: int) -> None:
        self.place = place
        step = self.step
        self.left = self._wanted(step) if step.strokes_nl else 0
        if step.enters:
            self.holds = step.enters
        if step.floods:
            self.buffer_nl = CATHETER_NL

    def _filled(self) -> None:
        filled_nl = self._net_nl(self.entered["take_back"])
        residual_nl = self.entered["withdraw" if self.name == "refill" else "remove_insulin"]
        self.device.pump.note("refilled", filled_nl=filled_nl, residual_nl=residual_nl)
        self.verdict = self.device.reservoir.fill(filled_nl, residual_nl, self.strokes, whole=self.whole)

    def _state(self, state: str) -> None:
        pump = self.device.pump
        was, pump.programme.state = pump.state, state
        if state == "stopped":
            pump.end_basal("cancelled")
        pump.follow()
        if state == "stopped" and was == "procedure":  # another stop, were the first acknowledged or not
            self.device.alarms.latch("pump_stopped")
