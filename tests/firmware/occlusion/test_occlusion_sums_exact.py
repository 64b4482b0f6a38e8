"""Evidence summed over strokes, with limits that are round numbers: what counts, what does not, when it is enough."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from firmware.occlusion.physics import Known, Thresholds
from firmware.occlusion.small import Small
from firmware.occlusion.sums import NoPulse, Trough

pytestmark = pytest.mark.req("OCC-1", "OCC-2")
T = SimpleNamespace(
    pulse_low_pa=-50,
    pulse_high_pa=100,
    no_pulse_half_pa=20,
    no_pulse_most_pa=30,
    no_pulse_sum_pa=60,
    trough_half_pa=10,
    trough_most_pa=25,
    trough_sum_pa=80,
    least_rise_pa=100,
    stay_us=1_000,
    unlike_breath_pa=40,
    known=SimpleNamespace(stroke_nl=500, burst_us=500),
)


def pulses(*pa: int) -> list[tuple[bool, int]]:
    """(is it no chance, how many strokes the evidence goes back) after each."""
    found = NoPulse(T)
    return [(found.add(each), found.strokes) for each in pa]


def test_a_missing_pulse_counts_by_what_is_short_of_half_and_at_most_so_much() -> None:
    assert NoPulse(T).strokes == 0
    assert pulses(0, 0, 0) == [(False, 1), (False, 2), (True, 3)], "20 each, 60 are enough"
    assert pulses(1, 0, 0, 19) == [(False, 1), (False, 2), (False, 3), (True, 4)], "19, 20, 20, 1"
    assert pulses(-50, -11, 20) == [(False, 1), (True, 2), (True, 3)], "30 at most, by whatever it is short"


def test_a_pulse_takes_back_and_begins_anew_when_nothing_is_left() -> None:
    assert pulses(0, 39, 0) == [(False, 1), (False, 2), (False, 3)], "one is left"
    assert pulses(0, 40, 0) == [(False, 1), (False, 0), (False, 1)]
    assert pulses(0, 100) == [(False, 1), (False, 0)], "as high as a pulse may be"
    assert pulses(100, -50, -50) == [(False, 0), (False, 1), (True, 2)], "nothing is saved up"


def test_what_no_pulse_can_be_was_a_cough_and_says_nothing() -> None:
    assert pulses(0, 101, -51, 0, 0) == [(False, 1), (False, 1), (False, 1), (False, 2), (True, 3)]


class Returns:
    """Strokes one after the other, each with a pulse of 200 Pa and a trough so deep between 30 and 10."""

    def __init__(self) -> None:
        self.trough = Trough(T)
        self.stroke = 10

    def add(self, depth_pa: int, pulse_pa: int = 200) -> tuple[bool, int]:
        self.stroke += 1
        found = self.trough.add(self.stroke, pulse_pa, 30, 20 - depth_pa, 10)
        return found, self.trough.strokes


def test_a_trough_counts_by_what_is_beyond_half_and_at_most_so_much() -> None:
    returns = Returns()
    assert returns.trough.strokes == 0
    assert [returns.add(depth) for depth in (35, 60, 35, 14)] == [(False, 1), (False, 2), (False, 3), (False, 4)]
    assert returns.add(11) == (True, 5), "25, 25, 25, 4, 1"
    returns = Returns()
    assert [returns.add(depth)[0] for depth in (35, 60, 35, 15)] == [False, False, False, True]


def test_an_eighth_of_the_evidence_is_a_suspicion() -> None:
    returns = Returns()
    assert not returns.trough.suspected()
    assert returns.add(10) == (False, 0), "half as deep as it should be says neither"
    returns.add(20)
    assert not returns.trough.suspected(), "10 of 80"
    returns.add(11)
    assert returns.trough.suspected()


def test_without_a_trough_the_evidence_begins_anew() -> None:
    returns = Returns()
    returns.add(35)
    returns.add(-14)
    assert returns.trough.strokes == 2, "one is left"
    returns.add(9)
    assert not returns.trough.suspected()
    assert returns.add(35) == (False, 1)
    assert returns.trough.lost_nl() == 500 * 35 // 200, "of this one stroke"
    returns.add(101)
    returns.add(-101)
    assert returns.trough.strokes == 1, "a cough says nothing"
    assert returns.add(100) == (False, 4), "as deep as a pulse is high it may be"
    assert returns.trough.suspected()
    assert returns.add(-100)[0] is False and not returns.trough.suspected()


def test_what_was_lost_is_the_share_that_the_troughs_are_of_the_pulses() -> None:
    returns = Returns()
    assert returns.trough.lost_nl() == 0
    returns.add(50)
    returns.add(30)
    assert returns.trough.lost_nl() == 2 * 500 * 80 // 400
    returns = Returns()
    returns.add(50, 40)
    assert returns.trough.lost_nl() == 500, "never more than all of it"
    returns = Returns()
    returns.add(50, 1)
    assert returns.trough.lost_nl() == 500
    returns = Returns()
    returns.add(50, 0)
    assert returns.trough.lost_nl() == 0


def line(count: int, start_pa: int, step_pa: int) -> Small:
    """Looks on a line that was at `start_pa` when the stroke began, half a look before its end; each `step_pa` on."""
    small = Small(T)
    small.start()
    small.stroke(1_000, 300)
    for number in range(1, count + 1):
        small.look(1_000 + start_pa + step_pa // 2 + step_pa * number)
    return small


@pytest.mark.req("DOSE-8")
@pytest.mark.parametrize("count", [2, 3, 4, 7])
@pytest.mark.parametrize("step_pa", [-40, 0, 40])
def test_what_a_breath_makes_of_the_looks_is_taken_back_to_the_strokes_start(count: int, step_pa: int) -> None:
    assert not line(count, 50, step_pa).has_left(), "half of the least rise is there"
    assert line(count, 49, step_pa).has_left()


@pytest.mark.req("DOSE-8")
def test_of_one_look_there_is_no_line() -> None:
    for above_pa, left in ((50, False), (49, True)):
        small = Small(T)
        small.stroke(1_000, 300)
        small.look(1_000 + above_pa)
        assert small.has_left() is left
    small.stroke(2_000, 300)
    assert small.has_left(), "no look yet, and what was before is another stroke's"


@pytest.mark.req("DOSE-8")
def test_a_breath_is_heard_in_four_looks() -> None:
    small = Small(T)
    assert [small.heard(pa) for pa in (10, 20, 30, 45)] == [False, False, False, True] and small.mean_pa == 26
    assert [small.heard(pa) for pa in (1, 2, 3, 4)] == [False, False, False, True] and small.mean_pa == 2
    small.heard(500)
    assert small.mean_pa == 500, "another breath"
    small.listen()
    assert [small.heard(pa) for pa in (10, 20, 30, 45)] == [False, False, False, True] and small.mean_pa == 26


@pytest.mark.req("OCC-3", "DOSE-8")
def test_looks_further_apart_than_a_breath_and_the_rise_were_in_a_cough() -> None:
    small = Small(T)
    small.stroke(0, 60)
    small.look(5)
    assert not small.coughed(), "one look is apart from nothing"
    small.look(105)
    assert not small.coughed(), "40 of a breath, 60 of the stroke"
    small.look(4)
    assert small.coughed()
    small.listen()
    small.heard(-7)
    small.heard(93)
    assert not small.coughed()
    small.heard(94)
    assert small.coughed()
    small.stroke(0, 60)
    small.look(0)
    assert not small.coughed()
    small.stroke(0, 60)
    small.look(-2_000)
    small.look(-2_050)
    assert not small.coughed(), "below ambient too"


@pytest.mark.req("OCC-1", "DOSE-8")
def test_strokes_together_say_that_it_stays_by_more_than_the_least_rise() -> None:
    small = Small(T)
    assert [small.weigh(pa) for pa in (99, 0, -1)] == [True, True, False]
    assert not small.outweighs()
    small.weigh(1)
    assert not small.outweighs()
    small.weigh(1)
    assert small.outweighs()
    assert small.weigh(-500) is False and not small.outweighs()
    small.weigh(99)
    assert not small.outweighs()
    small.weigh(1)
    assert small.outweighs(), "what speaks against it is not saved up"
    small.start()
    assert not small.outweighs()


def test_a_healthy_look_and_one_amid_a_cough_are_no_trough() -> None:
    thresholds = Thresholds(Known)
    trough = Trough(thresholds)
    for beyond_pa in (thresholds.pulse_high_pa + 1, -thresholds.pulse_high_pa - 1):
        assert trough.add(1, 100, beyond_pa, 0, beyond_pa) is False and not trough.suspected()
    assert trough.add(1, 100, 0, 0, 0) is False and trough.strokes == 0
