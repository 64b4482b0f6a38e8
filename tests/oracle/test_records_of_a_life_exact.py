"""The log of a life written by hand, with one event missing, told twice or wrong at a time."""

from __future__ import annotations

import pytest

from hil.oracle.judge import judge
from tests.oracle.hand import S
from tests.oracle.life import event, found, life

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


@pytest.mark.parametrize("kind", ["fault", "exception", "diagnosis", "memory", "unreadable"])
def test_what_must_never_be_in_the_log_is_told(kind: str) -> None:
    run = life()
    run.log.append(event(11, kind, 390))
    assert found(run) == [(400 * S, f"log {kind}")]
