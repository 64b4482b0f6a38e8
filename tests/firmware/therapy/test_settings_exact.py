"""Patterns, settings, limits and the clock: each refusal by name, answers and log by their figures."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from firmware.storage.settings import fingerprint
from tests.firmware.hand import SECOND_US, Hand, alarms, refused
from tests.firmware.test_told_and_kept import logged
from tests.firmware.therapy.settings_answers import accepted, named

pytestmark = pytest.mark.req("THER-1", "THER-9", "GUARD-1")
NOON_S = 1_767_225_600


def rates(first: int, rest: int) -> list[dict[str, int]]:
    return [{"rate_mu_per_h": each} for each in [first] + [rest] * 47]


FLAT = [1_000] + [500] * 47
DAY_MU = (1_000 + 47 * 500) // 2


def test_a_staged_pattern_is_shown_beside_the_old_one_and_nothing_else_changes() -> None:
    patterns = Hand().pump.patterns
    assert named(lambda: patterns.read_pattern(1, True), protocol.NOT_STAGED) == ("pattern", 1, 0)
    assert named(lambda: patterns.commit_pattern(1, fingerprint=0), protocol.NOT_STAGED) == ("pattern", 1, 0)
    reply = patterns.stage_pattern(1, rates(1_000, 500))
    assert reply == {"fingerprint": fingerprint(FLAT), "day_mu": DAY_MU, "old_day_mu": 4_800, "cut_by": 0}
    assert patterns.read_pattern(1, True) == {
        "fingerprint": fingerprint(FLAT), "day_mu": DAY_MU, "rates": rates(1_000, 500),
    }  # fmt: skip
    assert patterns.read_pattern(1, False)["rates"] == rates(200, 200)
    assert named(lambda: patterns.read_pattern(0, True), protocol.NOT_STAGED) == ("pattern", 0, 0)


def test_a_pattern_above_the_limit_is_refused_and_one_at_the_limit_is_not() -> None:
    hand = Hand()
    hand.pump.device.set_limits(2_000, 40_000, 60_000, 500_000)
    patterns = hand.pump.patterns
    limit = protocol.CLINICIAN_LIMIT
    assert named(lambda: patterns.stage_pattern(1, rates(2_050, 50)), limit) == ("rates", 2_050, 2_000)
    assert patterns.stage_pattern(1, rates(2_000, 50))["day_mu"] == (2_000 + 47 * 50) // 2


@pytest.mark.parametrize("runs", [False, True])
def test_what_is_committed_is_what_was_looked_at(runs: bool) -> None:
    hand = Hand()
    patterns = hand.pump.patterns
    if runs:
        hand.pump.therapy.select_pattern(1)
    print_ = patterns.stage_pattern(1, rates(1_000, 500))["fingerprint"]
    other = print_ ^ 1
    assert named(lambda: patterns.commit_pattern(1, fingerprint=other), protocol.NOT_THE_SAME) == (
        "fingerprint", other, print_,
    )  # fmt: skip
    hand.now_us = 9
    reply = patterns.commit_pattern(1, fingerprint=print_)
    in_force = 1_000 if runs else 0
    assert reply == {"at_us": 9, "day_mu": DAY_MU, "in_force_mu_per_h": in_force, "cut_by": 0}
    assert accepted(hand, "commit_pattern") == [(1, 4_800, DAY_MU, 0)]
    assert patterns.read_pattern(1, False)["rates"] == rates(1_000, 500)
    assert named(lambda: patterns.read_pattern(1, True), protocol.NOT_STAGED) == ("pattern", 1, 0)


def test_a_running_percentage_counts_for_the_pattern_that_runs_and_for_no_other() -> None:
    hand = Hand()
    hand.pump.device.set_limits(2_000, 40_000, 60_000, 500_000)
    hand.pump.therapy.select_pattern(1)
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 200, 30)
    patterns = hand.pump.patterns
    for pattern in (1, 2):
        patterns.stage_pattern(pattern, rates(1_050, 50))
    print_ = fingerprint([1_050] + [50] * 47)
    found = named(lambda: patterns.commit_pattern(1, fingerprint=print_), protocol.CLINICIAN_LIMIT)
    assert found == ("pattern", 2_100, 2_000)
    assert patterns.commit_pattern(2, fingerprint=print_)["day_mu"] == (1_050 + 47 * 50) // 2


@pytest.mark.req("THER-4")
def test_thresholds_are_in_order_and_new_ones_whole_strokes() -> None:
    hand = Hand()
    patterns = hand.pump.patterns
    told: list[int] = []
    hand.pump.alarms.content_changed = told.append  # type: ignore[method-assign]
    before = patterns.read_settings()
    names = ("reservoir_stop_mu", "reservoir_empty_mu", "reservoir_low_mu")

    def given(stop: int, empty: int, low: int) -> Any:
        return lambda: patterns.set_settings(**before | dict(zip(names, (stop, empty, low), strict=True)))

    out, whole = protocol.OUT_OF_RANGE, protocol.NOT_WHOLE_STROKES
    assert named(given(400_200, 400_000, 800_000), out) == ("reservoir_stop_mu", 400_200, 400_000)
    assert named(given(200_000, 800_200, 800_000), out) == ("reservoir_empty_mu", 800_200, 800_000)
    for place, field in enumerate(names):
        values = [200_000, 400_000, 800_000]
        values[place] += 1
        assert named(given(*values), whole) == (field, values[place], 200)
    assert patterns.read_settings() == before and told == []
    hand.now_us = 8
    assert given(400_000, 400_000, 400_000)() == {"at_us": 8} and told == [8]
    assert accepted(hand, "set_settings") == [(2, 0, 0, 0)]
    changed = {(each["detail"], each["a"], each["b"]) for each in logged(hand, protocol.EVENT_SETTING_CHANGED)}
    place = [field.name for field in protocol.SETTINGS].index
    assert changed == {
        (place("reservoir_stop_mu"), 200_000, 400_000), (place("reservoir_low_mu"), 800_000, 400_000),
    }  # fmt: skip


@pytest.mark.req("THER-8")
def test_the_time_that_was_and_the_time_that_is_are_answered_and_logged() -> None:
    hand = Hand()
    hand.live(5 * SECOND_US)
    reply = hand.pump.device.set_time(NOON_S + 500)
    assert reply == {"at_us": 5 * SECOND_US, "old_utc_s": NOON_S + 5, "new_utc_s": NOON_S + 500}
    assert [(each["a"], each["b"]) for each in logged(hand, protocol.EVENT_CLOCK_SET)] == [(NOON_S + 5, NOON_S + 500)]
    assert accepted(hand, "set_time") == [(NOON_S + 500, 0, 0, 0)]
    assert hand.wall.utc_s(hand.now_us) == NOON_S + 500 == hand.rtc.now_s
    assert alarms(hand) == [] and logged(hand, protocol.EVENT_CLOCK_LOST) == []


@pytest.mark.req("THER-8", "ALARM-1")
def test_a_clock_that_had_gone_astray_when_it_is_set_is_an_alarm() -> None:
    hand = Hand()
    hand.live(5 * SECOND_US)
    assert hand.rtc.now_s is not None
    hand.rtc.now_s += 600
    hand.pump.device.set_time(NOON_S + 5)
    assert [each["detail"] for each in logged(hand, protocol.EVENT_CLOCK_LOST)] == [4], "the two disagree"
    assert "clock_lost" in alarms(hand) and hand.wall.known


@pytest.mark.req("STORE-1", "THER-8")
@pytest.mark.parametrize("known", [True, False])
def test_a_time_that_memory_did_not_take_is_set_back(known: bool) -> None:
    hand = Hand()
    hand.live(5 * SECOND_US)
    if not known:
        hand.wall.lose(3)
    hand.memory.failing = True
    refused(lambda: hand.pump.device.set_time(NOON_S + 500), protocol.MEMORY_FAILED)
    assert hand.wall.known == known
    if known:
        assert hand.wall.utc_s(hand.now_us) == NOON_S + 5 == hand.rtc.now_s
    else:
        assert hand.wall.why == 3


@pytest.mark.req("THER-8")
def test_a_time_that_is_set_back_has_gone_on_meanwhile() -> None:
    hand = Hand()
    hand.pump.device.set_time(NOON_S + 500)
    (noted,) = logged(hand, protocol.EVENT_CLOCK_SET)
    assert (noted["detail"], noted["reason"]) == (0, 0)
    hand.now_us = 3_999_999
    hand.pump.device._set_back(NOON_S, 0, 1)
    assert hand.wall.utc_s(hand.now_us) == NOON_S + 3 == hand.rtc.now_s


@pytest.mark.req("STORE-3", "ALARM-1")
def test_a_memory_that_cannot_be_believed_is_started_anew_and_no_other() -> None:
    hand = Hand()
    refused(hand.pump.device.initialise_memory, protocol.MEMORY_GOOD)
    for copy in (1852, 2652):
        hand.memory.flip(copy)
    hand = hand.restarted()
    assert not hand.pump.upkeep.passed
    hand.memory.failing = True
    refused(hand.pump.device.initialise_memory, protocol.MEMORY_FAILED)
    hand.memory.failing = False
    hand.now_us += 9
    assert hand.pump.device.initialise_memory() == {"at_us": hand.now_us}
    assert hand.pump.upkeep.passed and "initialised_to_defaults" in alarms(hand)
    assert hand.pump.status()["memory"] == protocol.MEMORY_WHOLE
    assert accepted(hand, "initialise_memory") == [(0, 0, 0, 0)]
    refused(hand.pump.device.initialise_memory, protocol.MEMORY_GOOD)
    hand.memory.absent = True
    refused(lambda: hand.pump.reports.read_log(0, 1), protocol.MEMORY_FAILED)


def test_a_pattern_that_was_staged_before_the_limit_was_lowered_is_not_committed() -> None:
    hand = Hand()
    patterns = hand.pump.patterns
    print_ = patterns.stage_pattern(1, rates(2_050, 50))["fingerprint"]
    hand.pump.device.set_limits(2_000, 40_000, 60_000, 500_000)
    found = named(lambda: patterns.commit_pattern(1, fingerprint=print_), protocol.CLINICIAN_LIMIT)
    assert found == ("pattern", 2_050, 2_000)


def test_a_pattern_that_a_cap_must_cut_says_so_whether_it_runs_or_not() -> None:
    hand = Hand()
    hand.pump.device.set_limits(35_000, 40_000, 10_000, 10_000)
    patterns = hand.pump.patterns
    for pattern in (1, 2):
        staged = patterns.stage_pattern(pattern, rates(1_000, 1_000))
        assert staged["cut_by"] == protocol.CUTS.index("day"), "24 U a day under a cap of 10"
        assert patterns.commit_pattern(pattern, fingerprint=staged["fingerprint"])["cut_by"] == 2
        hand.pump.therapy.select_pattern(2)


@pytest.mark.req("THER-3")
def test_a_setting_is_in_force_at_once() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1_000)
    hand.pump.switch.suspend()
    assert hand.pump.status()["in_force_mu_per_h"] == 200
    hand.pump.patterns.set_settings(**hand.pump.patterns.read_settings() | {"suspend_rate_mu_per_h": 0})
    assert hand.pump.status()["in_force_mu_per_h"] == 0
    assert [each["reason"] for each in logged(hand, protocol.EVENT_SETTING_CHANGED)] == [0]


@pytest.mark.req("STORE-3")
def test_nothing_is_staged_in_a_memory_that_cannot_be_believed() -> None:
    hand = Hand()
    for copy in (1852, 2652):
        hand.memory.flip(copy)
    damaged = hand.restarted()
    writes = len(damaged.memory.writes)
    refused(lambda: damaged.pump.patterns.stage_pattern(1, rates(50, 50)), protocol.MEMORY_FAILED)
    assert len(damaged.memory.writes) == writes
