"""Typed measurements, their verdicts, the limits file and the files of results."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hil.results.files import passed, write_json, write_junit
from hil.results.limits import LimitError, load_limits
from hil.results.measurement import Measurement

pytestmark = pytest.mark.req("HIL-6")


def measured(value: float | None, lower: float | None = -5, upper: float | None = 5) -> Measurement:
    return Measurement("delivery.x", value, "%", lower, upper, 0.2, "HIL-7", "delivery")


@pytest.mark.parametrize(
    ("value", "lower", "upper", "verdict"),
    [
        (0, -5, 5, "pass"),
        (5, -5, 5, "pass"),
        (-5, -5, 5, "pass"),
        (5.00001, -5, 5, "fail"),
        (-5.1, -5, 5, "fail"),
        (1e9, 0, None, "pass"),
        (-1e-3, 0, None, "fail"),
        (-1e9, None, 0, "pass"),
        (None, -5, 5, "fail"),
        (float("nan"), -5, 5, "fail"),
        (float("inf"), 0, None, "fail"),
    ],
)
def test_verdict_is_simple_acceptance(
    value: float | None, lower: float | None, upper: float | None, verdict: str
) -> None:
    assert measured(value, lower, upper).verdict == verdict


def test_shape_in_results() -> None:
    assert list(measured(1.23456789).as_dict()) == [
        "name", "value", "unit", "lower", "upper", "uncertainty", "req", "kind", "verdict",
    ]  # fmt: skip
    assert measured(1.23456789).as_dict()["value"] == 1.234568
    assert measured(float("nan")).as_dict()["value"] is None
    assert "verdict" not in measured(1).as_information()


def test_nothing_judged_is_no_pass() -> None:
    assert not passed([])
    assert passed([measured(1)])
    assert not passed([measured(1), measured(9)])


@pytest.mark.req("HIL-7")
def test_limits_are_those_of_the_specification() -> None:
    limits = load_limits()
    for name, lower, upper in (
        ("delivery.bolus.200_mu", 75, 125),
        ("delivery.bolus.5000_mu", 95, 105),
        ("delivery.bolus.30000_mu", 95, 105),
        ("delivery.basal_total.200_mu_per_h", -0.2, 0.2),
        ("delivery.basal_total.5000_mu_per_h", -5, 5),
        ("delivery.basal_total.35000_mu_per_h", -5, 5),
        ("delivery.long_total", -5, 5),
        ("delivery.trumpet_930_min.1000_mu_per_h", -5, 5),
        ("controller.lateness", 0, 0),
    ):
        assert (limits[name].lower, limits[name].upper) == (lower, upper), name
    assert all(limit["reason"] for limit in limits.as_dicts())


def test_a_limit_without_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text('["delivery.x"]\nlower = 1\nunit = "%"\nreq = "HIL-7"\n')
    with pytest.raises(LimitError, match="reason"):
        load_limits(path)
    with pytest.raises(LimitError, match="no limit"):
        load_limits()["delivery.nothing"]


def test_junit_carries_requirement_and_failure(tmp_path: Path) -> None:
    path = tmp_path / "results.xml"
    write_junit(path, "hil.accuracy", [measured(1), measured(7)])
    root = ElementTree.parse(path).getroot()
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    good, bad = root.iter("testcase")
    assert good.find("failure") is None
    failure = bad.find("failure")
    assert failure is not None and "allowed -5 to 5 %" in failure.get("message", "")
    properties = {item.get("name"): item.get("value") for item in bad.iter("property")}
    assert properties["req"] == "HIL-7" and properties["unit"] == "%"


def test_json_holds_no_figure_that_is_not_finite(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"value": float("nan")})
    write_json(tmp_path / "y.json", {"unit": "µg"})
    assert json.loads((tmp_path / "y.json").read_text(encoding="utf-8")) == {"unit": "µg"}
