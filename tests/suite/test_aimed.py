"""Orders aimed at the armed stroke of the emulated Pico; `make aimed` does two thousand (hil/aimed.py)."""

from __future__ import annotations

import pytest

from hil.aimed import aim_some


@pytest.mark.req("THER-3", "LINK-2", "DOSE-1")
@pytest.mark.emulated_only("VIRTUAL's clock stands still while Python computes")
@pytest.mark.timeout(600)
def test_orders_aimed_at_the_armed_stroke() -> None:
    """None is acknowledged and not in force, no stop is lost, nothing resets the pump."""
    figures = aim_some(1, 60)
    assert figures["orders"] == 60
    assert not figures["wrong"], figures["wrong"]
    assert not figures["resets"] and not figures["flagged"]
    assert sum(abs(each) <= 2_000 for each in figures["off_us"]) >= 10, "the aim is true"
