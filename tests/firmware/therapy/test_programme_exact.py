"""The programmed rate where a stroke comes between two calls of the core, and the figures of the days ahead."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.protocol import NEVER_US
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.therapy.therapy_by_hand import HOUR_US, day, run_pattern, settings

pytestmark = pytest.mark.req("THER-1", "DOSE-2")
CHANGE_US = HOUR_US // 2
DUE_US = CHANGE_US + 3  # of a bolus's stroke: just after the pattern changes


def about_to_change(at_us: int = CHANGE_US - 2) -> Hand:
    """1 U/h until half past midnight, then 35 U/h; a stroke is due just after that, and it is not half past yet."""
    hand = Hand()
    run_pattern(hand, {0: 1_000, 1: 35_000})
    hand.live(DUE_US - 2 * SECOND_US)
    hand.pump.boluses.bolus(400)
    hand.live(at_us)
    assert hand.core.next_us() == DUE_US
    return hand


def comes_between(hand: Hand, call: str) -> list[int]:
    """The stroke starts just before this call of the core; the returned list gets each answer."""
    plain: Callable[..., int] = getattr(hand.core, call)
    answers: list[int] = []

    def called(*arguments: int) -> int:
        if not hand.core.state()[code.IN_FLIGHT]:
            hand.core.promise(DUE_US, DUE_US)
            assert hand.core.service(DUE_US) == 1
        answers.append(plain(*arguments))
        return answers[-1]

    setattr(hand.core, call, called)
    return answers


def test_a_stroke_that_starts_beyond_the_change_has_the_rate_after_the_change() -> None:
    hand = about_to_change()
    answers = comes_between(hand, "plan_basal")
    hand.pump.therapy.programme.apply(hand.now_us)
    assert answers == [code.E_RANGE, code.OK]
    state = hand.core.state()
    assert (state[code.AT_US], state[code.RATE_MU_PER_H]) == (DUE_US, 35_000)
    assert hand.pump.therapy.programme.next_us == 24 * HOUR_US == state[code.BOUNDARY_US]


def test_a_change_that_is_no_longer_wanted_does_not_stay_where_a_stroke_has_brought_it_in() -> None:
    hand = about_to_change()
    staged = hand.pump.patterns.stage_pattern(0, day({0: 1_000, 20: 500}))
    answers = comes_between(hand, "plan_basal")
    hand.pump.patterns.commit_pattern(0, fingerprint=staged["fingerprint"])
    assert set(answers) == {code.OK}
    state = hand.core.state()
    assert (state[code.RATE_MU_PER_H], state[code.BOUNDARY_US]) == (1_000, 10 * HOUR_US)
    assert state[code.BOUNDARY_MU_PER_H] == 500


def test_a_stroke_amid_a_new_rate_leaves_no_rate_of_before_the_change() -> None:
    """The rate of a moment ago must not outlive the change that has come meanwhile."""
    hand = about_to_change()
    hand.core.set_basal(hand.now_us, 500)
    answers = comes_between(hand, "set_basal")
    hand.pump.therapy.programme.apply(hand.now_us)
    assert answers == [code.OK, code.OK], "1 U/h, which is over, and 35 U/h"
    assert hand.core.state()[code.RATE_MU_PER_H] == 35_000 and hand.pump.therapy.programme.next_us == 24 * HOUR_US


@pytest.mark.req("GUARD-1")
def test_the_basal_ahead_is_told_to_the_last_unit_rounded_down() -> None:
    hand = Hand()
    run_pattern(hand, {0: 50, 1: 0, 2: 1_000})
    programme = hand.pump.therapy.programme
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 2, 60)  # 1 mU/h
    at_us = CHANGE_US - 999_999
    assert programme.ahead(at_us, 1) == [(0, 1, 0), (0, 0, 0)]
    assert programme.ahead(at_us - 1, 1) == [(0, 1, 0), (1, 0, 1)]
    assert programme.ahead(at_us, 1800) == [(0, 1, 0), (0, 0, 0)]
    assert programme.ahead(at_us + 999_999, 1799) == [(0, 0, 0)]
    assert programme.ahead(at_us + 999_999, 1800) == [(0, 0, 0), (1800, 1_000, 0)]


@pytest.mark.req("THER-9")
@pytest.mark.parametrize("hour", [47, 22])
def test_a_stroke_within_two_days_is_told_wherever_it_lies(hour: int) -> None:
    """A day of no insulin by a temporary rate, then a pattern that begins again late."""
    hand = Hand()
    rates = dict.fromkeys(range(48), 0) | {0: 100, 1: 50, 2: 0, 2 * (hour % 24): 35_000, 2 * (hour % 24) + 1: 0}
    run_pattern(hand, rates)
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 0, 1440 if hour > 24 else 720)
    due_us = hand.pump.status()["next_due_us"]
    assert due_us != NEVER_US
    hand.live(due_us)
    assert hand.strokes_us == [due_us]


def amid_a_temporary_rate_of_nothing(rates: dict[int, int], minutes: int, at_us: int = 0) -> Hand:
    hand = Hand()
    run_pattern(hand, rates)
    hand.live(at_us)
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 0, minutes)
    return hand


@pytest.mark.req("THER-9")
def test_a_boluss_next_stroke_is_told_with_and_without_a_temporary_rate() -> None:
    for minutes in (0, 30, 120):  # the pattern changes amid the last one
        hand = amid_a_temporary_rate_of_nothing({0: 1_000, 1: 500, 2: 700}, 120)
        if minutes == 0:
            hand.pump.therapy.cancel_temp()
        elif minutes == 30:
            hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 0, 30)
        hand.pump.boluses.bolus(400)
        assert hand.pump.status()["next_due_us"] == 0
        hand.live(1)
        assert hand.pump.status()["next_due_us"] == 2 * SECOND_US


@pytest.mark.req("THER-9")
def test_a_boluss_stroke_at_the_end_of_a_temporary_rate_is_told() -> None:
    hand = amid_a_temporary_rate_of_nothing({0: 1_000, 1: 500, 2: 700}, 30, SECOND_US)
    until_us = CHANGE_US + SECOND_US
    hand.live(until_us - 2 * SECOND_US)
    hand.pump.boluses.bolus(400)
    hand.live(hand.now_us + 1)
    assert hand.pump.status()["temp_until_us"] == hand.pump.status()["next_due_us"] == until_us


@pytest.mark.req("THER-9")
def test_a_change_at_the_very_end_of_a_temporary_rate_is_the_next_one() -> None:
    """The status goes by the next change of the rate, docs/protocol.md."""
    hand = amid_a_temporary_rate_of_nothing({0: 1_000, 1: 100, 2: 35_000}, 30)
    assert hand.pump.status()["next_due_us"] == CHANGE_US + 2 * HOUR_US


@pytest.mark.req("THER-9")
def test_each_stroke_of_a_square_bolus_is_told_amid_a_temporary_rate_of_nothing() -> None:
    hand = amid_a_temporary_rate_of_nothing({0: 0, 6: 50, 7: 0, 8: 50, 9: 0}, 300)
    hand.pump.boluses.square_bolus(600, 480)
    hand.live(3 * HOUR_US - SECOND_US)
    assert len(hand.strokes_us) == 1
    programme, deliveries = hand.pump.therapy.programme, hand.pump.books.deliveries
    state = list(hand.core.state(hand.now_us))
    third_us = HOUR_US * 8 // 3
    stroke_uq = 200_000 * 3_600_000
    until_us = deliveries.square_until_us
    assert programme.next_due_us(state, stroke_uq, until_us) == 2 * third_us
    hand.live(2 * third_us)
    assert hand.strokes_us == [third_us, 2 * third_us]
    state[code.SQUARE_ABANDONED] = 1  # withheld by a cap: then it is the third that comes next
    assert programme.next_due_us(state, stroke_uq, until_us) == 3 * third_us


@pytest.mark.req("THER-9")
def test_a_stroke_that_comes_owed_as_the_insulin_ends_is_told() -> None:
    hand = amid_a_temporary_rate_of_nothing({0: 0, 1: 50, 2: 400, 3: 0, 20: 50}, 60)
    assert hand.pump.status()["next_due_us"] == HOUR_US * 3 // 2
    hand.live(2 * HOUR_US)
    assert hand.strokes_us == [HOUR_US * 3 // 2]


@pytest.mark.req("THER-9")
def test_what_earlier_rates_have_brought_counts() -> None:
    """30, then 100 mU/h for half an hour each, then 400: the 135 mU that are missing take 20 min and 15 s."""
    hand = amid_a_temporary_rate_of_nothing({0: 0, 1: 50, 2: 50, 3: 100, 4: 400, 5: 50}, 60)
    due_us = hand.pump.status()["next_due_us"]
    hand.live(4 * HOUR_US)
    assert hand.strokes_us[0] == due_us == 2 * HOUR_US + HOUR_US * 125 // 400


@pytest.mark.req("THER-9")
def test_two_days_ahead_count_from_now() -> None:
    day_us = 24 * HOUR_US
    hand = amid_a_temporary_rate_of_nothing(
        dict.fromkeys(range(48), 0) | {1: 50, 2: 0, 46: 35_000, 47: 0}, 1440, day_us
    )
    due_us = hand.pump.status()["next_due_us"]
    assert 2 * day_us + 23 * HOUR_US < due_us < 3 * day_us


@pytest.mark.req("GUARD-1")
def test_what_comes_after_three_rates_is_the_sum_of_them() -> None:
    hand = Hand()
    run_pattern(hand, {0: 50, 1: 100, 2: 1_000, 3: 0})
    found = hand.pump.therapy.programme.ahead(0, 7200)
    assert found == [(0, 50, 0), (1800, 100, 90_000), (3600, 1_000, 270_000), (5400, 0, 2_070_000)]


@pytest.mark.req("GUARD-1", "THER-1")
def test_a_change_to_more_than_the_limit_is_planned_as_the_limit() -> None:
    hand = Hand()
    run_pattern(hand, {0: 100, 1: 12_000})
    hand.pump.therapy.set_basal(100)
    hand.pump.device.set_limits(5_000, 40_000, 60_000, 150_000)
    hand.pump.record.pattern = 0  # which may be so after a reset only
    hand.pump.therapy.follow(hand.now_us)
    assert hand.core.state()[code.BOUNDARY_MU_PER_H] == 5_000
    hand.live(CHANGE_US + 1)
    assert hand.pump.status()["in_force_mu_per_h"] == 5_000


@pytest.mark.req("THER-1", "DOSE-2")
def test_a_rate_by_hand_leaves_nothing_of_a_pattern_planned() -> None:
    hand = Hand()
    run_pattern(hand, {0: 1_000, 1: 3_000})
    assert hand.core.state()[code.BOUNDARY_US] == CHANGE_US
    hand.pump.therapy.set_basal(1_000)  # the very rate that is in force
    assert hand.core.state()[code.BOUNDARY_US] < 0


@pytest.mark.req("THER-7")
def test_what_follows_a_recommended_rate_is_planned_with_it() -> None:
    hand = Hand()
    run_pattern(hand, {0: 1_000, 1: 3_000})
    hand.live(CHANGE_US - 5 * 60 * SECOND_US)
    for minutes, rate in ((5, 3_000), (4, 1_000)):
        until_us = hand.pump.therapy.recommend_rate(500, minutes)["until_us"]
        state = hand.core.state()
        assert (state[code.BOUNDARY_US], state[code.BOUNDARY_MU_PER_H]) == (until_us, rate)


@pytest.mark.req("THER-4")
def test_a_days_basal_is_the_programmed_one_or_what_a_temporary_rate_makes_of_it_if_more() -> None:
    hand = Hand()
    therapy, day_mu = hand.pump.therapy, hand.pump.therapy.programme.day_mu
    therapy.set_basal(1_050)
    assert day_mu() == 25_200
    for kind, value, brings_mu in (
        (protocol.TEMP_PERCENT, 200, 50_400),
        (protocol.TEMP_PERCENT, 101, 25_452),
        (protocol.TEMP_PERCENT, 50, 25_200),
        (protocol.TEMP_RATE, 1_000, 25_200),
        (protocol.TEMP_RATE, 1_100, 26_400),
    ):
        therapy.temp_basal(kind, value, 30)
        assert day_mu() == brings_mu, (kind, value)
    therapy.cancel_temp()
    run_pattern(hand, {0: 200, 47: 5_000})
    assert day_mu() == 47 * 100 + 2_500


@pytest.mark.parametrize(("offset_min", "rate"), [(90, 300), (-90, 4_500), (0, 0)])
def test_a_pattern_runs_by_the_local_half_hours(offset_min: int, rate: int) -> None:
    hand = Hand()
    settings(hand, utc_offset_min=offset_min)
    run_pattern(hand, {half_hour: half_hour * 100 for half_hour in range(48)})
    programme = hand.pump.therapy.programme
    assert programme.wanted(0) == (rate, CHANGE_US, rate + 100)
    assert programme.wanted(CHANGE_US - 1) == (rate, CHANGE_US, rate + 100)
    assert programme.wanted(CHANGE_US) == (rate + 100, 2 * CHANGE_US, rate + 200)
    assert programme.greatest_mu_per_h() == 4_700 and programme.programmed_mu_per_h(CHANGE_US) == rate + 100
    hand.wall.lose(1)
    assert programme.wanted(0) == (0, NEVER_US, 0) and programme.programmed_mu_per_h(CHANGE_US) == 0


def test_a_pattern_of_one_rate_never_changes_and_a_change_is_never_in_the_past() -> None:
    hand = Hand()
    run_pattern(hand, dict.fromkeys(range(48), 250))
    programme = hand.pump.therapy.programme
    assert programme.wanted(7) == (250, NEVER_US, 0)
    hand.wall.lose(1)
    assert programme.wanted(7) == (250, NEVER_US, 0), "the lowest of its rates"
    run_pattern(hand := Hand(), {0: 100, 1: 200})
    hand.wall.device_us = lambda utc_s: 1_000  # type: ignore[method-assign]
    assert hand.pump.therapy.programme.wanted(5_000) == (100, 5_001, 200)
    assert hand.pump.therapy.programme.wanted(998) == (100, 1_000, 200)


@pytest.mark.req("THER-3")
def test_the_rate_while_suspended_is_the_least_of_three() -> None:
    hand = Hand()
    programme, record = hand.pump.therapy.programme, hand.pump.record
    record.manual_mu_per_h, record.mode = 1_050, protocol.STATE_SUSPENDED
    for setting, before, percent, rate in (
        (200, 5_000, 100, 200),
        (5_000, 300, 100, 300),
        (5_000, 5_000, 60, 630),
        (5_000, 5_000, 99, 1_039),
        (5_000, 5_000, 100, 1_050),
    ):
        hand.pump._memory.settings.suspend_rate_mu_per_h = setting
        record.suspended_mu_per_h, record.suspended_percent = before, percent
        assert programme.wanted(0)[0] == rate
    record.mode = protocol.STATE_PROCEDURE
    assert programme.wanted(0) == (0, NEVER_US, 0)
