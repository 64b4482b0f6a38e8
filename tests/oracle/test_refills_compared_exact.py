"""THER-5 by hand: what a refill may hold, and what it says of the delivery since the one before."""

from __future__ import annotations

from typing import Any

import pytest

from hil.oracle import reservoir
from hil.oracle.exact import NEVER_US
from hil.oracle.reasons import Reason
from tests.oracle.filled import delivered, filled
from tests.oracle.hand import EPOCH_S, H, Hand

pytestmark = pytest.mark.req("THER-4")


def weights(put_mg: int, drawn_mg: int = 0, taken_back_nl: int = 0) -> dict[str, int]:
    return {
        "put_before_mg": 50_000 + put_mg,
        "put_after_mg": 50_000,
        "taken_back_nl": taken_back_nl,
        "drawn_before_mg": 20_000,
        "drawn_after_mg": 20_000 + drawn_mg,
    }


def refusals(hand: Hand, values: dict[str, int]) -> tuple[list[Reason], list[Reason]]:
    must: list[Reason] = []
    may: list[Reason] = []
    hand.device.reservoir.refill_reasons(values, must, may)
    return must, may


# Refills
@pytest.mark.req("THER-5")
def test_volume_is_weight_by_density() -> None:
    hand = Hand()
    reply = hand.device.reservoir.record(weights(1_005_000 // 100, 201, 300))
    assert reply == {"filled_nl": 10_000_000 - 300, "residual_nl": 200_000, "missing_nl": 0, "delivered_nl": 0}
    content = hand.device.reservoir
    assert (content.filled_nl, content.filled_strokes, content.filled_us) == (9_999_700, 0, 0)
    assert content.filled_utc_s == EPOCH_S
    assert hand.device.reservoir.record(weights(1, 1))["filled_nl"] == 995, "1 mg is 0.99502 µl"
    assert reservoir.DENSITY_MG_PER_UL * 1000 == 1005


@pytest.mark.req("THER-5")
def test_a_refill_that_cannot_be_is_refused_at_its_edges() -> None:
    out = ([Reason("out_of_range")], [])
    assert refusals(Hand(), weights(15_075)) == ([], [])  # 15 ml
    assert refusals(Hand(), weights(15_076)) == out
    assert refusals(Hand(), weights(15_076, 0, 996)) == ([], [])
    assert refusals(Hand(), weights(15_076, 0, 994)) == out  # 15,000,995 nl less 994
    assert refusals(Hand(), weights(0)) == refusals(Hand(), weights(-1)) == out
    assert refusals(Hand(), weights(201, 0, 199_999)) == ([], [])
    assert refusals(Hand(), weights(201, 0, 200_000)) == out
    assert refusals(Hand(), weights(201, 15_075)) == ([], [])
    assert refusals(Hand(), weights(201, 15_076)) == ([], [Reason("out_of_range")])
    assert refusals(Hand(), weights(201, -1)) == ([], [Reason("out_of_range")])


@pytest.mark.req("THER-5")
def test_no_more_is_drawn_than_was_filled_but_for_what_readings_are_unsure_by() -> None:
    hand = filled(804_000)  # 2,010,000 nl; with 0.7 ml 2,710,000 nl
    assert refusals(hand, weights(201, 2_020)) == ([], [])  # 2,009,950 nl
    assert refusals(hand, weights(201, 2_021)) == ([], [Reason("out_of_range", None, 2_010_945, 2_010_000)])
    assert refusals(hand, weights(201, 2_723)) == ([], [Reason("out_of_range", None, 2_709_453, 2_010_000)])
    assert refusals(hand, weights(201, 2_724)) == ([Reason("out_of_range", None, 2_710_448, 2_010_000)], [])
    assert refusals(hand, weights(201, -1)) == ([], [Reason("out_of_range")])
    hand.device.reservoir.filled_nl = 2_000_000  # 2,010 mg to the nanolitre, and 2.7 ml are 2,713.5 mg
    assert refusals(hand, weights(201, 2_010)) == ([], [])
    hand.device.reservoir.filled_nl = 2_009_453  # and 0.7 ml are 2,723 mg to the nanolitre
    assert refusals(hand, weights(201, 2_723))[0] == []


@pytest.mark.req("THER-5", "THER-6")
@pytest.mark.parametrize(("name", "refused"), [("refill", True), ("rinse", True), ("flush", False), ("none", False)])
def test_a_refill_by_weight_is_not_recorded_amid_a_guided_one(name: str, refused: bool) -> None:
    hand = Hand()
    hand.device.procedures.name = name
    assert refusals(hand, weights(201))[0] == [Reason("wrong_state")] * refused


def refill(missing_nl: int, strokes: int = 1_000, state: str = "running", **how: Any) -> tuple[int, Hand]:
    """After 2.5 ml and so many strokes of 0.5 µl, with so much less in it than there should be."""
    hand = filled()
    delivered(hand, strokes)
    hand.device.pump.programme.state = state
    hand.device.seen_over = how.pop("seen_over", False)
    residual_nl = 2_500_000 - strokes * 500 - missing_nl
    return hand.device.reservoir.fill(2_000_000, residual_nl, strokes, **how)["missing_nl"], hand


def is_over(missing_nl: int, **how: Any) -> bool:
    found, hand = refill(missing_nl, **how)
    assert found == missing_nl
    over = "over_delivery" in hand.device.alarms.latched
    assert (hand.device.pump.state == "stopped") is over
    return over


@pytest.mark.req("THER-5")
def test_over_delivery_is_sure_beyond_15_percent_and_what_readings_are_unsure_by() -> None:
    """Delivered 0.5 ml: 15 % are 75 µl; the readings may be 0.7 ml wrong."""
    assert not is_over(775_000)
    assert is_over(775_001)
    assert not is_over(75_000, seen_over=True)
    assert is_over(75_001, seen_over=True), "between the two the pump's verdict is taken"
    assert not is_over(75_001)
    assert not is_over(-400_000, seen_over=True), "under-delivery is another thing"
    assert not is_over(0, strokes=0, seen_over=True)
    assert is_over(1, strokes=0, seen_over=True)


@pytest.mark.req("THER-5")
def test_a_refill_is_compared_with_the_strokes_since_the_one_before_only() -> None:
    hand = filled()
    delivered(hand, 1_000)
    assert hand.device.reservoir.fill(2_500_000, 2_000_000, 1_000) == {"missing_nl": 0, "delivered_nl": 500_000}
    delivered(hand, 200)
    assert hand.device.reservoir.fill(2_500_000, 2_399_993, 1_200) == {"missing_nl": 7, "delivered_nl": 100_000}


@pytest.mark.req("THER-5")
@pytest.mark.parametrize("state", ["running", "suspended", "procedure", "stopped"])
def test_over_delivery_stops_at_once(state: str) -> None:
    _, hand = refill(1_000_000, state=state)
    assert hand.device.pump.state == "stopped"
    assert hand.device.alarms.latched["over_delivery"].figure is None
    assert ("pump_stopped" in hand.device.alarms.latched) is (state != "stopped")
    assert hand.device.pump.entries[0].reason == ("fault" if state != "stopped" else "running")


@pytest.mark.req("THER-5", "DOSE-5")
def test_the_stroke_in_progress_counts_when_over_delivery_stops_the_motor() -> None:
    hand = filled()
    hand.order(0, "bolus", volume_mu=400)
    hand.device.advance(1)
    hand.device.reservoir.fill(2_000_000, 0, 0)
    assert (hand.device.pump.confirmed, hand.device.pump.unconfirmed) == (1, [])
    calm = filled()
    calm.order(0, "bolus", volume_mu=400)
    calm.device.advance(1)
    assert calm.device.reservoir.fill(2_000_000, 2_499_500, 1)["missing_nl"] == 0
    assert len(calm.device.pump.unconfirmed) == 1 and calm.device.reservoir.filled_strokes == 1


@pytest.mark.req("THER-5")
def test_nothing_is_compared_with_a_first_refill_or_one_after_an_empty_reservoir() -> None:
    found, hand = refill(2_000_000, whole=False)
    assert found == 0 and hand.device.pump.state == "running"
    assert (hand.device.reservoir.filled_nl, hand.device.reservoir.filled_strokes) == (2_000_000, 1_000)
    first = Hand().device
    first.seen_over = True
    nothing = {"missing_nl": 0, "delivered_nl": 0}
    assert first.reservoir.fill(2_000_000, 500, 3) == nothing and "over_delivery" not in first.alarms.latched


@pytest.mark.req("THER-5", "ALARM-2")
def test_a_refill_leaves_open_the_alarms_that_it_has_mended_and_looks_for_its_own() -> None:
    hand = filled(700_000)
    assert hand.device.alarms.latched["low_reservoir"].must_us == H
    hand.device.reservoir.fill(2_500_000, 1_750_000, 0)
    assert hand.device.alarms.latched["low_reservoir"].must_us == NEVER_US
    assert hand.device.reservoir.latest_level == "enough"
