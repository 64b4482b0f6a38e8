"""The day of a pattern: segments, changes as people write them, files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.storage.settings import fingerprint as device_fingerprint
from host import day
from host.units import AmountError, duration, parse_minutes, span

PRESET = (200,) * 48
RATES = st.lists(st.integers(0, 700).map(lambda steps: steps * 50), min_size=48, max_size=48).map(tuple)


def stretches(rates: day.Rates) -> list[tuple[str, int]]:
    return [(day.clock(each.first), each.rate_mu_per_h) for each in day.segments(rates)]


@pytest.mark.req("THER-1")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["06:00=0.8", "22:30=0.45"], [("00:00", 200), ("06:00", 800), ("22:30", 450)]),
        (["22:30=0.45", "6:00=0.8"], [("00:00", 200), ("06:00", 800), ("22:30", 450)]),
        (["06:00-09:30=1"], [("00:00", 200), ("06:00", 1000), ("09:30", 200)]),
        (["22:00-06:00=1"], [("00:00", 1000), ("06:00", 200), ("22:00", 1000)]),
        (["22:00-24:00=1"], [("00:00", 200), ("22:00", 1000)]),
        (["22:00-00:00=1"], [("00:00", 200), ("22:00", 1000)]),
        (["00:00=0"], [("00:00", 0)]),
        (["06:00-08:00=1", "08:00=2"], [("00:00", 200), ("06:00", 1000), ("08:00", 2000)]),
    ],
)
def test_changes_as_people_write_them(changes: list[str], expected: list[tuple[str, int]]) -> None:
    assert stretches(day.edited(PRESET, changes)) == expected


@pytest.mark.req("THER-1")
def test_a_change_without_an_end_holds_until_where_the_pattern_changes_already() -> None:
    old = day.whole(["00:00=0.2", "06:00=0.8", "12:00=0.5"])
    assert stretches(day.edited(old, ["06:00=1"])) == [("00:00", 200), ("06:00", 1000), ("12:00", 500)]
    assert stretches(day.edited(old, ["08:00=1"]))[1:3] == [("06:00", 800), ("08:00", 1000)]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (["06:15=1"], "'06:15' is not a half-hour"),
        (["24:00=1"], "'24:00' is not a half-hour"),
        (["25:00=1"], "is not a half-hour"),
        (["6=1"], "is not a change"),
        (["06:00=1.01"], "allowed nearest: 1.00 U/h or 1.05 U/h"),
        (["06:00=-1"], "'-1' is not a number of U/h"),
        (["06:00=1", "06:00=2"], "06:00 is given twice"),
        (["06:00-12:00=1", "08:00=2"], "is given twice"),
    ],
)
def test_changes_that_make_no_sense_are_explained(changes: list[str], text: str) -> None:
    with pytest.raises(AmountError, match=text):
        day.edited(PRESET, changes)


@pytest.mark.req("THER-1")
@given(RATES)
def test_the_device_knows_the_rates_by_the_same_fingerprint(rates: day.Rates) -> None:
    assert day.fingerprint(rates) == device_fingerprint(list(rates))


@pytest.mark.req("HOST-1")
@given(RATES, RATES)
def test_what_is_shown_side_by_side_is_the_whole_of_both_days(old: day.Rates, new: day.Rates) -> None:
    for place, rates in enumerate((old, new)):
        shown = [row[place] for row in day.compared(old, new)]
        assert sum(((each.rate_mu_per_h,) * (each.after - each.first) for each in shown), ()) == rates


@pytest.mark.req("HOST-1")
@given(rates=RATES)
def test_a_day_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, rates: day.Rates) -> None:
    file = tmp_path_factory.getbasetemp() / "day.csv"
    file.write_text(day.as_csv(rates), encoding="utf-8")
    assert day.read_file(file) == rates


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("06:00,0.8\n", "begins at 00:00"),
        ("00:00,0.8,1\n", "each line has a time and a rate"),
        ("00:00,0.8\n06:00-07:00,1\n", "takes beginnings only"),
        ('{"00:00": 0.8', "is not JSON"),
        ('{"rates_mu_per_h": [1, 2]}', "48 whole numbers"),
        ("", "begins at 00:00"),
    ],
)
def test_files_that_make_no_sense_are_explained(tmp_path: Path, text: str, error: str) -> None:
    file = tmp_path / "day"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(AmountError, match=error):
        day.read_file(file)


def test_json_by_times_is_exact(tmp_path: Path) -> None:
    file = tmp_path / "day.json"
    file.write_text('{"00:00": 0.15, "06:00": 1}', encoding="utf-8")
    assert stretches(day.read_file(file)) == [("00:00", 150), ("06:00", 1000)]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90min", 90),
        ("90m", 90),
        ("2h", 120),
        ("1h30", 90),
        ("1h30min", 90),
        ("1.5h", 90),
        ("1:30", 90),
        ("1 h 30", 90),
    ],
)
def test_durations_as_people_write_them(text: str, minutes: int) -> None:
    assert parse_minutes(text) == minutes


@pytest.mark.parametrize("text", ["90", "", "h", "2x", "-1h", "1h90x", "0.001h", "90s"])
def test_durations_that_are_none(text: str) -> None:
    with pytest.raises(AmountError):
        parse_minutes(text)


def test_durations_as_they_are_shown() -> None:
    assert [duration(each) for each in (0, 30, 60, 90)] == ["0 min", "30 min", "1 h", "1 h 30 min"]
    assert [span(each * 1_000_000) for each in (-1, 59, 60, 5400, 200_000)] == [
        "0 s",
        "59 s",
        "1 min",
        "1 h 30 min",
        "2 d 7 h",
    ]
