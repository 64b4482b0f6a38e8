"""The contracts can fail: each wrong line in a copy of the core leaves a goal of its function unproved."""

from pathlib import Path
from typing import NamedTuple

import pytest

from tools.core.proofs.gate import CORE_DIR
from tools.core.proofs.overlay import broken
from tools.core.proofs.wp import LENT, UNITS, bits, judge, prove, public, with_contract


class Bug(NamedTuple):
    function: str
    goal: str
    old: str
    new: str


QUICK = {
    "an abandoned stroke is not booked": Bug(
        "ledger_abandon", "ledger_abandon_ensures", "    ledger->abandoned += strokes;\n", ""
    ),
    "a stroke is due a microsecond early": Bug(
        "pace_due_us", "pace_due_us_ensures_owed", "missing_q + pace->rate_q - 1u", "missing_q"
    ),
    "a new rate leaves the boundary planned": Bug(
        "basal_set_rate",
        "basal_set_rate_ensures_forgotten",
        "rate_mu_per_h = rate_mu_per_h;\n    forget_boundary(&basal->schedule);",
        "rate_mu_per_h = rate_mu_per_h;",
    ),
    "a permit for any stroke to come": Bug(
        "guard_permit", "guard_permit_ensures_next", "(stroke == (guard", "(stroke >= (guard"
    ),
    "a motor of more steps than the table holds": Bug(
        "motion_plan", "motion_plan_ensures_refused", "<= MOTION_STEPS_MAX) &&", "<= (2u * MOTION_STEPS_MAX)) &&"
    ),
    "a stroke starts without a permit": Bug(
        "core_service",
        "core_service_ensures_permit",
        "if (verdict == GUARD_OK) {\n            guard_started",
        "if (verdict <= GUARD_NO_PERMIT) {\n            guard_started",
    ),
    "a resume that leaves the pump suspended": Bug(
        "dose_resume", "dose_resume_ensures", "        basal_pause(&dose->basal, false);\n", ""
    ),
}
LONG = {
    "a bolus is resumed after a suspend": Bug(
        "dose_suspend", "dose_suspend_ensures_nothing_to_come", "        end_boluses(dose, reason);\n", ""
    ),
    "a square bolus forgets its pace": Bug(
        "dose_bolus", "dose_bolus_ensures_square", "dose->square_pace.rate_q = square;", ""
    ),
    "a cap that is overlooked": Bug(
        "guard_check", "guard_check_ensures_room", "now_tick < guard->free_tick.value", "now_tick > UINT32_MAX - 1u"
    ),
    "a rate above the limit": Bug(
        "core_set_basal", "core_set_basal_ensures_limit", "if (rate_allowed(core, rate_mu_per_h)) {", "if (true) {"
    ),
    "a motor that takes longer than the next stroke lets it": Bug(
        "core_init", "core_init_ensures_burst", "(config->burst_us < spacing_us)", "(config->burst_us <= spacing_us)"
    ),
    "a state of another version is believed": Bug(
        "state_load", "state_load_ensures_version", "if (version != STATE_VERSION)", "if (version > STATE_VERSION)"
    ),
    "a stop that leaves the stroke uncounted": Bug(
        "core_stop",
        "core_stop_ensures_whole",
        "    if (core->unconfirmed != 0u) {\n        // Part",
        "    if (0) {\n        // Part",
    ),
}


def unproved(tmp_path: Path, bug: Bug) -> list[str]:
    unit = bug.function.partition("_")[0]
    core = broken(CORE_DIR, tmp_path / "core", f"{unit}.c", [(bug.old, bug.new)])
    return [goal.name for goal in prove(core, unit, bug.function, 3) if not goal.proved]


@pytest.mark.usefixtures("analyser")
@pytest.mark.req("DOSE-3")
@pytest.mark.parametrize("bug", QUICK.values(), ids=QUICK)
def test_a_wrong_line_breaks_a_contract(tmp_path: Path, bug: Bug) -> None:
    assert any(bug.goal in name for name in unproved(tmp_path, bug))


@pytest.mark.nightly
@pytest.mark.usefixtures("analyser")
@pytest.mark.req("DOSE-1")
@pytest.mark.parametrize("bug", LONG.values(), ids=LONG)
def test_a_wrong_line_breaks_a_longer_contract(tmp_path: Path, bug: Bug) -> None:
    assert any(bug.goal in name for name in unproved(tmp_path, bug))


@pytest.mark.req("DOSE-7")
def test_goals_that_are_not_all_there_prove_nothing() -> None:
    valid = "[wp] [Qed] Goal typed_pace_accrue_assigns : Valid (3ms)\n"
    assert [goal.proved for goal in judge("pace", f"{valid}[wp] Proved goals:    1 / 1\n")] == [True]
    for said in ("", valid, f"{valid}[wp] Proved goals:    1 / 2\n", f"{valid}[wp] Proved goals:    2 / 2\n"):
        assert [goal.proved for goal in judge("pace", said)] == [False]
    assert "pace" in UNITS


@pytest.mark.req("DOSE-7")
@pytest.mark.parametrize("unit", [header.stem for header in sorted(CORE_DIR.glob("*.h"))])
def test_every_public_function_has_a_contract_that_is_proved(unit: str) -> None:
    functions = public(CORE_DIR, unit)
    assert functions and unit in UNITS
    assert {*functions} == {*with_contract(CORE_DIR, unit)}
    assert not {*functions} & {*LENT}


@pytest.mark.req("GUARD-2")
def test_what_the_contracts_are_lent_about_bits() -> None:
    assert [goal.proved for goal in bits()] == [True, True, True]
