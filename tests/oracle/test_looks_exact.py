"""Looks of a life written by hand, with one figure wrong at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hil.oracle.judge import Judge, judge
from hil.scripts.play import SLOT_US
from tests.oracle.hand import S
from tests.oracle.life import Values, found, life, with_look

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
    assert with_deliveries(0, lambda rows: rows.reverse()) == [("deliveries listed", "oldest first", [3, 2, 1])]
    assert with_deliveries(0, lambda rows: rows.__delitem__(1)) == [("deliveries listed", [2], [1, 3])]
    assert with_deliveries(0, lambda rows: rows.__delitem__(2)) == [("deliveries listed", [3], [1, 2])]
    assert with_deliveries(0, lambda rows: rows.__delitem__(0)) == [], "a full list loses the oldest"
    assert with_deliveries(1, lambda rows: rows.__delitem__(0)) == [], "a reset may lose what had ended"
    assert with_deliveries(1, lambda rows: rows.__delitem__(1)) == [("deliveries listed", [4], [2])]
    assert with_deliveries(0, lambda rows: rows.clear()) == [("deliveries listed", [2, 3], [])]


@pytest.mark.req("DOSE-3")
def test_six_deliveries_are_a_page_and_the_seventh_is_asked_later() -> None:
    for count, pages in ((1, 1), (6, 1), (7, 2), (12, 2), (13, 3)):
        run = life()
        last = run.looks[1].deliveries[1]
        run.looks[1] = replace(run.looks[1], deliveries=(last,) * count)
        made = Judge(run)
        assert made.judge() == []
        assert made.device.pump.bench_us == 400 * S + (10 + pages) * SLOT_US
