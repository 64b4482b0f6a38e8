"""Amounts: exact in, readable out."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.units import AmountError, amount, milli_text, parse_milli, uptime, whole_steps


@given(st.integers(0, 10**9))
def test_what_is_shown_is_read_back_exactly(milli):
    assert parse_milli(milli_text(milli), "U") == milli


@pytest.mark.parametrize(("text", "milli"), [("1.25", "1250"), ("0", "0"), (".2", "200"), ("2.30005", "2300.05")])
def test_decimals_are_exact(text, milli):
    assert parse_milli(text, "U") == Decimal(milli)


@pytest.mark.parametrize("text", ["", "2,4,0", "abc", "nan", "inf", "-1", "1e30", "1e-30", "0." + "1" * 40])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(AmountError, match="U"):
        parse_milli(text, "U")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.3", "2.3 U is not a whole number of strokes; allowed nearest: 2.20 U or 2.40 U"),
        ("0.1", "0.1 U is not a whole number of strokes; allowed nearest: 0.20 U"),
        ("40.1", "40.1 U is not a whole number of strokes; allowed nearest: 40.00 U"),
        ("2.2000001", "2.2000001 U is not a whole number of strokes; allowed nearest: 2.20 U or 2.40 U"),
    ],
)
def test_the_nearest_allowed_values_are_named(text, expected):
    with pytest.raises(AmountError) as error:
        whole_steps(parse_milli(text, "U"), 200, "U", "strokes", low=200, high=40000)
    assert str(error.value) == expected


def test_quantities_read_well():
    assert amount(1250, "mU/h") == "1.25 U/h"
    assert amount(12, "mU") == "0.012 U"
    assert amount(-200, "mU") == "-0.20 U"
    assert amount(7, "µs") == "7 µs"
    assert uptime(0) == "00:00:00.000"
    assert uptime((26 * 3600 + 61) * 1_000_000 + 5000) == "1 d 02:01:01.005"
