"""Orders and deadlines of therapy, one rule at a time."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand, alarms, method_of
from tests.firmware.test_told_and_kept import logged
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, run_pattern


@pytest.mark.req("THER-7")
@pytest.mark.parametrize("order", ["set_basal", "select_pattern", "stop", "temp_basal"])
def test_what_a_person_orders_ends_a_recommended_rate(order: str) -> None:
    hand = Hand()
    run_pattern(hand, {0: 700})
    hand.pump.therapy.recommend_rate(5000, 60)
    assert hand.pump.status()["in_force_mu_per_h"] == 5000
    given = {"set_basal": (1000,), "select_pattern": (0,), "temp_basal": (protocol.TEMP_PERCENT, 200, 30)}
    method_of(hand, order)(*given.get(order, ()))
    rate = {"set_basal": 1000, "select_pattern": 700, "stop": 0, "temp_basal": 1400}[order]
    assert hand.pump.status()["in_force_mu_per_h"] == rate and hand.pump.record.recommended_until_us == 0
    hand.live(2 * HOUR_US)
    assert logged(hand, protocol.EVENT_RATE_LAPSED) == [] and "communication_error" not in alarms(hand)


@pytest.mark.req("THER-7")
@pytest.mark.parametrize("early_us", [1, 0])
def test_a_recommended_rate_lapses_at_its_end_and_says_so(early_us: int) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(0)
    until_us = hand.pump.therapy.recommend_rate(100, 10)["until_us"]
    assert until_us == 10 * MINUTE_US == hand.pump.deadline_us
    hand.now_us = until_us - early_us
    hand.pump._time(hand.now_us)
    assert hand.pump.status()["in_force_mu_per_h"] == (100 if early_us else 0)
    assert alarms(hand) == ([] if early_us else ["communication_error"])
    assert [each["a"] for each in logged(hand, protocol.EVENT_RATE_LAPSED)] == ([] if early_us else [0])


@pytest.mark.req("THER-7", "STORE-5")
@pytest.mark.parametrize("gone_us", [MINUTE_US, 20 * MINUTE_US])
def test_a_recommended_rate_that_lapsed_without_power_is_told_at_the_start(gone_us: int) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.pump.therapy.recommend_rate(3000, 10)
    hand.live(SECOND_US)
    after = hand.restarted(gone_us)
    lapsed = gone_us > 10 * MINUTE_US
    assert after.pump.status()["in_force_mu_per_h"] == (1000 if lapsed else 3000)
    assert alarms(after) == ["communication_error"] * lapsed


@pytest.mark.req("STORE-3")
def test_a_pump_whose_memory_cannot_be_believed_has_no_deadline_of_therapy() -> None:
    hand = Hand()
    for copy in (1852, 2652):
        hand.memory.flip(copy)
    damaged = hand.restarted()
    assert damaged.pump.therapy.deadline_us == protocol.NEVER_US
    damaged.live(damaged.now_us + 3 * HOUR_US)
    assert damaged.strokes_us == []


@pytest.mark.req("STORE-3", "THER-7")
def test_a_start_that_believes_nothing_tells_of_no_lapsed_rate() -> None:
    hand = Hand()
    for copy in (1852, 2652):
        hand.memory.flip(copy)
    assert "communication_error" not in alarms(hand.restarted())


@pytest.mark.req("STORE-5", "GUARD-3")
def test_after_a_reset_the_programmed_rate_is_in_force_at_once() -> None:
    hand = Hand()
    run_pattern(hand, {0: 1_000, 2: 700})
    hand.live(SECOND_US)
    after = hand.restarted(SECOND_US)
    state = after.core.state()
    assert (state[code.RATE_MU_PER_H], state[code.BOUNDARY_MU_PER_H]) == (1_000, 700)
    assert after.pump.therapy.deadline_us == after.pump.therapy.programme.next_us == state[code.BOUNDARY_US]
    assert after.pump.books.deliveries.stretch_id


@pytest.mark.req("STORE-1", "LOG-1")
def test_what_the_core_has_done_by_itself_is_stored_and_nothing_else() -> None:
    hand = Hand()
    run_pattern(hand, {0: 1_000, 1: 700})
    therapy = hand.pump.therapy

    def at(now_us: int) -> tuple[bool, bool]:
        hand.now_us = now_us
        lapsed, changed = therapy.time(now_us)
        return lapsed, changed

    nothing = (False, False)
    assert at(30 * MINUTE_US - 1) == nothing
    assert at(30 * MINUTE_US) == (False, True) and at(30 * MINUTE_US + 1) == nothing
    therapy.recommend_rate(700, 1)  # the programmed one: nothing changes as it lapses but that it has
    until_us = hand.pump.record.recommended_until_us
    assert at(until_us - 1) == nothing and at(until_us) == (True, True) and at(until_us + 1) == nothing
    assert hand.pump.record.recommended_until_us == 0
    (event,) = logged(hand, protocol.EVENT_RATE_LAPSED)
    shown = tuple(event[name] for name in ("category", "detail", "reason", "a", "b"))
    assert shown == (protocol.CATEGORY_CONNECTIVITY, 0, 0, 700, 0)


@pytest.mark.req("GUARD-2", "DOSE-7")
def test_a_pump_with_a_fault_waits_for_nothing() -> None:
    hand = Hand()
    run_pattern(hand, {0: 1_000, 1: 700})
    hand.core.stop(hand.now_us, code.FAULT_STOPPED)
    hand.pump.therapy.follow(hand.now_us)
    assert hand.pump.therapy.programme.next_us == hand.pump.therapy.deadline_us == protocol.NEVER_US
