"""THER-4 and THER-5 by hand: content, levels, due dates, and what a refill says of the one before."""

from __future__ import annotations

from typing import Any

import pytest

from hil.oracle import reservoir
from hil.oracle.exact import NEVER_US
from hil.oracle.reasons import Reason
from tests.oracle.hand import EPOCH_S, MIN, H, Hand, S

DAY_US = 24 * H
DAY_S = 86_400
pytestmark = pytest.mark.req("THER-4")


def filled(filled_mu: int = 1_000_000, at_us: int = 0) -> Hand:
    """A pump of 0.5 µl at U-400 (0.4 mU are a nanolitre) that was filled with so much."""
    hand = Hand()
    hand.device.advance(at_us)
    hand.device.reservoir.fill(filled_mu * 5 // 2, 0, 0)
    return hand


def delivered(hand: Hand, strokes: int) -> None:
    hand.device.pump.confirmed += strokes
    hand.device.pump.commanded += strokes


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


# Content and levels


def test_the_content_is_the_latest_refill_less_every_stroke_since() -> None:
    hand = Hand()
    content = hand.device.reservoir
    assert (content.known, content.left_mu, content.level, content.since) == (False, 0, "enough", 0)
    delivered(hand, 3)
    content.fill(2_500_000, 0, 3)
    assert (content.known, content.since, content.left_nl(), content.left_mu) == (True, 0, 2_500_000, 1_000_000)
    delivered(hand, 2)
    assert (content.since, content.left_nl(), content.left_mu) == (2, 2_499_000, 999_600)
    assert (content.left_nl(0), content.left_nl(1), content.left_nl(5_000), content.left_nl(5_001)) == (
        2_500_000, 2_499_500, 0, 0,
    )  # fmt: skip
    hand.device.pump.confirmed = 1  # one was in progress at the refill
    assert content.since == 0
    content.filled_nl = 1
    assert content.known and content.left_mu == 0
    weak = Hand(concentration=100)
    weak.device.reservoir.fill(1_000, 0, 0)
    assert weak.device.reservoir.left_mu == 100


@pytest.mark.parametrize(
    ("left_mu", "level"),
    [
        (800_001, "enough"), (800_000, "low"), (400_001, "low"), (400_000, "empty"), (200_001, "empty"),
        (200_000, "stop"), (0, "stop"),
    ],
)  # fmt: skip
def test_a_level_is_reached_at_its_very_figure(left_mu: int, level: str) -> None:
    hand = Hand()
    hand.device.reservoir.filled_nl = max(1, left_mu * 5 // 2 + left_mu % 2)
    assert hand.device.reservoir.left_mu == left_mu
    assert hand.device.reservoir.level == level
    assert hand.device.reservoir.below("low_reservoir") is (left_mu <= 800_000)
    assert hand.device.reservoir.below("empty_reservoir") is (left_mu <= 400_000)


def test_of_a_pump_that_was_never_filled_nothing_is_said() -> None:
    hand = Hand()
    assert not hand.device.reservoir.below("low_reservoir")
    hand.device.reservoir.look(0)
    assert hand.device.alarms.latched == {} and hand.device.pump.state == "running"


@pytest.mark.req("ALARM-2")
def test_the_levels_call_for_their_alarms() -> None:
    expected: dict[int, dict[str, int]] = {
        800_200: {},
        800_000: {"low_reservoir": 9},
        400_000: {"low_reservoir": NEVER_US, "empty_reservoir": 9},
        200_000: {"low_reservoir": NEVER_US, "empty_reservoir": NEVER_US, "pump_stopped": 0},
    }
    for left_mu, alarms in expected.items():
        hand = Hand()
        hand.device.reservoir.filled_nl = left_mu * 5 // 2
        hand.device.reservoir.look(9)
        assert {name: min(each.must_us, NEVER_US) for name, each in hand.device.alarms.latched.items()} == alarms
        assert all(each.figure is None for name, each in hand.device.alarms.latched.items() if name != "pump_stopped")


def test_only_reaching_the_stop_stops_a_procedure_and_nothing_stops_a_stopped_pump() -> None:
    for state in ("running", "suspended", "procedure", "stopped"):
        for before in ("enough", "empty", "stop"):
            hand = Hand()
            hand.device.reservoir.filled_nl, hand.device.reservoir.latest_level = 500_000, before
            hand.device.pump.programme.state = state
            hand.device.reservoir.look(0)
            stays = state == "stopped" or (state == "procedure" and before == "stop")
            assert ("pump_stopped" in hand.device.alarms.latched) is not stays, (state, before)
            assert hand.device.reservoir.latest_level == "stop"
            if not stays:
                assert hand.device.pump.entries[0].reason == "reservoir"


def test_a_look_amid_a_stroke_counts_what_has_left_the_reservoir() -> None:
    """A stroke above the level: at once for the pump's own look, for all others with the sensor's edge."""
    for left_mu, alarm in ((800_200, "low_reservoir"), (400_200, "empty_reservoir"), (200_200, "pump_stopped")):
        hand = Hand()
        hand.device.reservoir.filled_nl = left_mu * 5 // 2
        content, latched = hand.device.reservoir, hand.device.alarms.latched
        hand.order(0, "bolus", volume_mu=400)
        hand.device.advance(1)
        assert content.since == 0 and alarm not in latched
        content.look_amid_stroke()
        assert latched[alarm].may_us == latched[alarm].must_us == 1
        assert (content.since, content.left_mu) == (0, left_mu), "the figure waits for the edge"
    hand = Hand()
    hand.device.reservoir.filled_nl = 2_000_000
    hand.device.reservoir.look_amid_stroke()
    assert hand.device.alarms.latched == {}, "without a stroke in progress nothing is new"


def test_a_bolus_larger_than_what_is_left_above_the_stop_may_be_refused() -> None:
    """Two strokes more may be taken for granted: one in progress, one on the way."""

    def allowed(hand: Hand, volume_mu: int) -> set[str]:
        must: list[Reason] = []
        may: list[Reason] = []
        hand.device.reservoir.bolus_reasons(volume_mu, must, may)
        assert must == []
        return {each.code for each in may}

    every = {"reservoir_low", "out_of_range", "reservoir", "reservoir_limit"}
    hand = filled(210_000)
    assert allowed(hand, 9_600) == set() and allowed(hand, 9_601) == every
    hand.device.pump.begin("normal_bolus", 5)
    hand.device.pump.begin("square_bolus", 10, 30 * MIN)
    assert allowed(hand, 6_600) == set() and allowed(hand, 6_601) == every
    assert allowed(Hand(), 40_000) == set(), "nothing is known of one that was never filled"


# Due dates


def test_a_refill_is_due_after_the_days_of_use_by_running_time_and_by_the_clock() -> None:
    hand = filled(at_us=7)
    content = hand.device.reservoir
    assert (content.due_us, content.due_by_clock_us) == (7 + 45 * DAY_US, 45 * DAY_US)
    hand.device.pump.now_us = 45 * DAY_US - 1
    assert not content.due
    hand.device.pump.now_us = 45 * DAY_US
    assert content.due
    content.filled_utc_s = 0
    assert content.due_by_clock_us == NEVER_US and not content.due
    hand.device.pump.now_us = 7 + 45 * DAY_US
    assert content.due
    hand.device.settings.values["in_use_days"] = 46
    assert not content.due
    never = Hand().device.reservoir
    assert (never.due_us, never.due_by_clock_us) == (NEVER_US, NEVER_US)


@pytest.mark.req("THER-8")
def test_by_the_clock_it_is_due_when_the_clock_says_so() -> None:
    hand = filled()
    hand.device.pump.programme.set_clock(0, EPOCH_S + 40 * DAY_S)
    assert hand.device.reservoir.due_by_clock_us == 5 * DAY_US
    hand.device.pump.programme.utc_at_zero_us = None
    assert hand.device.reservoir.due_by_clock_us == NEVER_US


def test_the_due_date_is_shown_by_the_refill_s_clock_or_by_the_present_one() -> None:
    hand = filled(at_us=S // 2)
    content, programme = hand.device.reservoir, hand.device.pump.programme
    by_clock = EPOCH_S + 45 * DAY_S
    assert content.due_utc_s == {by_clock, by_clock + 1}
    programme.set_clock(0, EPOCH_S + 9)
    assert content.due_utc_s == {by_clock, by_clock + 9, by_clock + 10}
    content.filled_utc_s = 0  # the clock was lost then: not known, or by the present one
    assert content.due_utc_s == {0, by_clock + 9, by_clock + 10}
    programme.utc_at_zero_us = None
    assert content.due_utc_s == {0}
    content.filled_utc_s = EPOCH_S
    assert content.due_utc_s == {0, by_clock}
    never = Hand().device.reservoir
    assert never.due_utc_s == {0}


@pytest.mark.req("ALARM-2")
def test_refill_due_is_latched_once_within_an_hour_of_its_time() -> None:
    hand = filled(at_us=9)
    hand.device.settings.values["in_use_days"] = 1
    hand.device.advance(DAY_US - 1)
    assert hand.device.alarms.latched == {}
    hand.device.advance(DAY_US)  # by the clock, in whole seconds; by running time 9 µs later
    assert {name: (each.may_us, each.must_us, each.figure) for name, each in hand.device.alarms.latched.items()} == {
        "refill_due": (DAY_US, DAY_US + 9 + H, None)
    }
    watcher = next(each for each in hand.device.pump.watchers if isinstance(each, reservoir.RefillDue))
    assert watcher.next_us(hand.device.pump) == NEVER_US
    hand.device.alarms.clear("refill_due")
    hand.device.pump.now_us = 2 * DAY_US
    assert watcher.next_us(hand.device.pump) == 2 * DAY_US, "not in the past"
    watcher.act(hand.device.pump)
    assert hand.device.alarms.latched["refill_due"].must_us == 2 * DAY_US + H


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
