"""Whatever the wall clock shows: caps, due dates and deliveries go by device time, or an alarm says so."""

from __future__ import annotations

import random
from functools import partial

import pytest

from firmware import protocol
from firmware.protocol.vocabulary import UTC_MAX_S, UTC_MIN_S
from firmware.upkeep import wall_clock
from tests.firmware.hand import SECOND_US, Hand, alarms, deliveries, refused
from tests.firmware.ram import RamRtc
from tests.firmware.upkeep.clock_pumps import events, patterned

HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US
DAY_S = 86_400
WEIGHTS = {"put_before_mg": 30_000, "put_after_mg": 15_000, "taken_back_nl": 0}
EMPTY = {"drawn_before_mg": 10_000, "drawn_after_mg": 10_100}
JUMPS_S = (-40 * 365 * DAY_S, -26 * 365 * DAY_S, -DAY_S, -60, 61, 3601, 7200, 23 * 3600, 25 * 3600, 40 * DAY_S)
JUMPS_S += (70 * 365 * DAY_S,)


@pytest.mark.req("THER-8", "GUARD-1", "STORE-2")
@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_no_jump_over_a_power_cut_empties_a_rolling_cap(jump_s: int) -> None:
    hand = Hand()
    hand.pump.boluses.bolus(40_000)
    hand.live(600 * SECOND_US)
    assert hand.pump.status()["hour_mu"] == 40_000
    now = hand
    for _ in range(2):
        assert now.rtc.now_s is not None
        now.rtc.now_s += jump_s
        now = now.restarted()
        status = now.pump.status()
        assert (status["hour_mu"], status["day_mu"]) == (40_000, 40_000)
        refused(partial(now.pump.boluses.bolus, 20_200), protocol.HOUR_LIMIT)
    now.live(now.now_us + HOUR_US + 10 * SECOND_US)
    assert now.pump.status()["hour_mu"] == 0, "an hour with power has passed"
    assert now.pump.status()["day_mu"] == 40_000


@pytest.mark.req("THER-8", "GUARD-1")
@pytest.mark.parametrize("lost", [False, True])
def test_a_stroke_in_doubt_does_not_take_the_caps_along_to_when_it_was_due(lost: bool) -> None:
    hand = Hand()
    hand.pump.boluses.bolus(40_000)
    hand.pump.therapy.set_basal(50)  # a stroke every four hours
    hand.live(600 * SECOND_US)
    after = hand.restarted(5 * HOUR_US, clock_lost=lost)
    assert after.pump.status()["hour_mu"] == 40_200
    refused(lambda: after.pump.boluses.bolus(20_000), protocol.HOUR_LIMIT)


@pytest.mark.req("THER-8", "STORE-1")
def test_starts_held_back_are_stored_whatever_cuts_that_short() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(20_000)
    hand.live(600 * SECOND_US)
    writes = len(hand.memory.writes)
    image, utc_s = bytes(hand.memory.cells), hand.rtc.now_s
    Hand(hand.memory, hand.rtc)
    recovery = len(hand.memory.writes) - writes
    for number in range(1, recovery + 1):
        for cut_bytes in (0, 20):
            memory = type(hand.memory)(image=image)
            memory.cut_write, memory.cut_bytes = number, cut_bytes
            rtc = RamRtc((utc_s or 0) + 7200)
            try:
                Hand(memory, rtc)
            except BaseException as error:
                assert type(error).__name__ == "PowerCut"
            memory.cut_write = 0
            rtc.now_s = (utc_s or 0) + 7210
            after = Hand(memory, rtc)
            assert after.pump.status()["hour_mu"] == 20_000
            ticks = list(after.core.ticks())[:100]
            assert ticks == sorted(ticks) and ticks[-1] <= after.now_us >> 20


@pytest.mark.req("THER-8", "THER-1", "ALARM-1")
@pytest.mark.parametrize(
    "utc_s", [946_684_800, 1_577_836_800, 1_767_225_600 + 12 * 3600 - 60, 1_767_225_600 + 3 * DAY_S]
)
def test_a_clock_that_contradicts_what_is_stored_is_lost(utc_s: int) -> None:
    hand = Hand(rtc=RamRtc(1_767_225_600 + 12 * 3600))
    patterned(hand)
    hand.live(HOUR_US)
    hand.rtc.now_s = utc_s
    after = hand.restarted()
    status = after.pump.status()
    assert (status["utc_s"], status["basal_rate_mu_per_h"]) == (0, 300)
    assert "clock_lost" in alarms(after)
    assert events(after, protocol.EVENT_CLOCK_LOST)[-1]["detail"] in (
        wall_clock.SILENT,
        wall_clock.BEHIND,
        wall_clock.AHEAD,
    )
    again = after.restarted(HOUR_US)
    assert again.pump.status()["utc_s"] == 0, "that it goes on since does not make it right"
    again.pump.device.set_time(1_767_225_600 + 13 * 3600)
    assert again.pump.status()["basal_rate_mu_per_h"] == 1000
    last = again.restarted(60 * SECOND_US)
    assert last.pump.status()["utc_s"] == 1_767_225_600 + 13 * 3600 + 60


@pytest.mark.req("THER-8")
@pytest.mark.parametrize("jump_s", [-26 * 365 * DAY_S, -3600, -60, 60, 3600, 25 * 3600])
def test_a_jump_of_a_running_pump_is_found_within_the_hour(jump_s: int) -> None:
    hand = Hand(rtc=RamRtc(1_767_225_600 + 13 * 3600))
    patterned(hand)
    hand.live(HOUR_US // 2)
    assert hand.rtc.now_s is not None
    hand.rtc.now_s += jump_s
    hand.live(3 * HOUR_US)
    assert alarms(hand) == ["clock_lost"], "one jump is no other rate: therapy goes on at the least of the pattern"
    assert hand.pump.status()["basal_rate_mu_per_h"] == 300
    assert hand.pump.status()["state"] == protocol.STATE_RUNNING


@pytest.mark.req("THER-8", "SELF-1")
@pytest.mark.parametrize("seed", range(6))
def test_any_number_of_jumps_is_no_other_rate(seed: int) -> None:
    rng = random.Random(seed)
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    for hour in range(1, 60):
        if rng.random() < 0.4:
            assert hand.rtc.now_s is not None
            hand.rtc.now_s += rng.choice((1, -1, 2, -2, 3, 60, -60, 3600, -3600, 90_000, -(10**8)))
        if rng.random() < 0.2:
            hand.pump.device.set_time(1_767_225_600 + hour * 3600)
        hand.live(hour * HOUR_US + 1)
    assert set(alarms(hand)) <= {"clock_lost"}
    assert hand.pump.status()["state"] == protocol.STATE_RUNNING


@pytest.mark.req("THER-8", "THER-4")
@pytest.mark.parametrize("move_s", [-40 * DAY_S, -5 * 365 * DAY_S, 0])
def test_no_clock_that_is_set_postpones_a_refill(move_s: int) -> None:
    hand = Hand()
    hand.pump.clinic.record_refill(**WEIGHTS, **EMPTY)
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | {"in_use_days": 3}))
    hand.live(2 * DAY_US)
    hand.pump.device.set_time(hand.pump.status()["utc_s"] + move_s)
    hand.live(3 * DAY_US - SECOND_US)
    assert "refill_due" not in alarms(hand)
    after = hand.restarted(SECOND_US, clock_lost=move_s == 0)
    after.live(3 * DAY_US + HOUR_US)
    assert "refill_due" in alarms(after)


@pytest.mark.req("THER-8")
def test_nothing_that_runs_is_moved_by_a_clock_that_is_set() -> None:
    def life(moves: tuple[int, ...]) -> list[int]:
        hand = Hand()
        hand.pump.therapy.set_basal(1000)
        hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 200, 60)
        hand.pump.boluses.dual_bolus(2000, 4000, 120)
        for number in range(12):
            for utc_s in moves:
                hand.pump.device.set_time(utc_s)
            hand.live((number + 1) * 1000 * SECOND_US)
        return hand.strokes_us

    assert life((UTC_MIN_S, UTC_MAX_S, 1_767_225_600)) == life((UTC_MAX_S,)) == life(())


@pytest.mark.req("THER-8", "LOG-1")
@pytest.mark.parametrize("utc_s", [UTC_MIN_S, UTC_MAX_S])
def test_the_ends_of_what_can_be_set_leave_room_for_every_sum(utc_s: int) -> None:
    field = next(each for each in protocol.MESSAGES if each.name == "set_time").request[-1]
    assert (field.low, field.high) == (UTC_MIN_S, UTC_MAX_S)
    hand = Hand()
    patterned(hand)
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | {"in_use_days": 90, "utc_offset_min": 840}))
    hand.pump.device.set_time(utc_s)
    hand.pump.clinic.record_refill(**WEIGHTS, **EMPTY)
    hand.live(2 * DAY_US)
    for name in ("read_time", "read_reservoir", "read_log", "status"):
        message = next(each for each in protocol.MESSAGES if each.name == name)
        answer = getattr(hand.pump if name == "status" else hand.pump.refills, name, None) or getattr(
            hand.pump.reports, name
        )
        reply = answer(0, 5) if name == "read_log" else answer()
        if name != "status":
            protocol.encode(message.reply, reply)
        else:
            protocol.encode(protocol.STATUS, reply)
    after = hand.restarted()
    assert protocol.encode(protocol.STATUS, after.pump.status())


@pytest.mark.req("THER-8", "THER-7")
def test_a_recommendation_ends_with_a_clock_that_was_lost_over_a_cut() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.pump.therapy.recommend_rate(5000, 60)
    hand.live(60 * SECOND_US)
    kept = hand.restarted(60 * SECOND_US)
    assert kept.pump.status()["in_force_mu_per_h"] == 5000
    after = kept.restarted(60 * SECOND_US, clock_lost=True)
    assert after.pump.status()["in_force_mu_per_h"] == 1000
    assert after.pump.status()["recommended_until_us"] == protocol.NEVER_US
    assert len(events(after, protocol.EVENT_RATE_LAPSED)) == 1


@pytest.mark.req("THER-2", "THER-8")
def test_a_temporary_rate_outlives_a_cut_only_with_the_clock() -> None:
    """Nobody knows whether its time is over: what is programmed comes back, and the log has the end and its reason."""
    for clock_lost in (False, True):
        hand = Hand()
        hand.pump.therapy.set_basal(1000)
        hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 3000, 120)
        hand.live(600 * SECOND_US)
        after = hand.restarted(60 * SECOND_US, clock_lost=clock_lost)
        status = after.pump.status()
        until_us = protocol.NEVER_US if clock_lost else 7200 * SECOND_US
        assert (status["in_force_mu_per_h"], status["temp_until_us"]) == (1000 if clock_lost else 3000, until_us)
        assert ("clock_lost" in alarms(after)) == clock_lost
        records = deliveries(after)
        assert records[-2]["kind"] == protocol.KIND_TEMP_BASAL and records[-2]["reason"] == protocol.REASON_RESET
        assert records[-1]["kind"] == (protocol.KIND_BASAL if clock_lost else protocol.KIND_TEMP_BASAL)
        after.live(2 * HOUR_US)
        assert after.pump.status()["in_force_mu_per_h"] == 1000


@pytest.mark.req("THER-1", "THER-8")
def test_the_pattern_follows_a_clock_that_is_set_at_once() -> None:
    hand = Hand()
    patterned(hand)
    rates = hand.pump.patterns.read_pattern(hand.pump.record.pattern, False)["rates"]
    for hour in (3, 14, 23, 0):
        hand.pump.device.set_time(1_767_225_600 + 86_400 * 10 + hour * 3600)
        wanted = rates[2 * hour]["rate_mu_per_h"]
        status = hand.pump.status()
        assert (status["basal_rate_mu_per_h"], status["in_force_mu_per_h"]) == (wanted, wanted), hour
        hand.live(hand.now_us + 60 * SECOND_US)


class Reset(Hand):
    """A life that the watchdog has begun: the power was never gone."""

    watchdog_reset = 1


@pytest.mark.req("THER-8")
@pytest.mark.parametrize(("jump_s", "known"), [(0, True), (1800, True), (7200, False), (23 * 3600, False)])
def test_a_jump_of_hours_over_a_reset_with_the_power_on_is_no_time(jump_s: int, known: bool) -> None:
    """There was a record within the hour: whoever shows more has jumped. Over a power cut nobody can know."""
    hand = Hand()
    patterned(hand)
    hand.live(90 * 60 * SECOND_US)
    assert hand.rtc.now_s is not None
    hand.rtc.now_s += 5 + jump_s
    after = Reset(hand.memory, hand.rtc)
    assert after.wall.known == known and ("clock_lost" in alarms(after)) != known
    assert "watchdog_reset" in alarms(after)
    assert Hand(hand.memory, hand.rtc).wall.known == known, "and what was lost is lost"
