"""The stroke timer comes between two lines of what the pump does by itself: every event, every alarm's action."""

from __future__ import annotations

import pytest

from tests.firmware.between.events import EVENTS, OF_A_STROKE, sweep_event
from tests.firmware.between.sweep import touches
from tests.firmware.between.test_between_orders import said


@pytest.mark.req("DOSE-5", "ALARM-1", "ALARM-2", "THER-3", "THER-7", "LOG-1")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("event", EVENTS)
def test_a_stroke_at_any_line_of_an_event(event: str) -> None:
    """What stops the pump stops it wherever a stroke falls due, begins, has its edge or is over; the books agree."""
    for what in OF_A_STROKE:
        wrong = sweep_event(event, what, touches)
        assert not wrong, f"{event}, {what}:\n{said(wrong)}"
