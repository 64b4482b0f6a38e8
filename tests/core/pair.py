"""The core and the model side by side: every call goes to both, and after each one everything visible must agree."""

from fractions import Fraction
from math import floor
from typing import Any

from tests.core.model import DAY_US, E_RANGE, HOUR_US, NOTHING, STROKE, Model

# Positions in Core.state(), by name; the order is the same on every face of the core.
FIELDS = (
    "basal_commanded basal_delivered basal_abandoned bolus_id bolus_programmed bolus_commanded bolus_delivered "
    "bolus_abandoned bolus_start_us bolus_end_us bolus_reason suspended rate_mu_per_h slot_us pace_due_us "
    "pace_excess_q pace_waiting pace_held_q guard_commanded guard_confirmed guard_permitted guard_fault "
    "strokes_withheld in_flight"
).split()
MOTOR = (24, 400, 2000, 20_000)  # a stroke of some 20 ms: short enough for the closest spacing
SAME = [
    "basal_commanded", "basal_delivered", "basal_abandoned", "bolus_id", "bolus_programmed", "bolus_commanded",
    "bolus_delivered", "bolus_abandoned", "bolus_start_us", "bolus_end_us", "suspended", "rate_mu_per_h", "slot_us",
    "in_flight",
]  # fmt: skip


class Pair:
    """A core under test and its model. Every method asserts."""

    def __init__(
        self,
        core_class: Any,
        stroke_nl: int = 500,
        concentration_u_per_ml: int = 400,
        spacing_us: int = 0,
        history: int = 2500,
        now_us: int = 0,
        motor: tuple[int, int, int, int] = MOTOR,
    ) -> None:
        self.core = core_class(stroke_nl, concentration_u_per_ml, spacing_us, motor, history, now_us)
        self.model = Model(stroke_nl, concentration_u_per_ml, spacing_us, history, now_us)
        self.refused = 0  # by the last set_limits()
        self.check()

    @property
    def now_us(self) -> int:
        return self.model.now_us

    def request(self, name: str, now_us: int, *arguments: int) -> int:
        """set_basal, bolus, cancel_bolus, suspend, resume. Returns the core's code, which was a right one."""
        must, may = getattr(self.model, "ask_" + name)(now_us, *arguments)
        before = self.core.raw()
        code: int = getattr(self.core, name)(now_us, *arguments)
        if code:
            assert code in must | may, f"{name} refused with {code}, right would be {must or 0} {may}"
            assert self.core.raw() == before, f"{name} was refused with {code} and changed something"
        else:
            assert not must, f"{name} was accepted, right would be {must}"
            getattr(self.model, "do_" + name)(now_us, *arguments)
        self.check()
        return code

    def set_limits(self, *limits_mu: int) -> int:
        codes, refused = self.model.ask_set_limits(*limits_mu)
        before = self.core.raw()
        code, which = self.core.set_limits(*limits_mu)
        self.refused = int(which)
        if code:
            assert code in codes and self.core.raw() == before
            assert which == (refused if code == E_RANGE else 0)
        else:
            assert not codes and which == 0
            self.model.do_set_limits(*limits_mu)
        self.check()
        return int(code)

    def permit(self, stroke: int) -> bool:
        before = self.core.raw()
        given = self.core.permit(stroke)
        assert given == self.model.permit(stroke)
        assert given or self.core.raw() == before
        self.check()
        return bool(given)

    def service(self, now_us: int) -> int:
        right = self.model.ask_service(now_us)
        before = self.core.raw()
        action: int = self.core.service(now_us)
        assert action in right, f"service at {now_us} us did {action}, right would be {right}"
        assert action != NOTHING or self.core.raw() == before
        self.model.do_service(action)
        self.check()
        return action

    def stop(self, now_us: int, fault: int) -> None:
        self.core.stop(now_us, fault)
        self.model.stop(now_us, fault)
        self.check()

    def confirmed(self) -> None:
        self.core.confirmed()
        self.model.confirm()
        self.check()

    def ended(self) -> None:
        self.core.ended()
        self.model.ended()
        self.check()

    def run(self, until_us: int, limit: int = 50) -> int:
        """As a good board does until until_us, or until `limit` services; returns the strokes made."""
        strokes = 0
        for _ in range(limit):
            due_us = self.core.next_us()
            if due_us < 0 or due_us > until_us:
                self.model.advance(max(until_us, self.now_us))
                self.check()
                self.check_nothing_waits()
                break
            if self.service(max(due_us, self.now_us)) == STROKE:
                strokes += 1
                self.confirmed()
                self.ended()
                self.permit(len(self.model.starts_us) + 1)
        return strokes

    def check(self) -> None:
        """Everything visible, and the exact amount owed."""
        core, model = self.core, self.model
        state = dict(zip(FIELDS, core.state(), strict=True))
        for name in SAME:
            assert state[name] == getattr(model, name), f"{name}: {state[name]}, right is {getattr(model, name)}"
        guard = (state["guard_commanded"], state["guard_confirmed"], state["guard_permitted"], state["guard_fault"])
        assert guard == (len(model.starts_us), model.confirmed, model.permitted, model.fault)
        assert state["strokes_withheld"] == model.withheld
        assert state["bolus_reason"] in model.bolus_reasons
        due_us, right_us = core.next_us(), model.next_us()
        assert (due_us if due_us < 0 else max(due_us, self.now_us)) == right_us, f"next {due_us}, right is {right_us}"
        owed = self.owed_by_core(state)
        assert owed == model.owed, f"owed {owed}, right is {model.owed}"
        assert owed >= 0
        for window, window_us in ((0, HOUR_US), (1, DAY_US)):
            used = core.used(self.now_us, window)
            assert model.used(window_us) <= used <= model.used(window_us + 60_000_000)

    def owed_by_core(self, state: dict[str, int]) -> Fraction:
        """Basal strokes owed now as the core's own representation has it."""
        whole_q = self.model.stroke_mu * HOUR_US
        if state["pace_due_us"] < 0:
            part_q = Fraction(state["pace_held_q"])
        else:
            behind_us = self.now_us - state["pace_due_us"]
            part_q = whole_q + state["pace_excess_q"] + behind_us * state["rate_mu_per_h"]
        return state["pace_waiting"] + part_q / whole_q

    def check_nothing_waits(self) -> None:
        """DOSE-1: with all due strokes made, less than one is owed unless something holds it back."""
        model = self.model
        held = model.fault or model.in_flight or model.now_us < model.slot_us or model.permitted == len(model.starts_us)
        if not held:
            assert model.bolus_left == 0 and floor(model.owed) == 0
