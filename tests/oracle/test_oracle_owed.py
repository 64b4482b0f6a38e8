"""The bench's own DOSE-1 check of basal and boluses: it passes what is right and catches what is wrong."""

import random
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c_ext.host import Core
from hil.oracle.commands import Orders
from hil.oracle.strokes import Command, check
from tests.core.drive import run

HOUR_US = 3_600_000_000
STROKE_UU = 200_000
SPACING_US = 2_000_000
BASAL_5 = Command(0, "set_basal", {"rate_mu_per_h": 5000})
EVERY_US = 144_000_000  # 0.2 U at 5 U/h

pytestmark = [pytest.mark.req("DOSE-1"), pytest.mark.req("DOSE-2"), pytest.mark.req("DOSE-4")]


def judge(strokes, commands, end_us=HOUR_US, spacing_us=SPACING_US):
    return check(strokes, commands, stroke_uu=STROKE_UU, spacing_us=spacing_us, end_us=end_us)


def basal_hour():
    return [EVERY_US * (k + 1) for k in range(25)]


def test_an_exact_hour_of_basal_passes():
    report = judge(basal_hour(), [BASAL_5])
    assert report.passed, report.violations
    assert (report.strokes, report.worst_lateness_us, report.min_owed_uu) == (25, 0, 0)
    assert report.max_owed_uu == STROKE_UU


def test_a_stroke_due_at_the_very_end_may_be_missing():
    assert judge(basal_hour()[:-1], [BASAL_5]).passed


@pytest.mark.parametrize("index", [0, 7, 23])
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda s, i: s[:i] + [s[i] - 1] + s[i + 1 :], "early"),
        (lambda s, i: s[:i] + [s[i] + 1] + s[i + 1 :], "1 us late"),
        (lambda s, i: s[:i] + s[i + 1 :], "late"),
        (lambda s, i: s[: i + 1] + s[i:], " 0 us after the last"),
    ],
    ids=["early by 1 us", "late by 1 us", "missing", "doubled"],
)
def test_one_wrong_stroke_is_caught(index, wrong, says):
    report = judge(wrong(basal_hour(), index), [BASAL_5])
    assert not report.passed
    assert says in report.violations[0]


@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize("tolerance_us", [0, 1, 50])
@pytest.mark.parametrize("index", [0, 7, 24])
def test_a_stroke_is_blamed_one_microsecond_after_its_tolerance_and_not_before(index, tolerance_us):
    def judged(late_us, commands=(BASAL_5,)):
        strokes = basal_hour()
        strokes[index] += late_us
        end_us = HOUR_US + 1000
        return check(
            strokes, commands, stroke_uu=STROKE_UU, spacing_us=SPACING_US, end_us=end_us, tolerance_us=tolerance_us
        )

    within, beyond = judged(tolerance_us), judged(tolerance_us + 1)
    assert within.passed and within.worst_lateness_us == tolerance_us
    assert not beyond.passed and beyond.worst_lateness_us == tolerance_us + 1
    # The same of a stroke that is not there yet when something else comes.
    due_us = EVERY_US * (index + 1)
    for wait_us in (tolerance_us, tolerance_us + 1):
        waits = judged(tolerance_us + 2, (BASAL_5, Command(due_us + wait_us, "wake", {})))
        said = [each for each in waits.violations if "no stroke at" in each]
        assert bool(said) == (wait_us > tolerance_us)


@pytest.mark.req("DOSE-6", "DOSE-1")
def test_lateness_that_adds_up_leaves_the_tolerance():
    strokes = [(EVERY_US + 1) * (k + 1) for k in range(24)]
    report = check(strokes, [BASAL_5], stroke_uu=STROKE_UU, spacing_us=SPACING_US, end_us=HOUR_US - 1, tolerance_us=10)
    assert report.violation_count == 14 and report.worst_lateness_us == 24


def test_early_by_a_microsecond_is_ahead_by_exactly_that_much():
    strokes = basal_hour()
    strokes[3] -= 1
    assert judge(strokes, [BASAL_5]).min_owed_uu == Fraction(-5000, 3_600_000)


def test_a_missing_last_stroke_is_caught():
    assert judge(basal_hour()[:-1], [BASAL_5], end_us=HOUR_US + 1).worst_lateness_us == 1


def test_no_strokes_at_all_is_caught():
    report = judge([], [BASAL_5])
    assert not report.passed and report.worst_lateness_us == HOUR_US - EVERY_US


def test_strokes_without_any_command_are_caught():
    report = judge([1_000_000], [])
    assert "early" in report.violations[0] and report.min_owed_uu == -STROKE_UU


def test_a_bolus_takes_every_slot_and_basal_waits_for_it():
    bolus = Command(EVERY_US - 1_000_000, "bolus", {"volume_mu": 600})
    start_us = bolus.at_us
    strokes = [start_us, start_us + SPACING_US, start_us + 2 * SPACING_US, start_us + 3 * SPACING_US, 2 * EVERY_US]
    report = judge(strokes, [BASAL_5, bolus], end_us=2 * EVERY_US)
    assert report.passed, report.violations
    # The basal stroke was owed 1 s into the bolus and had its turn 5 s later.
    assert report.worst_held_us == 5_000_000


def test_basal_dropped_for_a_bolus_is_caught():
    bolus = Command(EVERY_US - 1_000_000, "bolus", {"volume_mu": 400})
    start_us = bolus.at_us
    report = judge([start_us, start_us + SPACING_US, 2 * EVERY_US], [BASAL_5, bolus], end_us=2 * EVERY_US)
    assert not report.passed


def test_a_slow_bolus_is_late_and_a_fast_one_too_soon():
    bolus = Command(0, "bolus", {"volume_mu": 400})
    assert judge([0, SPACING_US], [bolus]).passed
    assert judge([0, SPACING_US + 1], [bolus]).worst_lateness_us == 1
    assert "1999999 us after the last" in judge([0, SPACING_US - 1], [bolus]).violations[0]
    assert judge([1, SPACING_US + 1], [bolus]).worst_lateness_us == 1


def test_suspend_keeps_the_fraction_and_stops_the_clock():
    suspend, resume = Command(100_000_000, "suspend"), Command(500_000_000, "resume")
    assert judge([500_000_000 + 44_000_000], [BASAL_5, suspend, resume], end_us=600_000_000).passed
    forgotten = judge([500_000_000 + EVERY_US], [BASAL_5, suspend, resume], end_us=500_000_000 + EVERY_US)
    assert forgotten.worst_lateness_us == 100_000_000
    counted = judge([500_000_000], [BASAL_5, suspend, resume], end_us=500_000_001)
    assert "early" in counted.violations[0]


def test_a_stroke_while_suspended_is_caught():
    report = judge([EVERY_US], [BASAL_5, Command(1, "suspend")])
    assert "suspended" in report.violations[0]


def test_a_suspend_abandons_what_waits_but_not_what_was_late():
    bolus, suspend = Command(0, "bolus", {"volume_mu": 400}), Command(1_000_000, "suspend")
    waiting = judge([0], [bolus, suspend])
    assert waiting.passed and waiting.abandoned_strokes == 1
    assert not judge([], [bolus, suspend]).passed


def test_a_stroke_and_a_suspend_at_the_same_instant_may_come_in_either_order():
    suspend = Command(EVERY_US, "suspend")
    assert judge([EVERY_US], [BASAL_5, suspend]).passed
    assert judge([], [BASAL_5, suspend]).passed


@pytest.mark.req("THER-3", "DOSE-5")
def test_a_pump_that_pays_out_at_a_suspend_or_gives_more_than_before_is_caught():
    at_us, least = EVERY_US + 1, {"rate_mu_per_h": 200}
    orders = Orders()
    suspended = [Command(0, "bolus", {"volume_mu": 400}), BASAL_5, *orders.taken(at_us, "suspend", {}, least)]
    report = judge([0, SPACING_US, EVERY_US], suspended, end_us=at_us + HOUR_US - 26)
    assert report.passed and report.strokes == 3
    behind = [BASAL_5, Command(EVERY_US - 1, "bolus", {"volume_mu": 400}), *Orders().taken(at_us, "suspend", {}, least)]
    assert judge([EVERY_US - 1], behind, end_us=at_us + 100 * SPACING_US).abandoned_strokes == 2
    assert not judge([EVERY_US - 1, EVERY_US - 1 + SPACING_US], behind, end_us=at_us + 100 * SPACING_US).passed
    nothing = [Command(0, "set_basal", {"rate_mu_per_h": 0}), *Orders().taken(at_us, "suspend", {}, least)]
    assert "more than the 0 before" in judge([], nothing, end_us=at_us + 1).violations[0]


@pytest.mark.req("THER-3")
def test_a_rate_set_while_suspended_can_only_lower_it():
    orders = Orders()
    orders.taken(0, "set_basal", {"rate_mu_per_h": 1000}, {})
    orders.taken(1, "suspend", {}, {"rate_mu_per_h": 200})
    assert orders.taken(2, "set_basal", {"rate_mu_per_h": 50}, {}) == [Command(2, "set_basal", {"rate_mu_per_h": 50})]
    assert orders.taken(3, "set_basal", {"rate_mu_per_h": 900}, {}) == [Command(3, "set_basal", {"rate_mu_per_h": 200})]
    assert orders.taken(4, "resume", {}, {})[1].values == {"rate_mu_per_h": 900}
    assert orders.taken(5, "stop", {}, {}) == [Command(5, "stop")]


def test_a_rate_change_carries_the_fraction():
    faster = Command(72_000_000, "set_basal", {"rate_mu_per_h": 10_000})
    assert judge([108_000_000, 180_000_000], [BASAL_5, faster], end_us=180_000_000).passed
    assert not judge([144_000_000], [BASAL_5, faster], end_us=180_000_000).passed


def test_lateness_counts_across_a_rate_change():
    change = Command(EVERY_US + 2, "set_basal", {"rate_mu_per_h": 0})
    assert judge([EVERY_US + 5], [BASAL_5, change]).worst_lateness_us == 5


def test_a_cap_s_withheld_stroke_is_not_missing():
    assert judge([], [BASAL_5, Command(EVERY_US, "withheld")], end_us=EVERY_US + 10).passed
    assert not judge([], [BASAL_5, Command(EVERY_US - 1, "withheld")], end_us=EVERY_US + 10).passed


def test_malformed_input_is_refused():
    with pytest.raises(ValueError, match="run back"):
        judge([2, 1], [])
    with pytest.raises(ValueError, match="run back"):
        judge([], [Command(2, "suspend"), Command(1, "resume")])
    with pytest.raises(ValueError, match="unknown"):
        judge([], [Command(2, "pray")])
    with pytest.raises(ValueError, match="end of the run"):
        judge([HOUR_US + 1], [])


def test_a_hundred_thousand_strokes_take_less_than_a_second():
    strokes = [EVERY_US * (k + 1) for k in range(100_000)]
    begin = time.process_time()
    assert judge(strokes, [BASAL_5], end_us=strokes[-1]).passed
    assert time.process_time() - begin < 1.0


RATES = st.integers(0, 700).map(lambda fives: 50 * fives)
COMMANDS = st.lists(
    st.tuples(
        st.integers(0, 3 * HOUR_US),
        st.one_of(
            RATES.map(lambda rate: ("set_basal", {"rate_mu_per_h": rate})),
            st.integers(1, 40).map(lambda strokes: ("bolus", {"volume_mu": 200 * strokes})),
            st.tuples(st.integers(0, 9), st.integers(1, 9), st.integers(HOUR_US // 2, HOUR_US)).map(
                lambda dual: (
                    "bolus",
                    {"volume_mu": 200 * dual[0], "square_mu": 200 * dual[1], "duration_us": dual[2]},
                )
            ),
            st.tuples(st.integers(1, 4 * HOUR_US), RATES).map(
                lambda planned: ("plan_basal", {"boundary_us": planned[0], "rate_mu_per_h": planned[1]})
            ),
            st.tuples(
                st.sampled_from([("rate", 1000), ("percent", 33), ("percent", 150)]), st.integers(1, 2 * HOUR_US)
            ).map(lambda temp: ("temp_basal", {"mode": temp[0][0], "value": temp[0][1], "duration_us": temp[1]})),
            st.sampled_from([("cancel_bolus", {}), ("cancel_temp", {}), ("suspend", {}), ("resume", {})]),
        ),
    ),
    max_size=12,
).map(lambda drawn: [Command(at_us, *what) for at_us, what in sorted(drawn, key=lambda each: each[0])])


@given(commands=COMMANDS)
def test_the_core_passes_and_one_wrong_stroke_does_not(commands):
    end_us = 4 * HOUR_US
    strokes, accepted = run(Core(), commands, end_us, stroke_mu=200)
    report = judge(strokes, accepted, end_us)
    assert report.passed, report.violations
    assert report.worst_lateness_us == 0 and report.strokes == len(strokes)
    if strokes:
        at = random.Random(len(strokes)).randrange(len(strokes))
        wrongs = [strokes[: at + 1] + strokes[at:]]
        if strokes[at] not in {command.at_us for command in accepted}:
            wrongs.append(strokes[:at] + [strokes[at] - 1] + strokes[at + 1 :])
            if strokes[at] < end_us:
                wrongs.append(strokes[:at] + strokes[at + 1 :])
        if strokes[at] < end_us:
            late = strokes[:at] + [strokes[at] + 1] + strokes[at + 1 :]
            wrongs.append(late)
        for wrong in wrongs:
            if wrong == sorted(wrong):
                assert not judge(wrong, accepted, end_us).passed
