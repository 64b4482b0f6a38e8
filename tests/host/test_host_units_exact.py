"""Amounts, times and durations at their edges: what is taken, what is shown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from firmware.protocol import UTC_MAX_S, UTC_MIN_S
from host import units
from host.units import AmountError, parse_milli, parse_minutes, parse_time, plain, whole_steps

pytestmark = pytest.mark.req("HOST-1")
DAY_S = 86_400
S = 1_000_000


def refused(text: str, parse: object, *rest: object) -> bool:
    with pytest.raises(AmountError) as error:
        parse(text, *rest)  # type: ignore[operator]
    return text in str(error.value)


def test_an_amount_has_at_most_nine_decimals_and_ten_digits() -> None:
    assert parse_milli("0.000000001", "U") == Decimal("0.000001")
    assert refused("0.0000000001", parse_milli, "U")
    assert parse_milli("9999999999", "U") == 9_999_999_999_000
    assert refused("10000000000", parse_milli, "U")
    assert parse_milli("0.00000000000", "U") == 0, "nothing is nothing, however it is written"
    assert refused("-0.1", parse_milli, "U") and refused("inf", parse_milli, "U") and refused("nan", parse_milli, "U")


def test_whole_steps_and_the_nearest_of_them_within_their_limits() -> None:
    assert whole_steps(Decimal(400), 200, "U", "strokes") == 400 and whole_steps(Decimal(0), 200, "U", "strokes") == 0

    def nearest(milli: str, low: int, high: int | None) -> str:
        with pytest.raises(AmountError) as error:
            whole_steps(Decimal(milli), 200, "U", "strokes", low, high)
        return str(error.value).partition("strokes")[2]

    assert nearest("300", 200, 400) == "; allowed nearest: 0.20 U or 0.40 U"
    assert nearest("300", 201, 400) == "; allowed nearest: 0.40 U"
    assert nearest("300", 200, 399) == "; allowed nearest: 0.20 U"
    assert nearest("300", 201, 399) == ""
    assert nearest("100", 0, None) == "; allowed nearest: 0.00 U or 0.20 U"


def test_a_number_is_shown_without_what_it_does_not_need() -> None:
    assert [plain(Decimal(each)) for each in ("100000", "2300", "2300.05", "1", "0")] == [
        "100", "2.3", "2.30005", "0.001", "0",
    ]  # fmt: skip
    assert [units.milli_text(each) for each in (1_000, 1_250, 1_005, 10, 12, 0, -5, -1_250)] == [
        "1.00", "1.25", "1.005", "0.01", "0.012", "0.00", "-0.005", "-1.25",
    ]  # fmt: skip
    assert (units.amount(50, "mU"), units.amount(50, "mU/h"), units.amount(50, "mA")) == ("0.05 U", "0.05 U/h", "50 mA")
    assert (units.millilitres(13_000_000), units.millilitres(12_345_678)) == ("13.00 mL", "12.346 mL")


def test_a_device_time_counts_days_hours_minutes_seconds_and_thousandths() -> None:
    shown = {
        999: "00:00:00.000", 1_000: "00:00:00.001", S - 1: "00:00:00.999", 60 * S - 1: "00:00:59.999",
        60 * S: "00:01:00.000", 3_600 * S - 1: "00:59:59.999", 3_600 * S: "01:00:00.000",
        DAY_S * S - 1: "23:59:59.999", DAY_S * S: "1 d 00:00:00.000", 2 * DAY_S * S + 1_000: "2 d 00:00:00.001",
    }  # fmt: skip
    assert {time_us: units.uptime(time_us) for time_us in shown} == shown


def test_seconds_are_a_time_with_its_zone() -> None:
    assert units.utc(UTC_MIN_S) == "2020-01-01 00:00:00 UTC"
    assert units.local(UTC_MIN_S, 60) == "2020-01-01 01:00:00 UTC+01:00"
    assert units.local(UTC_MIN_S, -30) == "2019-12-31 23:30:00 UTC-00:30"


@pytest.mark.req("HOST-4", "THER-8")
def test_a_time_is_one_of_the_pump_s_years_and_local_unless_it_says_otherwise() -> None:
    assert parse_time("2020-01-01T00:00:00Z") == UTC_MIN_S and parse_time("2099-12-31T23:59:59Z") == UTC_MAX_S
    assert refused("2019-12-31T23:59:59Z", parse_time) and refused("2100-01-01T00:00:00Z", parse_time)
    assert parse_time("2026-01-31T08:00") == parse_time("2026-01-31 08:00:00Z") == 1_769_846_400
    assert parse_time("2026-01-31T08:00", 60) == 1_769_846_400 - 3_600
    assert parse_time("2026-01-31T08:00+02:00", 60) == 1_769_846_400 - 7_200
    assert parse_time("2020-01-01T00:30", 30) == UTC_MIN_S and refused("2020-01-01T00:29", parse_time, 30)
    for text in ("2026-02-30T08:00", "2026-01-31", "2026-01-31T8:00", "2026-01-31T25:00"):
        assert refused(text, parse_time)


@pytest.mark.req("HOST-4")
def test_a_duration_is_hours_and_minutes() -> None:
    taken = {
        "0:00": 0, "0:59": 59, "10:05": 605, "9999:00": 599_940, "1h": 60, "1h1": 61, "1h 1 min": 61, "0.5h": 30,
        "1.25h": 75, "45m": 45, "99999min": 99_999, "2H": 120, " 2h ": 120,
    }  # fmt: skip
    assert {text: parse_minutes(text) for text in taken} == taken
    for text in ("60", "", "1:60", "1:5", "h", "min", "1.001h", "1.2345h", "1h30s", "-1h"):
        assert refused(text, parse_minutes)


def test_how_long_something_lasts() -> None:
    assert [units.duration(each) for each in (0, 1, 59, 60, 61, 120)] == [
        "0 min", "1 min", "59 min", "1 h", "1 h 1 min", "2 h",
    ]  # fmt: skip
    shown = {
        -5 * S: "0 s", S - 1: "0 s", S: "1 s", 60 * S - 1: "59 s", 60 * S: "1 min", 3_600 * S: "1 h",
        2 * DAY_S * S - 1: "47 h 59 min", 2 * DAY_S * S: "2 d 0 h", (3 * DAY_S + 4 * 3_600) * S: "3 d 4 h",
        (3 * DAY_S + 5 * 3_600) * S - 1: "3 d 4 h",
    }  # fmt: skip
    assert {time_us: units.span(time_us) for time_us in shown} == shown
