"""The core is still when its state says so; if nothing makes it so the supervisor fails aloud (DOSE-5, ALARM-2)."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware.errors import FirmwareError
from firmware.therapy.halting import settle, still
from tests.firmware.desk import Desk
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.link.test_log_of_orders import last


@pytest.mark.req("DOSE-5", "ALARM-2")
def test_a_core_that_nothing_stops_is_told_with_what_it_answered() -> None:
    hand = Hand()
    hand.core.suspend = lambda now_us: code.E_TIME  # type: ignore[method-assign]
    hand.core.stop = lambda now_us, fault: None  # type: ignore[method-assign]
    with pytest.raises(FirmwareError, match=r"does not stop: \[1, 1, 0\]"):
        still(hand.core, hand.clock, hand.now_us)


@pytest.mark.req("DOSE-5")
def test_the_books_are_as_late_as_the_stroke_that_came_meanwhile() -> None:
    hand = Hand()
    hand.live(SECOND_US)
    hand.pump.boluses.bolus(1000)
    hand.live(2 * SECOND_US)
    read_us = hand.now_us = hand.core.next_us() - 1
    assert settle(hand.core, read_us) == read_us
    hand.now_us += 1
    hand.core.promise(hand.now_us, hand.now_us + SECOND_US)
    assert hand.core.service(hand.now_us) == 1
    assert settle(hand.core, read_us) == hand.now_us


@pytest.mark.req("LOG-1", "THER-2")
def test_a_cancel_names_what_ran_and_nothing_else() -> None:
    """A square bolus of before is not among what a cancel of a normal bolus has ended."""
    desk = Desk()
    desk.ask("square_bolus", volume_mu=600, duration_min=30)
    desk.ask("cancel_bolus")
    number = desk.ask("bolus", volume_mu=1000)["delivery_id"]
    reply = desk.ask("cancel_bolus")
    assert (reply["delivery_id"], reply["square_id"]) == (number, 0)
    assert last(desk) == ("cancel_bolus", number, 0, 0, 0)
