"""What the twin runs have found, each as the smallest pair of scripts that showed it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from firmware.protocol import MESSAGES
from firmware.storage.orders import ENTRIES
from hil.backends.pinning import pin
from hil.scripts.play import play
from hil.scripts.script import LOOK, Run, Script, Step
from hil.twins import TWINS, clock
from hil.twins.pair import Pair

S = 1_000_000
H = 3600 * S
FILLED = {"taken_back_nl": 0, "drawn_before_mg": 9000, "drawn_after_mg": 9001}
# Settings in which nothing happens by itself.
SETTINGS: dict[str, Any] = {
    "suspend_rate_mu_per_h": 200, "auto_off_min": 0, "utc_offset_min": 0, "reservoir_low_mu": 0,
    "reservoir_empty_mu": 0, "reservoir_stop_mu": 0, "in_use_days": 45, "stroke_tone": False,
}  # fmt: skip


def pair(end_us: int, *common: Step, with_it: Step, without: tuple[Step, ...] = (), **head: int) -> Pair:
    """Two scripts on a pump of 500 nL and U-400 unless `head` says otherwise."""
    stroke_nl, per_ml = head.get("stroke_nl", 500), head.get("per_ml", 400)
    return Pair(Script(0, stroke_nl, per_ml, end_us, common), without, (with_it,))


def refill(at_us: int, put_in_mg: int) -> Step:
    return Step(at_us, "record_refill", {"put_before_mg": 20_000 + put_in_mg, "put_after_mg": 20_000, **FILLED})


def basal(at_us: int, rate_mu_per_h: int) -> Step:
    return Step(at_us, "set_basal", {"rate_mu_per_h": rate_mu_per_h})


def cut(at_us: int, off_s: float = 2.5) -> Step:
    return Step(at_us, "power_cut", {"off_s": off_s})


FOUND = {
    "a suspend of a pump that delivers nothing": (
        "safer",
        pair(30 * H, basal(S, 0), with_it=Step(H, "suspend")),
    ),
    "a suspend in a temporary rate of nothing": (
        "safer",
        pair(
            20 * H, basal(S, 1000), Step(H, "temp_basal", {"kind": 1, "value": 0, "duration_min": 1140}),
            with_it=Step(2 * H, "suspend"),
        ),
    ),
    "a suspend behind a long bolus": (
        "safer",
        pair(
            2 * H, basal(S, 35_000), Step(60 * S, "bolus", {"volume_mu": 30_000}), with_it=Step(350 * S, "suspend")
        ),
    ),
    "a question holds auto-off off": (
        "asked",
        pair(
            12 * H, basal(S, 1000), Step(2 * S, "set_settings", SETTINGS | {"auto_off_min": 60}),
            with_it=Step(1800 * S, "read_time"),
        ),
    ),
    "a refused order holds auto-off off": (
        "refused",
        pair(
            12 * H, basal(S, 1000), Step(2 * S, "set_settings", SETTINGS | {"auto_off_min": 60}),
            with_it=Step(1800 * S, "interrupt_procedure", {"step": 0}),
        ),
    ),
    "a clock set back postpones a refill": (
        "clock",
        pair(
            40 * H, Step(S, "set_settings", SETTINGS | {"in_use_days": 1}), refill(2 * S, 10_000),
            without=(Step(H, "set_time", {"utc_s": 1767225600 + 3600}),),
            with_it=Step(H, "set_time", {"utc_s": 1767225600 - 3600 * 24 * 30}),
        ),
    ),
    "a clock that has jumped over a cut empties the caps": (
        "clock",
        pair(
            12 * H, Step(8 * H, "bolus", {"volume_mu": 28_800}), cut(9 * H, 600), Step(10 * H, LOOK),
            with_it=Step(9 * H - 1, "clock_jump", {"by_s": 10**9}),
        ),
    ),
    "an alarm's time and figure go with the power": (
        "reset",
        pair(3 * H, refill(S, 1005), Step(2 * H + 10 * S, LOOK), with_it=cut(2 * H), per_ml=100),
    ),
    "another alarm speaks for all after a reset": (
        "reset",
        pair(
            21 * H, basal(S, 35_000), Step(20 * H, "stop"), Step(20 * H + 20 * S, LOOK),
            with_it=cut(20 * H + 10 * S), stroke_nl=125, per_ml=500,
        ),
    ),
    "a procedure below the stop level is stopped by a reset": (
        "reset",
        pair(
            3 * H, refill(S, 1005), Step(H, "start_procedure", {"procedure": 2}), Step(2 * H + 10 * S, LOOK),
            with_it=cut(2 * H), per_ml=100,
        ),
    ),
    "a guided refill that cannot be comes back with the power": (
        "reset",
        pair(
            3 * H, Step(S, "stop"), Step(H, "start_procedure", {"procedure": 1}),
            *[
                Step(H + (place + 1) * 10 * S, "answer_procedure", {"step": place, "choice": 0, "value": value})
                for place, value in enumerate((0, 1_000_000, 780_184, 2_000_000, 0))
            ],
            Step(2 * H + 10 * S, LOOK),
            with_it=cut(2 * H), stroke_nl=125,
        ),
    ),
    # Device time is off by up to some seconds after a reset, and with it the temporary rate's end.
    "an order just after the end of a temporary rate": (
        "reset",
        pair(
            4 * H, Step(H, "temp_basal", {"kind": 1, "value": 150, "duration_min": 90}), Step(H + 200 * S, LOOK),
            Step(H + 5400 * S + 40_000, "recommend_rate", {"rate_mu_per_h": 2_000, "valid_min": 1}),
            with_it=cut(H + 125 * S, 5.364542),
        ),
    ),
    "an order just after auto-off": (
        "reset",
        pair(
            4 * H, basal(S, 0), Step(2 * S, "set_settings", SETTINGS | {"auto_off_min": 60}), Step(1810 * S, LOOK),
            Step(2 * S + H + 700_000, "square_bolus", {"volume_mu": 400, "duration_min": 30}),
            with_it=cut(1800 * S, 2.270775),
        ),
    ),
    "a stretch that would have ended before the first look after a cut": (
        "reset",
        pair(
            4 * H, Step(H, "recommend_rate", {"rate_mu_per_h": 500, "valid_min": 1}), Step(H + 61 * S, LOOK),
            with_it=cut(H + 58 * S, 1.567902),
        ),
    ),
    # At 1 U/h a stroke is due every 720 s, and a second or two later after a reset.
    "a stroke that a later cut lets one run make": (
        "reset",
        pair(
            4 * H, basal(S, 1_000), Step(H + 200 * S, LOOK), cut(2 * H + 2 * S, 95),
            with_it=cut(H + 100 * S + 300_000, 5.523366),
        ),
    ),
    # One more order, and the oldest outcome that can come no more is forgotten.
    "an order that comes again long after its expiry": (
        "refused",
        pair(
            2 * H, Step(S, "bolus", {"volume_mu": 30_000}),
            *[basal(H + place * S, 1_000) for place in range(ENTRIES - 1)],
            Step(H + 1000 * S, "again", {"of_us": S}),
            with_it=Step(H + 990 * S, "interrupt_procedure", {"step": 0}),
        ),
    ),
    # By the clock the refill is due 0.4 s before it is by running time: the clock said a whole second at the fill.
    "a refill that is due by running time": (
        "clock",
        pair(
            30 * H, Step(S, "set_settings", SETTINGS | {"in_use_days": 1}), refill(2 * S + 400_000, 10_000),
            with_it=Step(H, "clock_jump", {"by_s": -90_000}),
        ),
    ),
    "an acknowledged alarm of the clock": (
        "clock",
        pair(
            4 * H, Step(3 * H, "acknowledge_alarm", {"alarm": 22}),
            with_it=Step(H, "clock_jump", {"by_s": -(10**8)}),
        ),
    ),
    "the end of a temporary rate under a higher programmed one": (
        "safer",
        pair(
            4 * H, basal(S, 1_000), Step(H - S, "temp_basal", {"kind": 1, "value": 150, "duration_min": 90}),
            Step(H, "temp_basal", {"kind": 0, "value": 500, "duration_min": 90}),
            with_it=Step(H + 60 * S, "cancel_temp"),
        ),
    ),
}  # fmt: skip


@pytest.mark.req("THER-3", "THER-4", "THER-5", "THER-8", "DOSE-5", "STORE-5", "ALARM-2")
@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_mended(name: str) -> None:
    pin()
    twin, twins = FOUND[name]
    without, with_it = play(twins.without), play(twins.with_it)
    assert [each.text for each in TWINS[twin].judge(twins, without, with_it)] == []


@pytest.mark.req("THER-3", "THER-8")
def test_a_time_that_is_refused_has_no_accepted_twin() -> None:
    """An accepted order is an act of a person, which puts auto-off off; a refused one is none."""
    message = next(each for each in MESSAGES if each.name == "set_time")
    utc_s = next(field for field in message.request if field.name == "utc_s")
    script, seen = Script(0, 500, 400, 48 * H, ()), set()
    for seed in range(200):
        for twins in clock.pairs(script, Run(script), random.Random(seed)):
            right = {step.at_us for step in twins.only_without}
            for step in twins.only_with:
                if step.what == "set_time":
                    taken = utc_s.low <= step.values["utc_s"] <= utc_s.high
                    seen.add(taken)
                    assert (step.at_us in right) is taken
    assert seen == {False, True}
