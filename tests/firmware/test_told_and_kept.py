"""What the log tells besides orders, and that all of what runs outlives a reset."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from firmware.protocol.alarms import ALARMS, BY_NAME
from firmware.storage.deliveries import Deliveries
from tests.firmware.answering import answering
from tests.firmware.desk import Desk
from tests.firmware.hand import SECOND_US, Hand, deliveries, refused
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, refill, run_pattern, settings

DAY_US = 24 * HOUR_US


@pytest.fixture
def hand() -> Hand:
    return Hand()


def logged(hand: Hand, event: int) -> list[dict[str, Any]]:
    return [each for each in hand.pump.reports.read_log(0, 10_000)["events"] if each["event"] == event]


def by_id(hand: Hand) -> dict[int, dict[str, int]]:
    return {each["id"]: each for each in deliveries(hand)}


@pytest.mark.req("STORE-2", "STORE-5", "DOSE-3")
def test_everything_that_runs_ends_with_a_reset_as_it_stood(hand: Hand) -> None:
    """A percentage over a change of the pattern, both parts of a dual bolus, a bolus that was given up before."""
    hand.pump.device.set_limits(35_000, 40_000, 60_000, 500_000)
    run_pattern(hand, {0: 3000, 1: 6000})
    hand.pump.boluses.bolus(2000)
    hand.live(5 * SECOND_US)
    hand.pump.boluses.cancel_bolus()
    hand.live(10 * MINUTE_US)
    temp = hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 150, 120)["delivery_id"]
    hand.live(20 * MINUTE_US)
    dual = hand.pump.boluses.dual_bolus(1000, 3000, 60)
    hand.live(40 * MINUTE_US)
    before, given_up = by_id(hand), hand.pump.status()["strokes_abandoned"]
    assert given_up == 7
    after = hand.restarted(SECOND_US)
    kept = by_id(after)
    assert set(kept) == {temp, dual["square_id"], max(kept)}
    for number in (temp, dual["square_id"]):
        was, now = before[number], kept[number]
        assert (now["kind"], now["start_us"], now["reason"]) == (was["kind"], was["start_us"], protocol.REASON_RESET)
        assert (now["commanded_strokes"], now["delivered_strokes"]) == (was["commanded_strokes"],) * 2
    end_us = kept[temp]["end_us"]
    assert 39 * MINUTE_US < end_us <= 40 * MINUTE_US + SECOND_US
    assert kept[temp]["programmed_mu"] == (4500 * 20 * MINUTE_US + 9000 * (end_us - 30 * MINUTE_US)) // HOUR_US
    assert kept[dual["square_id"]]["programmed_mu"] == 3000
    assert kept[temp]["abandoned_strokes"] == 0
    square = kept[dual["square_id"]]
    assert square["commanded_strokes"] + square["abandoned_strokes"] == 15
    assert after.pump.status()["strokes_abandoned"] == given_up + square["abandoned_strokes"]
    assert (after.pump.status()["square_id"], after.pump.status()["bolus_id"]) == (
        dual["square_id"],
        dual["delivery_id"],
    )
    assert kept[max(kept)]["kind"] == protocol.KIND_TEMP_BASAL and max(kept) == max(before) + 1
    told = [each["a"] for each in logged(after, protocol.EVENT_DELIVERY_ENDED)]
    assert sorted(told) == sorted(set(before) - {max(before)} | {temp, dual["square_id"]}) or len(told) == len(
        set(told)
    )
    for event in logged(after, protocol.EVENT_DELIVERY_ENDED)[-2:]:
        ended = kept[event["a"]]
        assert (event["detail"], event["reason"]) == (ended["kind"], ended["reason"])
        figures = ("programmed_mu", "delivered_strokes", "abandoned_strokes")
        assert (event["b"], event["c"], event["d"]) == tuple(ended[name] for name in figures)


@pytest.mark.req("LOG-2")
def test_what_runs_for_days_is_told_every_day(hand: Hand) -> None:
    hand.pump.therapy.set_basal(1000)
    hand.pump.boluses.square_bolus(600, 480)
    hand.live(3 * DAY_US + HOUR_US)
    so_far = logged(hand, protocol.EVENT_DELIVERY_SO_FAR)
    assert [each["b"] // 1000 for each in so_far] == [24, 48, 72]
    assert [each["c"] for each in so_far] == [120, 240, 360]
    assert {(each["category"], each["detail"]) for each in so_far} == {
        (protocol.CATEGORY_DELIVERY, protocol.KIND_BASAL)
    }
    assert len(logged(hand.restarted(SECOND_US), protocol.EVENT_DELIVERY_SO_FAR)) == 3


@pytest.mark.req("LOG-1", "STORE-2")
def test_a_reset_tells_how_many_there_were_how_long_and_what_is_in_doubt(hand: Hand) -> None:
    hand.pump.therapy.set_basal(1000)
    hand.live(HOUR_US + MINUTE_US)
    for number, (gone_us, doubtful) in enumerate(((5 * MINUTE_US, 0), (30 * MINUTE_US, 1), (2 * HOUR_US, 1)), 1):
        strokes = hand.pump.status()["strokes_commanded"]
        hand = hand.restarted(gone_us)
        event = logged(hand, protocol.EVENT_RESET)[-1]
        assert (event["category"], event["detail"], event["reason"]) == (
            protocol.CATEGORY_MALFUNCTION, protocol.MEMORY_WHOLE, 0,
        )  # fmt: skip
        assert (event["a"], event["b"], event["d"]) == (number, doubtful, 0)
        # Seconds without power, as the clocks have it; from the stroke in doubt on, if there is one.
        assert -1 - 720 * doubtful <= event["c"] - gone_us // SECOND_US <= 60
        assert hand.pump.status()["resets"] == number
        assert hand.pump.status()["strokes_commanded"] - strokes == doubtful
        hand.live(hand.now_us + MINUTE_US)


@pytest.mark.req("LOG-1", "ALARM-2")
def test_alarms_and_their_acknowledgements_are_told_with_figure_and_priority(hand: Hand) -> None:
    for alarm in ALARMS:
        if alarm.name != "pump_stopped":
            hand.pump.alarms.raise_alarm(alarm.name, 100 + alarm.number)
    told = {each["detail"]: each for each in logged(hand, protocol.EVENT_ALARM)}
    for alarm in ALARMS:
        if alarm.name != "pump_stopped":
            found = told[alarm.number]
            assert (found["category"], found["reason"], found["a"]) == (
                protocol.CATEGORY_ALARM, alarm.priority, 100 + alarm.number,
            )  # fmt: skip
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED, "some of them stop"
    latched = hand.pump.alarms.read_alarms(0)
    assert latched["alarms"] == len(ALARMS)
    after = hand.restarted(SECOND_US)
    kept = {each["alarm"]: (each["detail"], each["since_us"]) for each in after.pump.alarms.read_alarms(0)["records"]}
    kept |= {each["alarm"]: (each["detail"], each["since_us"]) for each in after.pump.alarms.read_alarms(15)["records"]}
    was = {each["alarm"]: (each["detail"], each["since_us"]) for each in latched["records"]}
    assert len(was) == 15 and {number: kept[number] for number in was} == was
    for name in ("occlusion", "communication_error", "hourly_maximum_exceeded"):
        hand.pump.alarms.acknowledge_alarm(BY_NAME[name].number)
        event = logged(hand, protocol.EVENT_ACKNOWLEDGED)[-1]
        number = BY_NAME[name].number
        assert (event["detail"], event["reason"], event["a"]) == (number, 0, 100 + number)
        refused(lambda number=number: hand.pump.alarms.acknowledge_alarm(number), protocol.NOT_ACTIVE)


@pytest.mark.req("ALARM-2", "THER-4")
def test_one_that_is_quieted_is_told_as_that(hand: Hand) -> None:
    refill(hand)
    settings(hand, reservoir_low_mu=6_000_000)
    hand.live(MINUTE_US)
    number = BY_NAME["low_reservoir"].number
    reply = hand.pump.alarms.acknowledge_alarm(number)
    assert reply["cause_there"]
    assert logged(hand, protocol.EVENT_ACKNOWLEDGED)[-1]["reason"] == 1


@pytest.mark.req("THER-8", "LOG-1")
def test_a_clock_that_is_lost_is_told_at_the_start_and_when_it_is_found(hand: Hand) -> None:
    hand.live(2 * HOUR_US)
    assert not logged(hand, protocol.EVENT_CLOCK_LOST)
    hand.rtc.now_s = None
    hand.live(hand.now_us + 2 * HOUR_US)
    hand.live(hand.now_us + 25 * HOUR_US)
    found = logged(hand, protocol.EVENT_CLOCK_LOST) + logged(hand, protocol.EVENT_CLOCK_SILENT)
    assert len(found) >= 1 and len(logged(hand, protocol.EVENT_CLOCK_LOST)) <= 1, "once"
    lost = hand.restarted(SECOND_US, clock_lost=True)
    assert len(logged(lost, protocol.EVENT_CLOCK_LOST)) == len(logged(hand, protocol.EVENT_CLOCK_LOST)) + 1
    assert not logged(lost, protocol.EVENT_CLOCK_LOST)[-1]["clock_known"]


ON_A_FAILED_MEMORY = {
    "set_basal": {"rate_mu_per_h": 100},
    "select_pattern": {"pattern": 1},
    "temp_basal": {"kind": 0, "value": 100, "duration_min": 30},
    "recommend_rate": {"rate_mu_per_h": 100, "valid_min": 5},
    "bolus": {"volume_mu": 200},
    "square_bolus": {"volume_mu": 200, "duration_min": 30},
    "dual_bolus": {"volume_mu": 200, "square_mu": 200, "duration_min": 30},
    "resume": {},
    "commit_pattern": {"pattern": 0, "fingerprint": 1},
    "set_limits": {"max_basal_mu_per_h": 100, "max_bolus_mu": 200, "max_hour_mu": 400, "max_day_mu": 400},
    "set_time": {"utc_s": 1_800_000_000},
    "record_refill": {"put_before_mg": 1510, "put_after_mg": 10, "taken_back_nl": 0, "drawn_before_mg": 1,
                      "drawn_after_mg": 1},
    "start_procedure": {"procedure": 1},
    "answer_procedure": {"step": 0, "choice": 0, "value": 0},
    "clear_fault": {"fault": 7},
}  # fmt: skip


@pytest.mark.req("STORE-1", "GUARD-3")
@pytest.mark.parametrize("name", ON_A_FAILED_MEMORY)
def test_on_a_memory_that_has_failed_nothing_is_begun(name: str) -> None:
    desk = Desk()
    hand = desk.hand
    if name == "answer_procedure":
        desk.ask("stop")
        desk.ask("start_procedure", procedure=1)
    hand.memory.failing = True
    hand.pump.books.store()
    assert not hand.pump._memory.usable
    part = answering(None, hand.pump)[name]

    def all_of_it() -> tuple[Any, ...]:
        pump = hand.pump
        return (pump.status(), pump.patterns.read_settings(), pump.refills.read_reservoir(),
                pump.clinic.read_procedure(), hand.core.limits())  # fmt: skip

    before = all_of_it()
    refused(lambda: getattr(part, name)(**ON_A_FAILED_MEMORY[name]), protocol.MEMORY_FAILED)
    assert all_of_it() == before


@pytest.mark.req("PWR-1", "STORE-5")
def test_the_battery_s_account_goes_on_over_a_reset_and_counts_every_stroke(hand: Hand) -> None:
    hand.pump.therapy.set_basal(35_000)
    hand.live(2 * HOUR_US + SECOND_US)
    ledger = hand.pump.upkeep.energy
    assert ledger.strokes == len(hand.strokes_us) == 350
    assert ledger.motor_us == hand.core.plan()[1] * ledger.strokes
    used = ledger.used_nah()
    hand.pump.upkeep.account()
    after = hand.restarted(MINUTE_US)
    again = after.pump.upkeep.energy
    assert (again.strokes, again.motor_us) == (ledger.strokes, ledger.motor_us) and again.used_nah() >= used
    assert again.elapsed_us >= 2 * HOUR_US


@pytest.mark.req("DOSE-3")
def test_a_stopped_pump_has_no_rate_in_force_and_no_delivery_running(hand: Hand) -> None:
    hand.pump.therapy.set_basal(1000)
    hand.pump.switch.stop()
    status = hand.pump.status()
    assert (status["basal_rate_mu_per_h"], status["in_force_mu_per_h"]) == (1000, 0)
    assert all(each["end_us"] or each["start_us"] == each["end_us"] for each in deliveries(hand))
    books: Deliveries = hand.pump.books.deliveries
    assert books.stretch_id == 0 and not books.running()
