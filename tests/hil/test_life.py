"""A life of a month on a virtual board, and that its checks see what they are for."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.protocol import PROCEDURES
from firmware.protocol.fields import BANDS
from firmware.upkeep import energy
from hil.backends.virtual import VirtualBoard
from hil.oracle.commands import Command
from hil.protocols.life import plan as habits
from hil.protocols.life import run as whole
from hil.protocols.life.acts import Outcome
from hil.protocols.life.drive import Life
from hil.protocols.life.judge import Log, Programmed, Violations, conserved
from hil.protocols.life.orders import LINK_SILENT_US, in_use_s
from hil.protocols.life.page import page
from hil.protocols.life.patient import Patient
from hil.results.tested import Run
from host.api.client import MESSAGES
from tools import facts

ROOT = Path(__file__).resolve().parents[2]
DAYS = 40
ENERGY = {"battery_left_nah": 1, "battery_level": "good", "wakes": 1}


@pytest.fixture(scope="module")
def life() -> Life:
    life = Life(DAYS, 1)
    life.live()
    return life


@pytest.mark.req("DOSE-1", "LOG-1", "STORE-4")
def test_a_month_has_no_violation(life: Life) -> None:
    outcome = life.outcome
    assert outcome.violations.shown == []
    assert outcome.strokes == pytest.approx(200 * DAYS, rel=0.02)
    boluses = sum(outcome.counts[name] for name in ("boluses", "square boluses", "dual boluses"))
    assert boluses >= 3 * DAYS - 3
    assert outcome.counts["catheters opened"] == habits.OCCLUSIONS
    assert outcome.counts["temporary rates"] > DAYS / 7
    assert outcome.counts["recommended rates"] == habits.LOOP_TIMES
    assert outcome.counts["contacts"] == DAYS // 7
    assert outcome.counts["suspends"] == 2
    assert outcome.counts["temporary rates given up"] >= 1
    assert outcome.counts["boluses given up"] == 1
    assert 50_000 < outcome.heap_bytes < 500_000
    assert outcome.memory["event_counts"]["diagnosis"] == habits.OCCLUSIONS


@pytest.mark.parametrize("seed", range(1, 21))
def test_the_shortest_life_is_judged_by_what_happened_in_it(seed: int) -> None:
    """Its two closed catheters sound for hours, 5 % of a month's charge, and end what nobody can cancel then."""
    life = Life(whole.MONTH_DAYS, seed)
    life.live()
    assert whole.summary(life.outcome, life.outcome, Run())["violations_shown"] == []


@pytest.mark.req("OCC-1")
def test_a_closed_catheter_is_found_within_the_strokes_allowed(life: Life) -> None:
    assert all(each["strokes"] <= 4 for each in life.outcome.occlusions)


@pytest.mark.req("PWR-1")
def test_the_summary_says_what_was_and_what_was_not(life: Life) -> None:
    figures = whole.summary(life.outcome, life.outcome, Run())
    assert figures["violations"] == 0
    assert figures["not_exercised"]
    assert {"years", "strokes", "wall_s", "x_real_time"} <= figures.keys()
    assert 15 < figures["battery"]["mean_ua"] < figures["battery"]["budget_ua"]
    html = page(figures, life.outcome.series)
    assert "no violation" in html
    assert all(each in unescape(html) for each in figures["not_exercised"])


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("heap", {"heap_bytes": 250_000}),
        ("memory", {"memory": {"most_writes_of_a_cell": 10**12 + 1, "bytes_written": 1}}),
        ("battery", {"energy": ENERGY | {"battery_used_nah": 24 * DAYS * 28_520}}),
        ("battery", {"energy": ENERGY | {"battery_used_nah": 24 * DAYS * 20_000}}),
        ("battery", {"link_s": 0.0}),
        ("battery", {"sounded_s": 0.0}),
    ],
)
def test_a_leak_a_worn_cell_and_an_empty_battery_are_violations(life: Life, what: str, changes: dict) -> None:
    figures = whole.summary(replace(life.outcome, **changes), life.outcome, Run())
    assert figures["violations"] >= 1 and figures["verdict"] == "fail"
    assert all(each.startswith(what) for each in figures["violations_shown"])
    assert [text for each in figures["failures"] for text in each["what"]] == figures["violations_shown"]


@pytest.mark.req("PWR-1")
def test_the_arithmetic_s_figures_are_the_board_s_and_the_ledger_s() -> None:
    currents = dict(zip(energy.FIGURES, facts.currents(ROOT / "boards/VIRTUAL/current.toml"), strict=True))
    assert (currents["idle_na"], currents["motor_na"]) == (whole.IDLE_NA, whole.MOTOR_NA)
    assert (currents["link_na"], currents["memory_na"]) == (whole.LINK_NA, whole.MEMORY_NA)
    assert (currents["tone_na"], currents["tone_us"]) == (whole.TONE_NA, 150_000)
    assert (currents["byte_ns"], currents["link_us"]) == (whole.BYTE_NS, LINK_SILENT_US)
    assert energy.CAPACITY_NAH == whole.CAPACITY_NAH
    assert energy.SELF_DISCHARGE_PER_MILLE / 1000 == whole.SELF_DISCHARGE


def test_the_link_is_in_use_until_it_has_been_silent() -> None:
    assert in_use_s([]) == 0
    assert in_use_s([0, 1_000_000, 7_000_000]) == 6 + 5


# The checks see what they are for


def status(**changes: object) -> SimpleNamespace:
    sound = {"strokes_commanded": 7, "strokes_delivered": 7, "memory": "whole", "fault": 0, "internal_errors": 0}
    sound["now_us"] = 1_000_000
    return SimpleNamespace(**sound | changes)


@pytest.mark.parametrize(
    "changes", [{}, {"strokes_delivered": 6}, {"memory": "mended"}, {"fault": 3}, {"internal_errors": 1}]
)
def test_ledgers_that_disagree_are_seen(changes: dict) -> None:
    violations = Violations()
    conserved(status(**changes), [0] * (7 if changes else 8), violations, 0)
    assert violations.count == 1


def test_a_stroke_in_flight_is_not_confirmed_yet() -> None:
    violations = Violations()
    conserved(status(strokes_delivered=6), [0] * 6 + [990_000], violations, 0)
    assert violations.count == 0


@pytest.mark.req("DOSE-3")
@pytest.mark.parametrize(("start_us", "seen"), [(999_999, True), (1_000_000, False), (1_000_001, False)])
def test_a_stroke_that_starts_while_the_status_is_on_the_wire_does_not_count(start_us: int, seen: bool) -> None:
    violations = Violations()
    conserved(status(strokes_delivered=7), [0] * 7 + [start_us], violations, 0)
    assert bool(violations.count) == seen
    conserved(status(strokes_delivered=7, now_us=start_us - 1), [0] * 6 + [start_us], violations, 0)
    assert "6 strokes on the pins, 7 ordered" in violations.shown[-1]


def test_a_stroke_of_drift_is_seen() -> None:
    programmed = Programmed(200_000)
    commands = [Command(0, "set_basal", {"rate_mu_per_h": 700}), Command(3_600_000_000, "bolus", {"volume_mu": 600})]
    programmed.take(commands, 7_200_000_000)  # 1.4 U and 0.6 U: ten strokes
    assert programmed.owed_strokes(10, 0) == 0
    assert programmed.owed_strokes(9, 0) == 1
    assert programmed.owed_strokes(10, 1) == -1
    commands += [Command(7_200_000_000, "suspend"), Command(9_000_000_000, "resume")]
    programmed.take(commands, 9_000_000_001)
    assert 0 < programmed.owed_strokes(10, 0) < 1e-6
    hour_us = 3_600_000_000
    temp = {"mode": "percent", "value": 50, "duration_us": hour_us}
    commands += [Command(9_000_000_001, "temp_basal", temp), Command(9_000_000_001, "bolus", {"square_mu": 200})]
    programmed.take(commands, 9_000_000_001 + 2 * hour_us)  # 0.35 U, 0.7 U and a stroke
    assert programmed.owed_strokes(10, 0) == pytest.approx((350 + 700 + 200) / 200)


def test_a_gap_in_the_log_is_seen() -> None:
    violations = Violations()
    log = Log(violations)
    event = {"event": "delivery_ended", "category": "delivery", "c": 3, "detail": 1}
    log.take([SimpleNamespace(number=number, **event) for number in (1, 2, 4)])
    assert violations.shown == ["log: event 4 follows 2"]
    assert log.delivered == 9
    assert log.by_kind == {"normal_bolus": 9}


@pytest.mark.req("THER-5")
@pytest.mark.parametrize(
    ("tenths", "band", "seen"),
    [
        (2, "good", None),
        (-1, "good", None), (-6, "good", "-0.6 %"),  # the log has 32 bits without a sign
        (0, "first_refill", None), (6, "good", "0.6 %"), (110, "watch", "watch"), (2, "rinse", "rinse"),
    ],
)  # fmt: skip
def test_a_refill_that_the_device_finds_fault_with_is_seen_in_its_log(tenths: int, band: str, seen: str | None) -> None:
    violations = Violations()
    log = Log(violations)
    event = {"event": "accepted", "category": "command", "detail": MESSAGES["record_refill"].id}
    log.take([SimpleNamespace(number=1, **event, c=tenths % 2**32, d=BANDS.index(band))])
    assert (log.refills, log.worst_refill_tenths) == (1, tenths)
    assert violations.count == (seen is not None)
    assert seen is None or seen in violations.shown[0]


@pytest.mark.req("THER-5", "THER-6")
def test_patient_and_clinic_are_guided_through_every_procedure() -> None:
    life = Life(80, 1)
    life.plan = replace(life.plan, refills=frozenset({45, 70}), rinses=frozenset({70}), occlusions={})
    outcome = life.live()
    assert outcome.violations.shown == []
    assert {name: outcome.counts.get(f"procedure {name}") for name in PROCEDURES[1:]} == dict.fromkeys(
        PROCEDURES[1:], 1
    )
    assert outcome.counts["refills"] == 1  # the first fill by weight; then a guided one, and the rinse's
    kinds = outcome.strokes_by_kind
    assert kinds["insulin_test"] == habits.TEST_STROKES + 20
    assert (kinds["naoh"], kinds["buffer"], kinds["diagnostic"]) == (20, 20 + 65, 5)


def test_a_stroke_out_of_its_time_is_seen(life: Life) -> None:
    starts = life.people.bench.stroke_starts_us
    kept, outcome = starts[3_000], life.outcome
    life.outcome = Outcome(DAYS, 1)
    starts[3_000] += 1
    life.judge_strokes()
    starts[3_000] = kept
    found, life.outcome = life.outcome.violations, outcome
    assert found.count >= 1
    assert "1 us late" in found.shown[0]


def test_a_plant_that_loses_volume_is_seen() -> None:
    patient = Patient(1)
    for number in range(100):
        patient.stroke(number * 10_000_000, 96, 104_000)
    patient.close_catheter(1_000_000_000)
    for number in range(100, 130):
        patient.stroke(number * 10_000_000, 96, 104_000)
    assert patient.unaccounted_pl == 0
    patient.forget_strokes()
    drawn_nl = patient.refill(14_000_000)
    assert patient.reservoir_nl == 14_000_000
    assert 14_900_000 < drawn_nl < 15_000_000
    assert patient.unaccounted_pl == 0
    patient._reservoir_pl -= 1
    assert patient.unaccounted_pl == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_plan_is_eight_years_of_what_was_asked_for(seed: int) -> None:
    plan = habits.draw(habits.DAYS, seed)
    refills = sorted(plan.refills)
    gaps = [after - before for before, after in zip([0, *refills], refills, strict=False)]
    assert all(45 <= gap <= 90 for gap in gaps)
    assert habits.DAYS - refills[-1] <= 90
    assert len(plan.rinses) == 7  # one a year once a year is over
    assert plan.rinses <= plan.refills
    assert len(plan.occlusions) == 2
    assert len(plan.clock) >= 24 - 2
    for pattern in habits.PATTERNS:
        rates = habits.rates(pattern)
        assert len(rates) == 48
        assert sum(rates) // 2 + sum(volume for _, volume in habits.BOLUSES) == pytest.approx(40_000, rel=0.01)
    assert plan == habits.draw(habits.DAYS, seed)
    assert plan != habits.draw(habits.DAYS, seed + 1)


@pytest.mark.req("HIL-8")
def test_a_life_that_is_interrupted_ends_wherever_that_hits_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also amid an order, whose outcome is asked for then, and when the answer was there already."""
    runs, hit_at = 0, 0
    run_until_us = VirtualBoard.run_until_us

    def hit(board: VirtualBoard, *given: Any, **named: Any) -> None:
        nonlocal runs
        run_until_us(board, *given, **named)
        runs += 1
        if runs == hit_at:
            raise KeyboardInterrupt

    monkeypatch.setattr(VirtualBoard, "run_until_us", hit)
    Life(1, 2).live()
    for each in range(1, runs, 3):
        runs, hit_at = 0, each
        with pytest.raises(KeyboardInterrupt):
            Life(1, 2).live()
