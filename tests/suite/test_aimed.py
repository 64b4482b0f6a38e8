"""Orders aimed at the armed stroke of the emulated Pico; `make aimed` does two thousand that hit."""

from __future__ import annotations

import pytest

from hil.protocols.aimed import aim_some


@pytest.mark.req("THER-3", "LINK-2", "DOSE-1")
@pytest.mark.emulated_only("VIRTUAL's clock stands still while Python computes")
@pytest.mark.timeout(600)
def test_orders_aimed_at_the_armed_stroke() -> None:
    """None is acknowledged and not in force, no stop is lost, nothing resets the pump."""
    figures = aim_some(1, 30)
    assert not figures["wrong"], figures["wrong"]
    assert not figures["resets"] and not figures["flagged"]
    assert figures["near"] == 30
    assert figures["near"] * 2 > len(figures["off_us"]), f"the aim is true: {figures['off_us']}"
