"""Therapy on CPython: patterns, temporary basal, the boluses, suspend and stop, a closed loop, auto-off, reservoir."""

from __future__ import annotations

import pytest

from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand, alarms, deliveries, refused
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, run_pattern, settings, status


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.mark.req("THER-2")
def test_a_temporary_basal_in_percent_takes_the_pattern_along_and_ends_by_itself(hand: Hand) -> None:
    run_pattern(hand, {0: 6000, 1: 3000})
    reply = hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 50, 60)
    assert (reply["until_us"], reply["in_force_mu_per_h"]) == (HOUR_US, 3000)
    hand.live(2 * HOUR_US)
    temp = next(each for each in deliveries(hand) if each["kind"] == protocol.KIND_TEMP_BASAL)
    assert (temp["id"], temp["programmed_mu"], temp["reason"]) == (
        reply["delivery_id"],
        1500 + 750,
        protocol.REASON_COMPLETED,
    )
    assert (temp["start_us"], temp["end_us"]) == (0, HOUR_US)
    assert status(hand)["temp_until_us"] == protocol.NEVER_US
    assert abs(len(hand.strokes_us) * 200 - (2250 + 3000)) < 200


@pytest.mark.req("THER-2")
def test_a_temporary_basal_can_be_replaced_and_cancelled(hand: Hand) -> None:
    therapy = hand.pump.therapy
    refused(therapy.cancel_temp, protocol.NO_TEMP_ACTIVE)
    therapy.set_basal(1000)
    first = therapy.temp_basal(protocol.TEMP_RATE, 2000, 30)
    hand.live(10 * MINUTE_US)
    second = therapy.temp_basal(protocol.TEMP_RATE, 500, 30)
    assert second["delivery_id"] == first["delivery_id"] + 1
    hand.live(20 * MINUTE_US)
    assert therapy.cancel_temp()["in_force_mu_per_h"] == 1000
    kinds = [(each["kind"], each["reason"]) for each in deliveries(hand)[-3:]]
    assert kinds == [
        (protocol.KIND_TEMP_BASAL, protocol.REASON_SUPERSEDED),
        (protocol.KIND_TEMP_BASAL, protocol.REASON_CANCELLED),
        (protocol.KIND_BASAL, protocol.REASON_RUNNING),
    ]


@pytest.mark.req("THER-2", "GUARD-1")
@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        (protocol.TEMP_PERCENT, 201, protocol.OUT_OF_RANGE),
        (protocol.TEMP_RATE, 1020, protocol.NOT_MULTIPLE),
        (protocol.TEMP_RATE, 5050, protocol.CLINICIAN_LIMIT),
        (protocol.TEMP_PERCENT, 200, protocol.CLINICIAN_LIMIT),
    ],
)
def test_a_temporary_basal_that_cannot_be_is_refused_with_nothing_changed(
    hand: Hand, kind: int, value: int, code: int
) -> None:
    hand.pump.device.set_limits(5000, 40_000, 60_000, 150_000)
    run_pattern(hand, {0: 1000, 40: 3000})  # twice 3 U/h would come tonight
    before = status(hand)
    refused(lambda: hand.pump.therapy.temp_basal(kind, value, 60), code)
    assert status(hand) == before


@pytest.mark.req("THER-2", "DOSE-3")
def test_a_square_bolus_is_spread_evenly(hand: Hand) -> None:
    reply = hand.pump.boluses.square_bolus(2000, 30)
    assert reply["strokes"] == 10
    hand.live(HOUR_US)
    assert hand.strokes_us == [n * 3 * MINUTE_US for n in range(1, 11)]
    bolus = deliveries(hand)[-1]
    assert (bolus["id"], bolus["kind"]) == (reply["delivery_id"], protocol.KIND_SQUARE_BOLUS)
    assert (bolus["delivered_strokes"], bolus["reason"]) == (10, protocol.REASON_COMPLETED)


@pytest.mark.req("THER-2", "DOSE-3")
def test_a_dual_bolus_is_two_deliveries_and_cancelling_ends_both(hand: Hand) -> None:
    reply = hand.pump.boluses.dual_bolus(1000, 2000, 60)
    assert reply["strokes"] == 15
    hand.live(20 * MINUTE_US)
    found = status(hand)
    assert (found["bolus_delivered_mu"], found["bolus_remaining_mu"]) == (1000, 0)
    assert (found["square_delivered_mu"], found["square_remaining_mu"]) == (600, 1400)
    ended = hand.pump.boluses.cancel_bolus()
    assert (ended["delivery_id"], ended["square_id"]) == (0, reply["square_id"])
    assert (ended["square_programmed_mu"], ended["square_delivered_mu"]) == (2000, 600)
    square = deliveries(hand)[-1]
    assert (square["kind"], square["reason"]) == (protocol.KIND_DUAL_SQUARE, protocol.REASON_CANCELLED)
    assert (square["delivered_strokes"], square["abandoned_strokes"]) == (3, 7)


@pytest.mark.req("THER-2")
def test_one_bolus_of_each_kind_at_a_time(hand: Hand) -> None:
    boluses = hand.pump.boluses
    boluses.square_bolus(1000, 60)
    boluses.bolus(1000)
    refused(lambda: boluses.square_bolus(1000, 60), protocol.BOLUS_ACTIVE)
    refused(lambda: boluses.bolus(200), protocol.BOLUS_ACTIVE)
    refused(lambda: boluses.dual_bolus(200, 200, 60), protocol.BOLUS_ACTIVE)
    hand.live(2 * HOUR_US)
    assert len(hand.strokes_us) == 10


@pytest.mark.req("THER-2")
def test_a_bolus_is_whole_strokes(hand: Hand) -> None:
    boluses = hand.pump.boluses
    for order in (
        lambda: boluses.bolus(300),
        lambda: boluses.square_bolus(300, 30),
        lambda: boluses.dual_bolus(200, 300, 30),
        lambda: boluses.dual_bolus(300, 200, 30),
    ):
        error = refused(order, protocol.NOT_WHOLE_STROKES)
        assert (error.value, error.limit) == (300, 200)
    assert len(deliveries(hand)) == 1


@pytest.mark.req("THER-3", "DOSE-5")
def test_suspend_goes_on_at_the_least_rate_and_reminds(hand: Hand) -> None:
    therapy, boluses = hand.pump.therapy, hand.pump.boluses
    therapy.set_basal(6000)
    boluses.bolus(2000)
    hand.live(5 * SECOND_US)
    reply = hand.pump.switch.suspend()
    assert (reply["rate_mu_per_h"], status(hand)["state"]) == (200, protocol.STATE_SUSPENDED)
    assert (status(hand)["in_force_mu_per_h"], status(hand)["basal_rate_mu_per_h"]) == (200, 6000), "what resume brings"
    assert alarms(hand) == ["pump_suspended"]
    refused(lambda: boluses.bolus(200), protocol.WRONG_STATE)
    refused(lambda: therapy.temp_basal(0, 1000, 30), protocol.WRONG_STATE)
    refused(hand.pump.switch.suspend, protocol.WRONG_STATE)
    before = len(hand.strokes_us)
    hand.live(5 * SECOND_US + 10 * HOUR_US)
    assert abs(len(hand.strokes_us) - before - 10) <= 1
    assert hand.pump.switch.resume()["rate_mu_per_h"] == 6000
    assert alarms(hand) == []
    cut = next(each for each in deliveries(hand) if each["kind"] == protocol.KIND_NORMAL_BOLUS)
    assert (cut["delivered_strokes"], cut["reason"]) == (3, protocol.REASON_SUSPENDED)


@pytest.mark.req("THER-3")
def test_a_setting_makes_suspend_zero(hand: Hand) -> None:
    settings(hand, suspend_rate_mu_per_h=0)
    hand.pump.therapy.set_basal(6000)
    assert hand.pump.switch.suspend()["rate_mu_per_h"] == 0
    hand.live(10 * HOUR_US)
    assert hand.strokes_us == []
    assert status(hand)["state"] == protocol.STATE_SUSPENDED
    assert hand.pump.switch.resume()["rate_mu_per_h"] == 6000


@pytest.mark.req("THER-3", "STORE-2")
def test_a_suspended_pump_is_suspended_after_a_cut_too(hand: Hand) -> None:
    hand.pump.therapy.set_basal(6000)
    hand.pump.switch.suspend()
    after = hand.restarted()
    assert (status(after)["state"], status(after)["in_force_mu_per_h"]) == (protocol.STATE_SUSPENDED, 200)
    assert alarms(after) == ["pump_suspended"]
    assert after.pump.switch.resume()["rate_mu_per_h"] == 6000


@pytest.mark.req("THER-3")
def test_stop_is_zero_from_running_and_from_suspended(hand: Hand) -> None:
    therapy = hand.pump.therapy
    therapy.set_basal(6000)
    hand.pump.switch.suspend()
    hand.pump.switch.stop()
    assert status(hand)["state"] == protocol.STATE_STOPPED
    refused(hand.pump.switch.stop, protocol.WRONG_STATE)
    refused(hand.pump.switch.suspend, protocol.WRONG_STATE)
    hand.live(5 * HOUR_US)
    assert hand.strokes_us == []
    assert hand.pump.switch.resume()["rate_mu_per_h"] == 6000
    refused(hand.pump.switch.resume, protocol.WRONG_STATE)


@pytest.mark.req("THER-3", "ALARM-1")
def test_without_a_programmer_the_pump_stops_by_itself(hand: Hand) -> None:
    settings(hand, auto_off_min=120)
    hand.pump.therapy.set_basal(6000)
    hand.live(HOUR_US)
    hand.pump.therapy.set_basal(6000)
    hand.live(3 * HOUR_US - SECOND_US)
    assert status(hand)["state"] == protocol.STATE_RUNNING
    hand.live(3 * HOUR_US + SECOND_US)
    assert status(hand)["state"] == protocol.STATE_STOPPED
    assert "auto_off" in alarms(hand)
    strokes = len(hand.strokes_us)
    hand.live(5 * HOUR_US)
    assert len(hand.strokes_us) == strokes
    hand.pump.switch.resume()
    assert "auto_off" not in alarms(hand)


@pytest.mark.req("THER-7")
def test_a_recommended_rate_lapses_into_what_is_programmed_without_anybodys_help(hand: Hand) -> None:
    therapy = hand.pump.therapy
    run_pattern(hand, {0: 3000, 1: 6000})
    reply = therapy.recommend_rate(12_000, 40)
    assert (reply["until_us"], reply["programmed_mu_per_h"]) == (40 * MINUTE_US, 3000)
    assert hand.core.state()[29:31] == (40 * MINUTE_US, 6000), "the core knows the change: it needs no supervisor"
    hand.live(80 * MINUTE_US)
    assert hand.strokes_us == [n * MINUTE_US for n in range(1, 41)] + [
        40 * MINUTE_US + n * 2 * MINUTE_US for n in range(1, 21)
    ]
    events = [each["event"] for each in hand.pump.reports.read_log(0, 1000)["events"]]
    assert events.count(protocol.EVENT_RATE_LAPSED) == 1
    assert status(hand)["recommended_until_us"] == protocol.NEVER_US


@pytest.mark.req("THER-7")
def test_a_recommended_rate_is_renewed_and_limited(hand: Hand) -> None:
    therapy = hand.pump.therapy
    therapy.set_basal(1000)
    therapy.recommend_rate(2000, 10)
    hand.live(5 * MINUTE_US)
    assert therapy.recommend_rate(500, 10)["until_us"] == 15 * MINUTE_US
    hand.pump.device.set_limits(1500, 40_000, 60_000, 150_000)
    refused(lambda: therapy.recommend_rate(1550, 10), protocol.CLINICIAN_LIMIT)
    assert (status(hand)["basal_rate_mu_per_h"], status(hand)["in_force_mu_per_h"]) == (1000, 500)
    therapy.temp_basal(protocol.TEMP_RATE, 700, 30)
    assert status(hand)["recommended_until_us"] == protocol.NEVER_US
    refused(lambda: therapy.recommend_rate(500, 10), protocol.TEMP_ACTIVE)


@pytest.mark.req("THER-7", "STORE-2")
def test_a_recommendation_does_not_outlive_its_end_over_a_cut(hand: Hand) -> None:
    hand.pump.therapy.set_basal(1000)
    hand.pump.therapy.recommend_rate(9000, 10)
    after = hand.restarted(11 * MINUTE_US)
    assert status(after)["basal_rate_mu_per_h"] == 1000
