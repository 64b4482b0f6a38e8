"""Which orders of therapy are refused, with which figures, and what a halt and a resume leave behind."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import Refused
from firmware.therapy.halting import afterwards
from tests.firmware.hand import SECOND_US, Hand, deliveries, method_of, refused
from tests.firmware.therapy.test_held import suspended_amid_much
from tests.firmware.therapy.therapy_by_hand import MINUTE_US, run_pattern


@pytest.mark.req("GUARD-1")
def test_a_rate_above_the_limit_is_refused_and_one_at_it_is_not() -> None:
    hand = Hand()
    run_pattern(hand, {0: 1_000, 20: 2_050}, pattern=2)
    therapy = hand.pump.therapy
    therapy.set_basal(100)
    hand.pump.device.set_limits(2_000, 40_000, 60_000, 150_000)
    for order, field_name in ((lambda: therapy.set_basal(2_050), "rate_mu_per_h"),
                              (lambda: therapy.select_pattern(2), "pattern"),
                              (lambda: therapy.temp_basal(protocol.TEMP_RATE, 2_050, 30), "value"),
                              (lambda: therapy.recommend_rate(2_050, 5), "rate_mu_per_h")):  # fmt: skip
        error = refused(order, protocol.CLINICIAN_LIMIT)
        assert (error.field_name, error.value, error.limit) == (field_name, 2_050, 2_000)
        assert hand.pump.status()["in_force_mu_per_h"] == 100
    therapy.set_basal(2_000)
    therapy.temp_basal(protocol.TEMP_PERCENT, 50, 30)
    error = refused(lambda: therapy.set_basal(2_050), protocol.CLINICIAN_LIMIT)
    assert (error.value, error.limit) == (2_050, 2_000), "also while a percentage lowers it"


@pytest.mark.req("THER-2", "GUARD-1")
def test_a_temporary_rate_has_its_bounds_and_steps() -> None:
    hand = Hand()
    therapy = hand.pump.therapy
    therapy.set_basal(1_050)
    hand.pump.device.set_limits(1_100, 40_000, 60_000, 150_000)
    percent, rate = protocol.TEMP_PERCENT, protocol.TEMP_RATE
    for kind, value, why, figures in (
        (percent, 201, protocol.OUT_OF_RANGE, (201, 200)),
        (percent, 200, protocol.CLINICIAN_LIMIT, (2_100, 1_100)),
        (percent, 105, protocol.CLINICIAN_LIMIT, (1_102, 1_100)),
        (rate, 1_049, protocol.NOT_MULTIPLE, (1_049, 50)),
        (rate, 1_150, protocol.CLINICIAN_LIMIT, (1_150, 1_100)),
    ):
        error = refused(partial(therapy.temp_basal, kind, value, 30), why)
        assert (error.field_name, error.value, error.limit) == ("value", *figures)
    assert therapy.temp_basal(percent, 104, 30)["in_force_mu_per_h"] == 1_092
    assert therapy.temp_basal(rate, 1_100, 30)["in_force_mu_per_h"] == 1_100
    assert hand.pump.therapy.promised_mu_per_h() == 0


@pytest.mark.req("GUARD-1")
def test_only_a_percentage_above_a_hundred_promises_a_rate() -> None:
    hand = Hand()
    therapy = hand.pump.therapy
    run_pattern(hand, {0: 100, 20: 1_050})
    for percent, promised in ((100, 0), (101, 1_060), (200, 2_100)):
        therapy.temp_basal(protocol.TEMP_PERCENT, percent, 30)
        assert therapy.promised_mu_per_h() == promised
    error = refused(lambda: hand.pump.device.set_limits(2_050, 40_000, 60_000, 150_000), protocol.OUT_OF_RANGE)
    assert (error.field_name, error.value, error.limit) == ("max_basal_mu_per_h", 2_050, 2_100)


@pytest.mark.req("THER-3", "THER-7")
def test_an_order_in_a_state_that_does_not_take_it_is_refused_with_that_state() -> None:
    hand = Hand()
    therapy = hand.pump.therapy
    running, suspended, stopped = protocol.STATE_RUNNING, protocol.STATE_SUSPENDED, protocol.STATE_STOPPED

    def states(*orders: str) -> list[int]:
        given = {"temp_basal": (protocol.TEMP_RATE, 50, 30), "recommend_rate": (50, 5)}
        found = []
        for order in orders:
            error = refused(partial(method_of(hand, order), *given.get(order, ())), protocol.WRONG_STATE)
            assert error.field_name is None
            found.append(error.value)
        return found

    assert states("resume") == [running]
    hand.pump.switch.suspend()
    assert states("suspend", "temp_basal", "recommend_rate") == [suspended] * 3
    hand.pump.switch.stop()
    assert states("stop", "suspend", "temp_basal", "recommend_rate") == [stopped] * 4
    hand.pump.course.enter(hand.now_us)
    assert states("suspend", "resume", "temp_basal") == [protocol.STATE_PROCEDURE] * 3
    hand.core.stop(hand.now_us, code.FAULT_STOPPED)
    assert states("stop", "suspend", "resume", "temp_basal") == [protocol.STATE_FAULT] * 4
    error = refused(lambda: therapy.set_basal(50), protocol.WRONG_STATE)
    assert error.value == protocol.STATE_FAULT


@pytest.mark.req("THER-7")
def test_no_rate_is_recommended_amid_a_temporary_one() -> None:
    hand = Hand()
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 50, 30)
    refused(lambda: hand.pump.therapy.recommend_rate(100, 5), protocol.TEMP_ACTIVE)
    assert hand.pump.record.recommended_until_us == 0


@pytest.mark.req("GUARD-1", "THER-9")
def test_a_temporary_rate_that_a_cap_must_cut_says_so_and_one_that_it_need_not_says_nothing() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(100)
    hand.pump.device.set_limits(35_000, 40_000, 10_000, 150_000)
    for rate, named in ((9_000, "none"), (11_000, "hour")):
        reply = hand.pump.therapy.temp_basal(protocol.TEMP_RATE, rate, 120)
        assert protocol.CUTS[reply["cut_by"]] == named
    assert hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 11_000, 50)["cut_by"] == 0, "9.17 U, and then 0.1 U/h"


@pytest.mark.req("ALARM-2", "THER-7")
def test_a_halt_is_told_once_and_a_lapse_before_it_too() -> None:
    hand = Hand()
    therapy = hand.pump.therapy
    told: list[object] = []
    alarms = hand.pump.alarms
    alarms.halted, alarms.lapsed = told.append, partial(told.append, "lapsed")  # type: ignore[method-assign]
    therapy.set_basal(100)
    until_us = therapy.recommend_rate(500, 5)["until_us"]
    hand.now_us = until_us
    alarms.halt(until_us)
    assert told == ["lapsed", protocol.STATE_STOPPED] and hand.pump.record.recommended_until_us == 0
    alarms.halt(until_us + 1)
    assert told == ["lapsed", protocol.STATE_STOPPED], "it is stopped"
    assert therapy.in_force_mu_per_h() == 0
    hand.live(until_us + 2)
    assert therapy.deadline_us == protocol.NEVER_US


@pytest.mark.req("THER-6", "GUARD-1")
def test_a_procedures_strokes_that_are_refused_leave_a_stopped_pump_stopped() -> None:
    hand = Hand()
    hand.pump.device.set_limits(35_000, 1_000, 60_000, 150_000)
    hand.pump.switch.stop()
    error = refused(lambda: hand.pump.course.order_strokes(0, 6, protocol.KIND_DIAGNOSTIC), protocol.CLINICIAN_LIMIT)
    assert (error.field_name, error.value, error.limit) == ("value", 1_200, 1_000)
    assert hand.pump.record.mode == protocol.STATE_STOPPED and hand.core.state()[code.SUSPENDED]
    hand.pump.course.order_strokes(0, 5, protocol.KIND_DIAGNOSTIC)
    assert hand.pump.record.mode == protocol.STATE_PROCEDURE and not hand.core.state()[code.SUSPENDED]
    refused(lambda: hand.pump.course.order_strokes(0, 1, protocol.KIND_DIAGNOSTIC), protocol.BOLUS_ACTIVE)
    assert hand.pump.record.mode == protocol.STATE_PROCEDURE and not hand.core.state()[code.SUSPENDED]
    hand.pump.alarms.halt(hand.now_us, protocol.REASON_CANCELLED)
    ended = [each["reason"] for each in deliveries(hand) if each["kind"] == protocol.KIND_DIAGNOSTIC]
    assert ended == [protocol.REASON_CANCELLED]


@pytest.mark.req("DOSE-5", "THER-10")
def test_what_fails_after_a_halt_is_told_and_the_halt_stands() -> None:
    error = ValueError("for the test")
    told: list[Exception] = []

    def fails(*_: object) -> None:
        raise error

    afterwards(fails, told.append)
    assert told == [error]
    afterwards(fails, fails)
    assert told == [error], "and nothing comes of a failure in that either"


@pytest.mark.req("THER-3", "DOSE-5")
def test_a_suspend_is_told_with_what_it_gives_up_and_leaves_the_percentage_of_before() -> None:
    hand = Hand()
    therapy = hand.pump.therapy
    told: list[int] = []
    hand.pump.alarms.halted = told.append  # type: ignore[method-assign]
    therapy.set_basal(1_000)
    hand.pump.boluses.bolus(1_000)
    assert hand.pump.switch.suspend()["abandoned_strokes"] == 5
    assert told == [protocol.STATE_SUSPENDED] and hand.pump.record.suspended_percent == 100
    hand.pump.switch.resume()
    hand.pump.boluses.bolus(600)
    assert hand.pump.switch.stop()["abandoned_strokes"] == 3, "not those of before"
    assert told == [protocol.STATE_SUSPENDED, protocol.STATE_STOPPED]


@pytest.mark.req("THER-2")
def test_after_a_temporary_rate_that_was_cancelled_nothing_waits_for_its_end() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1_000)
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 50, 30)
    assert hand.pump.therapy.deadline_us == 30 * MINUTE_US
    hand.pump.therapy.cancel_temp()
    assert hand.pump.therapy.deadline_us == protocol.NEVER_US
    assert [each["reason"] for each in deliveries(hand) if each["kind"] == protocol.KIND_TEMP_BASAL] == [
        protocol.REASON_CANCELLED
    ]


@pytest.mark.req("THER-3", "STORE-1")
def test_a_resume_is_whole_or_nothing() -> None:
    hand = Hand()
    therapy = hand.pump.therapy
    run_pattern(hand, {0: 1_000, 1: 700})
    hand.pump.patterns.set_settings(**hand.pump.patterns.read_settings() | {"auto_off_min": 20})
    hand.pump.switch.stop()
    told: list[int] = []
    resumed = hand.pump.alarms.resumed
    hand.pump.alarms.resumed = lambda now_us: told.append(now_us) or resumed(now_us)  # type: ignore[func-returns-value, method-assign]

    def unfit() -> None:
        raise Refused(protocol.UNFIT)

    def nothing_has_changed() -> bool:
        return bool(hand.core.state()[code.SUSPENDED]) and hand.pump.record.mode == protocol.STATE_STOPPED and not told

    course = hand.pump.course
    course.need_fit, fit = unfit, course.need_fit  # type: ignore[method-assign]
    refused(hand.pump.switch.resume, protocol.UNFIT)
    assert nothing_has_changed()
    course.need_fit = lambda: None  # type: ignore[method-assign]
    state, hand.pump._memory.state = hand.pump._memory.state, protocol.MEMORY_WRITE_FAILED
    refused(hand.pump.switch.resume, protocol.MEMORY_FAILED)
    assert nothing_has_changed()
    hand.pump._memory.state, course.need_fit = state, fit  # type: ignore[method-assign]
    hand.now_us += 7
    assert hand.pump.switch.resume()["rate_mu_per_h"] == 1_000
    core = hand.core.state()
    assert not core[code.SUSPENDED] and (core[code.RATE_MU_PER_H], core[code.BOUNDARY_MU_PER_H]) == (1_000, 700)
    assert told == [hand.now_us] and hand.pump.record.contact_us == hand.now_us
    assert therapy.deadline_us == hand.now_us + 20 * MINUTE_US, "auto-off"
    assert hand.pump.books.deliveries.stretch_id


@pytest.mark.req("GUARD-1")
def test_a_new_rate_counts_as_the_running_percentage_raises_it() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1_000)
    hand.pump.device.set_limits(2_000, 40_000, 60_000, 150_000)
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 150, 30)
    error = refused(lambda: hand.pump.therapy.set_basal(1_350), protocol.CLINICIAN_LIMIT)
    assert (error.value, error.limit) == (2_025, 2_000)
    hand.pump.therapy.set_basal(1_300)
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 50, 30)
    hand.pump.therapy.set_basal(2_000)


@pytest.mark.req("GUARD-1", "THER-9")
@pytest.mark.parametrize(("hour_mu", "day_mu", "named"), [(10_000, 150_000, "hour"), (14_000, 14_000, "day")])
def test_a_rate_under_which_a_cap_must_cut_while_a_bolus_runs_says_so(hour_mu: int, day_mu: int, named: str) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(100)
    hand.pump.device.set_limits(35_000, 40_000, hour_mu, day_mu)
    hand.pump.boluses.square_bolus(8_000, 60)
    reply = hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 5_000, 120)
    assert protocol.CUTS[reply["cut_by"]] == named
    assert hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 100, 60)["cut_by"] == 0


@pytest.mark.req("THER-6", "LOG-2")
def test_a_procedure_begins_a_stretch_without_basal_and_is_told() -> None:
    hand = Hand()
    therapy = hand.pump.therapy
    told: list[int] = []
    hand.pump.course._watch = SimpleNamespace(procedure=told.append)
    therapy.set_basal(1_000)
    hand.pump.switch.stop()
    assert hand.pump.books.deliveries.stretch_id == 0, "a stopped pump has none"
    hand.now_us += 7
    hand.pump.course.enter(hand.now_us)
    assert hand.pump.books.deliveries.stretch_id and told == [hand.now_us]
    state = hand.core.state()
    assert (state[code.SUSPENDED], state[code.RATE_MU_PER_H]) == (0, 0)


@pytest.mark.req("STORE-1")
def test_without_a_memory_nothing_is_begun() -> None:
    hand = Hand()
    therapy = hand.pump.therapy
    therapy.set_basal(1_000)
    hand.pump._memory.state = protocol.MEMORY_WRITE_FAILED
    before = hand.core.state()
    for order in (
        partial(therapy.set_basal, 500),
        partial(therapy.select_pattern, 1),
        partial(therapy.temp_basal, protocol.TEMP_RATE, 50, 30),
        partial(therapy.recommend_rate, 50, 5),
        partial(hand.pump.boluses.bolus, 200),
    ):
        refused(order, protocol.MEMORY_FAILED)
        assert hand.core.state() == before and hand.pump.record.pattern == protocol.MANUAL


@pytest.mark.req("DOSE-3", "THER-3")
def test_a_suspend_tells_what_it_has_given_up_and_nothing_of_before() -> None:
    hand = suspended_amid_much()
    hand.pump.switch.resume()
    hand.live(hand.now_us + 5 * SECOND_US)
    hand.pump.boluses.bolus(2_000)
    assert hand.pump.switch.suspend()["abandoned_strokes"] == 10
