"""The stroke timer comes between two lines of an order: wherever the firmware could tell, in some states of each order.

What comes and what must hold: pump.py, sweep.py. `make between-nightly` does every order in every state.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.firmware.between.asked import NOT_SWEPT, ORDERS, QUESTIONS
from tests.firmware.between.scenes import SCENES
from tests.firmware.between.sweep import APART_US, Run, sweep, touches

# The states in which each order is given; what makes delivery less, in all of them.
HOME: dict[str, tuple[str, ...]] = {
    "set_basal": ("basal",),
    "set_basal none": ("percent",),
    "bolus": ("slow",),
    "bolus too much": ("bolus",),
    "bolus no stroke": ("bolus",),
    "cancel_bolus": tuple(SCENES),
    "square_bolus": ("bolus",),
    "dual_bolus": ("slow",),
    "suspend": tuple(SCENES),
    "stop": tuple(SCENES),
    "resume": ("suspended", "stopped"),
    "temp percent": ("bolus",),
    "temp none": ("basal",),
    "temp rate": ("percent",),
    "temp too much": ("basal",),
    "cancel_temp": tuple(SCENES),
    "recommend_rate": ("basal",),
    "set_limits": ("square",),
    "set_limits too low": ("basal",),
    "set_time": ("patterned",),
    "set_settings": ("suspended",),
    "set_settings in disorder": ("bolus",),
    "commit_pattern": ("patterned",),
    "commit_pattern not staged": ("bolus",),
    "select_pattern": ("recommended",),
    "acknowledge_alarm": ("alarmed",),
    "record_refill": ("basal",),
    "start_procedure": ("stopping",),
    "answer_procedure": ("procedure",),
    "interrupt_procedure": ("procedure",),
    "clear_fault": ("blind",),
    "initialise_memory": ("basal",),
}


def said(wrong: list[Any]) -> str:
    """What went wrong, for a person."""
    return "\n".join(f"place {place}, {where}: {'; '.join(each for each in found)}" for place, where, found in wrong)


def test_every_order_is_given() -> None:
    from firmware import protocol

    assert set(HOME) == set(ORDERS)
    assert {ORDERS[each][0] for each in HOME} == {each.name for each in protocol.MESSAGES if each.changes_delivery}
    assert {QUESTIONS[each][0] for each in QUESTIONS} == {
        each.name for each in protocol.MESSAGES if not each.changes_delivery and each.name not in NOT_SWEPT
    }


@pytest.mark.req("DOSE-1", "DOSE-2", "THER-3", "LINK-2", "GUARD-1", "LOG-1")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("order", ORDERS)
def test_a_stroke_that_falls_due_amid_an_order(order: str) -> None:
    """The order goes as it does a moment before the stroke, or as it does a moment after it."""
    for scene in HOME[order]:
        wrong = sweep(scene, order, "armed", touches)
        assert not wrong, f"{order}, {scene}:\n{said(wrong)}"


@pytest.mark.req("DOSE-3", "DOSE-5", "LOG-1", "GUARD-4")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("order", ORDERS)
def test_an_edge_and_the_end_of_a_stroke_amid_an_order(order: str) -> None:
    for scene in HOME[order]:
        for instant in ("edge", "over", "deadline"):
            wrong = sweep(scene, order, instant, touches)
            assert not wrong, f"{order}, {scene}, {instant}:\n{said(wrong)}"


@pytest.mark.req("DOSE-3", "LOG-1", "LOG-3")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_stroke_amid_a_question(question: str) -> None:
    """An answer is of one instant, and asking changes nothing."""
    for scene in ("bolus", "square"):
        for instant in ("armed", "edge", "over"):
            wrong = sweep(scene, question, instant, touches)
            assert not wrong, f"{question}, {scene}, {instant}:\n{said(wrong)}"


@pytest.mark.req("HIL-5")
@pytest.mark.parametrize(("scene", "order", "instant"), [("slow", "suspend", "armed"), ("square", "stop", "over")])
def test_what_comes_between_two_touches_comes_as_one(scene: str, order: str, instant: str) -> None:
    """Every line of the order: nothing differs from the touch before it."""
    lines = Run(scene, order, instant, None, -APART_US).lines
    touched = set(touches(lines))
    assert 20 < len(touched) < len(lines) // 10
    first: Any = None
    for place in range(1, len(lines) + 1):
        run = Run(scene, order, instant, place)
        seen = (run.said, run.seen, run.wrong)
        first = seen if place in touched else first
        assert seen == first, f"{run.where} is not as the touch before it"


@pytest.mark.req("DOSE-1")
def test_the_clock_moves_and_the_timer_comes_between_two_lines() -> None:
    """The harness itself: the stroke is started amid the order, neither before it nor after."""
    for place in (1, 100, 250):
        run = Run("bolus", "set_basal", "armed", place)
        ordered = [each.ordered_us for each in run.device.bursts if each.ordered_us >= run.at_us]
        assert ordered[0] - run.at_us <= 10, "at the very place"
        assert 0 < run.at_us - run.reply["at_us"] < 10_000 or run.reply["at_us"] >= run.at_us
    assert Run("bolus", "set_basal", "armed", None, -APART_US).places > 400
