"""Somebody has the line: what took effect is exactly what a programmer with a key confirmed, once. A part of
`make adversary`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmware import protocol
from host.api.link import decode_frame
from tests.adversary import __main__ as runner
from tests.adversary.play import World, foreign, play
from tests.adversary.scenario import ON_THE_WAY, Scenario, made, shrunk

pytestmark = pytest.mark.req("SEC-1", "SEC-4", "LINK-2", "HOST-5")
SCENARIOS = 1200
PARTS = 8


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_man_in_the_middle_changes_nothing_that_was_confirmed_and_adds_nothing(part: int) -> None:
    size = SCENARIOS // PARTS
    for seed in range(1 + part * size, 1 + (part + 1) * size):
        assert play(made(seed)) == [], made(seed)


def test_a_swallowed_refusal_between_two_keys_keeps_nobody_out_for_long() -> None:
    """Seed 11604: two rotations over a power cut, so that the programmer tries keys, and more than four plain answers a
    second are asked for. It waited 3 s for the refusal that did not come.
    """
    calls = [("call", "patient", "read_programmers", 184), ("call", "latest", "bolus", 113), ("cut", 54, 43)]
    ways = [("way", 1, 0, "double", 1883, 51), ("way", 0, 6, "cut_short", 1517, 50)]
    more = [("call", "clinician", what, number) for what, number in (("rotate", 360), ("rotate", 983), ("stop", 385))]
    assert play(Scenario(11604, (*calls, *ways, *more))) == []


def test_a_scenario_is_the_same_each_time_down_to_the_bytes_on_the_line() -> None:
    scenario = Scenario(3, (("call", "clinician", "set_basal", 20), ("call", "patient", "rotate", 0)))
    lines = []
    for _ in range(2):
        worlds: list[World] = []
        assert play(scenario, worlds.append) == []
        lines.append(worlds[0].wire.tape)
    assert lines[0] == lines[1] and len(lines[0]) > len(foreign())


def test_scenarios_have_every_act_and_reach_the_pump() -> None:
    seen = {str(move[3]) for seed in range(200) for move in made(seed).moves if move[0] == "way"}
    assert seen == set(ON_THE_WAY)
    names: set[str] = set()
    for seed in range(1, 120):
        worlds: list[World] = []
        play(made(seed), worlds.append)
        names |= {each.name for each in worlds[0].truth.effects}
    assert {"bolus", "set_basal", "stop", "enrol", "revoke", "rotate"} <= names


def test_what_a_programmer_says_can_be_read_nowhere_on_the_line() -> None:
    worlds: list[World] = []
    play(Scenario(1, (("call", "clinician", "read_programmers", 0),)), worlds.append)
    heard = [found for _, frame in worlds[0].wire.tape if (found := decode_frame(frame)) is not None]
    assert not any(b"pat" in payload for _, _, payload in heard)
    assert {number for _, number, _ in heard} >= {0x41, 0x41 | protocol.REPLY_BIT}


def test_a_scenario_shrinks_to_the_moves_that_it_needs() -> None:
    scenario = Scenario(1, tuple(("time", number, 0) for number in range(9)), floods=True)
    least = shrunk(scenario, lambda each: {("time", 2, 0), ("time", 7, 0)} <= set(each.moves))
    assert least == Scenario(1, (("time", 2, 0), ("time", 7, 0)))


def test_a_run_that_was_broken_off_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "adversary.json"
    for more in (3, 5):
        monkeypatch.setattr("sys.argv", ["", "--scenarios", str(more), "--workers", "1", "--out", str(out)])
        assert runner.main() == 0
    told = capsys.readouterr().out
    assert "seed 1: scenarios 1 to 3" in told and "seed 1: scenarios 4 to 5" in told
    figures = json.loads(out.read_text())
    assert figures["scenarios"] == 5 and figures["wrong"] == [] and figures["seed"] == 1


def test_a_violation_is_told_with_its_seed_and_the_fewest_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "play", lambda scenario: ["order: twice"] if scenario.moves[:1] else [])
    result = runner.chunk((4, 5))
    assert result["scenarios"] == 1 and result["wrong"][0]["seed"] == 4 and len(result["wrong"][0]["moves"]) == 1
