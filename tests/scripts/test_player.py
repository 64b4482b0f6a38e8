"""The player and the writer of random scripts: a script is what happens, nothing else, and it happens again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hil.errors import DeviceLost
from hil.scripts.generate import Wish, generate
from hil.scripts.play import play
from hil.scripts.script import Refusal, Script, Step, from_json, to_json
from tests.scripts.bugs import board_with

S = 1_000_000
H = 3600 * S


def script(*steps: Step, stroke_nl: int = 500, end_us: int = 2 * H) -> Script:
    return Script(0, stroke_nl, 400, end_us, steps)


def test_a_script_is_the_same_as_text() -> None:
    written = generate(3, Wish(hours=(2, 4), steps=(10, 20)))
    assert from_json(to_json(written)) == written


@pytest.mark.req("HIL-1")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_seed_is_the_same_script_and_the_same_run(seed: int) -> None:
    wish = Wish(hours=(4, 8), steps=(10, 30), cuts=True, clock=True, procedures=True)
    written = generate(seed, wish)
    assert generate(seed, wish) == written
    first, second = play(written), play(written)
    assert first == second
    assert first.console == ""


@pytest.mark.req("LINK-2")
def test_a_request_arrives_at_its_microsecond() -> None:
    run = play(script(Step(S, "set_basal", {"rate_mu_per_h": 1000}), Step(5 * S + 7, "bolus", {"volume_mu": 600})))
    assert [answer.reply and answer.reply["at_us"] for answer in run.answers] == [S, 5 * S + 7]
    assert run.strokes_us[:3] == [5 * S + 7, 7 * S + 7, 9 * S + 7]
    assert len(run.edges_us) == len(run.strokes_us)


def test_a_refusal_has_its_code_its_field_and_its_limit() -> None:
    run = play(script(Step(S, "bolus", {"volume_mu": 41_000})))
    assert run.answers[0].refusal == Refusal("hard_limit", "volume_mu", 41_000, 40_000)


@pytest.mark.req("THER-3")
def test_an_order_that_is_late_by_a_microsecond_is_refused() -> None:
    order = Step(S, "set_basal", {"rate_mu_per_h": 1000, "expires_after_us": 0})
    assert play(script(order)).answers[0].reply
    late = replace(order, values={"rate_mu_per_h": 1000, "expires_after_us": -1})
    refusal = play(script(late)).answers[0].refusal
    assert refusal is not None
    assert refusal.code == "expired"


@pytest.mark.req("STORE-2")
def test_after_a_power_cut_the_orders_hold_in_the_device_s_time() -> None:
    cut = Step(H, "power_cut", {"off_s": 7200})
    order = Step(4 * H, "set_basal", {"rate_mu_per_h": 1000, "expires_after_us": 1})
    run = play(script(Step(S, "set_basal", {"rate_mu_per_h": 500}), cut, order, Step(5 * H, "look"), end_us=6 * H))
    assert len(run.lives) == 2
    assert run.answers[1].reply
    assert [look.status["resets"] for look in run.looks] == [1, 1]
    assert run.looks[0].status["now_us"] == run.device_us(5 * H)


def test_the_battery_backed_clock_jumps_and_is_lost() -> None:
    jump = Step(60 * S, "clock_jump", {"by_s": 3600})
    cut = {"off_s": 1}
    lost = (Step(90 * S, "clock_lost"), Step(100 * S, "power_cut", cut))
    run = play(script(jump, Step(70 * S, "power_cut", cut), Step(80 * S, "look"), *lost))
    before = run.looks[0].time["utc_s"] - run.looks[0].at_us // S
    assert before % 3600 == 0
    assert run.looks[-1].time["utc_s"] == 0


def test_the_log_is_whole() -> None:
    run = play(generate(5, Wish(hours=(24, 24), steps=(40, 40))))
    numbers = [event["number"] for event in run.log]
    assert numbers == list(range(1, run.looks[-1].status["newest_event"] + 1))


AWAKE = """
_right = Telemetry.time
def _wrong(self, now_us):
    due_us = self.deadline_us
    _right(self, now_us)
    self.deadline_us = due_us
Telemetry.time = _wrong
"""


@pytest.mark.req("HIL-8", "GUARD-3")
def test_a_supervisor_that_would_never_sleep_again_ends_the_run_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    telemetry = Step(S, "telemetry", {"interval_s": 10, "for_s": 30})
    assert play(script(telemetry)).answers[0].reply
    monkeypatch.setenv("RELEVE_MICROPYTHON", str(board_with("link/telemetry.py", AWAKE, tmp_path)))
    with pytest.raises(DeviceLost, match=r"never sleep(.|\n)*11000000 us, stays over"):
        play(script(telemetry))
