"""The bench's own DOSE-1 check of what is planned: boundaries, temporary basal, square and dual boluses."""

import pytest

from hil.oracle.strokes import Command
from tests.oracle.test_oracle_owed import BASAL_5, EVERY_US, HOUR_US, SPACING_US, judge

pytestmark = [pytest.mark.req("DOSE-1"), pytest.mark.req("DOSE-2"), pytest.mark.req("DOSE-4")]


def plan(at_us, boundary_us, rate_mu_per_h):
    return Command(at_us, "plan_basal", {"boundary_us": boundary_us, "rate_mu_per_h": rate_mu_per_h})


def temp(at_us, mode, value, duration_us):
    return Command(at_us, "temp_basal", {"mode": mode, "value": value, "duration_us": duration_us})


@pytest.mark.req("DOSE-3")
def test_a_planned_boundary_is_exact_to_its_microsecond():
    # Half a stroke at 5 U/h, the other half at 10 U/h.
    commands = [BASAL_5, plan(0, 72_000_000, 10_000)]
    assert judge([108_000_000, 180_000_000], commands, end_us=180_000_000).passed
    assert judge([108_000_001, 180_000_000], commands, end_us=180_000_000).worst_lateness_us == 1
    assert not judge([107_999_999, 180_000_000], commands, end_us=180_000_000).passed
    again = [*commands, Command(50_000_000, "set_basal", {"rate_mu_per_h": 5000})]
    assert judge([144_000_000], again, end_us=144_000_000).passed  # a new rate forgets the boundary


@pytest.mark.req("DOSE-3")
@pytest.mark.parametrize(("mode", "value"), [("rate", 10_000), ("percent", 200)])
def test_a_temporary_basal_ends_by_itself(mode, value):
    commands = [BASAL_5, temp(0, mode, value, 36_000_000)]  # as good as 72 s at 5 U/h
    assert judge([108_000_000], commands, end_us=108_000_000).passed
    assert not judge([108_000_001], commands, end_us=108_000_001).passed
    cancelled = [*commands, Command(18_000_000, "cancel_temp")]
    assert judge([126_000_000], cancelled, end_us=126_000_000).passed
    suspended = [*commands, Command(18_000_000, "suspend"), Command(18_000_000, "resume")]
    assert judge([126_000_000], suspended, end_us=126_000_000).passed  # a suspend ends it


@pytest.mark.req("DOSE-3")
def test_a_percentage_is_rounded_down():
    commands = [Command(0, "set_basal", {"rate_mu_per_h": 50}), temp(0, "percent", 99, HOUR_US)]
    assert judge([], commands).max_owed_uu == 49_000


@pytest.mark.req("DOSE-3")
def test_a_square_bolus_is_spread_evenly_and_to_the_end():
    square = Command(5, "bolus", {"square_mu": 600, "duration_us": 1_000_000_000})
    strokes = [5 + 333_333_334, 5 + 666_666_667, 5 + 1_000_000_000]
    assert judge(strokes, [square]).passed
    assert not judge(strokes[:-1], [square]).passed
    assert not judge([strokes[0] - 1, *strokes[1:]], [square]).passed
    cancel = Command(700_000_000, "cancel_bolus")
    report = judge(strokes[:2], [square, cancel])
    assert report.passed and report.abandoned_strokes == 1
    assert judge(strokes[:1], [square, Command(strokes[1], "withheld"), cancel]).passed


@pytest.mark.req("DOSE-3")
def test_a_dual_bolus_gives_its_normal_part_at_once():
    dual = Command(0, "bolus", {"volume_mu": 400, "square_mu": 400, "duration_us": 1_800_000_000})
    assert judge([0, SPACING_US, 900_000_000, 1_800_000_000], [dual]).passed
    more = Command(10_000_000, "bolus", {"volume_mu": 200})
    assert judge([0, SPACING_US, 10_000_000, 900_000_000, 1_800_000_000], [dual, more]).passed
    twice = judge([0, SPACING_US, 900_000_000, 1_800_000_000], [dual, Command(10_000_000, "bolus", dual.values)])
    assert "still being delivered" in twice.violations[0]


@pytest.mark.req("DOSE-3")
def test_half_a_basal_and_half_a_square_stroke_are_not_a_stroke():
    square = Command(0, "bolus", {"square_mu": 200, "duration_us": 100_000_000})
    report = judge([80_000_000, EVERY_US], [BASAL_5, square], end_us=EVERY_US)
    assert "early" in report.violations[0] and report.min_owed_uu >= 0


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="mode 'double'"):
        judge([], [temp(0, "double", 1, 1)])
