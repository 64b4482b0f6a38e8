"""Looks of a life written by hand, with one figure wrong at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hil.oracle.judge import Judge, judge
from hil.scripts.play import SLOT_US
from hil.scripts.script import LOOK, Answer, Life, Step
from tests.oracle.hand import S
from tests.oracle.life import Values, delivery, found, life, look_at, with_look, with_steps

pytestmark = pytest.mark.req("HIL-5")


@pytest.mark.parametrize(
    ("part", "name", "requirement"),
    [
        ("status", "strokes_commanded", "DOSE-3"),
        ("status", "hour_mu", "DOSE-3"),
        ("time", "now_us", "THER-8"),
        ("procedure", "step", "THER-6"),
        ("reservoir", "now_us", "THER-4"),
        ("settings", "in_use_days", "THER-9"),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_each_figure_of_a_look_is_judged_at_the_time_at_which_it_was_asked(
    place: int, part: str, name: str, requirement: str
) -> None:
    asked = ["status", "time", "procedure", "reservoir", "settings"].index(part)
    run = with_look(place, part, **{name: getattr(life().looks[place], part)[name] + 1})
    problems = judge(run)
    assert [(each.what, each.requirement) for each in problems] == [(f"{part} {name}", requirement)]
    assert problems[0].at_us == run.looks[place].at_us + asked * SLOT_US


@pytest.mark.req("OCC-3")
def test_a_diagnosis_without_a_cause_is_judged() -> None:
    assert found(with_look(0, "diagnosis", diagnosis="occlusion")) == [(10 * S + 5 * SLOT_US, "diagnosis diagnosis")]


@pytest.mark.req("THER-1")
@pytest.mark.parametrize("pattern", range(4))
def test_each_pattern_is_judged(pattern: int) -> None:
    run = life()
    patterns = list(run.looks[0].patterns)
    patterns[pattern] = (200,) * 47 + (250,)
    run.looks[0] = replace(run.looks[0], patterns=tuple(patterns))
    assert found(run) == [(10 * S + (6 + pattern) * SLOT_US, f"pattern {pattern}")]


@pytest.mark.req("ALARM-2")
def test_an_alarm_without_a_cause_is_judged_and_pages_take_their_time() -> None:
    row = {"alarm": 15, "since_us": 1, "detail": 0, "cause_there": False}
    for count, pages in ((0, 1), (15, 1), (16, 2), (30, 2), (31, 3)):
        run = life()
        run.looks[1] = replace(run.looks[1], alarms=(row,) * count)
        made = Judge(run)
        problems = made.judge()
        assert {each.what for each in problems} == ({"alarm occlusion"} if count else set())
        if count:
            assert problems[0].at_us == 400 * S + (9 + pages) * SLOT_US
        assert made.device.pump.bench_us == 400 * S + (10 + pages) * SLOT_US


def with_deliveries(place: int, change: Callable[[list[Values]], None]) -> list[tuple[str, Any, Any]]:
    run = life()
    rows = [dict(each) for each in run.looks[place].deliveries]
    change(rows)
    run.looks[place] = replace(run.looks[place], deliveries=tuple(rows))
    return [(each.what, each.expected, each.seen) for each in judge(run)]


@pytest.mark.req("DOSE-3", "LOG-2")
def test_each_delivery_is_judged() -> None:
    def programmed(rows: list[Values]) -> None:
        rows[1]["programmed_mu"] += 1

    assert with_deliveries(0, programmed) == [("delivery 2 programmed_mu", 7, 8)]
    for number in (0, 5):

        def invented(rows: list[Values], number: int = number) -> None:
            rows.insert(0 if number == 0 else 3, rows[0] | {"id": number})

        assert with_deliveries(0, invented)[0][:2] == (f"delivery {number}", "none")
    assert with_deliveries(0, lambda rows: rows.reverse()) == [
        ("deliveries listed", "each once, oldest first", [3, 2, 1])
    ]
    assert with_deliveries(0, lambda rows: rows.append(rows[2])) == [
        ("deliveries listed", "each once, oldest first", [1, 2, 3, 3])
    ]
    assert with_deliveries(0, lambda rows: rows.__delitem__(1)) == [("deliveries listed", [2], [1, 3])]
    assert with_deliveries(0, lambda rows: rows.__delitem__(2)) == [("deliveries listed", [3], [1, 2])]
    assert with_deliveries(0, lambda rows: rows.__delitem__(0)) == [], "a full list loses the oldest"
    assert with_deliveries(1, lambda rows: rows.__delitem__(0)) == [], "a reset may lose what had ended"
    assert with_deliveries(1, lambda rows: rows.__delitem__(1)) == [("deliveries listed", [4], [2])]
    assert with_deliveries(0, lambda rows: rows.clear()) == [("deliveries listed", [2, 3], [])]


@pytest.mark.req("DOSE-3")
def test_a_row_that_is_no_delivery_does_not_hide_the_next() -> None:
    def change(rows: list[Values]) -> None:
        rows.insert(0, rows[0] | {"id": 0})
        rows[2]["programmed_mu"] += 1

    assert [what for what, _, _ in with_deliveries(0, change)] == ["delivery 0", "delivery 2 programmed_mu"]


@pytest.mark.req("LOG-2")
def test_only_the_oldest_that_have_ended_may_be_missing() -> None:
    """A bolus a microsecond after the start, and one later: both have ended at the look."""
    steps = (Step(1, "bolus", {"volume_mu": 200}), Step(10 * S, "bolus", {"volume_mu": 200}), Step(20 * S, LOOK))
    basal = delivery(1, "basal", 0, 0)
    first = delivery(2, "normal_bolus", 1, 200, 1, end_us=1, reason="completed")
    last = delivery(3, "normal_bolus", 10 * S, 200, 1, end_us=10 * S, reason="completed")
    for rows, missing in (
        ([basal, first, last], None),
        ([basal, last], [2]),
        ([basal], [2, 3]),
        ([], [1, 2, 3]),
        ([last], [1]),
    ):
        run = with_steps(*steps)
        run.answers = [
            Answer(0, 1, "bolus", steps[0].values, {"at_us": 1, "delivery_id": 2, "strokes": 1}, None),
            Answer(1, 10 * S, "bolus", steps[1].values, {"at_us": 10 * S, "delivery_id": 3, "strokes": 1}, None),
        ]
        run.looks = [look_at(20 * S, 20 * S, {}, rows)]
        told = [each.expected for each in judge(run) if each.what.startswith("deliver")]
        assert told == ([missing] if missing else []), rows


@pytest.mark.req("DOSE-3")
def test_five_deliveries_are_a_page_and_the_sixth_is_asked_later() -> None:
    for count, pages in ((0, 1), (1, 1), (5, 1), (6, 2), (10, 2), (11, 3)):
        run = life()
        row = run.looks[1].deliveries[1]
        run.looks[1] = replace(run.looks[1], deliveries=tuple(row | {"id": 10 + place} for place in range(count)))
        made = Judge(run)
        problems = [each for each in made.judge() if each.expected == "none"]
        assert [each.what for each in problems] == [f"delivery {10 + place}" for place in range(count)]
        assert [each.at_us for each in problems] == [400 * S + (11 + place // 5) * SLOT_US for place in range(count)]
        assert made.device.pump.bench_us == 400 * S + (10 + pages) * SLOT_US


@pytest.mark.req("STORE-5")
def test_a_look_is_asked_by_the_bench_s_time_whatever_the_device_s_is() -> None:
    cut, look = Step(300 * S, "power_cut", {"off_s": 5}), Step(310 * S, LOOK)
    run = with_steps(cut, look, lives=(Life(0, 0), Life(305 * S, 306 * S)))
    run.looks = [look_at(310 * S, 311 * S, {}, [])]
    made = Judge(run)
    assert not {each.what for each in made.judge()} & {"status now_us", "time now_us", "reservoir now_us"}
    assert made.device.pump.bench_us == 310 * S + 11 * SLOT_US
