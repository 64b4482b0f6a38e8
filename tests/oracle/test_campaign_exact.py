"""The oracle's campaign: what it asks for, counts, prints and writes, and its exit code; no board is started."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.errors import DeviceLost
from hil.oracle import campaign
from hil.oracle.campaign import Verdict
from hil.scripts.script import Run
from tests.oracle.life import life

pytestmark = pytest.mark.req("HIL-5")


def test_a_verdict_counts_strokes_disagreements_and_bad_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[Any] = []
    monkeypatch.setattr(campaign, "generate", lambda seed: ("therapy", seed))
    monkeypatch.setattr(campaign, "storms", lambda seed: ("storm", seed))
    monkeypatch.setattr(campaign, "play", lambda script: played.append(script) or life())
    assert campaign.verdict(7) == Verdict(7, 3, ())
    assert campaign.verdict(8, stormy=True) == Verdict(8, 3, ())
    assert played == [("therapy", 7), ("storm", 8)]
    spoilt = campaign.verdict(7, spoil=True)
    assert (spoilt.disagreements, spoilt.bad_runs, spoilt.missed, spoilt.error) == ((), 15, (), "")


def test_a_bad_run_is_missed_if_nothing_is_found_that_the_good_one_does_not_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def bad() -> Run:
        run = life()
        run.strokes_us = run.strokes_us[:2]
        return run

    def spoiled(run: Run, _: object) -> Iterator[tuple[str, Run]]:
        worse = bad()
        worse.strokes_us = worse.strokes_us[:1]
        yield "same", bad()
        yield "worse", worse

    monkeypatch.setattr(campaign, "generate", lambda seed: seed)
    monkeypatch.setattr(campaign, "play", lambda script: bad())
    monkeypatch.setattr(campaign, "spoiled", spoiled)
    found = campaign.verdict(7, True)
    assert len(found.disagreements) == 1 and "stroke 3 of basal" in found.disagreements[0]
    assert (found.bad_runs, found.missed) == (2, ("same",))


def test_a_board_that_ends_by_itself_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_: object) -> Run:
        raise DeviceLost("gone")

    monkeypatch.setattr(campaign, "generate", lambda seed: seed)
    monkeypatch.setattr(campaign, "play", lost)
    assert campaign.verdict(7) == Verdict(7, 0, (), "gone")


GOOD = Verdict(1, 10, ())
DISAGREES = Verdict(2, 20, ("first", "second", "third", "fourth"))
LOST = Verdict(3, 0, (), "the board is gone")
BLIND = Verdict(4, 30, (), "", 5, ("moved",))


def run_main(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verdicts: list[Verdict], *arguments: str
) -> tuple[int, list[str], list[Any]]:
    """(exit code, lines, jobs and workers)."""
    asked: list[Any] = []

    def run_all(function: object, jobs: list[Any], workers: int) -> list[Verdict]:
        assert function is campaign.verdict
        asked.extend((jobs, workers))
        return verdicts

    monkeypatch.setattr(campaign, "run_all", run_all)
    monkeypatch.setattr(sys, "argv", ["oracle", *arguments])
    monkeypatch.setattr(campaign.os, "cpu_count", lambda: None)
    code = campaign.main()
    return code, capsys.readouterr().out.splitlines(), asked


def test_the_seeds_follow_each_other(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, asked = run_main(monkeypatch, capsys, [GOOD])
    assert (code, asked) == (0, [[(1, False, False)], 1])
    assert lines == ["1 scripts, 10 strokes, 0 disagree, 0 s"]
    options = ("--seed", "7", "--scripts", "2", "--workers", "5", "--spoil", "--storms")
    _, lines, asked = run_main(monkeypatch, capsys, [GOOD, GOOD], *options)
    assert asked == [[(7, True, True), (8, True, True)], 5]
    assert lines == ["2 scripts, 20 strokes, 0 bad runs, 0 disagree, 0 s"]


def test_what_disagrees_is_told_with_its_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines, _ = run_main(monkeypatch, capsys, [GOOD, DISAGREES, LOST, BLIND], "--spoil", "--scripts", "4")
    assert code == 1
    assert lines == [
        "python -m hil.oracle --seed 2",
        "  first",
        "  second",
        "  third",
        "python -m hil.oracle --seed 3: the board is gone",
        "python -m hil.oracle --seed 4",
        "  a bad run that is not found: moved",
        "4 scripts, 60 strokes, 5 bad runs, 3 disagree, 0 s",
    ]
    for each in (DISAGREES, LOST, BLIND):
        assert run_main(monkeypatch, capsys, [GOOD, each])[0] == 1
    _, lines, _ = run_main(monkeypatch, capsys, [LOST], "--storms")
    assert lines[0] == "python -m hil.oracle --seed 3 --storms: the board is gone"


@pytest.mark.req("HIL-8")
def test_results_are_written_whole_and_old_ones_are_gone_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "results.json"
    run_main(monkeypatch, capsys, [GOOD, DISAGREES, LOST, BLIND], "--out", str(out))
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written["scripts"] == 4
    assert [(each["seed"], each["verdict"], each["strokes"], each["bad_runs"]) for each in written["results"]] == [
        (1, "agrees", 10, 0), (2, "disagrees", 20, 0), (3, "error", 0, 0), (4, "blind", 30, 5),
    ]  # fmt: skip
    assert [each["disagreements"] for each in written["results"]] == [
        [], ["first", "second", "third", "fourth"], ["the board is gone"], [],
    ]  # fmt: skip
    assert written["results"][3]["missed"] == ["moved"]
    assert written["results"][1]["command"] == "python -m hil.oracle --seed 2"

    def broken(*_: object) -> list[Verdict]:
        raise DeviceLost("no")

    monkeypatch.setattr(campaign, "run_all", broken)
    with pytest.raises(DeviceLost):
        campaign.main()
    assert not out.exists()
