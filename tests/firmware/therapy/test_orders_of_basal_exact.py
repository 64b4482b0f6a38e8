"""Orders of basal: what each answers and what the log has of it, to the last figure."""

from __future__ import annotations

import pytest

from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.therapy.test_boluses_exact import accepted

pytestmark = pytest.mark.req("THER-1", "THER-2", "THER-3", "THER-7")
MINUTE_US = 60 * SECOND_US


@pytest.fixture
def hand() -> Hand:
    hand = Hand()
    hand.now_us = 9
    return hand


def test_each_order_of_basal_is_answered_and_logged(hand: Hand) -> None:
    therapy = hand.pump.therapy
    assert therapy.set_basal(1_000) == {
        "at_us": 9, "old_rate_mu_per_h": 0, "new_rate_mu_per_h": 1_000, "cut_by": 0,
    }  # fmt: skip
    assert accepted(hand, "set_basal") == [(1_000, 0, 0, 0)]
    reply = therapy.temp_basal(protocol.TEMP_PERCENT, 150, 30)
    number = reply["delivery_id"]
    assert reply == {
        "at_us": 9, "delivery_id": number, "until_us": 9 + 30 * MINUTE_US, "in_force_mu_per_h": 1_500, "cut_by": 0,
    }  # fmt: skip
    assert accepted(hand, "temp_basal") == [(protocol.TEMP_PERCENT, 150, 30, 0)]
    assert therapy.cancel_temp() == {"at_us": 9, "delivery_id": number, "in_force_mu_per_h": 1_000}
    assert accepted(hand, "cancel_temp") == [(number, 0, 0, 0)]
    assert therapy.select_pattern(2) == {
        "at_us": 9, "old_pattern": protocol.MANUAL, "rate_mu_per_h": 200, "cut_by": 0,
    }  # fmt: skip
    assert accepted(hand, "select_pattern") == [(2, 0, 0, 0)]
    reply = therapy.recommend_rate(700, 5)
    assert reply == {"at_us": 9, "until_us": 9 + 5 * MINUTE_US, "programmed_mu_per_h": 200}
    assert accepted(hand, "recommend_rate") == [(700, 5, 0, 0)]


def test_suspend_stop_and_resume_say_what_is_given_up_and_what_goes_on(hand: Hand) -> None:
    therapy = hand.pump.therapy
    therapy.set_basal(1_000)
    hand.pump.boluses.bolus(1_000)
    assert hand.pump.switch.suspend() == {"at_us": 9, "abandoned_strokes": 5, "rate_mu_per_h": 200}
    assert accepted(hand, "suspend") == [(200, 0, 0, 0)]
    assert hand.pump.switch.stop() == {"at_us": 9, "abandoned_strokes": 0}
    assert accepted(hand, "stop") == [(0, 0, 0, 0)]
    assert hand.pump.switch.resume() == {"at_us": 9, "rate_mu_per_h": 1_000}
    assert accepted(hand, "resume") == [(1_000, 0, 0, 0)]


def test_a_rate_that_a_cap_must_cut_day_after_day_says_so(hand: Hand) -> None:
    hand.pump.device.set_limits(35_000, 40_000, 10_000, 10_000)
    assert hand.pump.therapy.set_basal(1_000)["cut_by"] == protocol.CUTS.index("day"), "24 U a day under a cap of 10"
    assert hand.pump.therapy.set_basal(400)["cut_by"] == 0
