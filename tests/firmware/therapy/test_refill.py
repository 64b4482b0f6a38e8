"""Refill bookkeeping: worked by hand from the worksheet's weights, and the uncertainty against exact arithmetic."""

from __future__ import annotations

from math import isqrt, sqrt

import pytest

from firmware import protocol
from firmware.errors import Refused
from firmware.protocol import refill
from firmware.protocol.refill import Volume, accuracy, net_fill, read_off, weighed

pytestmark = pytest.mark.req("THER-5")
# 1,800 U in 45 days at 40 U a day: 4.5 ml of the 13 ml that a fill of 15 ml leaves after 2 ml are taken back.
FILLED = Volume(13_000_000, 10_000, 13_000_000)
DELIVERED_NL = 4_500_000


def left(used_nl: int) -> Volume:
    return Volume(13_000_000 - used_nl, 10_000, 13_000_000 - used_nl)


def test_a_syringe_s_loss_is_its_weight_over_the_density() -> None:
    volume = weighed(45_075, 30_000)
    assert volume.nl == 15_000_000  # 15.075 g at 1.005 g/ml
    assert volume.reading_nl == 14_925  # √2 · 10 mg, up to 15 mg, in nl


def test_what_came_into_a_syringe_is_negative() -> None:
    assert weighed(30_000, 38_543).nl == -8_500_498  # 8.543 g


def test_a_fill_is_what_went_in_less_what_was_taken_back() -> None:
    volume = net_fill(weighed(47_085, 30_000), read_off(refill.TAKEN_BACK_NL))
    assert volume.nl == 15_000_000
    assert volume.by_weight_nl == 17_000_000
    assert volume.reading_nl == refill.isqrt_up(14_925**2 + 100_000**2)


def test_an_exact_pump_shows_nought() -> None:
    found = accuracy(FILLED, left(DELIVERED_NL), DELIVERED_NL)
    assert (found.tenths, found.band, found.flagged, found.used_nl) == (0, refill.GOOD, False, DELIVERED_NL)


@pytest.mark.parametrize(
    ("tenths", "band", "flagged"),
    [
        (100, refill.GOOD, False),
        (-100, refill.GOOD, False),
        (101, refill.WATCHED, False),
        (-150, refill.WATCHED, False),
        (-151, refill.RINSE, True),
        (-500, refill.RINSE, True),
        (-501, refill.CATHETER, True),
        (150, refill.WATCHED, False),
        (151, refill.OVER, True),
    ],
)
def test_bands(tenths: int, band: int, flagged: bool) -> None:
    found = accuracy(FILLED, left(DELIVERED_NL + DELIVERED_NL * tenths // 1000), DELIVERED_NL)
    assert (found.tenths, found.band, found.flagged) == (tenths, band, flagged)


def test_under_delivery_is_negative_and_both_signs_round_alike() -> None:
    # A fifth of a tenth of a percent beyond the half.
    for sign in (1, -1):
        found = accuracy(FILLED, left(DELIVERED_NL + sign * 227_250), DELIVERED_NL)
        assert found.tenths == sign * 51  # 5.05 %


@pytest.mark.parametrize("changed", [False, True])
def test_the_uncertainty_is_two_standard_ones_of_rectangular_readings(changed: bool) -> None:
    residual = left(DELIVERED_NL)
    parts = [10_000, 10_000, DELIVERED_NL * 5 / 1005, 32_500 if changed else 0]
    exact = 2 * sqrt(sum(part**2 for part in parts) / 3)
    assert refill.expanded_nl(FILLED, residual, changed) == pytest.approx(exact, abs=1.5)
    assert refill.expanded_nl(FILLED, residual, changed) >= int(exact)
    found = accuracy(FILLED, residual, DELIVERED_NL, changed)
    assert found.uncertainty_tenths == pytest.approx(1000 * exact / DELIVERED_NL, abs=1.01)


def test_what_was_read_from_a_scale_does_not_depend_on_the_density() -> None:
    assert refill.expanded_nl(Volume(13_000_000, 0), Volume(8_500_000, 0), False) == 0


def test_a_short_interval_is_told_apart_from_a_bad_pump() -> None:
    # 20 U, 0.05 ml, with the catheter's 13 U in doubt: ±75 %.
    found = accuracy(FILLED, left(30_000), 50_000, catheter_changed=True)
    assert (found.band, found.certain) == (refill.TOO_SHORT, False)
    assert found.uncertainty_tenths > 700


@pytest.mark.parametrize(("used_nl", "certain"), [(4_500_000, True), (4_050_000, False), (3_800_000, False)])
def test_a_verdict_near_its_limit_is_not_certain(used_nl: int, certain: bool) -> None:
    assert accuracy(FILLED, left(used_nl), DELIVERED_NL).certain is certain


def test_by_scale_alone_the_2_ml_and_the_residual_blur_it() -> None:
    filled = net_fill(read_off(15_000_000), read_off(refill.TAKEN_BACK_NL))
    found = accuracy(filled, read_off(8_500_000), DELIVERED_NL)
    assert found.uncertainty_tenths == -(-1000 * (isqrt(4 * 3 * 100_000**2 // 3) + 1) // DELIVERED_NL)
    assert found.uncertainty_tenths == 45


@pytest.mark.parametrize(
    ("call", "code", "field", "value", "limit"),
    [
        (lambda: weighed(0, 30_000), protocol.OUT_OF_RANGE, "before_mg", 0, 1),
        (lambda: weighed(30_000, 150_001), protocol.OUT_OF_RANGE, "after_mg", 150_001, 150_000),
        (lambda: read_off(-1), protocol.OUT_OF_RANGE, "volume_nl", -1, 0),
        (lambda: net_fill(read_off(17_000_001), read_off(2_000_000)), protocol.OUT_OF_RANGE, "filled_nl", 15_000_001,
         15_000_000),
        (lambda: net_fill(read_off(2_000_000), read_off(2_000_000)), protocol.OUT_OF_RANGE, "filled_nl", 0, 1),
        (lambda: accuracy(FILLED, left(0), 0), protocol.WRONG_STATE, "delivered_nl", 0, 1),
        (lambda: accuracy(FILLED, Volume(-1, 0), 1), protocol.OUT_OF_RANGE, "residual_nl", -1, 0),
        (lambda: accuracy(FILLED, Volume(14_000_000, 10_000), 1), protocol.OUT_OF_RANGE, "residual_nl", 14_000_000,
         13_000_000),
    ],
)  # fmt: skip
def test_bad_input_is_refused_by_name(call, code: int, field: str, value: int, limit: int) -> None:
    with pytest.raises(Refused) as refused:
        call()
    error = refused.value
    assert (error.code, error.field_name, error.value, error.limit) == (code, field, value, limit)


def test_a_residual_above_the_fill_by_less_than_the_reading_is_no_mistake() -> None:
    assert accuracy(FILLED, Volume(13_005_000, 10_000, 13_005_000), 50_000).used_nl == -5_000


@pytest.mark.parametrize("value", [0, 1, 2, 3, 4, 15, 16, 17, 10**18, 10**18 + 1, (10**9 + 7) ** 2])
def test_the_root_is_rounded_up(value: int) -> None:
    root = isqrt(value)
    assert refill.isqrt_up(value) == root + (root * root < value)
