"""What stands, and since when, at the microsecond at which a person has suspended, stopped or resumed."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import FirmwareError
from tests.firmware.hand import Hand, deliveries, refused
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, settings, status

pytestmark = pytest.mark.req("THER-3", "DOSE-5")


def running() -> Hand:
    """A pump at 5 U/h with auto-off in an hour, ten minutes old."""
    hand = Hand()
    settings(hand, auto_off_min=60)
    hand.pump.therapy.set_basal(5_000)
    hand.live(10 * MINUTE_US)
    return hand


def suspended() -> Hand:
    """That pump, suspended."""
    hand = running()
    hand.pump.switch.suspend()
    return hand


def deaf_to_rates(hand: Hand) -> None:
    """From now on the core takes no rate."""
    hand.core.set_basal = lambda *_: code.E_RANGE  # type: ignore[method-assign]


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


@pytest.mark.req("PWR-1")
def test_nor_does_anything_once_it_is_stopped() -> None:
    hand = running()
    assert hand.pump.therapy.deadline_us < protocol.NEVER_US
    hand.pump.switch.stop()
    assert hand.pump.therapy.deadline_us == protocol.NEVER_US, "nobody is woken for an auto-off of a stopped pump"


def test_a_temporary_rate_of_more_than_all_does_not_raise_the_rate_while_suspended() -> None:
    hand = Hand()
    settings(hand, suspend_rate_mu_per_h=1_000)
    hand.pump.therapy.set_basal(100)
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 200, 30)
    assert status(hand)["in_force_mu_per_h"] == 200
    assert hand.pump.switch.suspend()["rate_mu_per_h"] == 100, "what would be in force without it"


def test_a_core_delivers_again_only_once_it_has_the_rate_that_is_to_be() -> None:
    hand = running()
    resume, rates = hand.core.resume, []

    def resumed(now_us: int) -> int:
        rates.append(hand.core.state()[code.RATE_MU_PER_H])
        return resume(now_us)

    hand.core.resume = resumed  # type: ignore[method-assign]
    hand.pump.switch.suspend()
    hand.pump.switch.stop()
    hand.pump.switch.resume()
    assert rates == [200, 5_000], "a stroke may begin at any moment from then on"


def test_a_core_that_does_not_take_the_least_rate_goes_on_at_none() -> None:
    hand = running()
    deaf_to_rates(hand)
    assert hand.pump.switch.suspend()["rate_mu_per_h"] == 0
    assert status(hand)["state"] == protocol.STATE_STOPPED
    made = len(hand.strokes_us)
    hand.live(HOUR_US)
    assert len(hand.strokes_us) == made


def test_a_core_that_does_not_take_the_programmed_rate_is_not_resumed() -> None:
    hand = suspended()
    hand.pump.switch.stop()
    deaf_to_rates(hand)
    with pytest.raises(FirmwareError, match="programmed rate"):
        hand.pump.switch.resume()
    assert hand.core.state()[code.SUSPENDED]


def test_a_stop_is_refused_only_where_nothing_is_delivered() -> None:
    hand = running()
    hand.pump.switch.stop()
    refused(hand.pump.switch.stop, protocol.WRONG_STATE)
    hand.core.resume(hand.now_us)  # a core that delivers, though the books say otherwise
    hand.pump.switch.stop()
    assert hand.core.state()[code.SUSPENDED]
