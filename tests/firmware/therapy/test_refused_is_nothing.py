"""Refused is nothing: after a refusal all is as before; and what is refused is so after a reset as before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware import protocol
from firmware.errors import Refused
from tests.firmware.hand import SECOND_US, Hand, alarms, refused
from tests.firmware.therapy.test_clinic import REFILL, report, say, step
from tests.firmware.therapy.test_states import ORDERS, REACH, order
from tests.firmware.therapy.therapy_by_hand import HOUR_US

ML = 1_000_000
FULL = {"put_before_mg": 17_085, "put_after_mg": 2_010, "taken_back_nl": 0}


def everything(hand: Hand) -> dict[str, Any]:
    """All that a person can see, and what the next life would take up."""
    pump = hand.pump
    record = {name: value for name, value in vars(pump.record).items() if isinstance(value, int)}
    return {
        "core": hand.core.raw(),
        "status": pump.status(),
        "deliveries": pump.reports.read_deliveries(0, 32),
        "log": pump.reports.read_log(0, 1000),
        "settings": pump.patterns.read_settings(),
        "patterns": [pump.patterns.read_pattern(each, staged=False) for each in range(4)],
        "reservoir": pump.refills.read_reservoir(),
        "procedure": pump.clinic.read_procedure(),
        "alarms": pump.alarms.read_alarms(0),
        "record": record,
        "place": bytes(pump.record.procedure),
        "cells": bytes(hand.memory.cells),
    }


def limits(**changes: int) -> Callable[[Hand], None]:
    good = {"max_basal_mu_per_h": 30_000, "max_bolus_mu": 30_000, "max_hour_mu": 50_000, "max_day_mu": 90_000}
    return order("set_limits", **(good | changes))


def settings(**changes: int) -> Callable[[Hand], None]:
    return lambda hand: hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | changes))


WEIGHTS = FULL | {"drawn_before_mg": 1, "drawn_after_mg": 1}
BAD: dict[str, Callable[[Hand], None]] = {
    "basal above the limit": order("set_basal", rate_mu_per_h=35_050),
    "pattern that is none": order("commit_pattern", pattern=0, fingerprint=1),
    "temp beyond 200 %": order("temp_basal", kind=1, value=201, duration_min=30),
    "temp above the limit": order("temp_basal", kind=0, value=35_050, duration_min=30),
    "temp off its steps": order("temp_basal", kind=0, value=49, duration_min=30),
    "recommended above the limit": order("recommend_rate", rate_mu_per_h=35_050, valid_min=10),
    "bolus in part": order("bolus", volume_mu=300),
    "bolus above the limit": order("bolus", volume_mu=40_200),
    "bolus above the hour": lambda hand: (order("square_bolus", volume_mu=30_000, duration_min=30)(hand)
                                          if hand.pump.status()["state"] else order("bolus", volume_mu=40_200)(hand)),
    "square in part": order("square_bolus", volume_mu=300, duration_min=30),
    "dual above the limit": order("dual_bolus", volume_mu=30_000, square_mu=20_000, duration_min=30),
    "limits in part": limits(max_bolus_mu=300),
    "limits above the hard ones": limits(max_day_mu=600_000),
    "day below hour": limits(max_day_mu=40_000),
    "limit below the rate": limits(max_basal_mu_per_h=1000),
    "levels out of order": settings(reservoir_stop_mu=900_000),
    "levels in part": settings(reservoir_low_mu=800_100),
    "refill of nothing": order("record_refill", **(WEIGHTS | {"put_after_mg": 17_085})),
    "refill beyond what fits": order("record_refill", **(WEIGHTS | {"put_before_mg": 60_000})),
    "refill with less than nothing drawn": order("record_refill", **(WEIGHTS | {"drawn_before_mg": 20_000})),
    "alarm that is none": order("acknowledge_alarm", alarm=200),
    "alarm that is not latched": order("acknowledge_alarm", alarm=15),
    "procedure that is none": order("start_procedure", procedure=77),
    "answer to another step": order("answer_procedure", step=9, choice=0, value=0),
    "answer with another choice": order("answer_procedure", step=0, choice=9, value=0),
    "interruption of another step": order("interrupt_procedure", step=9),
    "fault that is not latched": order("clear_fault", fault=3),
}  # fmt: skip


@pytest.mark.req("THER-9", "THER-5")
@pytest.mark.parametrize("where", REACH)
def test_after_a_refusal_everything_is_as_before(where: str) -> None:
    hand = REACH[where]()
    refusals = 0
    for given in (BAD | ORDERS).values():
        before = everything(hand)
        try:
            given(hand)
        except Refused:
            refusals += 1
            assert everything(hand) == before
        else:
            hand = REACH[where]()
    assert refusals >= len(BAD) - 3


def in_a_refill(*figures_nl: int, filled: bool = False) -> Hand:
    """A pump at the step of a guided refill after these figures; `filled`: 10 ml are in it by record."""
    hand = Hand()
    if filled:
        hand.pump.clinic.record_refill(
            put_before_mg=12_060, put_after_mg=2_010, taken_back_nl=0, drawn_before_mg=1, drawn_after_mg=1
        )
    hand.pump.switch.stop()
    hand.pump.clinic.start_procedure(REFILL)
    say(hand)
    for figure_nl in figures_nl:
        say(hand, 0, figure_nl)
    return hand


@pytest.mark.req("THER-5")
@pytest.mark.parametrize(
    ("before_nl", "wrong_nl", "limit_nl", "right_nl"),
    [
        ((), 12 * ML, 10_200_000, 10 * ML),
        ((ML,), 20 * ML, 17 * ML, 17 * ML),
        ((ML, 1_500_000), 2 * ML, 1_499_999, 500_000),
        ((ML, 1_500_000), 1_500_000, 1_499_999, 0),
        ((ML, 17 * ML), 1_900_000, 2 * ML, 2 * ML),
    ],
)
@pytest.mark.parametrize("cut", [False, True])
def test_each_figure_of_a_guided_refill_is_refused_at_its_own_step(
    before_nl: tuple[int, ...], wrong_nl: int, limit_nl: int, right_nl: int, cut: bool
) -> None:
    hand = in_a_refill(*before_nl, filled=True)
    if cut:
        hand = hand.restarted()
    before = everything(hand)
    error = refused(lambda: say(hand, 0, wrong_nl), protocol.OUT_OF_RANGE)
    assert error.value == wrong_nl and abs(error.limit - limit_nl) < 50_000
    assert everything(hand) == before
    name = step(hand)
    after = hand.restarted()
    assert step(after) == name
    say(after, 0, right_nl)
    assert step(after) != name


@pytest.mark.req("THER-5", "STORE-2")
@pytest.mark.parametrize("cut_at", range(5))
def test_a_guided_refill_counts_once_whatever_power_does(cut_at: int) -> None:
    hand = in_a_refill(filled=True)
    for place, figure_nl in enumerate((10 * ML, 17 * ML, 2 * ML, 0)):
        if place == cut_at:
            hand = hand.restarted()
        say(hand, 0, figure_nl)
    assert step(hand) == "none"
    assert hand.pump.status()["reservoir_mu"] == 6_000_000
    assert hand.pump.refills.number == 2
    if cut_at == 4:
        hand = hand.restarted()
    hand.pump.switch.resume()


@pytest.mark.req("THER-5", "STORE-2")
def test_a_refill_that_was_recorded_as_power_went_is_not_recorded_twice() -> None:
    hand = in_a_refill(10 * ML, 17 * ML, filled=True)
    place = bytes(hand.pump.record.procedure)
    say(hand, 0, 2 * ML)
    hand.pump.record.procedure[:] = place  # as if power had gone between the two records
    hand.pump.books.store()
    after = hand.restarted()
    assert step(after) == "take_back"
    say(after, 0, 2 * ML)
    say(after)
    assert (step(after), after.pump.refills.number) == ("none", 2)
    assert "over_delivery" not in alarms(after)


@pytest.mark.req("THER-5", "STORE-3")
def test_a_memory_that_fails_refuses_the_refill_and_the_step_is_not_left() -> None:
    hand = in_a_refill(10 * ML, 17 * ML, filled=True)
    level_mu = hand.pump.status()["reservoir_mu"]
    hand.memory.failing = True
    refused(lambda: say(hand, 0, 2 * ML), protocol.MEMORY_FAILED)
    hand.memory.failing = False
    assert step(hand) == "take_back"
    assert hand.pump.status()["reservoir_mu"] == level_mu
    hand.live(hand.now_us + 2 * HOUR_US)
    say(hand, 0, 2 * ML)
    assert hand.pump.status()["reservoir_mu"] == 6_000_000


@pytest.mark.req("THER-5")
def test_a_guided_refill_ends_with_its_accuracy() -> None:
    hand = Hand()
    hand.pump.clinic.record_refill(**FULL, drawn_before_mg=1, drawn_after_mg=1)
    hand.pump.device.set_limits(35_000, 40_000, 60_000, 500_000)
    hand.pump.therapy.set_basal(20_000)
    hand.live(2 * 24 * HOUR_US)
    hand.pump.switch.stop()
    used_nl = len(hand.strokes_us) * 500
    hand.pump.clinic.start_procedure(REFILL)
    say(hand)
    say(hand, 0, 15 * ML - used_nl * 8 // 10)
    say(hand, 0, 17 * ML)
    for value in (2 * ML, 0):
        reply = hand.pump.clinic.answer_procedure(report(hand)["step"], 0, value)
        assert reply["accuracy_tenths"] == pytest.approx(-200, abs=2)
        assert protocol.BANDS[reply["band"]] == "rinse"
        assert reply["missing_nl"] == pytest.approx(-used_nl * 2 // 10, abs=10_000)


@pytest.mark.req("THER-5", "ALARM-1")
@pytest.mark.parametrize("strokes", [0, 10])
def test_insulin_that_is_missing_is_flagged_and_alarmed_however_little_was_delivered(strokes: int) -> None:
    hand = Hand()
    hand.pump.clinic.record_refill(**FULL, drawn_before_mg=1, drawn_after_mg=1)
    if strokes:
        hand.pump.boluses.bolus(200 * strokes)
        hand.live(MINUTE_US := 60 * SECOND_US)
        assert MINUTE_US and len(hand.strokes_us) == strokes
    found = hand.pump.clinic.record_refill(**FULL, drawn_before_mg=1_000, drawn_after_mg=1_000 + 9_045)
    assert protocol.BANDS[found["band"]] == "over"
    assert found["missing_nl"] == pytest.approx(6 * ML - 500 * strokes, abs=20_000)
    assert "over_delivery" in alarms(hand)
    detail = next(each["detail"] for each in hand.pump.alarms.read_alarms(0)["records"] if each["alarm"] == 18)
    assert detail == found["missing_nl"] * 400 // 1000


@pytest.mark.req("THER-5")
def test_a_reservoir_that_had_been_emptied_before_is_not_taken_for_a_leak() -> None:
    hand = in_a_refill(10 * ML, filled=True)
    hand.pump.clinic.interrupt_procedure(report(hand)["step"])
    hand.pump.clinic.start_procedure(REFILL)
    for value in (0, 0, 17 * ML):
        say(hand, 0, value)
    reply = hand.pump.clinic.answer_procedure(report(hand)["step"], 0, 2 * ML)
    assert protocol.BANDS[reply["band"]] == "first_refill"
    assert alarms(hand) == ["pump_stopped"]


def below_stop() -> Hand:
    hand = Hand()
    hand.pump.clinic.record_refill(**FULL, drawn_before_mg=1, drawn_after_mg=1)
    levels = dict.fromkeys(("reservoir_low_mu", "reservoir_empty_mu", "reservoir_stop_mu"), 5_999_800)
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | levels))
    hand.pump.boluses.bolus(200)
    hand.live(5 * SECOND_US)
    return hand


@pytest.mark.req("THER-4", "STORE-5")
@pytest.mark.parametrize("cut", [False, True])
def test_below_the_stop_level_resume_is_refused_and_names_the_way_out(cut: bool) -> None:
    hand = below_stop()
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED
    if cut:
        hand = hand.restarted()
        assert hand.pump.status()["state"] == protocol.STATE_STOPPED
    before = everything(hand)
    error = refused(hand.pump.switch.resume, protocol.RESERVOIR_LEVEL)
    assert (error.value, error.limit) == (hand.pump.status()["reservoir_mu"], 5_999_800)
    assert everything(hand) == before
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | {"reservoir_stop_mu": 200_000}))
    hand.pump.switch.resume()


@pytest.mark.req("THER-4", "STORE-5")
def test_a_stop_level_that_is_raised_above_what_is_left_stops_at_once() -> None:
    hand = Hand()
    hand.pump.clinic.record_refill(**FULL, drawn_before_mg=1, drawn_after_mg=1)
    levels = dict.fromkeys(("reservoir_low_mu", "reservoir_empty_mu", "reservoir_stop_mu"), 6_000_000)
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | levels))
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED


@pytest.mark.req("THER-5", "THER-9")
@pytest.mark.parametrize("figures_nl", [(), (10 * ML,), (10 * ML, 17 * ML), (10 * ML, 17 * ML, 2 * ML)])
@pytest.mark.parametrize("stopped", [False, True])
def test_a_refill_by_weight_amid_a_guided_one_is_refused_and_the_guided_one_counts(
    figures_nl: tuple[int, ...], stopped: bool
) -> None:
    hand = in_a_refill(*figures_nl, filled=True)
    if stopped:
        hand.pump.switch.stop()
    before = everything(hand)
    error = refused(lambda: hand.pump.clinic.record_refill(**WEIGHTS), protocol.WRONG_STATE)
    assert error.value == protocol.STATE_PROCEDURE and everything(hand) == before
    for figure_nl in (10 * ML, 17 * ML, 2 * ML, 0)[len(figures_nl) :]:
        say(hand, 0, figure_nl)
    assert hand.pump.status()["reservoir_mu"] == 6_000_000
    hand.pump.clinic.record_refill(**WEIGHTS)
