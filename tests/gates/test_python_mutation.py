"""The mutation gate of the Python code: a rule that no test holds lives and turns it red, one that is held dies."""

import importlib
import json
import subprocess
import sys
import textwrap

import pytest

from tools.console import ROOT, Problem
from tools.core.mutation.gate import read_equivalents
from tools.core.mutation.sites import Mutant
from tools.core.mutation.tiers import INVALID, KILLED, SURVIVED, TIMEOUT
from tools.mutation import covering, results
from tools.mutation.__main__ import EQUIVALENTS
from tools.mutation.covering import Covering
from tools.mutation.judges import judged
from tools.mutation.landed import landed
from tools.mutation.results import NOT_COVERED, Results, report, table
from tools.mutation.sites import mutants, statements
from tools.mutation.swap import CannotSwap, module_name, swap
from tools.mutation.worker import Mutated

FILE = "firmware/therapy/reservoir.py"
HELD = "tests/firmware/therapy/test_reservoir.py"


def found_in(tmp_path, source):
    path = tmp_path / "module.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return {(each.line, each.old, each.to) for each in mutants(path, "module.py")}


def test_what_can_be_broken_is_found(tmp_path):
    found = found_in(
        tmp_path,
        '''
        LIMIT = 7
        TABLE = (1, 2); _LAYOUT_VERSION = 4

        def held(value, *rest, low: int = 3) -> int:
            """Not 4."""
            if value < LIMIT and not rest:
                value += -1
            self.count = min(value, low)
            assert value > 2
            raise ValueError(f"{value + 1}")
        ''',
    )
    assert (2, "7", "8") in found and (2, "7", "6") in found
    assert (7, "<", "<=") in found and (7, "<", ">=") in found and (7, "and", "or") in found
    assert (7, "value < LIMIT and not rest", "(not (value < LIMIT and not rest))") in found
    assert (8, "value += -1", "pass") in found and (8, "1", "2") in found
    assert (9, "min", "max") in found and (9, "self.count = min(value, low)", "pass") in found
    # Tables, versions, defaults, docstrings, assertions and the words of an error are left alone.
    assert not [each for each in found if each[0] in (3, 5, 6, 10)]
    assert [each[1:] for each in found if each[0] == 11] == [('raise ValueError(f"{value + 1}")', "pass")]


def test_a_line_belongs_to_its_statement():
    found = statements("if (a and\n    b):\n    c(1,\n      2)\nd = 3\n")
    assert [list(found[line]) for line in (1, 2, 3, 4, 5)] == [[1, 2], [1, 2], [3, 4], [3, 4], [5]]


def test_tests_are_those_that_run_the_statement_or_the_file_if_it_runs_on_import():
    known = Covering({"f": {"1": [""], "2": ["", "slow", "quick"], "3": ["slow"]}}, {"slow": 2.0, "quick": 1.0})
    assert known.of("f", [2]) == ["quick", "slow"] and known.of("f", [3, 4]) == ["slow"]
    assert known.of("f", [1]) == ["quick", "slow"], "on import only: whatever runs anything of the file"
    assert known.of("f", [4]) == [] == known.of("g", [1]), "nothing runs it"
    table = Covering({"f": {"1": [""], "2": [""]}}, {"slow": 2.0, "quick": 1.0})
    assert table.of("f", [1]) == ["quick", "slow"], "a table: whoever reads it may be any"


def test_of_tests_alike_the_quickest_comes_first_and_one_that_is_about_the_file_before_one_that_passes_by():
    lines = {"f": {"1": ["about", "by", "slow"], "2": ["about", "slow"]}, "g": {str(n): ["by"] for n in range(99)}}
    known = Covering(lines, {"about": 0.2, "by": 0.01, "slow": 0.5})
    assert known.of("f", [1]) == ["about", "slow", "by"]
    assert known.of("g", [1]) == ["by"]
    named = Covering({"a/book.py": {"1": ["t/test_page.py::1", "t/test_books.py::1"]}}, {"t/test_books.py::1": 0.1})
    assert named.of("a/book.py", [1])[0] == "t/test_books.py::1"


def test_the_quickest_come_first_then_some_of_every_file():
    seconds = {"a::1": 0.1, "a::2": 0.2, "a::3": 1.0, "a::4": 1.1, "b::1": 2.0, "b::2": 2.1, "c::1": 3.0}
    known = Covering({}, seconds)
    assert known.turns(list(seconds), 0.3) == ["a::1", "a::2", "a::3", "b::1", "c::1", "a::4", "b::2"]
    assert known.turns(list(seconds), 99.0) == list(seconds) and known.turns([], 1.0) == []


def test_lines_are_compared_with_what_main_was_before(tmp_path):
    def git(*command):
        named = ["git", "-c", "user.name=nobody", "-c", "user.email=nobody@nowhere", *command]
        return subprocess.run(named, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    def commit():
        git("commit", "-q", "--allow-empty", "-m", "one more")
        return git("rev-parse", "HEAD")

    git("init", "-q")
    first = commit()
    with pytest.raises(Problem, match="no commit before HEAD is known"):
        landed(root=tmp_path)
    second, third = commit(), commit()
    assert landed(root=tmp_path) == second, "no main is known"
    git("update-ref", "refs/remotes/origin/main", first)
    assert landed(root=tmp_path) == first, "a branch of three commits"
    git("update-ref", "refs/remotes/origin/main", third)
    assert landed(root=tmp_path) == second, "main itself"


def test_measuring_ends_with_its_time_and_says_that_it_is_not_all(tmp_path, monkeypatch):
    monkeypatch.setattr(covering, "OUT", tmp_path)
    quick, of = ["tests/firmware/drivers/test_annunciator.py"], ["firmware/alarms/annunciation.py"]
    known, whole = covering.covering(quick, 1, of, seconds=0.0)
    assert not whole and len(known.seconds) == 1
    known, whole = covering.covering(quick, 1, of)
    assert whole and len(known.seconds) > 1 and list(known.lines) == of
    assert covering.covering(quick, 1, of, seconds=0.0) == (known, True), "kept"


def test_what_is_measured_is_measured_again_only_where_it_may_be_another(tmp_path, monkeypatch):
    """What a test file runs holds while it, what it runs and the tests' helpers are as they were."""
    test, code, helper = "tests/test_sum.py", "firmware/sums.py", "tests/helper.py"
    for name, text in {
        test: "from firmware.sums import double\n\ndef test_double():\n    assert double(2) == 4\n",
        "tests/test_other.py": "def test_other():\n    pass\n",
        code: "HALF = 2\n\n\ndef double(a):\n    return a * HALF\n",
        helper: "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in ("OUT", "ROOT"):
        monkeypatch.setattr(covering, name, tmp_path)
    asked = []

    def measured(self, tests, workers, seconds):
        asked.append(tests)
        for each in tests:
            runs = {code: {"5": [0]}} if each == test else {}
            needs = {name: self._digest(name) for name in (each, *runs)}
            self._by_test[each] = {"needs": needs, "lines": runs, "seconds": {f"{each}::test_double": 0.1}}
        self._path.write_text(json.dumps(self._by_test), encoding="utf-8")
        return False

    monkeypatch.setattr(covering._Kept, "measure", measured)
    known, whole = covering.covering(["tests"])
    assert whole and known.lines == {code: {"5": [f"{test}::test_double"], "1": [""], "4": [""]}}
    assert covering.covering(["tests"]) == (known, True) and asked == [["tests/test_other.py", test]]
    for changed, again in ((code, [test]), (test, [test]), (helper, ["tests/test_other.py", test])):
        with (tmp_path / changed).open("a", encoding="utf-8") as file:
            file.write("\n# more\n")
        covering.covering(["tests"])
        assert asked[-1] == again, changed
    assert len(asked) == 4


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path, monkeypatch):
    """Kept by file: what was killed while file and killer are the same, what lives until anything is another."""
    monkeypatch.setattr(results, "ROOT", tmp_path)
    for name in ("firmware/module.py", "firmware/other.py", "tests/test_it.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("def one(a):\n    return a + 1\n", encoding="utf-8")
    dies, lives, loops, *_ = mutants(tmp_path / "firmware/module.py", "firmware/module.py")
    kept = Results(tmp_path / "kept")
    kept.add(dies, KILLED, "tests/test_it.py::test_one")
    kept.add(lives, SURVIVED, "")
    kept.add(loops, TIMEOUT, "")
    kept.save()
    some = Results(tmp_path / "some", whole=False)
    some.add(lives, SURVIVED, "")
    assert some.known(lives) == "", "not all tests were asked: the next run asks again"

    def known(*, fresh=False):
        again = Results(tmp_path / "kept", fresh=fresh)
        return [again.known(each) for each in (dies, lives, loops)]

    def change(name):
        (tmp_path / name).write_text((tmp_path / name).read_text(encoding="utf-8") + "\n", encoding="utf-8")

    assert known() == [KILLED, SURVIVED, TIMEOUT]
    assert known(fresh=True) == ["", "", ""]
    change("firmware/other.py")
    assert known() == [KILLED, "", TIMEOUT], "another file: perhaps a test can tell now"
    change("tests/test_it.py")
    assert known() == ["", "", TIMEOUT], "another test: perhaps it does not kill any more"
    change("firmware/module.py")
    assert known() == ["", "", ""]


def test_what_is_known_is_not_asked_again_and_is_counted_by_file(tmp_path):
    held = of_reservoir("left_mu <= threshold_mu", "(not (left_mu <= threshold_mu))")
    known = Covering({FILE: {str(held.line): [HELD]}}, {HELD: 1.0})
    kept = Results(tmp_path)
    assert judged([held], known, [], 1, 60, results=kept)[KILLED] == 1
    again = judged([held], known, [], 1, -1, results=Results(tmp_path))
    assert again[KILLED] == 1 and again["by_file"] == {FILE: {"mutants": 1, KILLED: 1}}
    assert judged([held], known, [], 1, -1, results=Results(tmp_path, fresh=True))["not_reached"] == 1
    lines = table(report([(held, KILLED), (held, NOT_COVERED), (held, "")], 1.0)).splitlines()
    assert [line.split() for line in lines] == [
        ["file", "mutants", KILLED, NOT_COVERED, "not_reached"],
        [FILE, "3", "1", "1", "1"],
        ["all", "3", "1", "1", "1"],
    ]


def of_reservoir(old, to):
    return next(each for each in mutants(ROOT / FILE, FILE) if (each.old, each.to) == (old, to))


def test_what_is_held_dies_what_is_not_lives_and_what_nobody_runs_is_told():
    known = Covering({FILE: {str(line): [HELD] for line in range(1, 200)}}, {HELD: 1.0})
    held = of_reservoir("left_mu <= threshold_mu", "(not (left_mu <= threshold_mu))")
    toothless = "tests/gates/test_python_mutation.py::test_what_can_be_broken_is_found"
    assert judged([held], known, [], 1, 60)[KILLED] == 1
    lives = judged([held], Covering({FILE: {str(held.line): [toothless]}}, {}), [], 1, 60)
    assert lives[SURVIVED] == 1 and lives["survivors"] == [str(held)]
    assert judged([held], Covering({}, {}), [], 1, 60)[NOT_COVERED] == 1
    assert judged([held], known, [], 1, -1)["not_reached"] == 1


def test_what_runs_on_import_is_judged_too():
    """A private constant gets its other value, one that others have taken over is imported anew in another process."""
    for file, code, to, held in (
        (FILE, "_DAY_S = const", "86399", HELD),
        ("firmware/upkeep/wall_clock.py", "VOUCHED_S = const", "86401", "tests/firmware/drivers/test_rtc.py"),
    ):
        known = Covering({file: {str(line): [held] for line in range(1, 200)}}, {held: 1.0})
        longer = next(each for each in mutants(ROOT / file, file) if each.code.startswith(code) and each.to == to)
        assert judged([longer], known, [], 1, 60)[KILLED] == 1
        toothless = "tests/gates/test_python_mutation.py::test_a_line_belongs_to_its_statement"
        nobody = Covering({file: {str(longer.line): [toothless]}}, {})
        assert judged([longer], nobody, [], 1, 60)[SURVIVED] == 1


def test_a_package_with_rules_of_its_own_stays_a_package():
    """firmware/protocol/__init__.py is one: imported as a plain module it could import nothing from inside."""
    for file, inside in (("firmware/protocol/__init__.py", [str(ROOT / "firmware/protocol")]), (FILE, None)):
        spec = Mutated(ROOT / file, "").find_spec(module_name(ROOT / file, ROOT), None)
        assert spec is not None and spec.submodule_search_locations == inside


@pytest.mark.parametrize(
    ("source", "takes"),
    [
        ("_PART = 4\n\n\ndef part():\n    return _PART\n", True),
        ("_PART = 4\n_TWO = 2 * _PART\n\n\ndef part():\n    return _PART\n", False),
        ("_PART = 4\n\n\ndef part(of=_PART):\n    return of\n", False),
        ("PART = 4\n\n\ndef part():\n    return PART\n", False),
        ("def part():\n    return 1 + (2 if 3 == 4 else 0)\n\n\nPARTS = part()\n", False),
    ],
)
def test_a_constant_is_changed_in_place_only_where_nothing_has_read_it_yet(tmp_path, monkeypatch, source, takes):
    path = tmp_path / "apart.py"
    path.write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "apart", raising=False)
    apart = importlib.import_module("apart")
    if takes:
        swap(path, tmp_path, source.replace("= 4", "= 5"))
        assert apart.part() == 5
        (tmp_path / "taker.py").write_text("from apart import (\n    part,\n    _PART,\n)\n", encoding="utf-8")
        importlib.import_module("taker")
    with pytest.raises(CannotSwap):
        swap(path, tmp_path, source.replace("= 4", "= 6"))


def test_the_file_itself_is_not_touched_and_nonsense_is_no_mutant():
    text = (ROOT / FILE).read_text(encoding="utf-8")
    worker = subprocess.Popen(
        [sys.executable, "-m", "tools.mutation.worker"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    request = json.dumps({"file": FILE, "source": "def (", "tests": [HELD], "seconds": 30})
    answer, _ = worker.communicate(request + "\n", timeout=900)
    assert json.loads(answer)[0] == INVALID
    assert (ROOT / FILE).read_text(encoding="utf-8") == text


def test_a_mutant_is_named_without_its_line(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("def two(a):\n    return a + 1 + 1\n", encoding="utf-8")
    ones = [each for each in mutants(path, "module.py") if (each.old, each.to) == ("1", "2")]
    assert [each.nth for each in ones] == [1, 2]
    assert isinstance(ones[0], Mutant) and "module.py:2" in str(ones[0])


def test_every_entry_of_the_list_has_a_reason_and_fits_a_line():
    listed = read_equivalents(EQUIVALENTS)
    found = {name: mutants(ROOT / name, name) for name in {entry.file for entry in listed}}
    assert listed and not [entry for entry in listed if not any(entry.covers(each) for each in found[entry.file])]
