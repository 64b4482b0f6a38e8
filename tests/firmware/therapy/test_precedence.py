"""Which rate is in force when orders meet: by hand, pattern, temporary, recommended, suspended; what outlives a cut."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand, alarms, deliveries, method_of, refused
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, day, run_pattern, settings, status

PERCENT, RATE = protocol.TEMP_PERCENT, protocol.TEMP_RATE


@pytest.fixture
def hand() -> Hand:
    return Hand()


def rates(hand: Hand) -> tuple[int, int]:
    """(programmed, in force)."""
    shown = status(hand)
    return shown["basal_rate_mu_per_h"], shown["in_force_mu_per_h"]


def logged(hand: Hand, event: int) -> list[dict[str, Any]]:
    return [each for each in hand.pump.reports.read_log(0, 10_000)["events"] if each["event"] == event]


@pytest.mark.req("THER-1")
def test_the_last_of_hand_and_pattern_holds(hand: Hand) -> None:
    run_pattern(hand, {0: 1000, 1: 3000})
    assert (status(hand)["pattern"], rates(hand)) == (0, (1000, 1000))
    hand.pump.therapy.set_basal(1000)
    assert (status(hand)["pattern"], rates(hand)) == (protocol.MANUAL, (1000, 1000))
    hand.live(2 * HOUR_US)
    assert rates(hand) == (1000, 1000), "the pattern's next change does not come any more"
    assert hand.strokes_us == [each * 12 * MINUTE_US for each in range(1, 11)]
    assert hand.pump.therapy.select_pattern(0)["old_pattern"] == protocol.MANUAL
    assert rates(hand) == (3000, 3000)
    assert hand.pump.therapy.set_basal(50)["old_rate_mu_per_h"] == 3000
    hand.live(3 * HOUR_US)
    assert rates(hand.restarted()) == (50, 50)


@pytest.mark.req("THER-7")
@pytest.mark.parametrize("order", ["set_basal", "select_pattern", "temp_basal", "suspend", "stop"])
def test_a_persons_order_ends_a_recommendation(hand: Hand, order: str) -> None:
    run_pattern(hand, {0: 300})
    hand.pump.therapy.set_basal(500)
    hand.pump.therapy.recommend_rate(2000, 30)
    assert rates(hand) == (500, 2000) and status(hand)["recommended_until_us"] == 30 * MINUTE_US
    hand.live(MINUTE_US)
    arguments = {"set_basal": (700,), "select_pattern": (0,), "temp_basal": (RATE, 900, 30)}.get(order, ())
    method_of(hand, order)(*arguments)
    after = {"set_basal": 700, "select_pattern": 300, "temp_basal": 900, "suspend": 200, "stop": 0}[order]
    assert status(hand)["recommended_until_us"] == protocol.NEVER_US and rates(hand)[1] == after
    hand.live(35 * MINUTE_US)
    assert not logged(hand, protocol.EVENT_RATE_LAPSED), "it did not lapse: it was ended"
    assert "communication_error" not in alarms(hand)
    assert rates(hand.restarted())[1] == {"temp_basal": rates(hand)[1]}.get(order, after)


@pytest.mark.req("THER-7", "LOG-1", "ALARM-1", "STORE-2")
@pytest.mark.parametrize("gone", [False, True])
def test_a_lapse_is_logged_stored_and_an_alarm(hand: Hand, gone: bool) -> None:
    """Also one that comes while the power is off."""
    hand.pump.therapy.set_basal(500)
    hand.pump.therapy.recommend_rate(2000, 30)
    if gone:
        hand.live(29 * MINUTE_US)
        after = hand.restarted(10 * MINUTE_US)
    else:
        hand.live(30 * MINUTE_US + SECOND_US)  # a stroke is due at the same instant
        after = hand
    for _ in range(2):
        found = logged(after, protocol.EVENT_RATE_LAPSED)
        assert [(each["category"], each["detail"], each["reason"], each["a"], each["b"]) for each in found] == [
            (protocol.CATEGORY_CONNECTIVITY, 0, 0, 500, 0)
        ]
        assert "communication_error" in alarms(after) and rates(after) == (500, 500)
        after = after.restarted(SECOND_US)  # at once: all of it was in memory


@pytest.mark.req("LOG-1", "STORE-1", "THER-1")
def test_a_change_of_the_pattern_is_in_memory_when_it_comes(hand: Hand) -> None:
    run_pattern(hand, {0: 1000, 1: 3000})
    hand.live(30 * MINUTE_US)
    first = deliveries(hand)[-2]
    assert (first["end_us"], first["reason"]) == (30 * MINUTE_US, protocol.REASON_SUPERSEDED)
    ended = [each["a"] for each in logged(hand, protocol.EVENT_DELIVERY_ENDED)]
    after = hand.restarted(SECOND_US)
    assert [each["a"] for each in logged(after, protocol.EVENT_DELIVERY_ENDED)][: len(ended)] == ended
    assert ended[-1] == first["id"]


@pytest.mark.req("GUARD-1", "THER-1")
def test_a_pattern_is_judged_by_its_highest_rate_and_what_a_percentage_makes_of_it(hand: Hand) -> None:
    run_pattern(hand, {0: 100, 40: 9000}, pattern=1)
    hand.pump.therapy.set_basal(1000)
    hand.pump.device.set_limits(8_950, 40_000, 60_000, 500_000)
    error = refused(lambda: hand.pump.therapy.select_pattern(1), protocol.CLINICIAN_LIMIT)
    assert (error.field_name, error.value, error.limit) == ("pattern", 9000, 8950)
    assert status(hand)["pattern"] == protocol.MANUAL
    hand.pump.device.set_limits(13_500, 40_000, 60_000, 500_000)
    hand.pump.therapy.temp_basal(PERCENT, 150, 60)
    hand.pump.therapy.select_pattern(1)
    hand.pump.therapy.set_basal(1000)
    error = refused(lambda: hand.pump.therapy.set_basal(9_050), protocol.CLINICIAN_LIMIT)
    assert (error.value, error.limit) == (13_575, 13_500)
    hand.pump.therapy.cancel_temp()
    hand.pump.therapy.select_pattern(1)
    error = refused(lambda: hand.pump.therapy.temp_basal(PERCENT, 151, 60), protocol.CLINICIAN_LIMIT)
    assert (error.field_name, error.value, error.limit) == ("value", 13_590, 13_500)
    error = refused(lambda: hand.pump.therapy.temp_basal(PERCENT, 201, 60), protocol.OUT_OF_RANGE)
    assert (error.field_name, error.value, error.limit) == ("value", 201, 200)
    error = refused(lambda: hand.pump.therapy.temp_basal(RATE, 1025, 60), protocol.NOT_MULTIPLE)
    assert (error.field_name, error.value, error.limit) == ("value", 1025, 50)
    error = refused(lambda: hand.pump.therapy.temp_basal(RATE, 13_550, 60), protocol.CLINICIAN_LIMIT)
    assert (error.value, error.limit) == (13_550, 13_500)
    error = refused(lambda: hand.pump.device.set_limits(8_950, 40_000, 60_000, 500_000), protocol.OUT_OF_RANGE)
    assert error.field_name == "max_basal_mu_per_h"


@pytest.mark.req("THER-3")
def test_suspended_the_rate_is_never_more_than_it_would_be(hand: Hand) -> None:
    settings(hand, suspend_rate_mu_per_h=1000)
    run_pattern(hand, {0: 2000, 2: 700, 4: 2000})
    hand.pump.therapy.temp_basal(PERCENT, 37, 1440)
    assert rates(hand) == (2000, 740)
    assert hand.pump.switch.suspend()["rate_mu_per_h"] == 740
    hand.live(HOUR_US + SECOND_US)
    assert status(hand)["in_force_mu_per_h"] == 700 * 37 // 100
    hand.live(2 * HOUR_US + SECOND_US)
    assert status(hand)["in_force_mu_per_h"] == 740
    assert hand.pump.switch.resume()["rate_mu_per_h"] == 2000, "the temporary rate has ended"
    hand.pump.therapy.temp_basal(PERCENT, 150, 1440)
    assert hand.pump.switch.suspend()["rate_mu_per_h"] == 1000
    after = hand.restarted()
    assert status(after)["in_force_mu_per_h"] == 1000 and status(after)["state"] == protocol.STATE_SUSPENDED


@pytest.mark.req("GUARD-1")
def test_the_basal_to_come_is_known_with_its_changes(hand: Hand) -> None:
    """(s from now, mU/h from then on, mU/h times s by then), up to the first change beyond what was asked for."""
    run_pattern(hand, {0: 1000, 1: 3000, 3: 500})
    ahead = hand.pump.therapy.programme.ahead
    hand.live(10 * MINUTE_US)
    whole = [(0, 1000, 0), (1200, 3000, 1_200_000), (4800, 500, 1_200_000 + 3600 * 3000)]
    assert ahead(hand.now_us, 4800) == whole and ahead(hand.now_us, 4799) == whole[:2]
    hand.pump.therapy.temp_basal(PERCENT, 50, 30)
    halved = [(0, 500, 0), (1200, 1500, 600_000), (1800, 3000, 600_000 + 900_000)]
    assert ahead(hand.now_us, 1800) == halved
    hand.pump.therapy.cancel_temp()
    hand.pump.therapy.recommend_rate(2000, 5)
    assert ahead(hand.now_us, 300) == [(0, 2000, 0), (300, 1000, 600_000)]
    hand.core.set_limits(900, 40_000, 60_000, 150_000)
    hand.pump.switch.stop()
    assert {each[1] for each in ahead(hand.now_us, 86_400)} == {0}, "nothing while it is stopped"


@pytest.mark.req("GUARD-3", "STORE-3")
def test_a_memory_that_cannot_be_believed_delivers_nothing() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.live(HOUR_US)
    for address in range(hand.memory.size_bytes):
        hand.memory.cells[address] ^= 0x5A
    after = hand.restarted()
    assert after.core.state()[code.SUSPENDED] and status(after)["state"] == protocol.STATE_STOPPED
    assert after.pump.therapy.auto_off_us == after.pump.therapy.deadline_us == protocol.NEVER_US
    after.live(after.now_us + HOUR_US)
    assert not after.strokes_us


@pytest.mark.req("THER-3", "THER-7")
@pytest.mark.parametrize("late_us", [0, 1, 40_000])
def test_a_recommendation_that_lapses_as_auto_off_comes_is_told(hand: Hand, late_us: int) -> None:
    settings(hand, auto_off_min=60)
    hand.pump.therapy.set_basal(0)
    hand.live(30 * MINUTE_US - late_us)
    hand.pump.therapy.recommend_rate(0, 30)
    hand.live(60 * MINUTE_US - late_us - 1)
    hand._pass(60 * MINUTE_US)  # the supervisor was at something else: one turn sees both
    hand.live(60 * MINUTE_US)
    assert status(hand)["state"] == protocol.STATE_STOPPED
    assert {"auto_off", "communication_error"} <= set(alarms(hand))
    assert len(logged(hand, protocol.EVENT_RATE_LAPSED)) == 1
    hand = hand.restarted()
    assert status(hand)["state"] == protocol.STATE_STOPPED
    assert len(logged(hand, protocol.EVENT_RATE_LAPSED)) == 1, "told once"


@pytest.mark.req("THER-3")
def test_auto_off_counts_from_the_last_act_of_a_person_and_only_while_it_runs(hand: Hand) -> None:
    settings(hand, auto_off_min=60)
    hand.live(30 * MINUTE_US)
    hand.pump.therapy.set_basal(100)
    assert hand.pump.therapy.auto_off_us == 90 * MINUTE_US
    hand.live(40 * MINUTE_US)
    hand.pump.therapy.recommend_rate(500, 60)
    assert hand.pump.therapy.auto_off_us == 90 * MINUTE_US, "a loop is no person"
    hand.live(90 * MINUTE_US - 1)
    assert status(hand)["state"] == protocol.STATE_RUNNING
    hand.live(90 * MINUTE_US)
    assert status(hand)["state"] == protocol.STATE_STOPPED and "auto_off" in alarms(hand)
    assert hand.pump.therapy.auto_off_us == protocol.NEVER_US
    hand.live(100 * MINUTE_US)
    hand.pump.switch.resume()
    assert hand.pump.therapy.auto_off_us == 160 * MINUTE_US
    hand.pump.switch.suspend()
    assert hand.pump.therapy.auto_off_us == protocol.NEVER_US
    hand.live(300 * MINUTE_US)
    assert status(hand)["state"] == protocol.STATE_SUSPENDED


@pytest.mark.req("GUARD-1", "THER-1")
def test_a_staged_pattern_is_judged_by_the_limit_of_the_day_it_is_committed(hand: Hand) -> None:
    staged = hand.pump.patterns.stage_pattern(2, day({0: 100, 40: 9000}))
    hand.pump.device.set_limits(8_950, 40_000, 60_000, 150_000)
    before = hand.pump.patterns.read_pattern(2, staged=False)
    commit = hand.pump.patterns.commit_pattern
    error = refused(lambda: commit(2, fingerprint=staged["fingerprint"]), protocol.CLINICIAN_LIMIT)
    assert (error.field_name, error.value, error.limit) == ("pattern", 9000, 8950)
    assert hand.pump.patterns.read_pattern(2, staged=False) == before
    hand.pump.device.set_limits(9_000, 40_000, 60_000, 150_000)
    assert commit(2, fingerprint=staged["fingerprint"])["day_mu"] == (40 * 100 + 8 * 9000) // 2
    refused(lambda: commit(2, fingerprint=staged["fingerprint"]), protocol.NOT_STAGED)
    hand.pump.device.set_limits(8_950, 40_000, 60_000, 150_000)
    refused(lambda: hand.pump.therapy.select_pattern(2), protocol.CLINICIAN_LIMIT)
    assert status(hand)["pattern"] == protocol.MANUAL
