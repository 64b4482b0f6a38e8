"""The core and the model side by side: every call goes to both, and after each one everything visible must agree."""

from fractions import Fraction
from typing import Any

from c_ext.host.names import KINDS, STATE_FIELDS
from tests.core.flow import HOUR_US
from tests.core.model import DAY_US, E_RANGE, E_TIME, FAULT, NORMAL, NOTHING, SQUARE, STROKE, TEMP, WITHHELD, Model

MOTOR = (24, 400, 2000, 20_000)  # a stroke of some 20 ms: short enough for the closest spacing
REFUSED_PERMIT = 0


def by_name(state: tuple[int, ...]) -> dict[str, int]:
    """Core.state() with its names."""
    return dict(zip(STATE_FIELDS, state, strict=True))


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
        self.core_class = core_class
        self.configuration = (stroke_nl, concentration_u_per_ml, spacing_us, motor, history)
        self.core = core_class(*self.configuration, now_us)
        self.model = Model(stroke_nl, concentration_u_per_ml, spacing_us, history, now_us)
        self.refused = 0  # by the last set_limits()
        self.now_us = now_us  # the latest time that anybody told
        self.check()

    def raw(self) -> bytes:
        return bytes(self.core.raw())

    def restore(self, raw: bytes) -> None:
        for part in (self.core.c, self.core.history):
            buffer = self.core.module.ffi.buffer(part)
            buffer[:] = raw[: len(buffer)]
            raw = raw[len(buffer) :]

    def only_entered(self, before: bytes) -> bool:
        """Is all that changed since `before` what any supervisor call does: enter what happened, and arm?"""
        after = self.raw()
        self.restore(before)
        assert not self.core.permit(REFUSED_PERMIT)
        return self.raw() == after

    def only_settled(self, before: bytes, now_us: int) -> bool:
        """The same of a refused request, before which the time passed as well. It says nothing of the supervisor."""
        after, word = self.raw(), tuple(getattr(self.core.c.guard.alive_tick, part) for part in ("value", "check"))
        self.restore(before)
        self.core.settle(now_us)
        self.core.c.guard.alive_tick = word
        return self.raw() == after

    # The supervisor

    def settle(self, now_us: int) -> int:
        before = self.raw()
        code: int = self.core.settle(now_us)
        right = self.model.settle(now_us)
        assert code in right, f"settle at {now_us} us gave {code}, right would be {right}"
        assert code == 0 or self.only_entered(before)
        return self.supervised(code)

    def supervised(self, code: int) -> int:
        self.now_us = max(self.now_us, self.model.books_us)
        self.model.arm()
        self.check()
        return code

    def promise(self, now_us: int, back_us: int) -> bool:
        before = self.raw()
        given = self.core.promise(now_us, back_us)
        assert given == self.model.promise(now_us, back_us)
        assert given or self.raw() == before
        self.check()
        return bool(given)

    def request(self, name: str, now_us: int, *arguments: int) -> int:
        """set_basal, plan_basal, temp_basal, cancel_temp, bolus, cancel_bolus, suspend, resume. The core's code."""
        if name == "bolus":
            arguments = (*arguments, 0, 0)[:3]
        at_us = self.model.time_of(now_us)
        if at_us is None:
            must, may = {E_TIME} | self.model.ask(), set()
        else:
            must, may = getattr(self.model, "ask_" + name)(at_us, *arguments)
        before = self.raw()
        code: int = getattr(self.core, name)(now_us, *arguments)
        what = f"{name}{arguments} at {now_us} us"
        if code:
            assert code in must | may, f"{what} was refused with {code}, right would be {must or 0} {may}"
            assert self.only_settled(before, now_us), f"{what} was refused with {code} and changed something"
            if at_us is not None:
                self.model.move_on(at_us)
        else:
            assert not must, f"{what} was accepted, right would be {must}"
            getattr(self.model, "do_" + name)(at_us, *arguments)
        return self.supervised(code)

    def set_limits(self, *limits_mu: int) -> int:
        codes, refused = self.model.ask_set_limits(*limits_mu)
        before = self.raw()
        code, which = self.core.set_limits(*limits_mu)
        self.refused = int(which)
        if code:
            assert code in codes and self.only_entered(before)
            assert which == (refused if code == E_RANGE else 0)
        else:
            assert not codes and which == 0
            self.model.do_set_limits(*limits_mu)
        return self.supervised(int(code))

    def permit(self, stroke: int) -> bool:
        before = self.raw()
        given = self.core.permit(stroke)
        assert given == self.model.permit(stroke)
        assert given or self.only_entered(before)
        self.supervised(0)
        return bool(given)

    # The interrupt

    def service(self, now_us: int) -> int:
        self.now_us = max(self.now_us, now_us)
        right, faults = self.model.ask_service(now_us)
        before = self.raw()
        action: int = self.core.service(now_us)
        assert action in right, f"service at {now_us} us did {action}, right would be {right}"
        assert action != NOTHING or self.raw() == before
        fault = int(self.core.c.guard.fault.value)
        assert action != FAULT or fault in faults, f"fault {fault}, right would be {faults}"
        self.model.do_service(now_us, action, fault)
        self.check()
        return action

    def stop(self, now_us: int, fault: int) -> None:
        self.now_us = max(self.now_us, now_us)
        self.core.stop(now_us, fault)
        self.model.stop(now_us, fault)
        self.check()

    def reconcile(self, now_us: int, most_apart: int) -> None:
        """Between strokes, as whoever clears a fault or forgives a stroke does."""
        assert self.model.settle(now_us) == {0}
        assert self.core.module.lib.state_reconcile(self.core.c, now_us, most_apart) == 0
        self.model.reconcile(most_apart)
        self.supervised(0)

    def confirmed(self) -> None:
        self.core.confirmed()
        self.model.confirm()
        self.check()

    def ended(self) -> None:
        self.core.ended()
        self.model.ended()
        self.check()

    # Power

    def power_cut(self) -> None:
        """The state goes to the journal and comes back into another core, which takes this one's place."""
        stored = self.core.save(self.now_us)
        assert self.model.settle(self.now_us) == {0}
        other = self.core_class(*self.configuration, 0)
        other.module.ffi.buffer(other.history)[:] = other.module.ffi.buffer(self.core.history)[:]
        assert other.load(self.now_us, stored) == 0
        assert self.stored_part(other) == self.stored_part(self.core)
        self.core = other
        self.supervised(0)

    @staticmethod
    def stored_part(core: Any) -> bytes:
        """All but where the history lies, and the caps' look back, which is worked out anew when it is needed."""
        ffi = core.module.ffi
        copy = ffi.new("core_t *", core.c[0])
        copy.guard.history = ffi.NULL
        copy.guard.free_tick = (0, 0)
        return bytes(ffi.buffer(copy))

    # Both, as they should

    def stroke_over(self) -> None:
        """The edge, the end, and the supervisor's next permit."""
        self.confirmed()
        self.ended()
        self.settle(self.now_us)
        self.permit(len(self.model.starts_us) + 1)

    def run(self, until_us: int, limit: int = 50) -> int:
        """As a good board and supervisor do until until_us, or for `limit` wakes; returns the strokes made."""
        strokes = 0
        for _ in range(limit):
            now_us = self.now_us
            self.settle(now_us)
            due_us = self.core.next_us()
            wake_us = min(max(until_us, now_us), now_us + HOUR_US)
            if due_us < 0 or due_us > wake_us:
                self.promise(now_us, wake_us)
                self.settle(wake_us)
                if wake_us >= until_us:
                    self.check_nothing_waits()
                    break
                continue
            due_us = max(due_us, now_us)
            self.promise(now_us, due_us)
            action = self.service(due_us)
            if action == STROKE:
                strokes += 1
                self.stroke_over()
            elif action == WITHHELD:
                self.settle(self.now_us)
            else:
                break
        return strokes

    # What must agree

    def check(self) -> None:
        """Everything visible, as it stands and as it will stand when the supervisor has settled."""
        core, model = self.core, self.model
        state = by_name(core.state())
        guard = (state["guard_commanded"], state["guard_confirmed"], state["guard_permitted"], state["guard_fault"])
        assert guard == (len(model.starts_us), model.confirmed, model.permitted, model.fault)
        assert state["in_flight"] == (model.in_flight is not None)
        if state["in_flight"]:
            assert state["armed_kind"] == model.in_flight
        due_us = core.next_us()
        assert due_us == state["armed_us"] == (model.armed[0] if model.armed else -1), f"{due_us}: {model.armed}"
        if model.armed:
            assert state["armed_kind"] == model.armed[1]
        assert core.alive(self.now_us) in model.alive(self.now_us)
        self.check_books()

    def check_books(self) -> None:
        """Ledgers and amounts owed, after a settling that is undone again."""
        core, model = self.core, self.model
        before = self.raw()
        assert core.settle(self.now_us) == 0
        state = by_name(core.state())
        for window, window_us in ((0, HOUR_US), (1, DAY_US)):
            used = core.used(self.now_us, window)
            assert model.used(self.now_us, window_us) <= used <= model.used(self.now_us, window_us + 60_000_000)
        self.restore(before)
        then = model.basal.at(self.now_us)
        right: dict[str, Any] = {
            "suspended": model.suspended, "rate_mu_per_h": then.rate, "slot_us": model.slot_us,
            "boundary_us": then.boundary[0] if then.boundary else -1,
            "boundary_mu_per_h": then.boundary[1] if then.boundary else 0,
            "strokes_withheld": model.withheld, "at_us": self.now_us,
            "basal_waiting": then.waiting[0], "temp_waiting": then.waiting[1],
            "square_waiting": model.square.waiting(self.now_us),
        }  # fmt: skip
        right["temp"], right["temp_value"], right["temp_until_us"] = then.temp or (0, 0, -1)
        for kind, name in enumerate(KINDS):
            ledger = model.ledgers[kind]
            for field in ("programmed", "commanded", "delivered", "abandoned"):
                right[f"{name}_{field}"] = getattr(ledger, field)
            assert ledger.left == 0 or kind in (NORMAL, SQUARE)
        for kind, name in ((NORMAL, "normal"), (SQUARE, "square")):
            part = model.parts[kind]
            right |= {f"{name}_id": part.id, f"{name}_start_us": part.start_us, f"{name}_end_us": part.end_us}
            assert state[f"{name}_reason"] in part.reasons, f"{name}_reason {state[f'{name}_reason']}: {part.reasons}"
        part = model.parts[TEMP]
        ended = model.basal.temp is not None and then.temp is None
        right["temp_start_us"] = part.start_us
        right["temp_end_us"] = model.basal.temp[2] if ended and model.basal.temp else part.end_us
        assert state["temp_reason"] in ({1} if ended else part.reasons)
        for field, value in right.items():
            assert state[field] == value, f"{field}: {state[field]}, right is {value}"
        owed = state["basal_waiting"] + state["temp_waiting"]
        part_owed = Fraction(state["owed_q"]) / (model.stroke_mu * HOUR_US)
        assert part_owed == then.fraction(), f"owed {part_owed}, right is {then.fraction()}"
        assert owed + part_owed == sum(then.waiting) + then.fraction() >= 0
        square = model.square
        if square.next_owed_us(self.now_us) is not None:
            q = Fraction(state["square_owed_q"], square.duration_us)
            assert state["square_waiting"] + q == square.owed(self.now_us) - square.taken

    def check_nothing_waits(self) -> None:
        """DOSE-1: with all due strokes made, less than one is owed unless something holds it back."""
        model, now_us = self.model, self.now_us
        held = model.fault or model.in_flight is not None or now_us < model.slot_us
        if not held and model.permitted != len(model.starts_us):
            assert model.left(NORMAL) == 0 and sum(model.basal.at(now_us).waiting) == 0
            assert model.square.waiting(now_us) == 0
