"""docs/procedures.md is the table's; every step has its text."""

from __future__ import annotations

import pytest

from firmware.protocol.all_procedures import PROCEDURES
from host.texts.procedures_en import TEXTS, TITLES
from tools.docs.procedures import PAGE, page


@pytest.mark.req("THER-5", "THER-6")
def test_the_page_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tools.docs.procedures"


@pytest.mark.req("THER-5", "THER-6")
def test_every_step_says_what_to_do_and_on_what_basis() -> None:
    steps = {(procedure.name, step.name) for procedure in PROCEDURES for step in procedure.steps}
    assert steps == TEXTS.keys()
    assert TITLES.keys() == {procedure.name for procedure in PROCEDURES}
    assert all(do.endswith(".") and basis for do, basis in TEXTS.values())
