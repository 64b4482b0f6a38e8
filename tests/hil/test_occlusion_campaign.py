"""The occlusion campaign in small: what it judges, and that it sees a detector that has been broken on purpose."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from c_ext.host import Core
from firmware.occlusion import detector as module
from firmware.occlusion.detector import Detector
from hil.plant import Body, Fault, FaultyPlant, load_body, load_mechanism
from hil.protocols.occlusion import jobs, judge, lives, run, whole_pump, years
from hil.protocols.occlusion.jobs import BOLUS_MU_PER_H, COARSE, FINE, TRUTH, make
from hil.results.limits import load_limits

LIMITS = load_limits()
FINE_CASES = [
    make(kind, "implant", rate, compliance, 32_500, 1, FINE)
    for kind in TRUTH
    for rate in (1000, BOLUS_MU_PER_H)
    for compliance in (5, 50)
    if (kind, compliance) != ("backflow", 50)  # some are too faint: docs/occlusion.md
]
SMALL = [
    make(kind, "implant", rate, compliance, 32_500, 1)
    for kind in TRUTH
    for rate in (1000, BOLUS_MU_PER_H)
    for compliance in (5, 50)
]


def failed(detector: type[Detector], which: list[jobs.Case] = SMALL) -> set[str]:
    """The groups of measurements that fail when `detector` lives the cases."""
    outcomes = [lives.live(case, detector) for case in which]
    results = judge.judge(outcomes, LIMITS)
    # The small campaign has neither every rate nor a syringe: what was not measured is not judged here.
    return {".".join(each.name.split(".")[:2]) for each in results if each.verdict == "fail" and each.value is not None}


def tuned(**changes: int) -> type[Detector]:
    """A detector with thresholds changed."""

    class Tuned(Detector):
        def __init__(self, thresholds: Any, tell: Any) -> None:
            other = copy.copy(thresholds)
            for name, value in changes.items():
                setattr(other, name, value)
            super().__init__(other, tell)

    return Tuned


@pytest.mark.req("OCC-1", "OCC-2", "OCC-4")
def test_the_detector_passes_the_small_campaign() -> None:
    assert failed(Detector) == set()


@pytest.mark.req("OCC-1", "OCC-2", "OCC-4", "DOSE-8")
def test_it_passes_with_fine_strokes_too() -> None:
    assert failed(Detector, FINE_CASES) == set()


@pytest.mark.req("OCC-2", "DOSE-8")
@pytest.mark.parametrize("changes", [{"rises_small": False}, {"steps_seen": False}], ids=["hasty", "level_only"])
def test_fine_strokes_judged_as_coarse_ones_or_a_syringes_turn_the_verdict_red(changes: dict[str, int]) -> None:
    assert "detector.confusion" in failed(tuned(**changes), FINE_CASES)


@pytest.mark.req("DOSE-8")
@pytest.mark.parametrize("quantum", [COARSE, FINE], ids=["500 nl", "125 nl"])
def test_strokes_last_as_long_as_the_boards(quantum: jobs.Quantum) -> None:
    core = Core(
        stroke_nl=quantum.stroke_nl, motor=(quantum.steps, 400, 1600, 20_000), spacing_us=quantum.spacing_us,
        history=10_000,
    )  # fmt: skip
    assert core.plan()[1] == quantum.burst_us
    assert quantum.stroke_mu * 1000 == quantum.stroke_nl * 400


class Late(Detector):
    """Waits for a third stroke that stays."""

    def _occluded(self) -> None:
        if self._marks & 0x2A == 0x2A:
            super()._occluded()


class Patient(Detector):
    """Takes a slow decay for none."""

    def _gone(self, since_us: int) -> int:
        return 0


class Forgetful(Detector):
    """Never says that a catheter has opened."""

    def _watch(self, now_us: int, pa: int) -> None:
        self.wake_us = module.NEVER_US


class Confused(Detector):
    """Looks for a missing pulse without asking whether the sensor is alive."""

    def _repeated(self, counts: int) -> None:
        self._repeats = 0


@pytest.mark.req("OCC-1", "OCC-2", "OCC-4")
@pytest.mark.parametrize(
    ("broken", "seen"),
    [
        (tuned(suspect_pa=10**6), {"detector.confusion"}),
        (Late, {"detector.strokes_beyond_limit"}),
        (Patient, {"detector.confusion"}),
        (Forgetful, {"detector.released_error", "detector.confusion"}),
        (Confused, {"detector.confusion"}),
        (tuned(no_pulse_sum_pa=10**6), {"detector.confusion"}),
        (tuned(trough_sum_pa=10**6), {"detector.confusion"}),
        (tuned(no_pulse_half_pa=400), {"detector.healthy_called", "detector.confusion"}),
    ],
    ids=["deaf", "late", "patient", "forgetful", "confused", "no_air", "no_backflow", "greedy"],
)
def test_a_broken_detector_turns_the_verdict_red(broken: type[Detector], seen: set[str]) -> None:
    assert seen <= failed(broken)


@pytest.mark.req("OCC-3")
def test_a_detector_that_does_not_wait_for_a_cough_to_end_calls_the_healthy_ill() -> None:
    cold = load_body().with_value("bouts_per_day", 400)
    assert years.live(0, 1, tuned(hold_us=0, looks_us=(78_000,)), cold).found
    assert not years.live(0, 1, body=cold).found


@pytest.mark.req("OCC-1")
def test_the_whole_firmware_finds_what_the_detector_alone_finds() -> None:
    for case in whole_pump.cases(1, 0.12):
        pair = whole_pump.live(case)
        assert pair.same, pair


@pytest.mark.req("OCC-1")
def test_the_limit_is_that_of_the_specification() -> None:
    case = make("occlusion", "implant", 1000, 50, 32_500, 1)
    plant = lives.plant_of(case)
    stroke_pl = 500_000 * {"typical": 1.0, "least": 0.97, "most": 1.03}[case.pump]
    assert lives.limit_strokes(case, plant) == pytest.approx(1186 * 375.03 / stroke_pl, rel=1e-3)
    outcome = lives.live(case)
    assert (outcome.verdict, outcome.strokes) == ("occlusion", 2)
    assert outcome.missed_nl == pytest.approx(2 * stroke_pl / 1000, rel=0.1)
    assert outcome.stated_missed_nl == 1000


@pytest.mark.req("OCC-3")
def test_a_day_holds_40_units_and_boluses_delay_basal_strokes() -> None:
    for rate in (200, 1000, 1500):
        starts = years.strokes_us(rate)
        day = []
        while (start_us := next(starts)) < 86_400_000_000:
            day.append(start_us)
        assert len(day) == pytest.approx(200, abs=3)
        assert min(later - earlier for earlier, later in zip(day, day[1:], strict=False)) >= 2_000_000


@pytest.mark.req("OCC-2")
def test_every_kind_rate_and_catheter_is_in_the_campaign() -> None:
    all_cases = jobs.campaign(1)
    assert len(all_cases) >= 2000
    implant = [case for case in all_cases if case.mechanism == "implant"]
    assert {case.kind for case in implant} == set(TRUTH)
    assert {case.rate_mu_per_h for case in implant} == set(jobs.RATES_MU_PER_H)
    axes = {(case.kind, case.stroke_nl, case.rate_mu_per_h, case.compliance_nl_per_mmhg) for case in implant}
    assert len(axes) == 11 * 2 * 5 * 5
    assert jobs.campaign(1) == all_cases != jobs.campaign(2)


@pytest.mark.req("HIL-5")
def test_the_campaign_writes_its_figures_and_its_exit_code_is_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [make("occlusion", "implant", rate, 10, 32_500, 1) for rate in jobs.RATES_MU_PER_H]
    some += [make("occlusion", "implant", rate, 10, 32_500, 1, FINE) for rate in jobs.RATES_MU_PER_H]
    some += [make("occlusion", "syringe_mock", rate, 1200, 32_500, 1) for rate in jobs.RATES_MU_PER_H]
    some += [make("none", "implant", 1000, 10, 32_500, 1, quantum) for quantum in (COARSE, FINE)]
    monkeypatch.setattr(jobs, "campaign", lambda seed, share: some)
    monkeypatch.setattr(whole_pump, "cases", lambda seed, share: some[3:4])
    said: list[str] = []
    out = tmp_path / "occlusion.json"
    assert run.run(1, out, patient_years=0.1, workers=1, say=said.append) == 0
    results = json.loads(out.read_text(encoding="utf-8"))
    assert results["verdict"] == "pass" and results["spec"]["simulated"]
    assert [each["found"] for each in results["false_alarms"].values()] == [0, 0]
    assert {row["strokes"]["max"] for row in results["detection"] if row["fault"] == "occlusion"} >= {2}
    assert said[-1].startswith("PASS")
    monkeypatch.setattr(Detector, "_watch", Forgetful._watch)
    assert run.run(1, out, patient_years=0.1, workers=1, say=said.append) == 1
    assert json.loads(out.read_text(encoding="utf-8"))["verdict"] == "fail"
    assert said[-1].startswith("FAIL")


@pytest.mark.req("OCC-3")
def test_a_reading_belongs_to_its_time() -> None:
    plants = [FaultyPlant(load_mechanism(), 1, fault=Fault("none", 0), body=Body(1)) for _ in range(2)]
    often = {now_us: plants[0].pressure_counts(now_us) for now_us in range(0, 10**8, 10**5)}
    for now_us in range(0, 10**8, 10**6):
        assert plants[1].pressure_counts(now_us) == often[now_us]
