"""The fuzz gate can see: the kept corpus finds these bugs, put in on purpose, without any further search."""

import pytest

from tests.gates.core_copy import core_copy, needs
from tools.console import Problem
from tools.core import corpus, fuzz
from tools.core.sources import CORE_DIR

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
        "a saved state comes back|what is sound is reconciled",
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
    assert sum(path.stat().st_size for path in corpus.unpacked().iterdir()) < fuzz.CORPUS_BYTES_MAX


def test_what_is_packed_comes_out_as_it_was(tmp_path):
    inputs = {"bug-one": b"\x00\xff", "bug-none": b"", "a": bytes(range(256)), "b": b"\n"}
    (tmp_path / "in").mkdir()
    for name, data in inputs.items():
        (tmp_path / "in" / name).write_bytes(data)
    packed = tmp_path / "corpus.txt"
    assert corpus.pack(tmp_path / "in", packed) == (4, 259)
    folder = corpus.unpacked(packed, tmp_path / "out")
    assert sorted(path.read_bytes() for path in folder.iterdir()) == sorted(inputs.values())
    assert {path.name for path in folder.glob("bug-*")} == {"bug-one", "bug-none"}
    assert corpus.unpacked(packed, tmp_path / "out") == folder


def test_a_line_that_is_no_input_is_named(tmp_path):
    packed = tmp_path / "corpus.txt"
    packed.write_text("AAAA\nbug-x A\n")
    with pytest.raises(Problem, match=r"corpus\.txt:2"):
        corpus.unpacked(packed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_empty_corpus_is_no_success(tmp_path):
    with pytest.raises(Problem, match="no corpus"):
        fuzz.replay(CORE_DIR, tmp_path)


@needs("clang-19")
def test_libfuzzer_finds_a_bug_by_itself(tmp_path):
    bad = core_copy(tmp_path, "dose.c", "at_us + dose->spacing_us;", "at_us;")
    inputs = tmp_path / "corpus"
    inputs.mkdir()
    (inputs / "one").write_bytes(bytes([0, 13, 1, 5, 4, 9]))
    with pytest.raises(Problem, match="broken promise"):
        fuzz.libfuzzer(bad, runs=20_000, seconds=30, seed=1, corpus=inputs, work=tmp_path / "work")
    assert list((tmp_path / "work").glob("crash-*"))
