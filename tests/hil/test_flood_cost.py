"""The charge of a flood, worked out by hand."""

from __future__ import annotations

import pytest

from hil.protocols.floods import charge, cost


@pytest.mark.req("SEC-4", "PWR-1")
def test_a_day_s_charge_is_time_times_current() -> None:
    assert charge.currents("RPI_PICO") == (25, 18)
    assert charge.currents("STM32L4") == (8, 3)
    pico, low_power = (charge._day(board, 36_000, 360) for board in charge.BOARDS)
    assert pico == {
        "looks_mah": 0.7, "looks_percent": 0.035, "flood_mah": 70.0, "flood_percent": 3.5, "receiver_mah": 0.0,
    }  # fmt: skip
    assert low_power == {
        "looks_mah": 0.5, "looks_percent": 0.025, "flood_mah": 122.0, "flood_percent": 6.1, "receiver_mah": 72.0,
    }  # fmt: skip


@pytest.mark.req("SEC-4")
def test_a_programmer_who_is_late_where_the_processor_keeps_up_fails() -> None:
    entries = [{"line_percent": percent, "late": late} for percent, late in ((25, 0), (50, 0), (75, 3), (100, 9))]
    assert cost.passed({"entries": entries})
    entries[1]["late"] = 1
    assert not cost.passed({"entries": entries})
