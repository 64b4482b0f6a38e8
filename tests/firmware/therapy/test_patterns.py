"""Therapy on CPython: the patterns and the clock by which they run."""

from __future__ import annotations

import pytest

from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand, deliveries, refused
from tests.firmware.ram import RamRtc
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, day, run_pattern, settings, status

MIDNIGHT_S = 1_767_225_600  # RamRtc's


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.mark.req("THER-1")
def test_a_new_pump_has_four_patterns_of_the_preset(hand: Hand) -> None:
    for pattern in range(4):
        read = hand.pump.patterns.read_pattern(pattern, staged=False)
        assert [each["rate_mu_per_h"] for each in read["rates"]] == [200] * 48
        assert read["day_mu"] == 4800
    assert status(hand)["pattern"] == protocol.MANUAL


@pytest.mark.req("THER-1", "DOSE-2")
def test_a_pattern_changes_the_rate_at_its_own_microsecond(hand: Hand) -> None:
    # 3 U/h is a stroke every 4 min; from 01:00 on 6 U/h, every 2 min.
    assert run_pattern(hand, {0: 3000, 2: 6000})["rate_mu_per_h"] == 3000
    hand.live(2 * HOUR_US)
    assert hand.strokes_us == [n * 4 * MINUTE_US for n in range(1, 16)] + [
        HOUR_US + n * 2 * MINUTE_US for n in range(1, 31)
    ]
    stretches = [each for each in deliveries(hand) if each["commanded_strokes"]]
    assert [(each["start_us"], each["commanded_strokes"]) for each in stretches] == [(0, 15), (HOUR_US, 30)]
    assert [each["programmed_mu"] for each in stretches] == [3000, 6000]


@pytest.mark.req("THER-1")
def test_a_day_of_a_pattern_is_repeated_the_next_day_and_nothing_is_lost(hand: Hand) -> None:
    run_pattern(hand, {0: 200, 7: 1550, 15: 650, 31: 900, 44: 450})
    day_mu = hand.pump.patterns.read_pattern(0, staged=False)["day_mu"]
    hand.live(3 * 24 * HOUR_US)
    assert abs(len(hand.strokes_us) * 200 - 3 * day_mu) <= 200
    counts = [sum(1 for each in hand.strokes_us if each // (24 * HOUR_US) == day) for day in range(3)]
    assert max(counts) - min(counts) <= 1


@pytest.mark.req("THER-1")
def test_what_is_staged_changes_nothing_until_it_is_committed_as_it_was_seen(hand: Hand) -> None:
    run_pattern(hand, {0: 1000})
    patterns = hand.pump.patterns
    staged = patterns.stage_pattern(0, day({0: 2000}))
    assert (staged["old_day_mu"], staged["day_mu"]) == (24_000, 48_000)
    assert status(hand)["basal_rate_mu_per_h"] == 1000
    assert patterns.read_pattern(0, staged=True)["fingerprint"] == staged["fingerprint"]
    refused(lambda: patterns.commit_pattern(0, fingerprint=staged["fingerprint"] ^ 1), protocol.NOT_THE_SAME)
    refused(lambda: patterns.commit_pattern(1, fingerprint=staged["fingerprint"]), protocol.NOT_STAGED)
    assert status(hand)["basal_rate_mu_per_h"] == 1000
    assert patterns.commit_pattern(0, fingerprint=staged["fingerprint"])["in_force_mu_per_h"] == 2000
    refused(lambda: patterns.read_pattern(0, staged=True), protocol.NOT_STAGED)
    assert hand.restarted().pump.status()["basal_rate_mu_per_h"] == 2000


@pytest.mark.req("THER-1", "GUARD-1")
def test_a_pattern_above_the_clinicians_limit_is_refused_whole(hand: Hand) -> None:
    hand.pump.device.set_limits(2000, 40_000, 60_000, 150_000)
    error = refused(lambda: hand.pump.patterns.stage_pattern(0, day({0: 2050})), protocol.CLINICIAN_LIMIT)
    assert (error.value, error.limit) == (2050, 2000)


@pytest.mark.req("THER-1")
@pytest.mark.parametrize(("offset_min", "rate"), [(0, 200), (60, 800), (-60, 400)])
def test_patterns_run_by_the_local_clock(offset_min: int, rate: int) -> None:
    hand = Hand(rtc=RamRtc(MIDNIGHT_S))
    settings(hand, utc_offset_min=offset_min)
    run_pattern(hand, {0: 200, 2: 800, 4: 1000, 46: 400})
    assert status(hand)["basal_rate_mu_per_h"] == rate


@pytest.mark.req("THER-1", "LOG-1")
def test_a_clock_set_within_a_segment_or_into_another_is_followed_and_logged(hand: Hand) -> None:
    run_pattern(hand, {0: 1000, 12: 2000, 24: 3000})
    hand.pump.device.set_time(MIDNIGHT_S + 12 * 3600 + 1)
    assert status(hand)["basal_rate_mu_per_h"] == 3000
    hand.pump.device.set_time(MIDNIGHT_S + 11 * 3600 + 3599)
    assert status(hand)["basal_rate_mu_per_h"] == 2000
    hand.live(hand.now_us + 2 * SECOND_US)
    assert status(hand)["basal_rate_mu_per_h"] == 3000
    events = hand.pump.reports.read_log(0, 1000)["events"]
    assert [each["b"] - MIDNIGHT_S for each in events if each["event"] == protocol.EVENT_CLOCK_SET] == [43_201, 43_199]
