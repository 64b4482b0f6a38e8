"""The suites can see: a core broken on purpose, in each of these ways, must fail them.

Each bug (bugs.py) is built aside. Those that calls can bring to light go through the vectors and, if these do not
tell, through the state machine; under HYPOTHESIS_PROFILE=nightly through both. Where a bug touches what is owed the
bench's own check on raw strokes must see it too. Those that only corrupted memory shows go through the suites that
corrupt it.
"""

import os

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from c_ext.host.build import REPO, build
from c_ext.host.face import bind
from hil.oracle.strokes import Command, check
from tests.core import test_guard_checks, test_guard_words, test_state, test_state_refused
from tests.core.bugs import BUGS, HIDDEN
from tests.core.drive import run
from tests.core.machine import machine
from tests.vectors.run_vectors import Runner

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
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
SQUARE = {"volume_mu": 600, "square_mu": 1400, "duration_us": 50 * MINUTE_US + 1}
NORMAL = {"volume_mu": 600}
THERAPY = [
    Command(1, "set_basal", {"rate_mu_per_h": 34_950}),
    Command(MINUTE_US, "bolus", {"volume_mu": 6_000}),
    Command(70_000_007, "set_basal", {"rate_mu_per_h": 1_350}),
    Command(71_000_007, "set_basal", {"rate_mu_per_h": 33_350}),
    Command(HOUR_US // 2, "bolus", SQUARE),
    Command(HOUR_US // 2, "plan_basal", {"boundary_us": HOUR_US - MINUTE_US, "rate_mu_per_h": 20_150}),
    Command(HOUR_US + 5, "suspend"),
    Command(2 * HOUR_US, "resume"),
    Command(2 * HOUR_US + 9, "temp_basal", {"mode": "percent", "value": 37, "duration_us": HOUR_US + 13}),
    Command(3 * HOUR_US + MINUTE_US, "set_basal", {"rate_mu_per_h": 50}),
    Command(3 * HOUR_US + MINUTE_US, "bolus", {"square_mu": 1400, "duration_us": HOUR_US}),
    Command(3 * HOUR_US + 2 * MINUTE_US, "plan_basal", {"boundary_us": 4 * HOUR_US, "rate_mu_per_h": 35_000}),
    Command(4 * HOUR_US + 3 * MINUTE_US, "bolus", NORMAL),
    Command(5 * HOUR_US, "bolus", SQUARE),
    Command(5 * HOUR_US + 20 * MINUTE_US, "cancel_bolus"),
    Command(6 * HOUR_US, "bolus", SQUARE),
    Command(6 * HOUR_US + 20 * MINUTE_US, "suspend"),
]


def vectors_tell(core_class):
    runner = Runner(core_class)
    for name in ("named", "dose_core"):
        runner.file(str(REPO / "tests" / "vectors" / f"{name}.txt"))
        if runner.mismatches:
            return True
    return False


def verdict(core_class):
    """Some hours of therapy in awkward numbers, judged by the bench's check."""
    strokes, accepted = run(core_class(), THERAPY, 7 * HOUR_US, stroke_mu=200)
    return check(strokes, accepted, stroke_uu=200_000, spacing_us=2_000_000, end_us=7 * HOUR_US)


def passes(core_class):
    try:
        return verdict(core_class).passed
    except AssertionError:
        return False  # it did not even run as it should


@pytest.mark.req("DOSE-1")
@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_suites_catch_it(bug, tmp_path):
    core_class = bug.put_in(tmp_path)
    assert not (bug.breaks_owed and passes(core_class)), "the bench's own check does not see it"
    if not vectors_tell(core_class) or NIGHTLY:
        with pytest.raises(AssertionError):
            run_state_machine_as_test(machine(core_class), settings=SETTINGS)


@pytest.mark.req("DOSE-1")
def test_the_core_as_it_is_passes_the_same():
    report = verdict(bind(build()))
    assert report.passed and report.worst_lateness_us == 0 and report.strokes > 300
    assert not vectors_tell(bind(build()))


def corrupt(core_class, monkeypatch):
    """The suites that corrupt memory, on another core."""
    for module in (test_guard_checks, test_guard_words, test_state, test_state_refused):
        monkeypatch.setattr(module, "Core", core_class)
    for module in (test_guard_words, test_state):
        monkeypatch.setattr(module, "FFI", core_class.module.ffi)
    for module in (test_state, test_state_refused):
        monkeypatch.setattr(module, "LIB", core_class.module.lib)
    for word in test_guard_words.WORDS:
        test_guard_words.test_no_stroke_rests_on_a_flipped_bit(word, "value", 3, "before the start")
    test_guard_words.test_counting_does_not_heal_a_flipped_bit()
    test_guard_words.test_a_permit_taken_back_starts_nothing()
    test_guard_checks.test_the_guard_keeps_the_hard_spacing_by_itself(0)
    for name, change in test_state_refused.BREAKS:
        test_state_refused.test_a_state_that_breaks_an_invariant_is_refused_by_its_name(name, change)


@pytest.mark.req("GUARD-2")
@pytest.mark.parametrize("bug", HIDDEN, ids=lambda bug: bug.name)
def test_the_suites_that_corrupt_memory_catch_it(bug, tmp_path, monkeypatch):
    with pytest.raises(AssertionError):
        corrupt(bug.put_in(tmp_path), monkeypatch)


@pytest.mark.req("GUARD-2")
def test_the_core_as_it_is_passes_them(monkeypatch):
    corrupt(bind(build()), monkeypatch)
