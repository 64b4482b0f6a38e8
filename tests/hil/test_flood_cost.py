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
def test_a_programmer_who_is_late_at_any_rate_or_a_dear_opening_fails() -> None:
    figures = {"ms_unlooked": 2.0, "ms_looked_at": 5.0, "entries": [{"late": 0}, {"late": 0}]}
    assert cost.passed(figures)
    assert not cost.passed(figures | {"entries": [{"late": 0}, {"late": 1}]})
    assert not cost.passed(figures | {"ms_looked_at": 5.1})
    assert not cost.passed(figures | {"ms_unlooked": 5.1})
