"""The accuracy protocol on an ideal pump: what it judges, and that it fails what is broken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hil.errors import BenchError
from hil.plant import Plant, load_mechanism
from hil.plant.parameters import Table
from hil.protocols import accuracy
from hil.protocols.accuracy.jobs import CLINICIAN_DAY_MU, US_PER_H, Job, all_jobs
from hil.protocols.accuracy.progress import Silence
from host.errors import LinkTimeout, Refused
from tests.hil.ideal_bench import IdealBench, open_dropping, open_ideal, open_late

pytestmark = pytest.mark.req("HIL-2", "HIL-6", "HIL-7")


def run(
    out: Path, factory: Any = open_ideal, *, seed: int = 1, workers: int = 1, **more: Any
) -> tuple[int, dict[str, Any]]:
    code = accuracy.run(seed, out, factory, workers=workers, progress=Silence(), quiet=True, **more)
    return code, json.loads((out / "results.json").read_text(encoding="utf-8"))


def verdicts(results: dict[str, Any]) -> dict[str, str]:
    return {measurement["name"]: measurement["verdict"] for measurement in results["measurements"]}


def jobs(*prefixes: str) -> Sequence[Job]:
    return [job for job in all_jobs() if job.name.startswith(prefixes)]


@pytest.fixture(scope="module")
def ideal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, dict[str, Any]]:
    out = tmp_path_factory.mktemp("ideal")
    return out, *run(out)


def test_an_ideal_pump_passes_everything(ideal: tuple[Path, int, dict[str, Any]]) -> None:
    _, code, results = ideal
    assert code == 0
    assert set(verdicts(results).values()) == {"pass"}


def test_all_of_the_protocol_is_judged(ideal: tuple[Path, int, dict[str, Any]]) -> None:
    names = list(verdicts(ideal[2]))
    assert len(names) == len(set(names))
    for kind in ("controller", "delivery"):
        for size in (200, 5_000, 30_000):
            assert {f"{kind}.bolus.{size}_mu.least", f"{kind}.bolus.{size}_mu.greatest"} <= set(names)
        for rate in (200, 5_000, 35_000):
            for hours in (6, 12):
                for pump in ("typical", "least", "most"):
                    assert f"{kind}.basal_total.{rate}_mu_per_h.{hours}_h.{pump}" in names
        for rate in (200, 1_000):
            assert f"{kind}.long_total.{rate}_mu_per_h" in names
        assert f"{kind}.trumpet_930_min.1000_mu_per_h.greatest" in names
    for job in all_jobs():
        assert f"controller.lateness.{job.name}" in names


def test_the_shape_of_results(ideal: tuple[Path, int, dict[str, Any]]) -> None:
    results = ideal[2]
    assert list(results) == ["schema", "run", "spec", "failures", "measurements", "information", "figures", "records"]
    for measurement in results["measurements"]:
        assert list(measurement) == [
            "name", "value", "unit", "lower", "upper", "uncertainty", "req", "kind", "verdict",
        ]  # fmt: skip
    for data in results["figures"]["bolus"]:
        assert sum(data["bins_delivery"]) == sum(data["bins_controller"]) == 25
    assert [len(data["hours"]) for data in results["figures"]["long"]] == [72, 72]
    for data in results["figures"]["long"]:
        assert [row["window_min"] for row in data["trumpet"]["ambulatory"]["delivery"]] == [15, 60, 150, 330, 570, 930]


def test_what_is_weighed_carries_its_uncertainty(ideal: tuple[Path, int, dict[str, Any]]) -> None:
    for measurement in ideal[2]["measurements"]:
        assert (measurement["uncertainty"] > 0) == (measurement["kind"] == "delivery")


def files(out: Path) -> dict[str, bytes]:
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in (out / "records").rglob("*.csv")}
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    del results["run"]
    return found | {"results.json": json.dumps(results).encode(), "results.xml": (out / "results.xml").read_bytes()}


def test_same_seed_same_bytes_whatever_the_workers(ideal: tuple[Path, int, dict[str, Any]], tmp_path: Path) -> None:
    assert run(tmp_path, workers=2)[0] == 0
    assert files(tmp_path) == files(ideal[0])


def test_another_seed_is_another_plant(ideal: tuple[Path, int, dict[str, Any]], tmp_path: Path) -> None:
    run(tmp_path, seed=7, jobs=jobs("bolus-200mu"))
    for name in ("plant.csv", "weighings.csv"):
        path = f"records/bolus-200mu/{name}"
        assert (tmp_path / path).read_bytes() != (ideal[0] / path).read_bytes()


def test_records_stay_small(ideal: tuple[Path, int, dict[str, Any]]) -> None:
    assert ideal[2]["records"]["bytes"] < 5_000_000


def low(percent: float) -> Table:
    return load_mechanism().with_value("stroke_volume_nl", 500 * (1 - percent / 100))


def test_a_pump_that_delivers_10_percent_less_fails_delivery_alone(tmp_path: Path) -> None:
    code, results = run(tmp_path, mechanism=low(10))
    assert code == 1
    failed = {name for name, verdict in verdicts(results).items() if verdict == "fail"}
    assert "delivery.bolus.5000_mu.least" in failed
    assert "delivery.basal_total.35000_mu_per_h.12_h.typical" in failed
    assert "delivery.long_total.1000_mu_per_h" in failed
    assert all(name.startswith("delivery.") for name in failed)


@pytest.mark.req("DOSE-1")
def test_a_controller_that_drops_strokes_fails_as_controller(tmp_path: Path) -> None:
    code, results = run(tmp_path, open_dropping, jobs=jobs("basal-5000", "bolus-5000"))
    assert code == 1
    verdict = verdicts(results)
    assert verdict["controller.violations.basal-5000mu-per-h-typical"] == "fail"
    assert verdict["controller.basal_total.5000_mu_per_h.12_h.typical"] == "fail"
    assert verdict["controller.bolus.5000_mu.least"] == "fail"


@pytest.mark.req("DOSE-1")
def test_a_microsecond_late_is_late(tmp_path: Path) -> None:
    code, results = run(tmp_path, open_late, jobs=jobs("basal-5000mu-per-h-typical"))
    assert code == 1
    lateness = next(m for m in results["measurements"] if m["name"].startswith("controller.lateness"))
    assert (lateness["value"], lateness["verdict"]) == (1, "fail")


def test_a_refused_command_is_the_pumps_failure(tmp_path: Path) -> None:
    def refusing(plant: Plant) -> IdealBench:
        return IdealBench(plant, refuse=lambda name: Refused("bolus", 9, "", 1, 0, "mU") if name == "bolus" else None)

    code, results = run(tmp_path, refusing, jobs=jobs("bolus-5000", "basal-200mu-per-h-typical"))
    assert code == 1
    assert verdicts(results)["controller.refusals.bolus-5000mu"] == "fail"
    assert verdicts(results)["delivery.basal_total.200_mu_per_h.12_h.typical"] == "pass"


def silent(plant: Plant) -> IdealBench:
    return IdealBench(plant, refuse=lambda name: LinkTimeout(name, 3, 1.0, 0))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_silent_link_is_no_verdict(tmp_path: Path, workers: int) -> None:
    (tmp_path / "results.json").write_text("an older result")
    with pytest.raises(BenchError, match=r"basal-.*: the programmer failed: no answer"):
        run(tmp_path, silent, workers=workers, jobs=jobs("basal-5000"))
    assert not (tmp_path / "results.json").exists()


def test_short_windows_are_an_option(tmp_path: Path) -> None:
    _, results = run(tmp_path, jobs=jobs("long-1000"), short_windows=True)
    rows = results["figures"]["long"][0]["trumpet"]["short"]["controller"]
    assert [row["window_min"] for row in rows] == [2, 5, 11, 19, 31]
    # 31 min at 1 U/h hold 2.58 strokes: two or three.
    assert rows[-1]["least_percent"] == pytest.approx(100 * (2 / (31 / 12) - 1), abs=1e-3)
    assert rows[-1]["greatest_percent"] == pytest.approx(100 * (3 / (31 / 12) - 1), abs=1e-3)


def test_the_syringe_mock_shows_its_start_up_apart(tmp_path: Path) -> None:
    code, results = run(tmp_path, mechanism="syringe_mock", jobs=jobs("bolus-200mu", "basal-5000mu-per-h-least"))
    assert code == 0
    assert results["spec"]["mechanism"] == "syringe_mock"
    for row in results["figures"]["priming"]:
        assert row["missing_u"] == pytest.approx(0.4, abs=0.1)  # 1 µL of slack


def test_no_cap_comes_near() -> None:
    for job in all_jobs():
        if job.kind == "bolus":
            starts = [index * job.spacing_us for index in range(job.count)]
            for hours, cap_mu in ((1, 60_000), (24, CLINICIAN_DAY_MU)):
                span_us = hours * US_PER_H
                most = max(sum(start <= other < start + span_us for other in starts) for start in starts)
                assert most * job.bolus_mu < cap_mu, job.name
        elif not job.needs_hard_limits:
            assert job.rate_mu_per_h * 24 <= CLINICIAN_DAY_MU, job.name


def test_changed_limits_are_in_the_record(ideal: tuple[Path, int, dict[str, Any]]) -> None:
    text = (ideal[0] / "records/basal-35000mu-per-h-typical/commands.csv").read_text()
    assert "set_limits,max_day_mu=500000" in text
