"""The log of a life written by hand, with one event missing, told twice or wrong at a time."""

from __future__ import annotations

import pytest

from hil.oracle.judge import judge
from hil.oracle.settings import NEW
from hil.scripts.script import Answer, Step
from tests.oracle.hand import S
from tests.oracle.life import Values, event, found, life, with_steps

pytestmark = pytest.mark.req("HIL-5")


@pytest.mark.req("LOG-1", "LOG-2")
@pytest.mark.parametrize("place", range(10))
def test_an_event_that_is_missing_or_told_twice_is_found(place: int) -> None:
    missing = life()
    kind = missing.log[place]["event"]
    del missing.log[place]
    for number, row in enumerate(missing.log, 1):
        missing.log[number - 1] = {**row, "number": number}
    assert f"log {kind}" in {what.rpartition(" ")[0] for _, what in found(missing)}
    twice = life()
    twice.log.insert(place, twice.log[place])
    for number, row in enumerate(twice.log, 1):
        twice.log[number - 1] = {**row, "number": number}
    assert f"log {kind}" in {what.rpartition(" ")[0] for _, what in found(twice)}


@pytest.mark.req("LOG-1")
@pytest.mark.parametrize(
    ("place", "names"),
    [(2, "abcd"), (3, "a"), (4, "ab"), (5, "a"), (6, "abcd"), (7, "b"), (8, "abcd")],
)
def test_each_figure_of_an_event_is_judged(place: int, names: str) -> None:
    for name in (*names, "detail" if place != 7 else "b"):
        for by in (-1, 1):
            run = life()
            row = run.log[place]
            if name == "b" and row["event"] == "reset" and by < 0:
                continue
            run.log[place] = {**row, name: row[name] + by}
            whats = [what for _, what in found(run)]
            assert whats and all(what.startswith(f"log {row['event']} ") for what in whats), (name, by)


@pytest.mark.req("LOG-2")
def test_the_numbers_of_the_log_have_no_gap() -> None:
    run = life()
    run.log = [{**row, "number": row["number"] + 100} for row in run.log]
    assert judge(run) == [], "it may begin anywhere: the oldest are overwritten"
    run.log[4] = {**run.log[4], "number": 1}
    assert found(run) == [(400 * S, "log numbers")]


@pytest.mark.parametrize(
    "kind",
    ["fault", "fault_cleared", "edge_differs", "edge_forgiven", "exception", "diagnosis", "memory", "unreadable"]
    + ["settings_kept"],
)
def test_what_must_never_be_in_the_log_is_told(kind: str) -> None:
    run = life()
    run.log.append(event(11, kind, 390))
    assert found(run) == [(400 * S, f"log {kind}")]


@pytest.mark.req("LOG-2")
def test_each_setting_that_changes_is_in_the_log_by_its_place_before_and_now_with_a_sign() -> None:
    values = dict(NEW) | {"auto_off_min": 600, "utc_offset_min": -45}
    steps = Step(2 * S, "set_settings", values), Step(5 * S, "set_settings", values | {"utc_offset_min": 30})

    def said(*rows: Values) -> list[str]:
        run = with_steps(*steps)
        run.answers = [
            Answer(number, step.at_us, "set_settings", step.values, {"at_us": step.at_us}, None)
            for number, step in enumerate(steps)
        ]
        run.log = [{**row, "number": number} for number, row in enumerate(rows, 1)]
        return [each.what for each in judge(run) if "setting_changed" in each.what]

    changed = "setting_changed"
    rows = [
        event(1, changed, 2, detail=1, a=0, b=600),
        event(2, changed, 2, detail=2, a=0, b=0xFFFFFFFF - 44),
        event(3, changed, 5, detail=2, a=0xFFFFFFFF - 44, b=30),
    ]
    assert said(*rows) == []
    for place in range(3):
        assert said(*rows[:place], *rows[place + 1 :]) != []
        for name in ("detail", "time_s", "a", "b"):
            bad = [*rows]
            bad[place] = {**rows[place], name: rows[place][name] ^ 1}
            assert said(*bad) == [f"log setting_changed {place + 1} (number {place + 1}) {name}"]
    assert said(*rows, rows[2]) == ["log setting_changed 4"]
