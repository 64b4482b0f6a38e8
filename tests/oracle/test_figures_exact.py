"""What the pump shows, figure by figure, of small lives that were worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from hil.oracle import figures
from hil.oracle.alarms import Latched
from hil.oracle.boluses import Entry
from hil.oracle.exact import NEVER_US
from hil.oracle.figures import NEVER_H
from hil.oracle.questions import answer_to
from tests.oracle.hand import EDGE_US, EPOCH_S, MIN, H, Hand, S

DAY_US = 24 * H
MU = 3_600 * S


@pytest.mark.req("HIL-5")
def test_a_figure_is_one_value_or_one_of_those_left_open() -> None:
    assert figures.allows(3, 3) and not figures.allows(3, 4)
    for left_open in (range(3, 5), {3, 4}, frozenset((3, 4)), (3, 4)):
        assert figures.allows(left_open, 4) and not figures.allows(left_open, 5)
    assert list(figures.differences({"a": 1, "b": {2}, "c": 3}, {"a": 1, "b": 3})) == [("b", {2}, 3), ("c", 3, None)]


# Status


@pytest.mark.req("DOSE-3", "GUARD-1")
def test_the_status_of_a_pump_in_a_bolus_in_the_middle_of_a_stroke() -> None:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=3_000)
    hand.order(S, "bolus", volume_mu=1_000)
    hand.order(S, "square_bolus", volume_mu=2_000, duration_min=60)  # a stroke every 360 s
    hand.device.advance(3 * S + 1)
    shown = figures.status(hand.device)
    assert shown == shown | {
        "now_us": 3 * S + 1, "state": "running", "fault": 0, "basal_rate_mu_per_h": 3_000, "in_force_mu_per_h": 3_000,
        "pattern": 255, "temp_until_us": NEVER_US, "recommended_until_us": NEVER_US, "strokes_commanded": 2,
        "strokes_delivered": 1, "strokes_abandoned": 0, "hour_mu": range(400, 401), "day_mu": range(400, 401),
        "next_due_us": {5 * S}, "utc_s": EPOCH_S + 3, "memory": "whole", "resets": 0, "alarm": {0}, "alarms": range(1),
        "reservoir_mu": {0}, "internal_errors": 0, "max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000,
        "max_hour_mu": 60_000, "max_day_mu": 150_000,
    }  # fmt: skip
    normal, square = hand.device.pump.normal_entry, hand.device.pump.square_entry
    assert normal is not None and square is not None
    assert {name: value for name, value in shown.items() if name.startswith(("bolus_", "square_"))} == {
        "bolus_id": normal.id, "bolus_programmed_mu": 1_000, "bolus_delivered_mu": 200, "bolus_remaining_mu": 600,
        "bolus_commanded_mu": 400, "square_id": square.id, "square_programmed_mu": 2_000, "square_delivered_mu": 0,
        "square_remaining_mu": 2_000, "square_commanded_mu": 0,
    }  # fmt: skip


@pytest.mark.req("DOSE-3")
def test_the_status_without_and_after_a_bolus() -> None:
    hand = Hand()
    shown = figures.status(hand.device)
    assert {value for name, value in shown.items() if name.startswith(("bolus_", "square_"))} == {0}
    hand.order(0, "bolus", volume_mu=400)
    hand.device.advance(10 * S)
    shown = figures.status(hand.device)
    assert (shown["bolus_id"], shown["bolus_delivered_mu"], shown["bolus_remaining_mu"]) == (2, 400, 0)


@pytest.mark.req("THER-6", "DOSE-3")
def test_a_procedure_s_strokes_are_no_bolus_that_has_something_left() -> None:
    hand = Hand()
    hand.order(0, "bolus", volume_mu=400)
    hand.device.advance(10 * S)
    hand.device.pump.begin("buffer", 5)
    shown = figures.status(hand.device)
    assert shown["bolus_id"] == 0 and shown["bolus_remaining_mu"] == 0


@pytest.mark.req("GUARD-1", "THER-2")
def test_the_status_shows_rates_as_they_are_held_to_the_limit() -> None:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=2_000)
    hand.order(0, "temp_basal", kind=1, value=50, duration_min=30)
    hand.device.pump.programme.max_mu_per_h = 1_500
    hand.device.resets = 3
    hand.device.alarms.latch("auto_off")
    shown = figures.status(hand.device)
    assert (shown["basal_rate_mu_per_h"], shown["in_force_mu_per_h"], shown["temp_until_us"]) == (
        1_500,
        1_000,
        30 * MIN,
    )
    assert (shown["resets"], shown["alarm"], shown["alarms"]) == (3, {12}, range(1, 2))


@pytest.mark.req("GUARD-1")
def test_what_was_used_of_a_cap_has_the_safe_side_s_minute_in_it() -> None:
    hand = Hand()
    hand.order(0, "bolus", volume_mu=600)  # at 0, 2 and 4 s
    hand.device.advance(H + 2 * S)
    shown = figures.status(hand.device)
    assert (shown["hour_mu"], shown["day_mu"]) == (range(200, 601), range(600, 601))
    hand.device.advance(DAY_US + 3 * S)
    shown = figures.status(hand.device)
    assert (shown["hour_mu"], shown["day_mu"]) == (range(1), range(200, 601))


@pytest.mark.req("DOSE-1")
def test_the_next_stroke_as_the_rate_stands_or_will_be() -> None:
    """1 U/h: a stroke in 720 s; from 360 s on twice as much: in 540 s; from 420 s on nothing."""
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=1_000)
    programme = hand.device.pump.programme
    programme.recommended_mu_per_h, programme.recommended_until_us = 1_000, 360 * S
    programme.by_hand_mu_per_h = 2_000
    assert figures.status(hand.device)["next_due_us"] == {720 * S, 540 * S}


@pytest.mark.req("THER-4")
def test_what_is_left_with_or_without_the_stroke_in_progress() -> None:
    hand = Hand()
    assert figures.status(hand.device)["reservoir_mu"] == {0}
    hand.device.reservoir.fill(2_500_000, 0, 0)
    hand.order(0, "bolus", volume_mu=400)
    hand.device.advance(1)
    assert figures.status(hand.device)["reservoir_mu"] == {1_000_000, 999_800}
    hand.device.advance(EDGE_US)
    assert figures.status(hand.device)["reservoir_mu"] == {999_800}
    hand.device.advance(2 * S)
    hand.device.reservoir.fill(2_500_000, 0, 0)  # the stroke in progress is not since
    assert figures.status(hand.device)["reservoir_mu"] == {1_000_000}
    hand.device.reservoir.filled_strokes = 5
    assert figures.status(hand.device)["reservoir_mu"] == {1_000_000}


# Deliveries


def entry(**values: Any) -> Entry:
    made = Entry(3, "normal_bolus", 10, 5 * 200 * MU)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def row(of: Entry, end_us: int = 0) -> dict[str, Any]:
    return figures.delivery(Hand().device, of, {"end_us": end_us})


@pytest.mark.req("DOSE-3")
def test_a_delivery_shows_programmed_delivered_and_why_it_ended() -> None:
    runs = entry(commanded=3, confirmed=2, abandoned=1)
    assert row(runs) == {
        "id": 3, "kind": "normal_bolus", "start_us": 10, "commanded_strokes": 3, "delivered_strokes": 2,
        "abandoned_strokes": 1, "end_us": 0, "programmed_mu": 1_000, "reason": "running",
    }  # fmt: skip
    over = entry(commanded=3, confirmed=3, end_us=99, reason="cancelled")
    assert (row(over)["reason"], row(over)["end_us"], row(over)["delivered_strokes"]) == ("cancelled", 99, 3)


@pytest.mark.req("DOSE-3", "DOSE-5")
def test_one_whose_last_stroke_is_in_progress_may_still_run() -> None:
    last = row(entry(commanded=3, confirmed=2, end_us=99, reason="completed"))
    over = row(entry(commanded=3, confirmed=3, end_us=99, reason="completed"))
    assert last == over | {"reason": {"completed", "running"}, "end_us": {99, 0}, "delivered_strokes": {2, 3}}


@pytest.mark.req("STORE-2")
def test_one_that_a_reset_has_ended_has_ended_with_the_memory_s_last_record() -> None:
    """Basal of 1 U/h, ended somewhere between 10 s and 50 s."""
    cut = entry(kind="basal", programmed_q=20 * MU, end_us=50 * S, rate_at_end=1_000, reason="reset")
    cut.ends_us = frozenset((10 * S, 46_399_999, 46_400_000, 46_400_001, 50 * S))
    assert row(cut, 50 * S)["programmed_mu"] == {20}
    assert row(cut, 50 * S)["end_us"] == 50 * S
    assert row(cut, 46_400_001)["programmed_mu"] == {19}  # 3.6 s at 1 U/h are 1 mU
    assert row(cut, 46_400_000)["programmed_mu"] == {19}
    assert row(cut, 46_399_999)["programmed_mu"] == {18}
    assert (row(cut, 10 * S)["end_us"], row(cut, 10 * S)["programmed_mu"]) == (10 * S, {8})
    for outside_us in (10 * S - 1, 11 * S, 50 * S + 1):
        assert (row(cut, outside_us)["end_us"], row(cut, outside_us)["programmed_mu"]) == (50 * S, 20)
    cut.steady_q = 33 * MU
    assert row(cut, 10 * S)["programmed_mu"] == {8, 33}


# Reservoir


def reservoir(left_mu: int, rate_mu_per_h: int = 0, boluses: int = 0) -> dict[str, Any]:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=rate_mu_per_h)
    if boluses:
        hand.device.pump.begin("normal_bolus", boluses)
        hand.device.advance(boluses * 2 * S + S)
    hand.device.reservoir.fill(left_mu * 5 // 2, 0, 0)
    return figures.reservoir(hand.device)


@pytest.mark.req("THER-4")
def test_time_to_empty_counts_to_the_stop_in_whole_hours() -> None:
    assert reservoir(600_000, 1_000)["empty_h"] == {400}  # 400 U at 24 U a day
    assert reservoir(600_000, 1_050)["empty_h"] == {380}  # 380.95 h
    assert reservoir(600_000)["empty_h"] == {NEVER_H}
    assert reservoir(200_000, 1_000)["empty_h"] == {0}
    assert reservoir(100_000)["empty_h"] == {0}
    assert reservoir(200_002)["empty_h"] == {NEVER_H}
    assert reservoir(600_000, 1_000, 200)["empty_h"] == {240}, "what was used of late is more: 40 U"
    assert reservoir(600_000, 2_000, 200)["empty_h"] == {200}
    assert NEVER_H == 2**32 - 1


@pytest.mark.req("THER-4")
def test_the_reservoir_shows_what_it_was_filled_with_and_when() -> None:
    shown = reservoir(600_000, 1_000)
    assert {name: shown[name] for name in ("now_us", "level", "left_mu", "filled_mu", "filled_utc_s")} == {
        "now_us": 0, "level": "low", "left_mu": {600_000}, "filled_mu": 600_000, "filled_utc_s": EPOCH_S,
    }  # fmt: skip
    assert EPOCH_S + 45 * 86_400 in shown["due_utc_s"]
    new = figures.reservoir(Hand().device)
    assert (new["level"], new["left_mu"], new["filled_mu"], new["empty_h"]) == ("enough", {0}, 0, {NEVER_H})


@pytest.mark.req("THER-4", "GUARD-1")
def test_the_use_of_a_day_may_be_a_minute_s_worth_more_and_the_stroke_in_progress_may_be_gone() -> None:
    hand = Hand()
    hand.device.reservoir.fill(525_000, 0, 0)  # 210 U: 10 U to the stop
    hand.device.pump.begin("normal_bolus", 3)
    hand.device.advance(DAY_US + 3 * S)  # one of three in the day; by the safe side all
    assert figures.reservoir(hand.device)["left_mu"] == {209_400}
    assert figures.reservoir(hand.device)["empty_h"] == {9_400 * 24 // use for use in (200, 400, 600)}
    hand.device.pump.begin("normal_bolus", 1)
    hand.device.advance(DAY_US + 3 * S + 1)
    uses = {200 + 200, 600, 800}
    assert figures.reservoir(hand.device)["empty_h"] == {each * 24 // use for each in (9_400, 9_200) for use in uses}


# Alarms


@pytest.mark.req("ALARM-2")
def test_alarms_that_are_missing_or_wrong_are_told() -> None:
    hand = Hand()
    hand.device.advance(100)
    hand.device.alarms.latched = {"hourly_maximum_exceeded": Latched(10, 20, range(3, 5)), "auto_off": Latched(50, 101)}

    def problems(*rows: dict[str, Any]) -> list[tuple[str, Any, Any]]:
        return list(figures.alarm_problems(hand.device, rows))

    hour = {"alarm": 13, "since_us": 10, "detail": 3, "cause_there": True, "quiet": False}
    assert problems(hour) == problems(hour | {"since_us": 20, "detail": 4}) == []
    assert problems() == [("alarm hourly_maximum_exceeded", "latched", "not there")]
    for since_us in (9, 21):
        assert problems(hour | {"since_us": since_us}) == [
            ("alarm hourly_maximum_exceeded since_us", (10, 20), since_us)
        ]
    assert problems(hour | {"detail": 5}) == [("alarm hourly_maximum_exceeded figure", range(3, 5), 5)]
    assert problems(hour | {"quiet": True}) == [("alarm hourly_maximum_exceeded quiet", False, True)]
    hand.device.alarms.latched["hourly_maximum_exceeded"].quiet = True
    assert problems(hour | {"quiet": True}) == problems(hour) == [], "a day later it speaks again"
    off = {"alarm": 12, "since_us": 50, "detail": 7, "cause_there": False}
    hand.device.alarms.latched["auto_off"].figure = None
    assert problems(hour, off) == problems(hour, off | {"since_us": 101}) == []
    assert problems(hour, off | {"cause_there": True}) == [("alarm auto_off cause_there", False, True)]
    hand.device.alarms.latched["pump_stopped"] = Latched(100, 100, None)
    stopped = {"alarm": 10, "since_us": 100, "detail": 0, "cause_there": False}
    assert problems(hour, stopped) == []
    assert problems(hour) == [("alarm pump_stopped", "latched", "not there")], "at the latest now"
    extra = [hour, stopped, {"alarm": 15}, {"alarm": 77}]
    assert problems(*extra) == [("alarm occlusion", "not there", "latched"), ("alarm 77", "not there", "latched")]
    hand.device.alarms.latched["clock_lost"] = Latched(80, 60, None)  # must before it may: at its first time
    lost = {"alarm": 22, "since_us": 80, "detail": 0, "cause_there": False}
    assert problems(hour, stopped, lost) == []


# Questions


@pytest.mark.req("THER-9", "LINK-2")
def test_each_question_has_its_answer() -> None:
    hand = Hand()
    device = hand.device
    device.advance(5 * S)
    assert answer_to(device, "status", {}) == figures.status(device)
    assert answer_to(device, "read_time", {}) == {"now_us": 5 * S, "utc_s": EPOCH_S + 5}
    assert answer_to(device, "read_procedure", {}) == device.procedures.shown()
    assert answer_to(device, "read_settings", {}) == device.settings.values
    assert answer_to(device, "read_settings", {}) is not device.settings.values
    assert answer_to(device, "read_reservoir", {}) == figures.reservoir(device)
    assert answer_to(device, "self_test", {}) == {"passed": True}
    assert answer_to(device, "read_diagnosis", {}) == {}


@pytest.mark.req("LOG-3")
def test_telemetry_ends_when_its_time_is_over_or_at_once_without_an_interval() -> None:
    device = Hand().device
    device.advance(5)
    assert answer_to(device, "telemetry", {"interval_s": 1, "for_s": 30}) == {"until_us": 5 + 30 * S}
    assert answer_to(device, "telemetry", {"interval_s": 0, "for_s": 30}) == {"until_us": 5}
