"""The screens of basal patterns, word by word: one, all of them, and two side by side."""

from __future__ import annotations

import pytest

from host.screens.pattern import compared_table, pattern_table, patterns_table
from tests.host.shown import cells, lines

pytestmark = pytest.mark.req("HOST-1", "THER-1")
OLD = [200] * 12 + [800] * 33 + [450] * 3
NEW = [200] * 12 + [850] * 33 + [450] * 3


def test_a_pattern_is_shown_in_its_stretches_with_the_day_s_total() -> None:
    shown = lines(pattern_table("A", OLD, running=True))
    assert shown[0] == "Pattern A (runs now)" and shown[1].split() == ["from", "to", "rate"]
    assert cells(pattern_table("A", OLD, running=True))[:-1] == [
        ["00:00", "06:00", "0.20 U/h"], ["06:00", "22:30", "0.80 U/h"], ["22:30", "24:00", "0.45 U/h"],
    ]  # fmt: skip
    assert shown[-1] == "15.075 U a day, by the pump's local clock."
    assert lines(pattern_table("B", OLD, running=False))[0] == "Pattern B"


def test_all_patterns_are_shown_in_one_line_each() -> None:
    assert lines(patterns_table({"A": OLD, "B": NEW}, "B")) == [
        "Patterns: rates from midnight on, by the pump's local clock",
        "A  15.075 U a day: 00:00 0.20 U/h, 06:00 0.80 U/h, 22:30 0.45 U/h",
        "B  15.90 U a day, runs: 00:00 0.20 U/h, 06:00 0.85 U/h, 22:30 0.45 U/h",
    ]
    assert "runs" not in "\n".join(lines(patterns_table({"A": OLD, "B": NEW}, None)))


@pytest.mark.req("THER-9")
def test_two_days_stand_side_by_side_with_what_changes_marked_and_the_sum_of_it() -> None:
    assert lines(compared_table("A", OLD, NEW, running=True)) == [
        "Pattern A (runs now)",
        " from     to       now       new",
        "00:00  06:00  0.20 U/h  0.20 U/h",
        "06:00  22:30  0.80 U/h  0.85 U/h  ←",
        "22:30  24:00  0.45 U/h  0.45 U/h",
        "A day: 15.075 U -> 15.90 U (+0.825 U)",
        "It runs now: the new rates hold at once.",
    ]
    back = compared_table("C", NEW, OLD, running=False)
    assert lines(back)[0] == "Pattern C" and lines(back)[-1] == "It does not run now."
    assert lines(back)[-2] == "A day: 15.90 U -> 15.075 U (-0.825 U)"
    assert lines(compared_table("A", OLD, OLD, running=False))[-2].endswith("(±0.00 U)")
    least = [250, 150, *OLD[2:]], [251, 150, *OLD[2:]], [252, 150, *OLD[2:]]
    assert lines(compared_table("A", least[0], least[2], running=False))[-2].endswith("(+0.001 U)")
    assert lines(compared_table("A", least[2], least[0], running=False))[-2].endswith("(-0.001 U)")
