"""The gates on the dose core can see: each, given something bad on purpose, turns red and names it."""

import re
from pathlib import Path

import pytest

from tests.gates.core_copy import core_copy, needs
from tools.console import ROOT, Problem
from tools.core.coverage import gate
from tools.core.coverage.justified import Gap, Source
from tools.core.style import misra, warnings

BREAKER = ROOT / "c_ext" / "misra" / "breaker.c"

# Where an edit of the core can be put in.
RETURN = "    return (uint32_t)strokes;\n"

# Warnings


BAD = {
    "conversion": (
        "int narrow(unsigned wide);\nint narrow(unsigned wide) { return wide; }",
        ["gcc ", "clang ", "arm-none-eabi-gcc M0+", "arm-none-eabi-gcc M4"],
    ),
    "uninitialised": (
        "int f(void);\nint f(void) { int x; return x; }",
        ["gcc ", "clang ", "clang-tidy", "arm-none-eabi-gcc M4"],
    ),
    "uninitialised through a pointer": (
        "int g(void);\nint g(void) {\n int a;\n const int *p = &a;\n return *p;\n}",
        ["gcc -fanalyzer", "clang-tidy"],
    ),
    "same condition twice": (
        "int h(int a);\nint h(int a) {\n if (a > 1) {\n return 2;\n } else if (a > 1) {\n return 3;\n }\n return 0;\n}",
        ["gcc "],
    ),
    "assignment in a condition": (
        "int i(int a);\nint i(int a) {\n if ((a = 1) > 0) {\n return a;\n }\n return 0;\n}",
        ["clang-tidy"],
    ),
}


@needs("clang-19", "clang-tidy-19", "arm-none-eabi-gcc")
@pytest.mark.parametrize(("code", "who"), BAD.values(), ids=BAD)
def test_a_warning_is_an_error(tmp_path, code, who):
    (tmp_path / "bad.c").write_text(code + "\n")
    found = warnings.check(warnings.jobs(tmp_path))
    for name in who:
        assert any(text.startswith(name) for text in found), (name, found)


@needs("clang-19", "clang-tidy-19", "arm-none-eabi-gcc")
def test_a_header_that_needs_another_one_is_an_error(tmp_path):
    (tmp_path / "good.c").write_text("typedef int nothing_t;\n")
    (tmp_path / "lean.h").write_text("uint32_t lean(void);\n")
    found = warnings.check(warnings.jobs(tmp_path))
    assert len(found) == 1 and found[0].startswith("alone lean.h")


def test_no_core_at_all_is_no_success(tmp_path):
    with pytest.raises(Problem, match="no C files"):
        list(warnings.jobs(tmp_path))


# MISRA


def test_the_breaker_triggers_the_rules_it_names():
    named = {f"{a}.{b}" for a, b in re.findall(r"\brule_(\d+)_(\d+)_\w+\([^;]*\{", BREAKER.read_text())}
    assert len(named) == 11
    assert named <= {finding.rule for finding in misra.findings([BREAKER], BREAKER.parent)}


def test_one_bad_line_in_the_core_turns_misra_red(tmp_path):
    bad = core_copy(
        tmp_path,
        "pace.c",
        RETURN,
        "    if (strokes == 77u) pace->owed_q = 0u;\n" + RETURN,
    )
    before = set(misra.check())
    found = set(misra.check(bad)) - before
    assert any("15.6" in text for text in found)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('rule = "8.7"\nfiles = ["core.c"]\ncode = "x"\nreason = "short"', "too short"),
        (
            'rule = "8.7"\nfiles = ["core.c"]\nreason = "long enough to pass for a reason, but no code"',
            "has rule, files, code",
        ),
    ],
)
def test_a_deviation_without_a_reason_or_a_place_is_refused(tmp_path, entry, said):
    path = tmp_path / "deviations.toml"
    path.write_text(f"[[deviation]]\n{entry}\n")
    with pytest.raises(Problem, match=said):
        misra.deviations(path)


def test_a_deviation_that_nothing_uses_turns_misra_red(tmp_path):
    path = tmp_path / "deviations.toml"
    reason = "a reason that is long enough, for something that never happens"
    entry = f'[[deviation]]\nrule = "15.5"\nfiles = ["*"]\ncode = "return"\nreason = "{reason}"\n'
    path.write_text(misra.DEVIATIONS.read_text() + entry)
    assert any("15.5" in text and "not used" in text for text in misra.check(deviations_path=path))


# Coverage


@needs("clang-19", "llvm-cov-19")
def test_what_no_test_reaches_turns_coverage_red(tmp_path):
    unreached = "    if ((pace->rate_q == 49123u) && (strokes == 54321u)) {\n        pace->owed_q = 7u;\n    }\n"
    bad = core_copy(tmp_path, "pace.c", RETURN, unreached + RETURN)
    both, alone = gate.measure(bad.resolve(), ["tests/core/test_stop.py"])
    result, wrong = gate.report(both, alone)
    assert any("pace->rate_q == 49123u" in text and "is never true" in text for text in wrong)
    assert any("has no independence pair" in text and "54321u" in text for text in wrong)
    assert result["branch_pct"] < 100 and result["mcdc_pct"] < 100


GAP = Gap("branch", "guard.c", 28, "if (index < back) {", "index < back", "true")
ENTRY = """[[gap]]
kind = "branch"
file = "guard.c"
code = "if (index < back) {"
condition = "index < back"
outcome = "true"
reason = "a reason that is long enough to be one, as far as a length can tell"
"""


def figures(*gaps):
    return gate.Figures(200, 50, list(gaps))


def test_a_gap_counts_until_it_is_justified(tmp_path):
    path = tmp_path / "justified.toml"
    path.write_text("")
    result, wrong = gate.report(figures(GAP), figures(GAP), path)
    assert result["branch_pct"] == 99.5 and len(wrong) == 1
    path.write_text(ENTRY)
    result, wrong = gate.report(figures(GAP), figures(GAP), path)
    assert (result["branch_pct"], result["measured"]["branch_pct"], result["justified"], wrong) == (100.0, 99.5, 1, [])


def test_a_justification_that_is_not_needed_turns_coverage_red(tmp_path):
    path = tmp_path / "justified.toml"
    path.write_text(ENTRY)
    _, wrong = gate.report(figures(), figures(), path)
    assert len(wrong) == 1 and "delete it" in wrong[0]
    other_line = GAP._replace(code="if (index <= back) {")
    _, wrong = gate.report(figures(other_line), figures(), path)
    assert len(wrong) == 2


def test_a_justification_needs_a_reason(tmp_path):
    path = tmp_path / "justified.toml"
    path.write_text(ENTRY.replace("a reason that is long enough to be one, as far as a length can tell", "never"))
    with pytest.raises(Problem, match="too short"):
        gate.report(figures(), figures(), path)


def test_conditions_are_quoted_over_lines(tmp_path):
    path: Path = tmp_path / "a.c"
    path.write_text("x = (µ > 1) ||\n    (b < 2);\n")
    assert Source(path).text([1, 5, 2, 12]) == "(µ > 1) || (b < 2)"
