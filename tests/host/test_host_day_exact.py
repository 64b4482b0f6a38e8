"""The day of a pattern at its edges: half-hours, stretches, files."""

from __future__ import annotations

from pathlib import Path

import pytest

from host import day
from host.units import AmountError

pytestmark = pytest.mark.req("THER-1", "HOST-1")
PRESET = (200,) * 48


def test_half_hours_are_told_by_the_clock() -> None:
    assert [day.clock(each) for each in (0, 1, 2, 19, 47, 48)] == ["00:00", "00:30", "01:00", "09:30", "23:30", "24:00"]


def test_a_day_is_told_as_stretches_of_one_rate() -> None:
    rates = (100, 100, 300, *(200,) * 45)
    assert day.segments(rates) == [day.Segment(0, 2, 100), day.Segment(2, 3, 300), day.Segment(3, 48, 200)]
    assert day.segments(PRESET) == [day.Segment(0, 48, 200)]
    assert day.compared(rates, PRESET) == [
        (day.Segment(first, after, rate), day.Segment(first, after, 200))
        for first, after, rate in ((0, 2, 100), (2, 3, 300), (3, 48, 200))
    ]
    assert day.day_mu(rates) == 250 + 45 * 100
    assert day.day_mu((50, *(0,) * 47)) == 25


def test_a_rate_is_a_multiple_of_a_twentieth() -> None:
    assert (day.parse_rate("0.05"), day.parse_rate("35"), day.parse_rate("0")) == (50, 35_000, 0)
    with pytest.raises(AmountError, match=r"0\.05 U/h"):
        day.parse_rate("0.04")


def places(rates: day.Rates, rate: int) -> list[int]:
    return [place for place, each in enumerate(rates) if each == rate]


def test_a_change_holds_from_its_beginning_to_its_end() -> None:
    assert places(day.edited(PRESET, ["23:30=1"]), 1_000) == [47]
    assert places(day.edited(PRESET, ["00:00-00:30=1"]), 1_000) == [0]
    assert places(day.edited(PRESET, ["00:00-24:00=1"]), 1_000) == list(range(48))
    assert places(day.edited(PRESET, ["06:00-06:00=1"]), 1_000) == list(range(48)), "a day long"
    assert places(day.edited(PRESET, ["23:00-01:00=1"]), 1_000) == [0, 1, 46, 47]
    assert places(day.edited(PRESET, ["23:00-00:00=1", "00:30-01:00=1"]), 1_000) == [1, 46, 47]
    stepped = day.edited(PRESET, ["06:00-07:00=0.5"])
    assert places(day.edited(stepped, ["05:00=1"]), 1_000) == [10, 11], "until the pattern changes already"
    assert places(day.edited(stepped, ["06:30=1"]), 1_000) == [13]
    assert places(day.edited(stepped, ["07:00=1"]), 1_000) == list(range(14, 48))
    assert places(day.edited(stepped, ["05:00-0:00=1"]), 1_000) == list(range(10, 48)), "midnight is an end too"
    assert places(day.edited(PRESET, ["05:00=1", "06:30=2"]), 1_000) == [10, 11, 12]
    assert places(day.edited(PRESET, ["05:00=1", "06:30-07:00=2"]), 1_000) == [10, 11, 12]


@pytest.mark.req("HOST-4")
def test_nothing_is_given_twice() -> None:
    for changes, at in (
        (["06:00-07:00=1", "06:30=2"], "06:30"), (["23:00-01:00=1", "00:30-01:00=1"], "00:30|23:00"),
        (["06:00=1", "06:00-06:30=1"], "06:00"), (["06:00-06:30=1", "06:00=1"], "06:00"),
    ):  # fmt: skip
        with pytest.raises(AmountError, match=f"({at}) is given twice"):
            day.edited(PRESET, changes)
    assert places(day.edited(PRESET, ["06:00-07:00=1", "07:00-08:00=1"]), 1_000) == [12, 13, 14, 15]


def test_a_half_hour_is_one_of_the_day() -> None:
    for text in ("24:30", "24:00", "12:01", "12:29", "12:31", "12:59", "99:00"):
        with pytest.raises(AmountError, match=f"'{text}' is not a half-hour"):
            day.edited(PRESET, [f"{text}=1"])
    for text in ("24:30", "12:15", "48:00"):
        with pytest.raises(AmountError, match=f"'{text}' is not a half-hour"):
            day.edited(PRESET, [f"12:00-{text}=1"])
    assert places(day.edited(PRESET, ["12:00-0:00=1"]), 1_000) == list(range(24, 48))


def test_a_whole_day_begins_at_midnight_and_has_only_beginnings() -> None:
    assert day.whole(["06:00=0.8", "00:00=0.2"]) == (200,) * 12 + (800,) * 36
    for changes, text in ((["00:30=1"], "begins at 00:00"), ([], "begins at 00:00"), (["00:00-06:00=1"], "beginnings")):
        with pytest.raises(AmountError, match=text):
            day.whole(changes)


def read(tmp_path: Path, text: str) -> day.Rates:
    file = tmp_path / "day"
    file.write_text(text, encoding="utf-8")
    return day.read_file(file)


def test_a_file_may_have_a_heading_empty_lines_spaces_and_a_mark(tmp_path: Path) -> None:
    expected = (200,) * 12 + (800,) * 36
    for text in (
        "00:00,0.2\n06:00,0.8\n",
        "time,rate\n00:00,0.2\n06:00,0.8",
        "0:00,0.2\n6:00,0.8\n",
        "\ufefftime,rate_u_per_h\n\n00:00, 0.2\n\n 06:00 ,0.8\n",
        '{"00:00": 0.2, "06:00": 0.8}',
        '  {"00:00": "0.2", "06:00": 0.80}',
    ):
        assert read(tmp_path, text) == expected
    assert day.as_csv(expected) == "time,rate_u_per_h\n00:00,0.20\n06:00,0.80\n"
    shown = '{"rates_mu_per_h": ' + str(list(expected)) + "}"
    assert read(tmp_path, shown) == expected


def test_a_file_that_is_none_is_explained(tmp_path: Path) -> None:
    for text, error in (
        ("00:00", "each line"), ("00:00,0.2\n06:00\n", "each line"), ("time,rate\n", "begins at"),
        ("time,rate\nmore,lines\n00:00,0.2\n", "is not a change"),
        ('{"rates_mu_per_h": ' + str([200] * 47) + "}", "48 whole numbers"),
        ('{"rates_mu_per_h": ' + str([200] * 49) + "}", "48 whole numbers"),
        ('{"rates_mu_per_h": [' + "true, " * 47 + "200]}", "48 whole numbers"),
        ('{"rates_mu_per_h": "' + "2" * 48 + '"}', "48 whole numbers"), ("{", "is not JSON"),
    ):  # fmt: skip
        with pytest.raises(AmountError, match=error):
            read(tmp_path, text)
    with pytest.raises(AmountError, match="cannot read"):
        day.read_file(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(AmountError, match="cannot read"):
        day.read_file(tmp_path / "binary")
