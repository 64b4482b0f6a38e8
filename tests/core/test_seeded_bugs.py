"""The suite can see: a core broken on purpose, in each of these ways, must fail it.

Each bug is a small edit of the C, built aside and put through the same state machine and, where it touches what is
owed, through the bench's own check on raw strokes.
"""

import shutil
from typing import NamedTuple

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from c_ext.host.build import CORE_DIR, build
from c_ext.host.face import bind
from hil.checks.owed import Command, check
from tests.core.drive import run
from tests.core.machine import machine

HOUR_US = 3_600_000_000
# Generation only: that it fails matters, not the smallest example.
SETTINGS = settings(
    max_examples=1000,
    stateful_step_count=50,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(settings().suppress_health_check),
)


class Bug(NamedTuple):
    name: str
    file: str
    edits: tuple[tuple[str, str], ...]
    breaks_owed: bool


BUGS = [
    Bug(
        "the accumulator drops the excess",
        "pace.c",
        (("pace->excess_q += pace->rate_q - pace->rest_q;", "pace->excess_q = 0u;"),),
        True,
    ),
    Bug(
        "a rate change drops the fraction",
        "pace.c",
        (("owed - (strokes * pace->whole_q), rate_q", "0u * owed, rate_q"),),
        True,
    ),
    Bug(
        "a second rate change forgets strokes that wait",
        "pace.c",
        (("pace->waiting += (uint32_t)strokes;", "pace->waiting = (uint32_t)strokes;"),),
        True,
    ),
    Bug(
        "the first stroke is a microsecond early",
        "pace.c",
        (("(missing_q + rate_q - 1u) / rate_q", "missing_q / rate_q"),),
        True,
    ),
    Bug(
        "spacing is halved",
        "dose.c",
        (("dose->slot_us = now_us + dose->spacing_us;", "dose->slot_us = now_us + (dose->spacing_us / 2u);"),),
        True,
    ),
    Bug(
        "suspend drops the fraction",
        "dose.c",
        (
            (
                "pace_set_rate(&dose->basal_pace, now_us, 0u);",
                "pace_set_rate(&dose->basal_pace, now_us, 0u); dose->basal_pace.held_q = 0u;",
            ),
        ),
        True,
    ),
    Bug(
        "a bolus replaces basal",
        "dose.c",
        (
            (
                "dose->bolus.commanded += 1u;",
                "dose->bolus.commanded += 1u;"
                "if (pace_due_us(&dose->basal_pace) <= now_us) { pace_take(&dose->basal_pace); }",
            ),
        ),
        True,
    ),
    Bug(
        "a refusal moves the time on",
        "dose.c",
        (("result = DOSE_E_RUNNING;", "result = DOSE_E_RUNNING; dose->last_us = now_us;"),),
        False,
    ),
    Bug(
        "the cap is off by one",
        "guard.c",
        (("guard->commanded.value >= cap", "guard->commanded.value > cap"), ("(guard, cap))", "(guard, cap + 1u))")),
        False,
    ),
    Bug("the day is half a second short", "guard.h", (("DAY_TICKS 82399u", "DAY_TICKS 82398u"),), False),
    Bug(
        "the permit is ignored",
        "guard.c",
        (("guard->commanded.value == guard->permitted.value", "guard->stroke_uu == 0u"),),
        False,
    ),
    Bug("two strokes may go unconfirmed", "guard.c", (("(difference + 1u) > 2u", "(difference + 1u) > 3u"),), False),
]


@pytest.fixture(scope="module", params=BUGS, ids=lambda bug: bug.name)
def broken(request, tmp_path_factory):
    """(the bug, a face over the core that has it)."""
    bug = request.param
    core_dir = tmp_path_factory.mktemp("core") / "core"
    shutil.copytree(CORE_DIR, core_dir)
    path = core_dir / bug.file
    text = path.read_text(encoding="utf-8")
    for old, new in bug.edits:
        assert text.count(old) == 1, f"the core has changed, this bug no longer applies: {old}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return bug, bind(build(core_dir))


@pytest.mark.req("DOSE-1")
@pytest.mark.req("GUARD-1")
def test_the_state_machine_catches_it(broken):
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine(broken[1]), settings=SETTINGS)


def verdict(core_class):
    """Three hours of therapy in awkward numbers, judged by the bench's check; an AssertionError is a verdict too."""
    commands = [
        Command(1, "set_basal", {"rate_mu_per_h": 34_950}),
        Command(60_000_000, "bolus", {"volume_mu": 6_000}),
        Command(70_000_007, "set_basal", {"rate_mu_per_h": 1_350}),
        Command(71_000_007, "set_basal", {"rate_mu_per_h": 33_350}),
        Command(HOUR_US + 5, "suspend"),
        Command(2 * HOUR_US, "resume"),
    ]
    strokes, accepted = run(core_class(), commands, 3 * HOUR_US, stroke_mu=200)
    return check(strokes, accepted, stroke_uu=200_000, spacing_us=2_000_000, end_us=3 * HOUR_US)


@pytest.mark.req("DOSE-1")
def test_the_bench_s_own_check_catches_it(broken):
    bug, core_class = broken
    report = verdict(core_class)
    assert report.passed is not bug.breaks_owed, report


@pytest.mark.req("DOSE-1")
def test_the_core_as_it_is_passes_the_same():
    report = verdict(bind(build()))
    assert report.passed and report.worst_lateness_us == 0 and report.strokes > 300
