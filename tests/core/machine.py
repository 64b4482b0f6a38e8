"""Arbitrary sequences of calls, as a hypothesis state machine over Pair. Importable, so that a core broken on purpose
can be put through the very same machine."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.core.flow import HOUR_US
from tests.core.model import BUSY_MAX_US, DAY_US, HARD_MU, SECOND_US, STROKE
from tests.core.pair import Pair

TEN_YEARS_US = 10 * 366 * DAY_US
# Mostly what therapy does, sometimes what nobody should.
RATES = st.one_of(st.sampled_from([0, 50, 200, 1000, 5000, 34_950, 35_000]), st.integers(0, 35_001))
STROKES = st.one_of(st.integers(0, 60), st.sampled_from([150, 200, 201, 1600, 3200, 3201, 2**32 - 1]))
SPREADS_US = st.one_of(
    st.sampled_from([0, HOUR_US // 2 - 1, HOUR_US // 2, HOUR_US, DAY_US, DAY_US + 1]),
    st.integers(HOUR_US // 2, 3 * HOUR_US),
)
TEMPS = st.one_of(
    st.tuples(st.just(1), RATES),
    st.tuples(st.just(2), st.one_of(st.sampled_from([0, 33, 50, 100, 101, 200, 201]), st.integers(0, 200))),
    st.tuples(st.integers(0, 3), st.integers(0, 35_001)),
)
# Supervisor away: within what it may promise, at the edges of it, and beyond.
IDLE_US = st.one_of(
    st.integers(0, 3),
    st.integers(0, 5 * SECOND_US),
    st.integers(0, HOUR_US),
    st.sampled_from([HOUR_US - 1, HOUR_US]),
)
WAITS_US = st.one_of(
    IDLE_US, st.integers(0, 3 * HOUR_US), st.sampled_from([DAY_US - 1, DAY_US]), st.integers(0, 30 * DAY_US)
)
PLAIN = ["cancel_bolus", "cancel_temp", "suspend", "resume", "resume"]


def machine(core_class: Any) -> type[RuleBasedStateMachine]:
    """The state machine over a given face of the core."""

    class CoreMachine(RuleBasedStateMachine):
        pair: Pair

        @initialize(
            stroke_nl=st.sampled_from([500, 125]),
            concentration=st.sampled_from([100, 200, 400, 500]),
            closest=st.booleans(),
            room=st.sampled_from([500_000_000, 150_000_000, 1_000_000]),
            now_us=st.one_of(st.just(0), st.integers(0, TEN_YEARS_US)),
            rate=RATES,
        )
        def begin(self, stroke_nl: int, concentration: int, closest: bool, room: int, now_us: int, rate: int) -> None:
            history = room // (stroke_nl * concentration)
            self.pair = Pair(core_class, stroke_nl, concentration, 2000 * stroke_nl if closest else 0, history, now_us)
            self.pair.permit(1)
            self.pair.request("set_basal", self.pair.now_us, rate)

        # Requests

        @rule(rate=RATES)
        def set_basal(self, rate: int) -> None:
            self.pair.request("set_basal", self.pair.now_us, rate)

        @rule(ahead_us=st.one_of(st.integers(0, HOUR_US), st.sampled_from([DAY_US, DAY_US + 1])), rate=RATES)
        def plan_basal(self, ahead_us: int, rate: int) -> None:
            self.pair.request("plan_basal", self.pair.now_us, self.pair.now_us + ahead_us, rate)

        @rule(temp=TEMPS, duration_us=st.one_of(st.integers(0, HOUR_US), st.sampled_from([DAY_US, DAY_US + 1])))
        def temp_basal(self, temp: tuple[int, int], duration_us: int) -> None:
            self.pair.request("temp_basal", self.pair.now_us, *temp, duration_us)

        @rule(temp=TEMPS, rate=RATES, duration_us=st.integers(1, HOUR_US), apart_us=st.integers(-2, 2))
        def change_at_a_temp_s_end(self, temp: tuple[int, int], rate: int, duration_us: int, apart_us: int) -> None:
            now_us = self.pair.now_us
            self.pair.request("temp_basal", now_us, *temp, duration_us)
            self.pair.request("plan_basal", now_us, max(0, now_us + duration_us + apart_us), rate)

        @rule(rate=RATES, apart_us=st.integers(-2, 2))
        def change_as_a_stroke_is_due(self, rate: int, apart_us: int) -> None:
            due_us = self.pair.core.next_us()
            if due_us > self.pair.now_us + 2:
                self.pair.request("plan_basal", self.pair.now_us, due_us + apart_us, rate)

        @rule(normal=STROKES, spread=st.one_of(st.just((0, 0)), st.tuples(STROKES, SPREADS_US)))
        def bolus(self, normal: int, spread: tuple[int, int]) -> None:
            self.pair.request("bolus", self.pair.now_us, normal, *spread)

        @rule(normal=st.integers(0, 3), square=st.integers(1, 9), duration_us=st.integers(HOUR_US // 2, HOUR_US))
        def square_bolus(self, normal: int, square: int, duration_us: int) -> None:
            self.pair.request("bolus", self.pair.now_us, normal, square, duration_us)

        @rule(strokes=st.integers(1, 5), late_us=st.one_of(st.just(0), st.integers(0, HOUR_US)))
        def bolus_when_a_stroke_is_due(self, strokes: int, late_us: int) -> None:
            due_us = self.pair.core.next_us()
            if due_us >= 0:
                self.pair.request("bolus", max(due_us, self.pair.now_us) + late_us, strokes)
                self.pair.run(self.pair.now_us, limit=1)

        @rule(name=st.sampled_from(PLAIN))
        def request(self, name: str) -> None:
            self.pair.request(name, self.pair.now_us)

        @rule(
            name=st.sampled_from([*PLAIN, "set_basal", "plan_basal", "temp_basal", "bolus", "settle"]),
            back_us=st.one_of(
                st.integers(1, 100),
                st.integers(BUSY_MAX_US - 2, BUSY_MAX_US + 2),
                st.integers(1, 10**9),
            ),
            stroke=st.booleans(),
        )
        def request_with_an_old_reading(self, name: str, back_us: int, stroke: bool) -> None:
            due_us = self.pair.core.next_us()
            if stroke and due_us >= 0:
                # The interrupt comes between the reading of the clock and the call.
                at_us = max(due_us, self.pair.now_us)
                self.pair.promise(max(at_us - HOUR_US, 0), at_us)
                self.pair.service(at_us)
            at_us = max(0, self.pair.model.books_us - back_us)
            extra = {"set_basal": (50,), "plan_basal": (at_us + 9, 50), "temp_basal": (1, 50, 9), "bolus": (1,)}
            if name == "settle":
                self.pair.settle(at_us)
            else:
                self.pair.request(name, at_us, *extra.get(name, ()))

        @rule(
            limits=st.tuples(*(st.one_of(st.just(hard), st.integers(0, hard + 1)) for hard in HARD_MU)),
        )
        def set_limits(self, limits: tuple[int, int, int, int]) -> None:
            self.pair.set_limits(*limits)

        @rule(strokes=st.integers(0, 12), hour=st.booleans())
        def set_tight_caps(self, strokes: int, hour: bool) -> None:
            cap_mu, room_mu = int(strokes * self.pair.model.stroke_mu) + 1, int(150 * self.pair.model.stroke_mu)
            self.pair.set_limits(
                HARD_MU[0], HARD_MU[1], *((cap_mu, room_mu) if hour else (min(60_000, room_mu), cap_mu))
            )

        # The supervisor

        @rule(wait_us=WAITS_US)
        def settle(self, wait_us: int) -> None:
            self.pair.settle(self.pair.now_us + wait_us)

        @rule(wait_us=IDLE_US)
        def promise(self, wait_us: int) -> None:
            self.pair.promise(self.pair.now_us, self.pair.now_us + wait_us)

        @rule(wait_us=st.sampled_from([-1, HOUR_US + 1, 2**62]))
        def promise_too_much(self, wait_us: int) -> None:
            if self.pair.now_us + wait_us >= 0:
                assert not self.pair.promise(self.pair.now_us, self.pair.now_us + wait_us)

        @rule()
        def permit(self) -> None:
            self.pair.permit(len(self.pair.model.starts_us) + 1)

        @rule(stroke=st.integers(0, 2**32 - 1))
        def permit_another(self, stroke: int) -> None:
            self.pair.permit(stroke)

        @rule()
        def power_cut(self) -> None:
            self.pair.power_cut()

        # The interrupt

        @rule(wait_us=IDLE_US)
        def service_whenever(self, wait_us: int) -> None:
            self.pair.promise(self.pair.now_us, self.pair.now_us + wait_us)
            self.pair.service(self.pair.now_us + wait_us)

        @rule(late_us=st.integers(0, 3 * HOUR_US), unlikely=st.integers(0, 5))
        def service_perhaps_with_a_broken_promise(self, late_us: int, unlikely: int) -> None:
            if unlikely == 5 and self.pair.core.next_us() >= 0:
                self.pair.service(max(self.pair.core.next_us(), self.pair.now_us) + late_us)

        @rule(beside_us=st.integers(-1_100_000, 2), unlikely=st.integers(0, 3))
        def service_as_a_promise_ends(self, beside_us: int, unlikely: int) -> None:
            at_us = self.pair.model.held_until_us + beside_us
            if unlikely == 3 and at_us >= self.pair.now_us:
                self.pair.service(at_us)

        @rule(
            back=st.integers(1, 4),
            window_us=st.sampled_from([HOUR_US, DAY_US]),
            beside_us=st.integers(-1, 1),
        )
        @precondition(lambda self: self.pair.model.starts_us)
        def service_as_a_stroke_leaves_a_window(self, back: int, window_us: int, beside_us: int) -> None:
            starts_us = self.pair.model.starts_us
            at_us = starts_us[-min(back, len(starts_us))] + window_us + beside_us
            if at_us >= self.pair.now_us + 10:
                self.pair.settle(at_us - 10)
                self.pair.promise(at_us - 10, at_us)
                self.pair.service(at_us)

        @rule(late_us=st.one_of(st.just(0), st.integers(0, 100), st.integers(0, HOUR_US // 2)), awake=st.booleans())
        def service_when_due(self, late_us: int, awake: bool) -> None:
            due_us = self.pair.core.next_us()
            if due_us >= 0:
                now_us = max(self.pair.now_us, due_us - HOUR_US // 2)
                if awake:
                    self.pair.settle(now_us)
                at_us = max(self.pair.core.next_us(), now_us) + late_us
                self.pair.promise(now_us, at_us)
                self.pair.service(at_us)

        @rule(edges=st.lists(st.sampled_from([0, 1, 1, 2]), min_size=1, max_size=6))
        def strokes_with_edges(self, edges: list[int]) -> None:
            for seen in edges:
                due_us = self.pair.core.next_us()
                if due_us < 0:
                    break
                at_us = max(due_us, self.pair.now_us)
                self.pair.settle(at_us)
                if self.pair.service(at_us) != STROKE:
                    break
                for _ in range(seen):
                    self.pair.confirmed()
                self.pair.ended()
                self.pair.permit(len(self.pair.model.starts_us) + 1)

        @rule()
        def service_just_before(self) -> None:
            due_us = self.pair.core.next_us()
            if due_us - 1 >= self.pair.now_us:
                self.pair.service(due_us - 1)

        @rule()
        def stroke_goes_well(self) -> None:
            self.pair.confirmed()
            self.pair.ended()

        @rule()
        @precondition(lambda self: self.pair.model.in_flight is not None)
        def stroke_over(self) -> None:
            self.pair.stroke_over()

        @rule()
        @precondition(lambda self: self.pair.model.in_flight is not None)
        def edge(self) -> None:
            self.pair.confirmed()

        @rule()
        def end(self) -> None:
            self.pair.ended()

        @rule(wait_us=WAITS_US)
        def run(self, wait_us: int) -> None:
            self.pair.run(self.pair.now_us + wait_us, limit=40)

        @rule(fault=st.integers(6, 9), unlikely=st.integers(0, 9))
        def stop(self, fault: int, unlikely: int) -> None:
            # A fault is for good: rarely, or nothing else would be seen.
            if unlikely == 9:
                self.pair.stop(self.pair.now_us, fault)

        @rule(most_apart=st.integers(0, 1))
        @precondition(lambda self: self.pair.model.in_flight is None)
        def clear_a_fault_or_forgive(self, most_apart: int) -> None:
            self.pair.reconcile(self.pair.now_us, most_apart)

        @rule(back_us=st.integers(1, 1000), unlikely=st.integers(0, 9))
        @precondition(lambda self: self.pair.now_us >= 1000)
        def stop_with_an_old_time(self, back_us: int, unlikely: int) -> None:
            # A stop must work whatever it is told: the clock itself may be what failed.
            if unlikely == 9:
                self.pair.stop(self.pair.now_us - back_us, 8)

    return CoreMachine
