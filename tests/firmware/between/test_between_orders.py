"""The stroke timer comes between two lines of an order: at every line of every order, in every state.

What comes and what must hold: between.py, between_sweep.py. Here at least once at every line of source that an order
runs
through; `make between-nightly` does every place of every order in every state.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.firmware.between.scenes import ORDERS, QUESTIONS
from tests.firmware.between.sweep import APART_US, Run, each_line, sweep, touches

# The states in which each order is given at every line.
HOME: dict[str, tuple[str, ...]] = {
    "set_basal": ("basal",),
    "set_basal none": ("percent",),
    "bolus": ("slow",),
    "bolus too much": ("bolus",),
    "bolus no stroke": ("bolus",),
    "cancel_bolus": ("bolus", "last_stroke", "basal"),
    "square_bolus": ("bolus",),
    "dual_bolus": ("slow",),
    "suspend": ("waiting", "dual"),
    "stop": ("bolus", "procedure"),
    "resume": ("suspended",),
    "temp percent": ("bolus",),
    "temp none": ("basal",),
    "temp rate": ("percent",),
    "temp too much": ("basal",),
    "cancel_temp": ("percent",),
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


def test_every_order_is_given_at_every_line() -> None:
    from firmware import protocol

    assert set(HOME) == set(ORDERS)
    assert {ORDERS[each][0] for each in HOME} == {each.name for each in protocol.MESSAGES if each.changes_delivery}
    assert {QUESTIONS[each][0] for each in QUESTIONS} == {
        each.name for each in protocol.MESSAGES if not each.changes_delivery
    }


@pytest.mark.req("DOSE-1", "DOSE-2", "THER-3", "LINK-2", "GUARD-1", "LOG-1")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("order", ORDERS)
def test_a_stroke_that_falls_due_at_any_line_of_an_order(order: str) -> None:
    """The order goes as it does a moment before the stroke, or as it does a moment after it."""
    for scene in HOME[order]:
        wrong = sweep(scene, order, "armed", each_line)
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


@pytest.mark.req("DOSE-1")
def test_the_clock_moves_and_the_timer_comes_between_two_lines() -> None:
    """The harness itself: the stroke is started amid the order, neither before it nor after."""
    for place in (1, 100, 250):
        run = Run("bolus", "set_basal", "armed", place)
        ordered = [each.ordered_us for each in run.device.bursts if each.ordered_us >= run.at_us]
        assert ordered[0] - run.at_us <= 10, "at the very place"
        assert 0 < run.at_us - run.reply["at_us"] < 10_000 or run.reply["at_us"] >= run.at_us
    assert Run("bolus", "set_basal", "armed", None, -APART_US).places > 400
