"""The battery's account to the nAh and to the second: figures worked out by hand from currents that come out whole."""

from __future__ import annotations

import pytest

from firmware.upkeep import energy
from firmware.upkeep.energy import DEPLETED, FED, GOOD, LOW, Energy

pytestmark = pytest.mark.req("PWR-1")
HOUR_US = 3_600_000_000  # 1 nA for so long is 1 nAh
DAY_US = 24 * HOUR_US
WEEK_US = 7 * DAY_US
YEAR_US = 31_557_600_000_000  # 365.25 days
DESIGN_NA = 28_519  # 2.0 Ah in eight years of 8,766 h
NOTHING = (0,) * 10


def currents(**values: int) -> tuple[int, ...]:
    return tuple(values.get(name, 0) for name in energy.FIGURES)


def of(**counts: int) -> tuple[int, ...]:
    """What a board with 1 nA for each cause has used, and a second of everything else."""
    board = currents(idle_na=1, run_na=1, motor_na=1, tone_na=1, link_na=1, memory_na=1)
    ledger = Energy((*board[:6], 1_000_000, 2_000_000, 3_000_000_000, 4_000_000), 1)
    for name, value in counts.items():
        setattr(ledger, name, value)
    return ledger.parts_nah()


def test_each_cause_is_its_current_for_its_time() -> None:
    assert of() == (0,) * 7
    for place, name in enumerate(("elapsed_us", "busy_us", "motor_us")):
        for nah in (1, 7):
            assert of(**{name: nah * HOUR_US})[place] == nah and of(**{name: nah * HOUR_US - 1})[place] == nah - 1
    assert of(link_us=HOUR_US)[4] == 1 and of(link_us=HOUR_US - 1)[4] == 0
    assert of(wakes=3_600)[1] == 1 and of(wakes=3_599)[1] == 0, "1 s for each"
    assert of(wakes=1_800, busy_us=HOUR_US // 2)[1] == 1 and of(wakes=1_800, busy_us=HOUR_US // 2 - 1)[1] == 0
    assert of(tones=1_800)[3] == 1 and of(tones=1_799)[3] == 0, "2 s for each"
    assert of(memory_bytes=1_200)[5] == 1 and of(memory_bytes=1_199)[5] == 0, "3 s for each"


def test_a_cell_loses_one_in_a_hundred_a_year_by_itself() -> None:
    ledger = Energy(NOTHING)
    ledger.elapsed_us = YEAR_US - 1
    assert ledger.used_nah() == 19_999_999
    ledger.elapsed_us = YEAR_US
    assert ledger.parts_nah() == (0, 0, 0, 0, 0, 0, 20_000_000)
    assert (ledger.used_nah(), ledger.left_nah()) == (20_000_000, 1_980_000_000)
    ledger.elapsed_us = 101 * YEAR_US
    assert ledger.left_nah() == 0
    assert energy.CAPACITY_NAH == 2_000_000_000


def test_what_happens_is_counted() -> None:
    ledger = Energy(currents(link_us=500))
    ledger.woke()
    ledger.woke(70)
    ledger.woke(5)
    ledger.stroke(104)
    ledger.stroke(104)
    ledger.toned()
    ledger.toned(4)
    ledger.wrote(91)
    ledger.wrote(9)
    ledger.lived(10)
    ledger.lived(15)
    assert (ledger.wakes, ledger.busy_us, ledger.strokes, ledger.motor_us) == (5, 75, 2, 208)
    assert (ledger.tones, ledger.memory_bytes, ledger.elapsed_us) == (5, 100, 25)
    for now_us, link_us in ((1_000, 500), (1_200, 700), (1_700, 1_200), (3_000, 1_700), (3_000, 1_700)):
        ledger.linked(now_us, 3)
        assert ledger.link_us == link_us, "in use until 500 µs after the last byte"
    assert ledger.link_bytes == 15
    assert ledger.report()["wakes"] == 5


def test_the_first_link_of_a_life_is_paid_whole() -> None:
    ledger = Energy(currents(link_us=500))
    ledger.linked(0, 1)
    assert ledger.link_us == 500


def test_the_mean_is_that_of_the_life_or_of_the_week_whichever_is_more() -> None:
    ledger = Energy(currents(idle_na=36_000, motor_na=3_600_000_000), 1_000)  # 864,000 nAh a day; 1 nAh for 1 µs
    ledger.lived(DAY_US - 1)
    assert ledger.mean_na() == DESIGN_NA, "a day is needed to go by"
    ledger.lived(1)
    assert ledger.mean_na() == 36_000
    ledger.stroke(6_048_000)  # as much as a week of the rest
    ledger.lived(WEEK_US - DAY_US - 1)
    assert ledger._marked_us == 0
    ledger.lived(1)
    assert (ledger._marked_us, ledger._marked_nah) == (WEEK_US, 2 * 6_048_000)
    assert ledger.mean_na() == 72_000
    ledger.lived(DAY_US - 1)
    assert ledger.mean_na() == 72_000, "the week before, for a day"
    ledger.lived(1)
    assert ledger.mean_na() == 67_500, "then the life: 12,960,000 nAh in eight days"
    ledger.stroke(8_640_000)
    assert ledger.mean_na() == 396_000, "then the week: 9,504,000 nAh in a day"
    raw = bytearray(energy.STATE_BYTES)
    ledger.pack_into(raw)
    again = Energy(currents(idle_na=36_000, motor_na=3_600_000_000), 1_000)
    again.unpack(raw)
    assert again.mean_na() == 396_000
    ledger.lived(6 * DAY_US)
    assert ledger.mean_na() == 87_428, "the new week before: 14,688,000 nAh in 168 h"


def test_a_reset_just_after_a_mark_leaves_the_mean_of_the_life() -> None:
    board = currents(idle_na=36_000)
    ledger = Energy(board, 1_000)
    ledger.lived(WEEK_US)
    raw = bytearray(energy.STATE_BYTES)
    ledger.pack_into(raw)
    again = Energy(board, 1_000)
    again.unpack(raw)
    assert again.mean_na() == 36_000
    again.lived(WEEK_US - 1)
    assert again._marked_us == WEEK_US
    again.lived(1)
    assert again._marked_us == 2 * WEEK_US


def test_a_cell_that_gives_nothing_lasts_and_divides_by_one() -> None:
    ledger = Energy(NOTHING, 1_000)
    ledger.lived(DAY_US)
    assert (ledger.mean_na(), ledger.left_s()) == (1, 3_600_000)
    ledger.elapsed_us = 200 * YEAR_US
    assert ledger.left_s() == 0


@pytest.mark.parametrize(
    ("capacity_nah", "left_s", "level"),
    [
        (9_582_384, 1_209_600, DEPLETED),  # two weeks at 28,519 nA
        (9_582_391, 1_209_600, DEPLETED),
        (9_582_392, 1_209_601, LOW),
        (123_202_080, 15_552_000, LOW),  # half a year
        (123_202_087, 15_552_000, LOW),
        (123_202_088, 15_552_001, GOOD),
    ],
)
def test_low_is_half_a_year_and_depleted_two_weeks(capacity_nah: int, left_s: int, level: int) -> None:
    ledger = Energy(NOTHING, capacity_nah)
    assert (ledger.left_s(), ledger.level()) == (left_s, level)
    assert ledger.level(2_700) == level and ledger.level(2_699) == DEPLETED, "its cut-off"
    assert ledger.report(2_699)["battery_level"] == DEPLETED and ledger.report()["battery_level"] == level


def test_a_board_that_is_fed_counts_and_never_runs_down() -> None:
    ledger = Energy(currents(idle_na=36_000), FED)
    ledger.lived(5 * WEEK_US)
    assert ledger._marked_us == 0 and ledger.used_nah() == 35 * 864_000
    assert (ledger.left_s(), ledger.left_nah(), ledger.level()) == (0xFFFFFFFF, 0, GOOD)


def test_the_report_is_of_one_instant_and_all_of_it() -> None:
    ledger = Energy(currents(idle_na=36_000), 10_000_000)
    ledger.lived(DAY_US)
    used = 864_000 + 273  # and what the cell has lost
    assert ledger.report() == {
        "battery_used_nah": used,
        "battery_left_nah": 10_000_000 - used,
        "battery_left_s": (10_000_000 - used) * 3600 // 36_011,
        "battery_mean_na": 36_011,
        "battery_level": DEPLETED,
        "wakes": 0,
    }


def test_the_counts_come_back_from_the_record_where_they_were_put() -> None:
    ledger = Energy(NOTHING, 1)
    names = ("elapsed_us", "busy_us", "motor_us", "link_us", "memory_bytes", "wakes", "strokes", "tones", "link_bytes")
    names += ("_marked_us", "_marked_nah")
    assert energy.STATE_BYTES == 5 * 8 + 4 * 4 + 8 + 4
    for place, name in enumerate(names):
        setattr(ledger, name, 1_000 + place)
    raw = bytearray(b"\xee" * (energy.STATE_BYTES + 5))
    ledger.pack_into(raw, 3)
    assert raw[:3] == raw[-2:-1] + raw[-1:] + raw[-1:] == b"\xee\xee\xee"
    again = Energy(NOTHING, 1)
    assert [getattr(again, name) for name in names] == [0] * len(names)
    again.unpack(raw, 3)
    assert [getattr(again, name) for name in names] == [1_000 + place for place in range(len(names))]


def test_the_mark_is_cut_to_its_place_in_the_record() -> None:
    ledger = Energy(currents(motor_na=3_600_000_000), 1_000)
    ledger.stroke(2**33)
    ledger.lived(WEEK_US)
    assert ledger._marked_nah == 0xFFFFFFFF
