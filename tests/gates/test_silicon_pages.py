"""docs/silicon-*.md: every risk has a source, an answer of the code, and steps of the bring-up that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.req("BOARD-3")
ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BRING_UP = DOCS / "howto" / "bring-up.md"
PAGES = sorted(DOCS.glob("silicon-*.md"))
COLUMNS = ("risk", "source", "what the code does", "shown by")
# Each risk that issue and errata sheets name must stay on its page.
NAMED = {
    "silicon-rp2040.md": (
        ("cache misses", "input synchronisers", "rosstalk", "I²C held low", "RP2040-E11", "ripple", "USB mode")
        + ("stopped crystal", "Brown-out", "Drift", "debugger", "contention")
        + tuple(f"RP2040-E{n}" for n in (1, 6, 9, 12, 13, 14))
    ),
    "silicon-stm32l4.md": (
        ("PLL mode", "LSEDRV", "Clock security on LSE", "PLLSAI1 below 96 MHz", "Brown-out", "Drift", "debugger")
        + ("rosstalk", "I²C held low", "contention", "ENABLE", "ES 2.3.13", "ES 2.3.15")
    ),
}  # fmt: skip


def rows(text: str) -> list[list[str]]:
    """The cells of every row of a page's tables, headings and rules left out."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not re.match(r"\|[-|\s]+\|$", line)]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def steps() -> list[str]:
    """The bring-up's steps, in their order."""
    return [row[0] for row in rows(BRING_UP.read_text(encoding="utf-8")) if row[0] != "step"]


def complaints(text: str, known: list[str]) -> list[str]:
    """What is wrong with a page of risks."""
    found = []
    for row in rows(text):
        if tuple(row) == COLUMNS:
            continue
        named = row[-1].split(", ")
        if len(row) != len(COLUMNS) or not all(row):
            found.append(f"not {len(COLUMNS)} cells: {row}")
        found += [f"no step {step} in the bring-up: {row[0]}" for step in named if step not in known]
    return found


def test_the_steps_are_numbered_without_a_gap() -> None:
    assert steps() == [f"B{n}" for n in range(1, len(steps()) + 1)]
    assert all(len(row) == 3 and all(row) for row in rows(BRING_UP.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_risk_has_a_source_an_answer_and_a_step_that_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert complaints(text, steps()) == []
    assert [each for each in NAMED[page.name] if each not in text] == []
    for link in re.findall(r"\]\(([^)#]+)", text):
        assert link.startswith("http") or (page.parent / link).is_file(), link


def test_both_chips_have_a_page_and_every_step_shows_a_risk() -> None:
    assert [page.name for page in PAGES] == sorted(NAMED)
    shown = {step for page in PAGES for row in rows(page.read_text(encoding="utf-8")) for step in row[-1].split(", ")}
    # Two look at what no emulator hides: the pins at rest, and the clocks after a release.
    assert set(steps()) - shown <= {"B2"}


def test_a_wrong_row_is_found() -> None:
    rows_of = (
        "risk | source | what the code does | shown by",
        "---|---|---|---",
        "a | b | c | B1, B99",
        "a | | c | B1",
    )
    assert len(complaints("\n".join(f"| {row} |" for row in rows_of), ["B1"])) == 2
