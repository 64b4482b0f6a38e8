"""What stands, and since when, at the microsecond at which a person has suspended."""

from __future__ import annotations

import pytest

from firmware import protocol
from tests.firmware.hand import Hand, deliveries
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US

pytestmark = pytest.mark.req("THER-3", "DOSE-5")


def suspended() -> Hand:
    """A pump at 5 U/h with auto-off in an hour; suspended after ten minutes."""
    hand = Hand()
    settings = hand.pump.patterns.read_settings() | {"auto_off_min": 60}
    hand.pump.patterns.set_settings(**settings)
    hand.pump.therapy.set_basal(5_000)
    hand.live(10 * MINUTE_US)
    hand.pump.switch.suspend()
    return hand


def test_the_least_rate_is_a_delivery_of_its_own_from_then_on() -> None:
    hand = suspended()
    before, since = deliveries(hand)[-2:]
    assert before["end_us"] == since["start_us"] == 10 * MINUTE_US
    assert before["reason"] == protocol.REASON_SUSPENDED
    assert since["end_us"] == 0 and hand.pump.status()["in_force_mu_per_h"] == 200
    hand.live(70 * MINUTE_US)
    assert deliveries(hand)[-1]["programmed_mu"] == 200, "in an hour"


def test_nothing_changes_by_itself_any_more() -> None:
    assert suspended().pump.therapy.deadline_us == protocol.NEVER_US, "no auto-off while suspended"


def test_a_temporary_rates_end_is_no_deadline_either() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(5_000)
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 1_000, 120)
    assert hand.pump.therapy.deadline_us == 2 * HOUR_US
    hand.pump.switch.suspend()
    assert hand.pump.therapy.deadline_us == protocol.NEVER_US
