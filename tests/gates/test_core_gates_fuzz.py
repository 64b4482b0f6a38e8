"""The fuzz gate can see: the kept corpus finds these bugs, put in on purpose, without any further search."""

import pytest

from tests.gates.core_copy import core_copy, needs
from tools.console import Problem
from tools.core import fuzz
from tools.core.sources import CORE_DIR, CORPUS

# Promises are judged without sanitizers too, and much faster.
PLAIN = [["gcc", "-O1"]]
# (file, what is there, what comes instead, the promise that is broken)
BUGS = {
    "drift": (
        "pace.c",
        "pace->owed_q = owed_q - (strokes * pace->whole_q);",
        "pace->owed_q = 0u;",
        "exact|armed",
    ),
    "two-unconfirmed": (
        "guard.c",
        "(difference + 1u) > 2u",
        "(difference + 1u) > 3u",
        "confirmed agrees",
    ),
    "permit-for-later": (
        "guard.c",
        "(stroke == (guard->commanded.value + 1u))",
        "(stroke > guard->commanded.value)",
        "a permit for the next",
    ),
    "refusal-changes": (
        "dose.c",
        "result = DOSE_E_NO_BOLUS;",
        "result = DOSE_E_NO_BOLUS;\n    dose->slot_us += 1u;",
        "armed|exact|a refusal changes nothing",
    ),
    "word-unchecked": (
        "guard.c",
        "same &= guard->spacing_us.value ^ guard->spacing_us.check;",
        "",
        "wrong safety variable",
    ),
    "healed": (
        "guard.c",
        "guard->confirmed.check -= 1u;",
        "guard->confirmed.check = ~guard->confirmed.value;",
        "wrong safety variable",
    ),
    "day-window": (
        "guard.h",
        "DAY_TICKS 82399u",
        "DAY_TICKS 82398u",
        "used counts no less|day's cap",
    ),
    "hour-window": (
        "guard.h",
        "HOUR_TICKS 3435u",
        "HOUR_TICKS 3434u",
        "used counts no less|hour's cap",
    ),
    "ring": (
        "guard.c",
        "index += guard->history_length.value;",
        "index += guard->history_length.value + 1u;",
        "withheld at most|used counts|cap",
    ),
    "supervisor-late": (
        "guard.c",
        "now_tick > guard->alive_tick.value",
        "now_tick > (guard->alive_tick.value + 2u)",
        "after a broken promise",
    ),
    "square-fraction": (
        "dose.c",
        "            dose->square_pace.owed_q = 0u;\n",
        "",
        "square strokes|armed|exact",
    ),
    "boundary-tie": (
        "basal.c",
        "(due_us > at_us)",
        "(due_us >= at_us)",
        "armed|exact",
    ),
    "state-refused": (
        "state.c",
        "(dose->slot_us <= (at_us + dose->spacing_us))",
        "(dose->slot_us < (at_us + dose->spacing_us))",
        "a saved state comes back",
    ),
}


@pytest.mark.parametrize(("file", "old", "new", "said"), BUGS.values(), ids=BUGS)
@pytest.mark.req("GUARD-1")
def test_the_corpus_finds_it(tmp_path, file, old, new, said):
    with pytest.raises(Problem, match=said):
        fuzz.replay(core_copy(tmp_path, file, old, new), compilers=PLAIN)


@pytest.mark.req("DOSE-7")
def test_the_core_as_it_is_keeps_every_promise():
    assert fuzz.replay(CORE_DIR, compilers=PLAIN) > 100


def test_the_corpus_is_small():
    assert sum(path.stat().st_size for path in CORPUS.iterdir()) < fuzz.CORPUS_BYTES_MAX


def test_an_empty_corpus_is_no_success(tmp_path):
    with pytest.raises(Problem, match="no corpus"):
        fuzz.replay(CORE_DIR, tmp_path)


@needs("clang-19")
def test_libfuzzer_finds_a_bug_by_itself(tmp_path):
    bad = core_copy(tmp_path, "dose.c", "at_us + dose->spacing_us;", "at_us;")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "one").write_bytes(bytes([0, 13, 1, 5, 4, 9]))
    with pytest.raises(Problem, match="broken promise"):
        fuzz.libfuzzer(bad, runs=20_000, seconds=30, seed=1, corpus=corpus, work=tmp_path / "work")
    assert list((tmp_path / "work").glob("crash-*"))
