"""The mutation gate can see: what is disabled survives and turns it red, and nothing is killed by accident."""

import json
import subprocess
import sys

import pytest

from tests.gates.core_copy import core_copy
from tools.console import ROOT, Problem
from tools.core.mutation import tiers
from tools.core.mutation.gate import Entry, choose, read_equivalents
from tools.core.mutation.sites import Mutant, mutants
from tools.core.mutation.tiers import CRASHED, EQUIVALENT, KILLED, SURVIVED, TIMEOUT, Bench
from tools.core.sources import CORE_DIR


def mutant(file, old, to):
    """A mutant made by hand."""
    text = (CORE_DIR / file).read_text(encoding="utf-8")
    begin = text.index(old)
    assert text.count(old) == 1, f"the core has changed, this edit no longer applies: {old}"
    return Mutant(file, text.count("\n", 0, begin) + 1, begin, begin + len(old), "by hand", old, to, old, 1)


COUNT_IGNORED = ("guard.c", "(difference + 1u) > 2u", "(difference + 1u) > 5u")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    work = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiers, "SEQUENCES", 60)
        patch.setattr(tiers, "TRACE_SECONDS_MIN", 0.5)
        made = Bench(CORE_DIR, work, seed=1)
        yield made


def judge(bench, change):
    one = mutant(*change)
    objects = bench.compiled(one)
    assert objects is not None
    return bench.by_trace(one, objects)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (COUNT_IGNORED, KILLED),
        (("dose.h", "DOSE_OK = 0,", "DOSE_OK = 0 + 0,"), EQUIVALENT),
        (("motion.c", "bits++;", "bits += 0u; square = 0u;"), TIMEOUT),
        (
            (
                "guard.c",
                "guard->history[at] = guard->last_tick.value;",
                "((uint32_t *)16)[at] = guard->last_tick.value;",
            ),
            CRASHED,
        ),
    ],
    ids=["killed", "equivalent", "timeout", "crashed"],
)
def test_a_crash_or_a_timeout_is_not_a_kill(bench, change, verdict):
    assert judge(bench, change).verdict == verdict


def test_what_does_not_compile_is_no_mutant(bench):
    assert (
        bench.compiled(mutant("pace.c", "const uint64_t strokes = owed_q", "const uint64_t strokes = / owed_q")) is None
    )


def test_the_tests_kill_a_disabled_check_and_without_them_it_survives(bench, tmp_path):
    one = mutant(*COUNT_IGNORED)
    looks_away = tmp_path / "test_nothing.py"
    looks_away.write_text(
        "def test_nothing():\n    from c_ext.host import Core\n    assert Core().set_basal(0, 50) == 0\n"
    )
    assert bench.by_tests(one, [str(looks_away)]).verdict == SURVIVED
    assert bench.by_tests(one, ["tests/core/test_machine.py"]).verdict == KILLED
    looks_away.write_text("import no_such_module\n")
    assert bench.by_tests(one, [str(looks_away)]).verdict == CRASHED


def test_a_survivor_turns_the_gate_red(tmp_path):
    """The command, on a core with one changed line that neither trace nor the tests given look at."""
    looks_away = tmp_path / "test_nothing.py"
    looks_away.write_text("def test_nothing():\n    pass\n")
    check = "    if (guard->stroke_uu == 77777u) {\n        verdict = GUARD_STOPPED;\n    }\n"
    anchor = "    return verdict;\n}\n\nguard_verdict_t guard_which_cap"
    copy = core_copy(tmp_path, "guard.c", anchor, check + anchor)
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "t"]):
        subprocess.run(["git", *command], cwd=copy, check=True)
    (copy / "guard.c").write_text((copy / "guard.c").read_text().replace("77777u", "77778u"))
    out = tmp_path / "mutation.json"
    options = ["--changed", "HEAD", "--core", str(copy), "--out", str(out)]
    command = [sys.executable, "-m", "tools.core.mutation.gate", *options]
    done = subprocess.run([*command, str(looks_away)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "survived: guard.c" in done.stderr, done.stderr
    result = json.loads(out.read_text())
    assert result["survived"] >= 1 and result["what"].startswith("lines changed")


# Sites


def changes(tmp_path, text, header=""):
    (tmp_path / "a.c").write_text(text)
    (tmp_path / "a.h").write_text(header)
    return {(each.kind, each.old, each.to) for each in mutants(tmp_path)}


def test_every_kind_of_mutant(tmp_path):
    text = (
        "void f(uint32_t *p) {\n    if ((*p > 2u) && !(p[0] & 1u)) {\n        *p += g(~A_ONE << 3);\n    }\n"
        "    h(true);\n    (*p)++;\n}\n"
    )
    found = changes(tmp_path, text, "typedef enum { A_ONE = 7, A_TWO } a_t;\n#define LIMIT 60u\n")
    assert {
        ("comparison", ">", ">="), ("literal", "2u", "1u"), ("literal", "2u", "3u"), ("logical", "&&", "||"),
        ("logical", "!", ""), ("bitwise", "&", "|"), ("assignment", "+=", "-="), ("bitwise", "~", ""),
        ("constant", "A_ONE", "A_TWO"), ("shift", "<<", ">>"), ("constant", "true", "false"), ("increment", "++", "--"),
        ("negated condition", "((*p > 2u) && !(p[0] & 1u))", "(!((*p > 2u) && !(p[0] & 1u)))"),
        ("statement deletion", "h(true)", ""), ("literal", "60u", "61u"), ("literal", "60u", "59u"),
    } <= found  # fmt: skip
    # A dereference is no multiplication, a declaration no statement, an enumerator's value no literal.
    assert not {change for change in found if change[1] == "*" or change[:2] == ("literal", "7")}


def test_comments_and_guards_are_left_alone(tmp_path):
    assert (
        changes(tmp_path, "// 1 + 2\n/* a < b */\n#include <stdint.h>\n", "#ifndef A_H\n#define A_H\n#endif\n") == set()
    )


def test_the_core_has_hundreds():
    assert len(mutants(CORE_DIR)) > 500


def test_without_a_change_a_sample_is_drawn_from_the_seed():
    everything = mutants(CORE_DIR)[:50]
    core_elsewhere = ROOT / "docs"
    first, what = choose(everything, "HEAD", core_elsewhere, 1)
    assert "sample" in what and sorted(first) == sorted(everything)
    assert choose(everything, "HEAD", core_elsewhere, 1)[0] == first != choose(everything, "HEAD", core_elsewhere, 2)[0]


def test_an_equivalent_needs_a_reason_and_fits_one_line_only(tmp_path):
    path = tmp_path / "equivalents.toml"
    entry = '[[equivalent]]\nfile = "a.c"\ncode = "a < b"\nold = "<"\nto = "<="\nreason = "{}"\n'
    path.write_text(entry.format("no"))
    with pytest.raises(Problem, match="too short"):
        read_equivalents(path)
    path.write_text(entry.format("a and b are never equal here, because c was seen to lie between them"))
    (read,) = read_equivalents(path)
    assert isinstance(read, Entry) and read.nth == 1
    one = Mutant("a.c", 9, 0, 1, "comparison", "<", "<=", "a < b", 1)
    assert read.covers(one) and not read.covers(one._replace(code="a < c")) and not read.covers(one._replace(nth=2))
