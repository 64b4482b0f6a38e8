"""The oracle's units, limits and quantum, against the figures of the specification."""

from __future__ import annotations

import pytest

from hil.oracle import exact
from hil.oracle.exact import Quantum, up, whole_mu
from hil.oracle.settings import HARD_LIMITS, LIMITS, NEW, Settings

U = 1_000  # mU


@pytest.mark.req("GUARD-1")
def test_the_hard_limits_are_those_of_the_specification() -> None:
    assert (exact.HARD_BASAL_MU_PER_H, exact.HARD_BOLUS_MU) == (35 * U, 40 * U)
    assert (exact.HARD_HOUR_MU, exact.HARD_DAY_MU, exact.DEFAULT_DAY_MU) == (60 * U, 500 * U, 150 * U)
    assert Quantum(500, 400).strokes(exact.HARD_DAY_MU) == 2_500
    assert (exact.HOUR_US, exact.DAY_US, exact.SAFE_SIDE_US) == (3_600 * 10**6, 86_400 * 10**6, 60 * 10**6)
    assert (exact.LOOK_US, exact.NEVER_US) == (3_600 * 10**6, 2**64 - 1)


@pytest.mark.req("DOSE-4", "DOSE-8")
def test_a_stroke_of_500_nl_has_two_seconds_and_one_of_125_nl_half_a_second() -> None:
    assert Quantum(500, 400).spacing_us == 2_000_000
    assert Quantum(125, 400).spacing_us == 500_000


@pytest.mark.req("DOSE-8")
def test_what_a_stroke_holds_is_its_volume_at_the_concentration() -> None:
    quantum = Quantum(500, 400)  # 0.5 µl of 400 U/ml: 0.2 U; 1 mU/h for 200 h
    assert (quantum.nl, quantum.uu, quantum.q) == (500, 200_000, 200 * 3_600 * 10**6)
    assert (quantum.mu(1), quantum.mu(3), quantum.least_mu) == (200, 600, 200)
    assert (quantum.strokes(600), quantum.strokes(601), quantum.strokes(599), quantum.strokes(0)) == (3, None, None, 0)
    assert Quantum(10, 100).least_mu == 1
    fine = Quantum(125, 100)  # 12.5 mU
    assert (fine.uu, fine.q, fine.least_mu) == (12_500, 45 * 10**9, 25)
    assert (fine.mu(1), fine.mu(2), fine.strokes(25), fine.strokes(12), fine.strokes(13)) == (12, 25, 2, None, None)


@pytest.mark.req("THER-9")
def test_a_figure_never_shows_more_than_there_is() -> None:
    mu = 3_600 * 10**6
    assert (whole_mu(0), whole_mu(mu - 1), whole_mu(mu), whole_mu(2 * mu - 1)) == (0, 0, 1, 1)
    assert (up(0, 7), up(1, 7), up(7, 7), up(8, 7)) == (0, 1, 1, 2)


@pytest.mark.req("THER-3", "THER-4", "GUARD-1")
def test_a_new_pump_has_the_presets_of_the_specification() -> None:
    settings = Settings()
    assert settings.limits == dict(zip(LIMITS, (35 * U, 40 * U, 60 * U, 150 * U), strict=True)) and HARD_LIMITS
    levels = tuple(settings[f"reservoir_{name}_mu"] for name in ("low", "empty", "stop"))
    assert levels == (800 * U, 400 * U, 200 * U)
    assert (settings["suspend_rate_mu_per_h"], settings["in_use_days"], settings["auto_off_min"]) == (200, 45, 0)
    settings.values["in_use_days"] = 90
    assert NEW["in_use_days"] == 45 and Settings()["in_use_days"] == 45, "each pump has its own"
