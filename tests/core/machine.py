"""Arbitrary sequences of calls, as a hypothesis state machine over Pair. Importable, so that a core broken on purpose
can be put through the very same machine."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.core.model import HARD_MU, HOUR_US
from tests.core.pair import Pair

TEN_YEARS_US = 10 * 366 * 24 * HOUR_US
# Mostly what therapy does, sometimes what nobody should.
RATES = st.one_of(st.sampled_from([0, 50, 200, 1000, 5000, 34_950, 35_000]), st.integers(0, 35_001))
STROKES = st.one_of(st.integers(0, 60), st.sampled_from([150, 200, 201, 1600, 3200, 3201, 2**32 - 1]))
WAITS_US = st.one_of(
    st.integers(0, 3),
    st.integers(0, 5_000_000),
    st.integers(0, 2 * HOUR_US),
    st.sampled_from([HOUR_US - 1, HOUR_US, 24 * HOUR_US - 1, 24 * HOUR_US]),
    st.integers(0, 30 * 24 * HOUR_US),
)


def machine(core_class: Any) -> type[RuleBasedStateMachine]:
    """The state machine over a given face of the core."""

    class CoreMachine(RuleBasedStateMachine):
        pair: Pair

        @initialize(
            stroke_nl=st.sampled_from([500, 125]),
            concentration=st.sampled_from([100, 200, 400, 500]),
            closest=st.booleans(),
            room=st.booleans(),
            now_us=st.one_of(st.just(0), st.integers(0, TEN_YEARS_US)),
            rate=RATES,
        )
        def begin(self, stroke_nl: int, concentration: int, closest: bool, room: bool, now_us: int, rate: int) -> None:
            history = (500_000_000 if room else 150_000_000) // (stroke_nl * concentration)
            self.pair = Pair(core_class, stroke_nl, concentration, 2000 * stroke_nl if closest else 0, history, now_us)
            self.pair.permit(1)
            self.pair.request("set_basal", self.pair.now_us, rate)

        @rule(rate=RATES)
        def set_basal(self, rate: int) -> None:
            self.pair.request("set_basal", self.pair.now_us, rate)

        @rule(strokes=STROKES)
        def bolus(self, strokes: int) -> None:
            self.pair.request("bolus", self.pair.now_us, strokes)

        @rule(strokes=st.integers(1, 5), late_us=st.one_of(st.just(0), st.integers(0, HOUR_US)))
        def bolus_when_basal_is_due(self, strokes: int, late_us: int) -> None:
            due_us = self.pair.core.next_us()
            if due_us >= 0:
                self.pair.request("bolus", max(due_us, self.pair.now_us) + late_us, strokes)
                self.pair.run(self.pair.now_us, limit=1)

        @rule(name=st.sampled_from(["cancel_bolus", "suspend", "resume", "resume"]))
        def request(self, name: str) -> None:
            self.pair.request(name, self.pair.now_us)

        @rule(name=st.sampled_from(["cancel_bolus", "suspend", "resume"]), back_us=st.integers(1, 10**9))
        @precondition(lambda self: self.pair.model.last_us > 0)
        def request_too_late(self, name: str, back_us: int) -> None:
            assert self.pair.request(name, max(0, self.pair.model.last_us - back_us)) != 0

        @rule(
            limits=st.tuples(*(st.one_of(st.just(hard), st.integers(0, hard + 1)) for hard in HARD_MU)),
        )
        def set_limits(self, limits: tuple[int, int, int, int]) -> None:
            self.pair.set_limits(*limits)

        @rule(strokes=st.integers(0, 12))
        def set_tight_caps(self, strokes: int) -> None:
            cap_mu = int(strokes * self.pair.model.stroke_mu) + 1
            self.pair.set_limits(HARD_MU[0], HARD_MU[1], cap_mu, 150_000)

        @rule()
        def permit(self) -> None:
            self.pair.permit(len(self.pair.model.starts_us) + 1)

        @rule(stroke=st.integers(0, 2**32 - 1))
        def permit_another(self, stroke: int) -> None:
            self.pair.permit(stroke)

        @rule(wait_us=WAITS_US)
        def service_whenever(self, wait_us: int) -> None:
            self.pair.service(self.pair.now_us + wait_us)

        @rule(
            back=st.integers(1, 4),
            window_us=st.sampled_from([HOUR_US, 24 * HOUR_US]),
            beside_us=st.integers(-1, 1),
        )
        @precondition(lambda self: self.pair.model.starts_us)
        def service_as_a_stroke_leaves_a_window(self, back: int, window_us: int, beside_us: int) -> None:
            starts_us = self.pair.model.starts_us
            at_us = starts_us[-min(back, len(starts_us))] + window_us + beside_us
            if at_us >= self.pair.now_us:
                self.pair.service(at_us)

        @rule(late_us=st.one_of(st.just(0), st.integers(0, 100), st.integers(0, HOUR_US)))
        def service_when_due(self, late_us: int) -> None:
            due_us = self.pair.core.next_us()
            if due_us >= 0:
                self.pair.service(max(due_us, self.pair.now_us) + late_us)

        @rule(edges=st.lists(st.sampled_from([0, 1, 1, 2]), min_size=1, max_size=6))
        def strokes_with_edges(self, edges: list[int]) -> None:
            for seen in edges:
                due_us = self.pair.core.next_us()
                if due_us < 0:
                    break
                self.pair.service(max(due_us, self.pair.now_us))
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
        @precondition(lambda self: self.pair.model.in_flight)
        def edge(self) -> None:
            self.pair.confirmed()

        @rule()
        def end(self) -> None:
            self.pair.ended()

        @rule(wait_us=WAITS_US)
        def run(self, wait_us: int) -> None:
            self.pair.run(self.pair.now_us + wait_us)

        @rule(fault=st.sampled_from([6, 7, 8]), unlikely=st.integers(0, 9))
        def stop(self, fault: int, unlikely: int) -> None:
            # A fault is for good: rarely, or nothing else would be seen.
            if unlikely == 9:
                self.pair.stop(self.pair.now_us, fault)

        @rule(back_us=st.integers(1, 1000), unlikely=st.integers(0, 9))
        @precondition(lambda self: self.pair.now_us == self.pair.model.last_us >= 1000)
        def stop_with_an_old_time(self, back_us: int, unlikely: int) -> None:
            # A stop must work whatever it is told: the clock itself may be what failed.
            if unlikely == 9:
                self.pair.stop(self.pair.now_us - back_us, 8)

    return CoreMachine
