"""The proofs can fail: each wrong line in a copy of the core leaves a goal unproved."""

import shutil
from pathlib import Path

import pytest

from tools.core.proofs.gate import CORE_DIR, prove

WRONG = {
    "a stroke is due a microsecond early": ("pace.c", "missing_q + pace->rate_q - 1u", "missing_q"),
    "the fraction is dropped": ("pace.c", "pace->owed_q = owed_q - (strokes * pace->whole_q)", "pace->owed_q = 0u"),
    "the day is a tick short": ("guard.h", "#define GUARD_DAY_TICKS 82399u", "#define GUARD_DAY_TICKS 82397u"),
    "the grace is twice as long": ("guard.c", "back_us + GUARD_GRACE_US", "back_us + (2u * GUARD_GRACE_US)"),
}


@pytest.mark.req("DOSE-1")
def test_every_goal_is_proved() -> None:
    total, failed = prove()
    assert total >= 80
    assert failed == []


@pytest.mark.req("DOSE-1")
@pytest.mark.parametrize(("name", "old", "new"), WRONG.values(), ids=WRONG)
def test_a_wrong_line_leaves_a_goal_unproved(tmp_path: Path, name: str, old: str, new: str) -> None:
    core = tmp_path / "core"
    shutil.copytree(CORE_DIR, core)
    text = (core / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"the core has changed, this edit no longer applies: {old}"
    (core / name).write_text(text.replace(old, new), encoding="utf-8")
    assert prove(core)[1] != []
