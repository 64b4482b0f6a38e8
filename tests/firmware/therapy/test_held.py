"""Rules of therapy that one line each holds, found by leaving the line out (docs/mutation.md)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import FirmwareError
from firmware.protocol import NEVER_US
from tests.firmware.desk import Desk
from tests.firmware.hand import SECOND_US, Hand, alarms, refused
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, run_pattern, settings, status

WIDE = {"max_bolus_mu": 40_000, "max_hour_mu": 60_000, "max_day_mu": 150_000}


@pytest.mark.req("THER-7", "ALARM-1", "STORE-5")
def test_a_closed_loop_that_lapsed_while_the_power_was_off_is_told() -> None:
    hand = Hand()
    hand.pump.therapy.recommend_rate(900, 17)
    assert "communication_error" not in alarms(hand.restarted(MINUTE_US))
    hand = Hand()
    hand.pump.therapy.recommend_rate(900, 17)
    assert "communication_error" in alarms(hand.restarted(18 * MINUTE_US))


@pytest.mark.req("DOSE-2", "GUARD-1")
@pytest.mark.parametrize("answer", [code.E_TIME, code.E_MAX_BASAL])
def test_a_temporary_rate_that_the_core_refuses_is_not_answered_as_in_force(answer: int) -> None:
    hand = Hand()
    hand.core.temp_basal = lambda *_: answer  # type: ignore[method-assign]
    before = len(hand.pump.reports.read_log(0, 1000)["events"])
    with pytest.raises(FirmwareError):
        hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 1000, 30)
    assert len(hand.pump.reports.read_log(0, 1000)["events"]) == before


@pytest.mark.req("STORE-1", "THER-2")
def test_a_temporary_rate_is_not_ended_while_nothing_can_be_stored() -> None:
    hand = Hand()
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 1000, 30)
    hand.pump._memory.state = protocol.MEMORY_WRITE_FAILED
    refused(hand.pump.therapy.cancel_temp, protocol.MEMORY_FAILED)
    assert status(hand)["in_force_mu_per_h"] == 1000


@pytest.mark.req("THER-3")
@pytest.mark.parametrize(("percent", "rate"), [(150, 1000), (101, 1000), (100, 1000), (60, 600)])
def test_what_a_percentage_adds_does_not_outlive_a_suspend_and_what_it_takes_does(percent: int, rate: int) -> None:
    hand = Hand()
    settings(hand, suspend_rate_mu_per_h=5000)
    hand.pump.therapy.set_basal(1000)
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, percent, 30)
    assert hand.pump.switch.suspend()["rate_mu_per_h"] == rate == status(hand)["in_force_mu_per_h"]


@pytest.mark.req("DOSE-5", "THER-3")
@pytest.mark.parametrize("order", ["suspend", "resume", "procedure"])
def test_the_core_delivers_again_at_the_rate_that_is_to_come_and_never_at_the_one_before(order: str) -> None:
    """A stroke timer that fires between two calls of the core must find no rate that nobody has ordered."""
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    if order != "suspend":
        hand.pump.switch.stop()
    if order == "resume":
        hand.pump.therapy.set_basal(500)
        hand.core.set_basal(hand.now_us, 35_000)  # as a failure amid an order may have left it
    resume, rates = hand.core.resume, []

    def resumed(now_us: int) -> int:
        rates.append(hand.core.state()[code.RATE_MU_PER_H])
        return resume(now_us)

    hand.core.resume = resumed  # type: ignore[method-assign]
    if order == "procedure":
        hand.pump.clinic.start_procedure(4)
        hand.pump.clinic.answer_procedure(0, 0, 0)
        assert hand.core.state()[code.RATE_MU_PER_H] == 0, "nothing but what the procedure orders"
    else:
        getattr(hand.pump.switch, order)()
    assert set(rates) <= {{"suspend": 200, "resume": 500, "procedure": 0}[order]}


def suspended_amid_much() -> Hand:
    """More than seventy strokes waited, and are given up."""
    hand = Hand()
    hand.pump.device.set_limits(35_000, 40_000, 60_000, 500_000)
    hand.pump.therapy.set_basal(30_000)
    hand.pump.boluses.bolus(20_000)
    hand.live(50 * SECOND_US)
    assert hand.pump.switch.suspend()["abandoned_strokes"] > 70
    return hand


@pytest.mark.req("DOSE-3", "THER-3")
def test_a_stop_tells_what_it_has_given_up_and_nothing_of_before() -> None:
    hand = suspended_amid_much()
    hand.live(hand.now_us + 10 * SECOND_US)
    hand.pump.switch.resume()
    hand.pump.boluses.bolus(2000)
    hand.live(hand.now_us + SECOND_US)
    assert hand.pump.switch.stop()["abandoned_strokes"] == 9


@pytest.mark.req("THER-3", "DOSE-7")
@pytest.mark.parametrize("halt", ["stop", "by itself"])
def test_a_stopped_pump_waits_for_nothing_of_its_therapy(halt: str) -> None:
    """Tickless: no boundary, no end of a temporary rate, no auto-off."""
    hand = Hand()
    settings(hand, auto_off_min=60)
    hand.pump.therapy.set_basal(1000)
    assert hand.pump.therapy.deadline_us == HOUR_US
    if halt == "stop":
        hand.pump.switch.stop()
    else:
        hand.pump.alarms.halt(hand.now_us)
    assert hand.pump.therapy.deadline_us == NEVER_US
    hand.live(2 * HOUR_US)
    assert not hand.strokes_us


@pytest.mark.req("THER-3")
def test_auto_off_counts_from_the_resume() -> None:
    hand = Hand()
    settings(hand, auto_off_min=60)
    hand.pump.switch.stop()
    hand.live(40 * MINUTE_US)
    hand.pump.switch.resume()
    assert hand.pump.therapy.deadline_us == hand.pump.therapy.auto_off_us == 100 * MINUTE_US
    hand.live(100 * MINUTE_US - SECOND_US)
    assert status(hand)["state"] == protocol.STATE_RUNNING
    hand.live(101 * MINUTE_US)
    assert status(hand)["state"] == protocol.STATE_STOPPED


@pytest.mark.req("GUARD-1", "THER-9")
def test_only_a_percentage_that_raises_the_rate_keeps_the_limit_up() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(10_000)
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 101, 30)
    error = refused(lambda: hand.pump.device.set_limits(10_050, **WIDE), protocol.OUT_OF_RANGE)
    assert error.limit == 10_100
    hand.pump.device.set_limits(10_100, **WIDE)
    hand.pump.therapy.cancel_temp()
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 2000, 30)
    hand.pump.device.set_limits(10_000, **WIDE)  # an absolute rate is no percentage of anything


@pytest.mark.req("GUARD-1", "THER-9")
@pytest.mark.parametrize("percent", [0, 99, 100])
def test_a_percentage_that_raises_nothing_leaves_the_limit_free(percent: int) -> None:
    hand = Hand()
    run_pattern(hand, {0: 1000, 1: 1100, 2: 20_000})
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, percent, 30)
    hand.pump.device.set_limits(12_000, **WIDE)
    assert hand.pump.reports.limits()[0] == 12_000


@pytest.mark.req("GUARD-1")
def test_a_pump_that_gives_no_basal_may_have_its_limit_at_none() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(0)
    hand.pump.device.set_limits(0, **WIDE)
    assert hand.pump.reports.limits()[0] == 0


@pytest.mark.req("THER-7", "THER-2", "GUARD-1")
def test_a_percentage_is_of_the_programmed_rate_not_of_the_recommendation_that_it_ends() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.pump.therapy.recommend_rate(30_000, 60)
    assert hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 150, 30)["in_force_mu_per_h"] == 1500


@pytest.mark.req("THER-1", "THER-9")
def test_a_pattern_committed_while_the_pump_is_stopped_is_answered_with_nothing_in_force() -> None:
    hand = Hand()
    run_pattern(hand, {0: 1000})
    hand.pump.switch.stop()
    staged = hand.pump.patterns.stage_pattern(0, [{"rate_mu_per_h": 2000}] * 48)
    assert hand.pump.patterns.commit_pattern(0, fingerprint=staged["fingerprint"])["in_force_mu_per_h"] == 0


@pytest.mark.req("THER-1", "DOSE-2")
def test_a_rate_by_hand_ends_the_boundary_that_was_planned_though_it_is_the_same_rate() -> None:
    hand = Hand()
    run_pattern(hand, {0: 1000, 1: 20_000})
    hand.pump.therapy.set_basal(1000)
    hand.live(HOUR_US)
    assert status(hand)["basal_rate_mu_per_h"] == 1000 == hand.core.state()[code.RATE_MU_PER_H]
    assert len(hand.strokes_us) == 5


@pytest.mark.req("GUARD-3", "DOSE-5")
def test_a_core_that_is_suspended_is_shown_as_stopped_whatever_the_record_says() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.core.suspend(hand.now_us)
    assert status(hand)["state"] == protocol.STATE_STOPPED


@pytest.mark.req("DOSE-5", "THER-3")
def test_a_stop_is_carried_out_as_long_as_the_core_delivers_whatever_the_record_says() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.pump.record.mode = protocol.STATE_STOPPED
    hand.pump.switch.stop()
    assert hand.core.state()[code.SUSPENDED]
    refused(hand.pump.switch.stop, protocol.WRONG_STATE)


@pytest.mark.req("DOSE-5", "THER-3")
def test_a_suspended_pump_can_be_stopped() -> None:
    hand = Hand()
    settings(hand, suspend_rate_mu_per_h=0)
    hand.pump.switch.suspend()
    hand.pump.switch.stop()
    assert status(hand)["state"] == protocol.STATE_STOPPED


@pytest.mark.req("GUARD-4")
@pytest.mark.parametrize(("apart", "fault"), [(-2, True), (-1, False), (0, False), (1, False), (2, True)])
def test_a_stopped_pump_whose_counts_differ_by_more_than_one_has_a_fault(apart: int, fault: bool) -> None:
    hand = Hand()
    hand.pump.switch.stop()
    state: list[Any] = list(hand.core.state())
    state[code.GUARD_COMMANDED], state[code.GUARD_CONFIRMED] = 50 + apart, 50
    assert hand.pump.therapy.fault(state) == (code.FAULT_COUNT if fault else 0)
    state[code.IN_FLIGHT] = 1
    assert hand.pump.therapy.fault(state) == 0, "the stroke in progress may make them equal"


@pytest.mark.req("THER-6", "OCC-2")
def test_strokes_after_a_stop_amid_a_procedure_begin_the_watch_anew() -> None:
    """The catheter is another after a procedure's strokes: the watch is told when a procedure begins, also then."""
    desk = Desk()
    begun: list[int] = []
    desk.pump.course._watch = SimpleNamespace(procedure=begun.append)
    desk.ask("stop")
    desk.pump.course.order_strokes(desk.hand.now_us, 3, protocol.KIND_INSULIN_TEST)
    assert begun == [desk.hand.now_us] and desk.pump.record.mode == protocol.STATE_PROCEDURE
    assert desk.hand.core.state()[code.RATE_MU_PER_H] == 0
    assert desk.pump.books.deliveries.stretch_id, "a stretch at no rate: the pump is not stopped"


@pytest.mark.req("DOSE-1", "DOSE-2", "THER-1")
@pytest.mark.parametrize("meanwhile", ["the plan is refused", "the rate is another"])
def test_what_a_stroke_has_overtaken_is_put_to_the_core_once_more(meanwhile: str) -> None:
    """The stroke timer comes between two calls: what was worked out is of before, and counts only as of the stroke."""
    hand = Hand()
    run_pattern(hand, {0: 1000, 1: 2000, 4: 3000})
    asked = []
    if meanwhile == "the plan is refused":
        plan = hand.core.plan_basal

        def plan_basal(now_us: int, at_us: int, rate_mu_per_h: int) -> int:
            asked.append(at_us)
            return code.E_RANGE if len(asked) == 1 else plan(now_us, at_us, rate_mu_per_h)

        hand.core.plan_basal = plan_basal  # type: ignore[method-assign]
    else:
        set_basal = hand.core.set_basal

        def basal(now_us: int, rate_mu_per_h: int) -> int:
            asked.append(rate_mu_per_h)
            return code.OK if len(asked) == 1 else set_basal(now_us, rate_mu_per_h)

        hand.core.set_basal = basal  # type: ignore[method-assign]
    run_pattern(hand, {0: 5000, 1: 6000}, 1)
    hand.pump.therapy.select_pattern(1)
    assert len(asked) >= 2
    assert hand.core.state()[code.RATE_MU_PER_H] == 5000
    hand.live(HOUR_US)
    assert hand.core.state()[code.RATE_MU_PER_H] == 6000


@pytest.mark.req("THER-1", "THER-8")
@pytest.mark.parametrize("late_us", [0, 300_000])
def test_a_change_that_the_clock_shows_a_moment_late_comes_at_the_next_microsecond(late_us: int) -> None:
    hand = Hand()
    run_pattern(hand, {0: 1000, 1: 2000})
    hand.live(HOUR_US // 4)
    now_us = hand.now_us
    hand.pump.therapy.programme._wall.device_us = lambda utc_s: now_us - late_us  # type: ignore[method-assign]
    rate_mu_per_h, at_us, then_mu_per_h = hand.pump.therapy.programme.wanted(now_us)
    assert (rate_mu_per_h, at_us, then_mu_per_h) == (1000, now_us + 1, 2000)
