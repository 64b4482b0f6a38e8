"""The contracts can fail: each wrong line in a copy of the core leaves a goal of its function unproved."""

from pathlib import Path
from typing import NamedTuple

import pytest

from tools.bootstrap import install_packages
from tools.console import Problem
from tools.core.proofs import CORE_DIR
from tools.core.proofs_overlay import broken
from tools.core.proofs_wp import OPEN, PUBLIC, UNITS, judge, open_functions, prove


@pytest.fixture
def analyser() -> None:
    """Frama-C and the provers behind it, installed the first time."""
    try:
        install_packages("core-proofs")
    except Problem as problem:
        pytest.skip(str(problem))


class Bug(NamedTuple):
    function: str
    goal: str
    old: str
    new: str


QUICK = {
    "an abandoned stroke is not booked": Bug(
        "ledger_abandon", "ledger_abandon_ensures", "    ledger->abandoned += strokes;\n", ""
    ),
    "a motor of more steps than the table holds": Bug(
        "motion_plan", "motion_plan_ensures_refused", "<= MOTION_STEPS_MAX) &&", "<= (2u * MOTION_STEPS_MAX)) &&"
    ),
}
LONG = {
    "a stroke is due a microsecond early": Bug(
        "pace_due_us", "pace_due_us_ensures_owed", "missing_q + pace->rate_q - 1u", "missing_q"
    ),
    "a square bolus forgets its pace": Bug(
        "dose_bolus", "dose_bolus_ensures_square", "dose->square_pace.rate_q = square;", ""
    ),
}  # fmt: skip


def unproved(tmp_path: Path, bug: Bug) -> list[str]:
    unit = bug.function.partition("_")[0]
    core = broken(CORE_DIR, tmp_path / "core", f"{unit}.c", [(bug.old, bug.new)])
    return [goal.name for goal in prove(core, unit, bug.function, 3) if not goal.proved]


@pytest.mark.usefixtures("analyser")
@pytest.mark.timeout(300)
@pytest.mark.req("DOSE-3")
@pytest.mark.parametrize("bug", QUICK.values(), ids=QUICK)
def test_a_wrong_line_breaks_a_contract(tmp_path: Path, bug: Bug) -> None:
    assert any(bug.goal in name for name in unproved(tmp_path, bug))


@pytest.mark.nightly
@pytest.mark.usefixtures("analyser")
@pytest.mark.timeout(300)
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
def test_every_public_function_has_a_contract_or_is_named_as_open(unit: str) -> None:
    every = {*PUBLIC.findall((CORE_DIR / f"{unit}.h").read_text(encoding="utf-8"))}
    named = OPEN.get(unit, ())
    assert every
    assert open_functions(CORE_DIR, unit) == (every if named == "all" else {*named})
