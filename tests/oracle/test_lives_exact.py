"""What a reset does, by hand: which stroke counts, what is owed, what has ended when, what becomes of the clock."""

from __future__ import annotations

import pytest

from hil.oracle import lives
from hil.oracle.boluses import Entry
from hil.oracle.exact import NEVER_US
from hil.oracle.programme import Temp
from tests.oracle.cut_life import cut, reset, running, strokes
from tests.oracle.hand import EDGE_US, EPOCH_S, MIN, H, Hand, S

pytestmark = pytest.mark.req("STORE-2", "STORE-5")
Q = 200 * H
EVERY_US = 240 * S  # a stroke at 3 U/h


# When a life may begin
def test_the_device_s_time_is_the_clock_s_by_its_seconds_at_both_ends() -> None:
    made = running().device.pump
    for unsure_us in (0, S):
        for off_us, fits in ((1_500_000, True), (1_500_001, False)):
            for sign in (-1, 1):
                device_us = 100 * S + sign * (off_us + unsure_us)
                assert lives.may_begin(made, 100 * S, device_us, unsure_us) is fits


def test_time_may_go_on_from_the_permitted_stroke_within_what_the_clock_can_mean() -> None:
    """240 s is 7 s and 500 ppm of the time since the record after 232.883559 s."""
    made = running().device.pump
    assert lives.may_begin(made, 232_883_559, EVERY_US, 0)
    assert not lives.may_begin(made, 232_883_558, EVERY_US, 0)
    assert not lives.may_begin(made, 236 * S, EVERY_US + 1, 0) and not lives.may_begin(made, 236 * S, EVERY_US - 1, 0)
    assert not lives.may_begin(made, EVERY_US + 2 * S, EVERY_US, 0), "not back"
    made.recorded_us = 200 * S
    assert not lives.may_begin(made, 232_883_559, EVERY_US, 0)
    assert lives.may_begin(made, 232_983_509, EVERY_US, 0)  # 32.98 s by 500 ppm: 16.491 ms
    made = running(1_000).device.pump
    made.programme.recommended_mu_per_h, made.programme.recommended_until_us = 1_000, 360 * S
    made.programme.by_hand_mu_per_h = 2_000
    assert lives.may_begin(made, 536 * S, 540 * S, 0), "as the programme knows"
    assert lives.may_begin(made, 716 * S, 720 * S, 0), "as the rate stands"


# Nothing in doubt
def test_a_short_cut_leaves_what_is_owed_and_begins_accounts_anew() -> None:
    hand = running()
    made = cut(hand, 100 * S, 105 * S)
    ended, new = made.entries[1], made.entries[2]
    assert (ended.reason, ended.end_us, ended.rate_at_end) == ("reset", 100 * S, 3_000)
    assert ended.ends_us == {0, S // 10}, "the order's record, or the one of the hello"
    assert (ended.programmed_q, ended.steady_q, ended.abandoned) == (300_000 * S, 300_000 * S, 0)
    assert (new.kind, new.start_us, new.programmed_q) == ("basal", 105 * S, 0) and made.basal_entry is new
    assert (hand.device.resets, hand.device.born_us, made.recorded_us, made.dark) == (1, 105 * S, 105 * S, False)
    assert reset(made).values == {"doubt": False, "known": False, "cut_us": 100 * S}
    assert reset(made).at_us == 105 * S
    assert strokes(hand, EVERY_US) == [EVERY_US]


def test_the_device_s_time_may_go_back_and_what_was_owed_meanwhile_is_not() -> None:
    hand = running()
    made = cut(hand, 100 * S, 105 * S, 90 * S)
    assert (made.now_us, made.bench_offset_us, made.basal.owed_q) == (90 * S, 15 * S, 270_000 * S)
    assert strokes(hand, EVERY_US) == [EVERY_US]
    hand = running()
    assert cut(hand, 100 * S, 105 * S, 100 * S).basal.owed_q == 300_000 * S


def test_whole_strokes_that_wait_stay_with_a_clock_that_is_believed() -> None:
    """A bolus keeps basal waiting; power goes and comes within the spacing of its stroke."""
    hand = running()
    hand.order(239 * S, "bolus", volume_mu=2_000)
    made = cut(hand, 240 * S + S // 2, 240 * S + S // 2 + 1)
    assert (made.abandoned, made.basal.owed_q // Q) == (8 + 1, 1), "of the bolus, one of ten has its end in doubt"
    assert [each.reason for each in made.entries if each.kind == "normal_bolus"] == ["reset"]


def test_the_log_is_told_now_and_not_when_the_device_s_time_has_jumped_to() -> None:
    hand = running()
    hand.order(0, "bolus", volume_mu=1_000)
    made = cut(hand, 3 * S, 5 * S, 5 * S)
    told = [(each.what, each.bench_us) for each in made.events if each.at_us >= 3 * S]
    assert max(bench_us for _, bench_us in told) == 5 * S
    hand = running()
    hand.device.pump.bench_offset_us = 50 * S
    hand.device.advance(239 * S)
    lives.restart(hand.device, 260 * S, 300 * S, EPOCH_S + 300)
    assert [each.bench_us for each in hand.device.pump.events[1:]] == [260 * S] * 2
    assert hand.device.pump.caps.starts_us == [260 * S], "a stroke that counts was made at the latest now"


# Boluses
def test_a_bolus_in_progress_is_ended_with_what_was_delivered() -> None:
    hand = Hand()
    hand.order(0, "bolus", volume_mu=1_000)
    hand.order(0, "square_bolus", volume_mu=1_000, duration_min=30)
    made = cut(hand, 3 * S, 3 * S + S // 2)
    normal, square = made.entries[1:3]
    assert [(each.reason, each.commanded, each.abandoned) for each in (normal, square)] == [
        ("reset", 2, 3), ("reset", 0, 5),
    ]  # fmt: skip
    for each in (normal, square):
        assert (each.ends_us, each.end_us) == ({2 * S + EDGE_US, 3 * S + S // 2}, 3 * S + S // 2)
    assert made.normal is None and made.square is None and made.abandoned == 8


def test_a_bolus_whose_last_stroke_is_the_one_in_doubt_is_complete() -> None:
    hand = Hand()
    hand.order(0, "bolus", volume_mu=400)
    made = cut(hand, S, 10 * S)
    entry = made.entries[1]
    assert (entry.reason, entry.commanded, entry.confirmed, entry.abandoned) == ("completed", 2, 2, 0)
    assert (entry.end_us, entry.ends_us) == (10 * S, {EDGE_US, 2 * S, 10 * S}), "at a record, that stroke, or now"


def test_basal_that_waits_for_a_bolus_is_given_up_with_a_stroke_in_doubt_or_without_a_clock() -> None:
    """35 U/h for 98 s of a bolus at spacing: four strokes wait."""
    for lost in (0, 2):
        hand = running(35_000)
        hand.order(0, "bolus", volume_mu=30_000)
        made = cut(hand, 99 * S, 99 * S + 10, 99 * S if lost else None, lost=lost)
        waiting = 35_000 * 99 * S // Q
        assert waiting == 4
        given_up = [each.abandoned for each in made.entries if each.kind == "basal"]
        assert sum(given_up) == (4 if lost else 0)
        assert made.basal.owed_q // Q == (0 if lost else 4)
    hand = running(35_000)
    hand.order(0, "bolus", volume_mu=30_000)
    made = cut(hand, 99 * S, 105 * S)
    assert sum(each.abandoned for each in made.entries if each.kind == "basal") == 4
    assert made.basal.owed_q == 35_000 * 100 * S - 4 * Q, "up to the stroke that counts, and no longer"


# The programme in the dark
def by_pattern(*rates: int) -> Hand:
    hand = Hand()
    hand.device.pump.programme.rates[0] = [*rates, *[rates[-1]] * (48 - len(rates))]
    hand.order(0, "select_pattern", pattern=0)
    return hand


@pytest.mark.req("THER-1")
def test_the_pattern_goes_on_in_the_dark() -> None:
    """Nothing until 30 min, then 3 U/h: a stroke at 34 min."""
    made = cut(by_pattern(0, 3_000), 29 * MIN, 34 * MIN)
    assert (made.commanded, made.rate) == (1, 3_000) and made.caps.starts_us == [34 * MIN]
    hand = by_pattern(0, 3_000)
    made = cut(hand, 29 * MIN, 33 * MIN)
    assert (made.commanded, made.rate, made.basal.owed_q) == (0, 3_000, 3_000 * 3 * MIN)
    assert strokes(hand, 34 * MIN) == [34 * MIN]
    hand = by_pattern(1_000, 0, 3_000)
    made = cut(hand, 10 * MIN, 63 * MIN)  # a stroke at 12 min; after it time without power programs nothing
    assert (made.commanded, made.basal.owed_q, made.rate) == (1, 0, 3_000)
    hand = by_pattern(100, 0, 1_000)
    made = cut(hand, 10 * MIN, 63 * MIN)
    assert (made.commanded, made.basal.owed_q) == (0, 100 * 30 * MIN + 1_000 * 3 * MIN)
    ended = made.entries[1]
    assert (ended.reason, ended.rate_at_end, ended.end_us) == ("reset", 100, 10 * MIN)
    assert ended.programmed_q == ended.steady_q == 100 * 10 * MIN


@pytest.mark.req("THER-2", "THER-7")
def test_what_ends_in_the_dark_has_ended() -> None:
    hand = running(100)
    hand.order(S, "temp_basal", kind=0, value=200, duration_min=30)
    made = cut(hand, 10 * MIN, 40 * MIN)
    assert made.programme.temp is None and made.rate == 100
    assert [each.reason for each in made.entries if each.kind == "temp_basal"] == ["reset"]
    hand = running(100)
    hand.order(S, "recommend_rate", rate_mu_per_h=200, valid_min=30)
    made = cut(hand, 10 * MIN, 40 * MIN)
    lapsed = [each for each in made.events if each.what == "rate_lapsed"]
    assert made.rate == 100 and [each.values for each in lapsed] == [{"a": 100}]
    latched = hand.device.alarms.latched["communication_error"]
    assert latched.may_us == S + 30 * MIN and latched.must_us == 40 * MIN, "found when there is power"
    made = cut(hand, 50 * MIN, 51 * MIN)
    assert hand.device.alarms.latched["communication_error"].must_us == 40 * MIN


@pytest.mark.req("THER-2", "THER-7")
def test_what_still_runs_goes_on_after_it() -> None:
    hand = running(100)
    hand.order(S, "temp_basal", kind=0, value=200, duration_min=60)
    made = cut(hand, 10 * MIN, 40 * MIN)
    assert made.programme.temp == Temp(False, 200, S + 60 * MIN) and made.rate == 200
    assert made.basal_entry is not None and made.basal_entry.kind == "temp_basal"
    hand = running(100)
    hand.order(S, "recommend_rate", rate_mu_per_h=200, valid_min=60)
    assert cut(hand, 10 * MIN, 40 * MIN).rate == 200


@pytest.mark.req("THER-8")
def test_without_a_clock_device_time_stands_and_nothing_temporary_goes_on() -> None:
    hand = by_pattern(1_000, 300)
    hand.order(S, "temp_basal", kind=0, value=2_000, duration_min=60)
    made = cut(hand, 60 * S, 300 * S, 60 * S, lost=3)
    assert (made.programme.temp, made.programme.utc_at_zero_us, made.rate) == (None, None, 300)
    assert hand.device.alarms.latched["clock_lost"].may_us == 60 * S
    whats = [(each.what, each.values.get("why")) for each in made.events]
    assert ("clock_lost", 3) in whats and "rate_lapsed" not in [what for what, _ in whats]
    assert reset(made).time_s == 60, "by device time"
    hand = running(100)
    hand.order(S, "recommend_rate", rate_mu_per_h=200, valid_min=60)
    made = cut(hand, 60 * S, 300 * S, 60 * S, lost=1)
    assert made.rate == 100 and made.programme.recommended_until_us == NEVER_US
    assert "communication_error" in hand.device.alarms.latched
    made = cut(running(100), 60 * S, 300 * S, 60 * S, lost=1)
    assert "rate_lapsed" not in [each.what for each in made.events]


@pytest.mark.req("THER-8")
def test_a_clock_that_is_believed_sets_the_wall_clock() -> None:
    hand = running()
    hand.device.advance(60 * S)
    lives.restart(hand.device, 65 * S, 65 * S, EPOCH_S + 99)
    assert hand.device.pump.programme.utc_s(65 * S) == EPOCH_S + 99
    assert reset(hand.device.pump).time_s == EPOCH_S + 99


# Caps and reservoir
@pytest.mark.req("GUARD-1", "THER-8")
def test_the_caps_credit_no_time_since_the_memory_s_last_record() -> None:
    hand = running()
    made = cut(hand, 300 * S, 305 * S)
    assert made.caps.off_us == 305 * S - (EVERY_US + EDGE_US)
    hand = running()
    hand.device.pump.bench_offset_us = 7 * S
    hand.device.advance(100 * S)
    lives.restart(hand.device, 120 * S, 110 * S, EPOCH_S + 110)
    assert hand.device.pump.caps.off_us == 120 * S - 7 * S


@pytest.mark.req("THER-4")
def test_a_stroke_that_counts_may_have_emptied_the_reservoir() -> None:
    hand = running()
    hand.device.reservoir.fill(500_500, 0, 0)  # 0.2 U above the stop
    made = cut(hand, 239 * S, 300 * S)
    assert made.state == "stopped" and hand.device.reservoir.left_mu == 200_000
    assert "pump_stopped" in hand.device.alarms.latched
    hand = running()
    hand.device.reservoir.fill(2_000_500, 0, 0)  # 0.2 U above the level of *low*
    cut(hand, 239 * S, 300 * S)
    assert hand.device.alarms.latched["low_reservoir"].must_us == 300 * S


@pytest.mark.req("ALARM-2")
def test_what_was_latched_by_the_cut_keeps_its_time() -> None:
    hand = running()
    hand.device.advance(100 * S)
    hand.device.alarms.latch("auto_off")
    hand.device.alarms.latch("occlusion", late_us=1)
    cut(hand, 100 * S, 105 * S)
    latched = hand.device.alarms.latched
    assert (latched["auto_off"].must_us, latched["occlusion"].must_us) == (100 * S, 105 * S)


def test_a_stopped_pump_has_no_account_to_end() -> None:
    hand = running()
    hand.order(S, "stop")
    count = len(hand.device.pump.entries)
    made = cut(hand, 10 * S, 15 * S)
    assert (made.state, len(made.entries), made.basal_entry) == ("stopped", count, None)
    assert isinstance(made.entries[0], Entry) and made.recorded_us == 15 * S
    cut(hand, 20 * S, 25 * S)
    assert (hand.device.resets, hand.device.born_us) == (2, 25 * S)
