"""The energy ledger against arithmetic by hand, and the boards' currents against their files."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from firmware.upkeep import energy
from firmware.upkeep.energy import Energy
from tools import facts

pytestmark = pytest.mark.req("PWR-1")
ROOT = Path(__file__).resolve().parents[3]
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
# 10 µA always, 1 mA running, 50 mA motor, 5 mA tone, 2 mA link, 1 mA memory; 1 ms to wake, 0.2 s a tone, 1 µs a byte,
# 4 s after the link's last byte.
CURRENTS = (10_000, 1_000_000, 50_000_000, 5_000_000, 2_000_000, 1_000_000, 1_000, 200_000, 1_000, 4_000_000)
BOARDS = [
    board
    for board in sorted((ROOT / "boards").glob("*/board.toml"))
    if "current" in tomllib.loads(board.read_text(encoding="utf-8"))
]


def test_each_cause_by_itself() -> None:
    ledger = Energy(CURRENTS)
    ledger.lived(HOUR_US)
    for _ in range(3_600):
        ledger.woke(1_000)
        ledger.stroke(10_000)
    ledger.toned(18)
    for second in (0, 1, 5, 100, 104, 108, 112, 116, 120, 124):  # 9, and 28 s
        ledger.linked(second * 1_000_000, 50)
    ledger.wrote(36_000_000)
    # Two wakes of 1 ms each and 1 ms more, 3,600 times, of 1 mA are 3,000 nAh; 10 ms · 3,600 of 50 mA 500,000; 3.6 s of
    # 5 mA 5,000; 37 s of 2 mA 20,555; 36 s of 1 mA 10,000; a hundredth of 2 Ah a year is 2,281 an hour.
    assert ledger.parts_nah() == (10_000, 3_000, 500_000, 5_000, 20_555, 10_000, 2_281)
    assert ledger.used_nah() == 550_836
    assert ledger.left_nah() == energy.CAPACITY_NAH - 550_836
    assert (ledger.wakes, ledger.strokes, ledger.link_bytes) == (7_200, 3_600, 500)


def test_nothing_rounds_away_in_small_steps() -> None:
    once, often = Energy(CURRENTS), Energy(CURRENTS)
    once.lived(1_000_000 * 10)
    for _ in range(1_000_000 // 100):
        often.lived(10 * 100)
    assert once.parts_nah() == often.parts_nah()


def aged(years: float, mean_na: int) -> Energy:
    """A ledger that has drawn `mean_na`, self-discharge included, for so long."""
    idle_na = mean_na - energy.CAPACITY_NAH * energy.SELF_DISCHARGE_PER_MILLE // 1000 // 8766
    ledger = Energy((idle_na, *CURRENTS[1:]))
    ledger.lived(round(years * 365.25) * DAY_US)
    return ledger


def test_28_5_microamperes_empty_2_ah_in_eight_years() -> None:
    ledger = aged(4, 28_519)
    assert ledger.mean_na() == pytest.approx(28_519, abs=2)
    assert ledger.left_s() == pytest.approx(4 * 365.25 * 86_400, rel=1e-3)
    assert aged(8, 28_519).left_nah() < energy.CAPACITY_NAH // 10_000
    assert aged(9, 28_519).left_nah() == 0


@pytest.mark.parametrize(
    ("days_before_end", "level"),
    [(400, energy.GOOD), (182, energy.GOOD), (179, energy.LOW), (15, energy.LOW), (13, energy.DEPLETED)],
)
def test_low_half_a_year_before_the_end_and_depleted_two_weeks_before(days_before_end: int, level: int) -> None:
    ledger = aged(8 - days_before_end / 365.25, 28_519)
    assert ledger.level() == level
    assert ledger.report()["battery_level"] == level


def test_a_low_voltage_overrules_the_count() -> None:
    ledger = aged(1, 28_519)
    assert ledger.level(energy.DEPLETED_MV) == energy.GOOD
    assert ledger.level(energy.DEPLETED_MV - 1) == energy.DEPLETED


def test_what_is_fed_from_outside_is_counted_and_does_not_run_down() -> None:
    ledger = Energy((18_000_000, *CURRENTS[1:]), energy.FED)
    ledger.lived(30 * DAY_US)
    assert ledger.used_nah() == 30 * 24 * 18_000_000
    assert (ledger.left_s(), ledger.level()) == (0xFFFFFFFF, energy.GOOD)
    assert ledger.level(energy.DEPLETED_MV - 1) == energy.DEPLETED, "a voltage still overrules it"


def test_a_new_pump_reckons_with_the_design() -> None:
    ledger = Energy(CURRENTS)
    assert ledger.mean_na() == 28_519
    assert ledger.left_s() // 86_400 == 2922


def test_a_use_that_has_grown_shortens_what_is_left() -> None:
    ledger = aged(4, 20_000)
    before_s = ledger.left_s()
    for _ in range(7):
        for _ in range(1_000):
            ledger.stroke(104_000)
        ledger.lived(DAY_US)
    assert ledger.mean_na() == pytest.approx(20_000 + 1_000 * 104_000 * 50_000_000 / DAY_US, rel=1e-3)
    assert ledger.left_s() < before_s / 3
    # A use that has shrunk does not make it longer than the whole life says.
    for _ in range(14):
        ledger.lived(DAY_US)
    assert 20_000 < ledger.mean_na() < 25_000


def test_a_pump_that_is_fed_takes_no_mark_which_would_outgrow_its_place() -> None:
    ledger = Energy((18_000_000, *CURRENTS[1:]), energy.FED)
    for _ in range(100):
        ledger.lived(DAY_US)
    assert ledger.used_nah() > 0xFFFFFFFF
    ledger.pack_into(bytearray(energy.STATE_BYTES))
    assert ledger.mean_na() == 18_000_000


def test_bytes_and_back() -> None:
    ledger = aged(7.9, 28_519)
    ledger.woke(17)
    ledger.stroke(104_000)
    ledger.toned(3)
    ledger.linked(5, 6)
    ledger.lived(DAY_US)
    ledger.wrote(1_223)
    raw = bytearray(1 + energy.STATE_BYTES)
    ledger.pack_into(raw, 1)
    again = Energy(ledger._currents)
    again.unpack(raw, 1)
    assert again.report() == ledger.report()
    raw_again = bytearray(1 + energy.STATE_BYTES)
    again.pack_into(raw_again, 1)
    assert raw_again == raw


@pytest.mark.parametrize("board", BOARDS, ids=lambda each: each.parent.name)
def test_a_board_s_currents_are_those_of_its_file(board: Path) -> None:
    table = tomllib.loads(board.read_text(encoding="utf-8"))
    figures = tomllib.loads((ROOT / table["current"]).read_text(encoding="utf-8"))
    ua, us = figures["current_ua"], figures["time_us"]
    idle_ua = ua.get("stop", ua["sleep"]) + ua["fram_idle"] + ua["clock_idle"] + ua["driver_idle"]
    expected = {
        "idle_na": idle_ua * 1000,
        "run_na": ua["run"] * 1000,
        "motor_na": ua["motor"] * 1000,
        "tone_na": ua["tone"] * 1000,
        "link_na": ua["link"] * 1000,
        "memory_na": ua["fram_active"] * 1000,
        "wake_us": us["wake"],
        "tone_us": us["tone"],
        "byte_ns": us["byte"] * 1000,
        "link_us": us["link"],
    }
    assert list(expected) == list(energy.FIGURES)
    assert tuple(round(value) for value in expected.values()) == facts.currents(ROOT / table["current"])


@pytest.mark.parametrize("board", BOARDS, ids=lambda each: each.parent.name)
def test_every_figure_names_its_source(board: Path) -> None:
    path = ROOT / tomllib.loads(board.read_text(encoding="utf-8"))["current"]
    for line in path.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            assert line.partition("#")[2].strip(), line


def test_all_pumps_have_currents() -> None:
    tables = {path: tomllib.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "boards").glob("*/board.toml")}
    pumps = {path for path, each in tables.items() if "dosecore" in each["c_modules"]}
    assert set(BOARDS) == pumps
    assert {path.parent.name for path in pumps} > {"RPI_PICO", "VIRTUAL"}


# docs/energy.md


def a_day(currents: tuple[int, ...]) -> Energy:
    """The day that docs/energy.md reckons with, a thousand times."""
    ledger = Energy(currents)
    days = 1000
    ledger.lived(days * DAY_US)
    ledger.wakes = days * 1_000
    ledger.strokes, ledger.motor_us = days * 200, days * 200 * 104_000
    ledger.link_us = days * 120_000_000 // 7
    ledger.tones = days * 10
    ledger.memory_bytes = days * 260 * 1_437
    return ledger


VARIANTS = (
    ("as VIRTUAL has it", {}),
    ("FRAM switched off between writes", {"idle_na": -8_000 + 100}),
    ("MB85RC256V in standby instead", {"idle_na": -8_000 + 27_000}),
    ("MB85RS4MT in standby, not asleep", {"idle_na": -8_000 + 50_000}),
    ("a stepper of 2 × 150 mA", {"motor_na": 260_000_000}),
    ("both as on the STM32 boards", {"idle_na": -8_000 + 27_000, "motor_na": 260_000_000}),
)


def rows() -> list[str]:
    low_power = facts.currents(ROOT / "boards/VIRTUAL/current.toml")
    lines = []
    for name, changes in VARIANTS:
        currents = tuple(figure + changes.get(key, 0) for key, figure in zip(energy.FIGURES, low_power, strict=True))
        ledger = a_day(currents)
        idle, run, motor, tone, link, memory, own = (nah / 24_000_000 for nah in ledger.parts_nah())
        years = 2_000_000 / (ledger.used_nah() / 24_000_000) / 8_766
        others = run + tone + link + memory
        lines.append(
            f"| {name} | {idle:.1f} | {motor:.1f} | {others:.1f} | {own:.1f} | {idle + motor + others + own:.1f} "
            f"| {years:.1f} |"
        )
    return lines


@pytest.mark.parametrize("row", range(len(VARIANTS)))
def test_the_page_s_arithmetic_is_the_ledger_s(row: int) -> None:
    assert rows()[row] in (ROOT / "docs" / "energy.md").read_text(encoding="utf-8"), rows()[row]
