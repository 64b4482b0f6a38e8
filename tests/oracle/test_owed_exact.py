"""What is owed to raw strokes at its edges: what is blamed, what is counted, whose stroke one is taken for."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hil.oracle.owed import OwedReport
from tests.oracle.hand import S
from tests.oracle.raw import BASAL_5, EVERY_US, bolus, command, judged

pytestmark = pytest.mark.req("DOSE-1", "DOSE-4")


def test_a_new_report_has_found_nothing() -> None:
    report = OwedReport()
    assert report.passed and (report.strokes, report.abandoned_strokes, report.violation_count) == (0, 0, 0)
    assert (report.worst_lateness_us, report.worst_held_us, report.min_owed_uu, report.max_owed_uu) == (0, 0, 0, 0)
    nothing = judged([], [])
    assert nothing == report


def test_a_hundred_violations_are_kept_and_all_are_counted() -> None:
    for count in (99, 100, 101, 130):
        report = judged([2 * S * place for place in range(count)], [])
        assert (report.violation_count - 1, report.strokes) == (count, count), "each, and that the pump was ahead"
        assert len(report.violations) == min(count + 1, 101)


def test_what_is_owed_is_exact_and_never_less_than_nothing() -> None:
    report = judged([EVERY_US], [BASAL_5], 200 * S)
    assert (report.min_owed_uu, report.max_owed_uu) == (0, 200_000)
    report = judged([], [BASAL_5], 100 * S)
    assert report.max_owed_uu == Fraction(100 * 5_000 * 1_000, 3_600)
    report = judged([EVERY_US - 1], [BASAL_5], 200 * S)
    assert report.min_owed_uu == Fraction(-5_000, 3_600_000)
    assert any(text.startswith("ahead: owed fell to -0.001389 uU") for text in report.violations)
    report = judged([0, 2 * S], [bolus(0, 400)], 10 * S)
    assert (report.max_owed_uu, report.min_owed_uu) == (400_000, 0)
    # A square bolus of two strokes in 100 s and basal: at 72 s 0.1 U and 0.288 U.
    report = judged([50 * S, 100 * S], [BASAL_5, bolus(0, 0, 400, 100 * S)], 120 * S)
    assert report.passed and report.max_owed_uu == 200_000 + Fraction(100 * 5_000 * 1_000, 3_600)


@pytest.mark.req("DOSE-2")
def test_what_is_owed_carries_over_each_change_of_the_rate_at_its_instant() -> None:
    """2 mU/s from 10 s on, 1 mU/s from 60 s on: at 110 s it is 150 mU."""
    commands = [command(10 * S, "set_basal", rate_mu_per_h=7_200), command(60 * S, "set_basal", rate_mu_per_h=3_600)]
    assert judged([], commands[:1], 60 * S).max_owed_uu == 100_000
    assert judged([], commands, 110 * S).max_owed_uu == 150_000
    assert judged([160 * S], commands, 170 * S).passed


def test_a_pump_that_is_ahead_shows_it_when_the_bolus_that_hid_it_is_cancelled() -> None:
    """Basal's stroke comes at 99 s of 100 s, beside a square stroke that is owed to 99 %."""
    commands = [command(0, "set_basal", rate_mu_per_h=7_200), bolus(0, 0, 600, 300 * S)]
    assert judged([99 * S], commands, 100 * S).min_owed_uu == 0
    report = judged([99 * S], [*commands, command(99 * S + S // 2, "cancel_bolus")], 100 * S)
    assert report.min_owed_uu == -1_000


@pytest.mark.req("THER-2", "DOSE-3")
def test_what_a_bolus_leaves_out_is_nothing() -> None:
    assert judged([0], [command(0, "bolus", volume_mu=200)], S).passed
    assert judged([100 * S], [command(0, "bolus", square_mu=200, duration_us=100 * S)], 101 * S).passed
    assert judged([0], [command(0, "bolus", square_mu=200)], S).passed, "owed at once"


def test_early_names_what_was_owed_and_the_state() -> None:
    report = judged([72 * S], [BASAL_5], 100 * S)
    assert report.violations[0] == f"stroke 1 at {72 * S} us is early: owed 100000.000 of 200000 uU (running)"
    report = judged([72 * S], [BASAL_5, command(36 * S, "stop")], 100 * S)
    assert report.violations[0] == f"stroke 1 at {72 * S} us is early: owed 50000.000 of 200000 uU (suspended)"


def test_the_spacing_is_from_start_to_start() -> None:
    assert judged([0, 2 * S], [bolus(0, 400)], 10 * S).passed
    report = judged([0, 2 * S - 1], [bolus(0, 400)], 10 * S)
    assert report.violations == [f"stroke 2 at {2 * S - 1} us: {2 * S - 1} us after the last, spacing {2 * S} us"]
    assert report.worst_lateness_us == 0
    report = judged([S, 2 * S], [bolus(S, 400)], 10 * S)
    assert report.violations == [f"stroke 2 at {2 * S} us: {S} us after the last, spacing {2 * S} us"]


def test_late_counts_from_when_it_was_owed_and_free_to_start() -> None:
    report = judged([5, 2 * S + 5], [bolus(0, 400)], 10 * S)
    assert (report.worst_lateness_us, report.violations) == (5, ["stroke 1 at 5 us is 5 us late"])
    report = judged([0, 2 * S + 7], [bolus(0, 400)], 10 * S)
    assert (report.worst_lateness_us, report.worst_held_us) == (7, 2 * S)
    report = judged([0], [bolus(0, 400)], 2 * S)
    assert report.passed, "due at the end: it may be there or not"
    report = judged([0], [bolus(0, 400)], 2 * S + 1)
    assert (report.worst_lateness_us, report.violation_count) == (1, 1)
    assert report.violations[0] == (
        f"no stroke at {2 * S} us although one was owed and free to start; end of run at {2 * S + 1} us"
    )
    assert judged([], [BASAL_5, command(EVERY_US + 3, "wake")], EVERY_US + 3).worst_lateness_us == 3


def test_within_its_tolerance_a_stroke_is_as_if_it_had_come_when_it_was_allowed() -> None:
    for late_us, passed in ((50, True), (51, False)):
        report = judged([late_us, 2 * S], [bolus(0, 400)], 10 * S, tolerance_us=50)
        assert report.passed is passed and report.worst_lateness_us == late_us
    report = judged([50], [bolus(0, 200), command(20, "cancel_bolus")], 10 * S, tolerance_us=50)
    assert not report.passed, "it was cancelled before it came"
    report = judged([EVERY_US + 40], [BASAL_5, command(EVERY_US + 20, "wake")], EVERY_US + 100, tolerance_us=50)
    assert report.passed and report.worst_lateness_us == 40
    faster = command(EVERY_US + 20, "set_basal", rate_mu_per_h=35_000)
    report = judged([EVERY_US + 40], [BASAL_5, faster], EVERY_US + 100, tolerance_us=50)
    assert report.passed, "but not before the last command"
    assert judged([], [BASAL_5], EVERY_US + 50, tolerance_us=50).passed
    assert not judged([], [BASAL_5], EVERY_US + 51, tolerance_us=50).passed


@pytest.mark.req("DOSE-3")
def test_whose_a_stroke_was_shows_in_what_a_cancel_leaves() -> None:
    """Both are owed at 100 s: basal that waits goes first; of what is to come the one owed first."""
    two_mu_per_h = command(0, "set_basal", rate_mu_per_h=7_200)  # a stroke every 100 s
    square = bolus(0, 0, 600, 300 * S)
    report = judged([100 * S], [two_mu_per_h, square, command(101 * S, "cancel_bolus")], 150 * S)
    assert report.passed and report.abandoned_strokes == 3, "the same time: it was basal's"
    earlier = bolus(0, 0, 600, 297 * S)
    report = judged([99 * S, 101 * S], [two_mu_per_h, earlier, command(102 * S, "cancel_bolus")], 150 * S)
    assert report.passed and report.abandoned_strokes == 2
    # Behind a normal bolus both wait: basal, then the square part.
    normal = bolus(97 * S, 600)
    strokes = [97 * S, 99 * S, 101 * S, 103 * S, 105 * S]
    for count, left in ((4, 3), (5, 2)):
        cancel = command(strokes[count - 1] + 1, "cancel_bolus")
        report = judged(strokes[:count], [two_mu_per_h, earlier, normal, cancel], 106 * S - 1)
        assert report.abandoned_strokes == left
    assert judged(strokes, [two_mu_per_h, earlier, normal], 106 * S).worst_held_us == 6 * S


@pytest.mark.req("DOSE-5")
def test_an_end_gives_up_whole_strokes_and_keeps_the_fraction() -> None:
    """A bolus of 73 strokes takes every slot up to 144 s; at 150 s 1.04 strokes of basal are owed."""
    strokes = [2 * S * place for place in range(73)]
    for name in ("suspend", "stop"):
        commands = [BASAL_5, bolus(0, 14_600), command(145 * S, name), command(200 * S, "resume")]
        report = judged(strokes, commands, 200 * S + 143 * S)
        assert report.passed and report.abandoned_strokes == 1
        assert judged([*strokes, 200 * S + 143 * S], commands, 344 * S).passed, "1 s of 144 was owed"
    commands = [bolus(0, 400), bolus(0, 0, 600, 300 * S), command(1, "suspend")]
    assert judged([0], commands, 10 * S).abandoned_strokes == 1 + 3
    assert (
        judged([0], [bolus(0, 400), bolus(0, 0, 600, 300 * S), command(1, "cancel_bolus")], 10 * S).abandoned_strokes
        == 4
    )
    assert judged([], [command(1, "cancel_bolus")], 10 * S).abandoned_strokes == 0


@pytest.mark.req("THER-3")
def test_a_suspend_goes_on_at_no_more_than_was_in_force() -> None:
    for rate, passed in ((5_000, True), (5_050, False)):
        report = judged([], [BASAL_5, command(S, "suspend", rate_mu_per_h=rate)], 10 * S)
        assert report.passed is passed
    assert report.violations == [f"suspended at {S} us to 5050 mU/h, more than the 5000 before"]
    assert judged([], [BASAL_5, command(S, "set_basal", rate_mu_per_h=5_050)], 10 * S).passed


@pytest.mark.req("THER-2")
def test_a_bolus_that_must_not_be_accepted_is_blamed() -> None:
    report = judged([0], [bolus(0, 300)], 1)
    assert report.violations[0] == "bolus of 300000 uU accepted at 0 us: not a whole number of 200000 uU strokes"
    report = judged([], [bolus(0, 0, 300, 100 * S)], 1)
    assert "not a whole number" in report.violations[0]
    assert judged([0], [bolus(0, 200)], 1).passed and judged([], [bolus(0, 199)], 1).violation_count == 1
    for first, second, busy in (
        (bolus(0, 400), bolus(1, 200), True),
        (bolus(0, 400), bolus(1, 0, 200, 100 * S), False),
        (bolus(0, 0, 400, 100 * S), bolus(1, 0, 200, 100 * S), True),
        (bolus(0, 0, 400, 100 * S), bolus(1, 200), False),
    ):
        starts = [each for each in (first.at_us, second.at_us) if each == 0 and "volume_mu" in first.values]
        report = judged(starts[: bool(first.values["volume_mu"])], [first, second], 1)
        assert any("while a bolus was still being delivered" in text for text in report.violations) is busy
    report = judged([], [command(0, "stop"), bolus(1, 200)], 1)
    assert any("accepted at 1 us while suspended" in text for text in report.violations)


@pytest.mark.req("GUARD-1")
def test_a_cap_takes_the_stroke_that_is_due() -> None:
    withheld = command(EVERY_US, "withheld")
    report = judged([2 * EVERY_US], [BASAL_5, withheld], 3 * EVERY_US - 1)
    assert report.passed and report.abandoned_strokes == 1
    report = judged([], [BASAL_5, command(EVERY_US - 1, "withheld")], EVERY_US)
    assert report.violations[0] == f"a stroke was withheld at {EVERY_US - 1} us that was not owed"
    report = judged([0], [bolus(0, 800), command(2 * S, "withheld")], 10 * S)
    assert report.passed and report.abandoned_strokes == 3, "a normal bolus ends there"
    report = judged([100 * S], [bolus(0, 0, 400, 100 * S), command(50 * S, "withheld")], 200 * S)
    assert report.passed and report.abandoned_strokes == 1, "of a square one a stroke"


def test_what_is_given_up_adds_up() -> None:
    cancelled = [bolus(EVERY_US + 1, 400), command(EVERY_US + 2, "cancel_bolus")]
    commands = [BASAL_5, command(EVERY_US, "withheld"), *cancelled, command(2 * EVERY_US, "withheld")]
    report = judged([EVERY_US + 1], commands, 2 * EVERY_US + 1)
    assert report.passed and report.abandoned_strokes == 1 + 1 + 1
    late = [bolus(2 * EVERY_US - S, 600), command(2 * EVERY_US + S // 2, "suspend", rate_mu_per_h=0)]
    report = judged([2 * EVERY_US - S], [BASAL_5, command(EVERY_US, "withheld"), *late], 2 * EVERY_US + S // 2)
    assert report.passed and report.abandoned_strokes == 1 + 1 + 2


def test_nothing_is_held_where_nothing_went_before() -> None:
    report = judged([0], [bolus(0, 200)], 1)
    assert report.passed and report.worst_held_us == 0
    assert judged([], [bolus(0, 200)], 1).worst_lateness_us == 1
    assert judged([], [command(0, "suspend")], 1).passed, "from nothing to nothing"


@pytest.mark.req("DOSE-2", "THER-3")
def test_what_ends_at_the_very_microsecond_has_ended() -> None:
    """A temporary rate of 1 U/h until 50 s, 0.1 U/h after it."""
    commands = [
        command(0, "set_basal", rate_mu_per_h=100),
        command(0, "temp_basal", mode="rate", value=1_000, duration_us=50 * S),
    ]
    for at_us, passed in ((50 * S - 1, True), (50 * S, False)):
        assert judged([], [*commands, command(at_us, "suspend", rate_mu_per_h=200)], 51 * S).passed is passed
    planned = command(0, "plan_basal", boundary_us=10 * S, rate_mu_per_h=7_200)  # a stroke 100 s after it
    assert judged([110 * S], [planned, command(110 * S, "stop")], 120 * S).passed
    assert judged([110 * S], [planned], 120 * S).passed
    report = judged([], [planned, command(110 * S, "withheld")], 120 * S)
    assert report.passed and report.abandoned_strokes == 1


@pytest.mark.req("DOSE-3")
def test_basal_owed_at_the_very_start_of_a_stroke_has_waited_for_it() -> None:
    """Basal at 100 s, the square bolus at 99 s, behind a bolus of strokes at 96, 98 and 100 s."""
    commands = [command(0, "set_basal", rate_mu_per_h=7_200), bolus(0, 0, 600, 297 * S), bolus(96 * S, 600)]
    strokes = [96 * S, 98 * S, 100 * S, 102 * S]
    report = judged(strokes, [*commands, command(102 * S + 1, "cancel_bolus")], 103 * S)
    assert report.passed and report.abandoned_strokes == 3


@pytest.mark.req("DOSE-3")
def test_basal_that_waits_at_a_command_goes_first_of_what_waits() -> None:
    """The square stroke is owed at 99 s, basal at 100 s; a stroke at 98.5 s holds both back, and the pump looks."""
    commands = [command(0, "set_basal", rate_mu_per_h=7_200), bolus(0, 0, 600, 297 * S), bolus(98 * S + S // 2, 200)]
    strokes = [98 * S + S // 2, 100 * S + S // 2]
    for look, left in (([command(100 * S, "wake")], 3), ([], 2)):
        cancel = command(strokes[1] + 1, "cancel_bolus")
        report = judged(strokes, [*commands, *look, cancel], 102 * S)
        assert report.passed and report.abandoned_strokes == left


@pytest.mark.req("THER-3", "DOSE-5")
def test_a_rate_set_while_suspended_gives_nothing_up() -> None:
    """A bolus must not be accepted then; one that was is owed all the same."""
    commands = [command(0, "stop"), bolus(1, 400), command(2, "set_basal", rate_mu_per_h=1_000)]
    report = judged([], commands, 10)
    assert report.abandoned_strokes == 0 and report.max_owed_uu == 400_000
