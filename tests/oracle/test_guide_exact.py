"""The steps of the guided procedures by hand (docs/procedures.md): where they lead, their bounds, their strokes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hil.oracle.guide import NAMES, PROCEDURES
from tests.oracle.guided import FLUSH, OUT, PATENCY, REFILL, RINSE, STROKE_VOLUME, Guided, at

pytestmark = pytest.mark.req("THER-5", "THER-6")


def test_the_procedures_are_those_of_the_page() -> None:
    assert NAMES == ("none", "refill", "rinse", "flush", "stroke_volume", "patency")
    page = (Path(__file__).parents[2] / "docs" / "procedures.md").read_text(encoding="utf-8")
    pictures = re.findall(r"^## \d.*?\n```mermaid\n(.*?)```", page, re.DOTALL | re.MULTILINE)
    for picture, (_, steps) in zip(pictures, PROCEDURES.values(), strict=True):
        drawn = set(re.findall(r"^ +(\w+) --> (\w+):", picture, re.MULTILINE))
        told = {(step.name, to) for step in steps for to in (*step.choices, step.interrupt) if to}
        assert told == drawn


@pytest.mark.parametrize(
    ("fluid", "ledger", "holds"),
    [("naoh", "naoh", "naoh"), ("buffer", "buffer", "buffer"), ("insulin", "insulin_test", "empty")],
)
def test_a_rinse_opens_the_valve_with_each_fluid_and_may_do_so_again(fluid: str, ledger: str, holds: str) -> None:
    made = at(RINSE, f"equalise_{fluid}")
    assert made.procedures.holds == holds, "insulin is not under vacuum before the refill is done"
    made.say()
    made.go()
    entry = made.pump.entries[-1]
    assert (entry.kind, entry.confirmed, made.where) == (ledger, 20, f"drawn_{fluid}")  # 4 U
    made.say(choice=1)
    assert (made.where, made.procedures.left) == (f"pull_{fluid}", 20)


@pytest.mark.parametrize(
    ("procedure", "step", "low", "high"),
    [
        (REFILL, "withdraw", 0, 20_000_000),
        (REFILL, "fill", 1, 20_000_000),
        (REFILL, "take_back", 0, 5_000_000),
        (RINSE, "remove_insulin", 0, 20_000_000),
        (RINSE, "fill_naoh", 1, 20_000_000),
        (RINSE, "drawn_naoh", 0, 5_000_000),
        (RINSE, "remove_naoh", 0, 20_000_000),
        (RINSE, "drawn_insulin", 0, 5_000_000),
        (FLUSH, "flush", 0, 20_000_000),
        (STROKE_VOLUME, "count", 10, 100),
        (STROKE_VOLUME, "read", 0, 100_000),
        (PATENCY, "watch", -20_000, 140_000),
    ],
)
def test_a_figure_is_within_the_bounds_of_its_step(procedure: int, step: str, low: int, high: int) -> None:
    made = at(procedure, step)
    assert made.against(low)[0] == made.against(high)[0] == []
    assert made.against(low - 1)[0] == made.against(high + 1)[0] == [OUT]


def test_where_nothing_is_entered_any_value_will_do() -> None:
    made = at(REFILL, "prepare")
    assert made.against(7) == made.against(-7) == ([], [])


def test_what_is_put_in_beyond_the_reservoir_may_be_refused_at_its_step() -> None:
    for procedure, step in ((REFILL, "fill"), (RINSE, "fill_insulin"), (RINSE, "fill_naoh")):
        made = at(procedure, step)
        assert made.against(15_000_000) == ([], [])
        assert made.against(15_000_001) == ([], [OUT])


def test_what_is_taken_back_is_less_than_was_put_in_and_leaves_no_more_than_fits() -> None:
    made = at(REFILL, "fill")
    made.say(2_000_000)
    assert made.against(1_999_999) == ([], []) and made.against(2_000_000) == ([OUT], [])
    made = at(REFILL, "fill")
    made.say(18_000_000)
    assert made.against(3_000_000) == ([], []) and made.against(2_999_999) == ([OUT], [])


def test_what_is_drawn_in_a_rinse_is_less_than_was_put_in() -> None:
    made = at(RINSE, "fill_insulin")
    made.say(2_000_000)
    made.to("drawn_insulin")
    assert made.against(1_999_999) == ([], []) and made.against(2_000_000) == ([OUT], [])
    made.say(1_500_000)
    assert made.against(499_999) == ([], []) and made.against(500_000) == ([OUT], [])
    assert at(RINSE, "drawn_naoh").against(1_000) == ([], []), "only of the insulin"


def test_more_drawn_out_than_is_left_may_be_refused_where_all_was_in_it() -> None:
    for procedure, step in ((REFILL, "withdraw"), (RINSE, "remove_insulin")):
        made = Guided()
        made.hand.device.reservoir.fill(2_000_000, 0, 0)
        made.begin(procedure)
        made.to(step)
        assert made.against(2_000_000) == ([], []) and made.against(2_000_001) == ([], [OUT])
        made.procedures.whole = False
        assert made.against(2_000_001) == ([], [])


def test_how_many_strokes_a_step_wants_is_its_volume_rounded_up() -> None:
    assert at(PATENCY, "strokes", stroke_nl=125, concentration=100).procedures.left == 20
    assert at(RINSE, "pull_naoh").procedures.left == 20  # 4 U: 10 µl
    assert at(FLUSH, "wash_out").procedures.left == 65  # 13 U: 32.5 µl
    assert at(PATENCY, "strokes", stroke_nl=400).procedures.left == 7  # 6.25
    made = at(STROKE_VOLUME, "count")
    made.say(37)
    assert made.procedures.left == 37 and made.procedures.entered == {"count": 37}


def test_volumes_of_the_page_are_strokes_to_the_nanolitre() -> None:
    """A stroke of a nanolitre: 4 U, 1 U and 13 U of U-400."""
    assert at(RINSE, "pull_naoh", stroke_nl=1).procedures.left == 10_000
    assert at(PATENCY, "strokes", stroke_nl=1).procedures.left == 2_500
    assert at(FLUSH, "wash_out", stroke_nl=1).procedures.left == 32_500
