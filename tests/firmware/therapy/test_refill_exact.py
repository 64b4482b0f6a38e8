"""The arithmetic of a refill at its edges: figures worked out by hand, half-widths that come out whole."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.protocol import refill
from firmware.protocol.refill import Volume, accuracy, beyond_doubt, expanded_nl, net_fill, read_off, weighed
from tests.firmware.hand import refused

pytestmark = pytest.mark.req("THER-5")
ML = 1_000_000


def of(used_nl: int, delivered_nl: int, reading_nl: int = 3, other_nl: int = 0) -> refill.Accuracy:
    """With readings of ±3 nl and none the volume is known within √(4/3 · 9) = 3.46, rounded up to 4 nl."""
    return accuracy(Volume(13 * ML, reading_nl), Volume(13 * ML - used_nl, other_nl), delivered_nl)


def test_a_syringe_weighs_from_1_mg_to_150_g() -> None:
    assert weighed(150_000, 1).nl == 149_252_736, "149.999 g at 1.005 g/ml"
    assert refused(lambda: weighed(150_001, 1), protocol.OUT_OF_RANGE).limit == 150_000
    assert refused(lambda: weighed(150_000, 0), protocol.OUT_OF_RANGE).limit == 1


def test_scales_that_show_1_g_leave_a_volume_known_to_1_4_ml() -> None:
    assert weighed(20_000, 10_000, balance_mg=1000).reading_nl == 1_407_960, "√2 g, up to 1,415 mg, at 1.005 g/ml"


def test_a_fill_is_from_1_nl_to_15_ml_and_weighs_what_stays_in() -> None:
    assert net_fill(read_off(1)).nl == 1
    assert net_fill(read_off(15 * ML)).nl == 15 * ML
    assert refused(lambda: net_fill(read_off(15 * ML + 1)), protocol.OUT_OF_RANGE).limit == 15 * ML
    assert net_fill(Volume(10 * ML, 1, 10 * ML), Volume(2 * ML, 1, 2 * ML), Volume(ML, 1)).by_weight_nl == 8 * ML


def test_the_catheter_in_doubt_is_13_u() -> None:
    assert expanded_nl(Volume(ML, 0), Volume(0, 0), True) == 37_528, "√(4/3) · 32,500 = 37,527.8"


def test_an_empty_reservoir_is_a_residual_like_any_other() -> None:
    found = accuracy(Volume(ML, 3), Volume(0, 0), ML)
    assert (found.tenths, found.used_nl) == (0, ML)


def test_more_left_than_was_filled_in_is_taken_as_far_as_the_readings_go() -> None:
    assert of(-4, 1000).used_nl == -4
    assert refused(lambda: of(-5, 1000), protocol.OUT_OF_RANGE).field_name == "residual_nl"


def test_the_uncertainty_is_of_what_was_delivered_and_rounded_up() -> None:
    assert [of(delivered, delivered).uncertainty_tenths for delivered in (4, 1000, 1001, 4000, 4001, 3999)] == [
        1000, 4, 4, 1, 1, 2,
    ]  # fmt: skip


def test_a_verdict_is_certain_when_every_limit_is_further_off_than_the_uncertainty() -> None:
    limits = (-500, -150, -100, 100, 150)
    for limit in limits:
        assert [of(1000 + limit + off, 1000).certain for off in (-5, -4, 0, 4, 5)] == [True, False, False, False, True]
    assert of(1500, 1000).certain, "50 % too much is no limit"


def test_of_two_readings_an_uncertainty_of_15_percent_is_still_an_interval() -> None:
    # √(4/3 · (129² + 11²)) = 149.5; 130² alone makes 150.1.
    at, beyond = of(1000, 1000, 129, 11), of(1000, 1000, 130)
    assert (at.uncertainty_tenths, at.band) == (150, refill.GOOD)
    assert (beyond.uncertainty_tenths, beyond.band) == (151, refill.TOO_SHORT)


def test_a_volume_is_beyond_doubt_when_15_percent_are_exceeded_whatever_was_misread() -> None:
    for sign in (1, -1):
        assert not beyond_doubt(ML + sign * 150_004, ML, 4)
        assert beyond_doubt(ML + sign * 150_005, ML, 4)


def test_in_an_interval_too_short_for_a_percentage_the_volume_itself_may_say_it() -> None:
    # Known within √(4/3 · 20²) = 23.1, so 24 nl, of 100 nl.
    assert [of(used, 100, 20).band for used in (140, 139, 61, 60)] == [
        refill.OVER, refill.TOO_SHORT, refill.TOO_SHORT, refill.RINSE,
    ]  # fmt: skip
