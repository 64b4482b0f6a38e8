"""Why an order must be refused: the tables of messages at their edges, and whether a refusal is one of the reasons."""

from __future__ import annotations

from typing import Any

import pytest

from hil.oracle.reasons import Reason, of_table
from hil.scripts.script import Refusal

LIMITS = {"max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000, "max_hour_mu": 60_000, "max_day_mu": 500_000}


def found(name: str, **values: Any) -> list[tuple[str, str | None, Any, int | None]]:
    return [(each.code, each.field, each.value, each.limit) for each in of_table(name, values)]


@pytest.mark.req("HIL-5")
def test_a_refusal_is_a_reason_if_all_that_the_reason_knows_is_the_same() -> None:
    refusal = Refusal("hour_limit", "volume_mu", 70, 60)
    for reason in (
        Reason("hour_limit"),
        Reason("hour_limit", "volume_mu", 70, 60),
        Reason("hour_limit", None, range(70, 71), 60),
    ):
        assert reason.fits(refusal)
    for reason in (
        Reason("day_limit", "volume_mu", 70, 60),
        Reason("hour_limit", "square_mu", 70, 60),
        Reason("hour_limit", "volume_mu", 71, 60),
        Reason("hour_limit", "volume_mu", range(60, 70), 60),
        Reason("hour_limit", "volume_mu", 70, 61),
        Reason("hour_limit", "square_mu"),
        Reason("hour_limit", None, 71),
        Reason("hour_limit", None, None, 61),
    ):
        assert not reason.fits(refusal)


@pytest.mark.req("GUARD-1")
def test_the_greatest_of_each_limit_is_taken_and_one_more_is_beyond_a_hard_limit() -> None:
    assert found("set_limits", **LIMITS) == []
    for name, greatest in LIMITS.items():
        step = 50 if name == "max_basal_mu_per_h" else 1
        beyond = found("set_limits", **LIMITS | {name: greatest + step})
        assert beyond == [("hard_limit", name, greatest + step, greatest)]
        assert found("set_limits", **LIMITS | {name: 0}) == []


@pytest.mark.req("THER-2", "DOSE-1")
def test_a_rate_goes_in_steps_of_a_twentieth_of_a_unit() -> None:
    assert found("set_basal", rate_mu_per_h=35_000) == found("set_basal", rate_mu_per_h=0) == []
    assert found("set_basal", rate_mu_per_h=35_050) == [("hard_limit", "rate_mu_per_h", 35_050, 35_000)]
    for rate in (1, 49, 51, 34_999):
        assert found("set_basal", rate_mu_per_h=rate) == [("not_multiple", "rate_mu_per_h", rate, 50)]


@pytest.mark.req("THER-2", "THER-4")
def test_a_figure_below_or_above_its_range_is_refused_with_the_limit() -> None:
    for name, values in (("temp_basal", {"kind": 1, "value": 100}), ("square_bolus", {"volume_mu": 200})):
        longest = 1_440 if name == "temp_basal" else 480
        assert found(name, **values, duration_min=30) == found(name, **values, duration_min=longest) == []
        assert found(name, **values, duration_min=29) == [("out_of_range", "duration_min", 29, 30)]
        assert found(name, **values, duration_min=longest + 1) == [
            ("out_of_range", "duration_min", longest + 1, longest)
        ]
    assert found("bolus", volume_mu=0) == [("out_of_range", "volume_mu", 0, 1)]


@pytest.mark.req("HIL-5")
def test_a_name_that_the_table_does_not_have_is_out_of_range_whatever_the_pump_says_of_it() -> None:
    assert found("select_pattern", pattern=0) == found("select_pattern", pattern=3) == []
    assert found("select_pattern", pattern=4) == [("out_of_range", "pattern", None, None)]
    assert found("select_pattern", pattern=-1) == [("out_of_range", "pattern", None, None)]
    rest = {"value": 0, "duration_min": 30}
    assert found("temp_basal", kind=2, **rest) == [("out_of_range", "kind", None, None)]


@pytest.mark.req("HIL-5")
def test_a_switch_is_on_or_off_and_never_out_of_range() -> None:
    assert found("set_settings", stroke_tone=2) == found("set_settings", stroke_tone=True) == []
    assert found("set_settings", utc_offset_min=-735) == [("out_of_range", "utc_offset_min", -735, -720)]
    assert found("set_settings", in_use_days=0) == [("out_of_range", "in_use_days", 0, 1)]
    assert found("set_settings", in_use_days=91, auto_off_min=10_081) == [
        ("out_of_range", "auto_off_min", 10_081, 10_080),
        ("out_of_range", "in_use_days", 91, 90),
    ]


@pytest.mark.req("THER-1")
def test_a_pattern_has_48_rates_each_as_a_basal_rate() -> None:
    rates = [{"rate_mu_per_h": 200}] * 48
    assert found("stage_pattern", pattern=0, rates=rates) == []
    assert found("stage_pattern", pattern=0, rates=[200] * 48) == [], "as plain numbers too"
    assert found("stage_pattern", pattern=0) == [], "what is not said is not judged"
    for wrong in (rates[1:], [*rates, rates[0]]):
        assert {code for code, *_ in found("stage_pattern", pattern=0, rates=wrong)} == {"bad_length", "out_of_range"}
    beyond = [*rates[1:], {"rate_mu_per_h": 35_050}]
    assert found("stage_pattern", pattern=0, rates=beyond) == [("hard_limit", None, None, None)]
    assert found("stage_pattern", pattern=4, rates=[{"rate_mu_per_h": 201}, *rates[1:]]) == [
        ("out_of_range", "pattern", None, None),
        ("not_multiple", None, None, None),
    ]
