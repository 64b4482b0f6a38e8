"""The pump's composition on CPython: the same firmware files and core, with a clock and a motor moved by hand."""

from __future__ import annotations

import pytest

from firmware import events, protocol
from firmware.errors import Refused
from tests.firmware.hand import SECOND_US, Hand


def page(hand: Hand) -> tuple[int, int, list[dict[str, int]]]:
    reply = hand.pump.reports.read_deliveries(0, 6)
    return reply["oldest_id"], reply["newest_id"], reply["records"]


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.mark.req("GUARD-3")
def test_each_stroke_needs_the_permit_that_follows_the_one_before(hand: Hand) -> None:
    hand.pump.boluses.bolus(600)
    hand.core.service(0)
    hand.core.confirmed()
    hand.core.ended()
    assert hand.core.next_us() == -1  # the supervisor has not come back yet
    hand.pump.handle(events.STROKE)
    assert hand.core.next_us() == 2 * SECOND_US


@pytest.mark.req("DOSE-3")
def test_a_running_bolus_shows_what_it_has_delivered(hand: Hand) -> None:
    hand.pump.therapy.set_basal(1000)
    hand.pump.boluses.bolus(2000)
    hand.live(7 * SECOND_US)
    status = hand.pump.status()
    assert (status["bolus_commanded_mu"], status["bolus_delivered_mu"], status["bolus_remaining_mu"]) == (
        800,
        800,
        1200,
    )
    newest, records = page(hand)[1:]
    assert newest == 3
    assert records[-1]["kind"] == protocol.KIND_NORMAL_BOLUS
    assert (records[-1]["delivered_strokes"], records[-1]["reason"]) == (4, protocol.REASON_RUNNING)


@pytest.mark.req("DOSE-3")
def test_a_stroke_confirmed_after_the_rate_changed_belongs_to_the_old_stretch(hand: Hand) -> None:
    hand.pump.therapy.set_basal(35_000)
    hand.core.promise(0, hand.core.next_us())
    hand.now_us = hand.core.next_us()
    hand.core.service(hand.now_us)
    hand.core.settle(hand.now_us)
    hand.now_us += 50_000
    hand.pump.therapy.set_basal(1_000)  # in the middle of the burst
    hand.core.confirmed()
    hand.core.ended()
    hand.core.settle(hand.now_us)
    hand.pump.handle(events.STROKE)
    records = page(hand)[2]
    assert [(each["commanded_strokes"], each["delivered_strokes"]) for each in records] == [(0, 0), (1, 1), (0, 0)]
    log = hand.pump.reports.read_log(0, 100)["events"]
    assert [each["c"] for each in log if each["event"] == protocol.EVENT_DELIVERY_ENDED] == [0, 1]


@pytest.mark.req("DOSE-3")
def test_old_records_are_forgotten_first_and_the_oldest_number_tells(hand: Hand) -> None:
    for rate in range(40):
        hand.now_us += SECOND_US
        hand.pump.therapy.set_basal(50 * rate + 50)
    oldest, newest, records = page(hand)
    assert (oldest, newest) == (10, 41)
    assert [each["id"] for each in records] == list(range(10, 16))


@pytest.mark.req("GUARD-1")
def test_limits_below_the_running_basal_are_refused_and_nothing_changes(hand: Hand) -> None:
    hand.pump.therapy.set_basal(5_000)
    with pytest.raises(Refused) as refused:
        hand.pump.device.set_limits(4_000, 40_000, 60_000, 150_000)
    assert (refused.value.field_name, refused.value.value, refused.value.limit) == ("max_basal_mu_per_h", 4_000, 5_000)
    assert hand.pump.status()["max_basal_mu_per_h"] == 35_000


@pytest.mark.req("GUARD-1")
def test_a_limit_beyond_the_hard_one_names_the_hard_one(hand: Hand) -> None:
    with pytest.raises(Refused) as refused:
        hand.pump.device.set_limits(35_000, 40_000, 60_001, 150_000)
    assert (refused.value.code, refused.value.value, refused.value.limit) == (protocol.HARD_LIMIT, 60_001, 60_000)


@pytest.mark.req("DOSE-5")
def test_a_fault_ends_the_bolus_halts_the_motor_and_refuses_everything(hand: Hand) -> None:
    hand.pump.boluses.bolus(2000)
    hand.live(SECOND_US * 30, confirm=False)
    assert len(hand.strokes_us) == 2
    assert hand.halted == 1
    status = hand.pump.status()
    assert (status["state"], status["bolus_remaining_mu"]) == (protocol.STATE_FAULT, 0)
    assert hand.pump.reports.read_deliveries(0, 6)["records"][-1]["reason"] == protocol.REASON_FAULT
    with pytest.raises(Refused):
        hand.pump.switch.resume()


@pytest.mark.req("DOSE-5")
def test_basal_set_while_suspended_waits_for_the_resume(hand: Hand) -> None:
    hand.pump.therapy.set_basal(1000)
    hand.pump.switch.stop()
    hand.pump.therapy.set_basal(35_000)
    hand.live(3600 * SECOND_US)
    assert hand.strokes_us == []
    assert hand.pump.switch.resume()["rate_mu_per_h"] == 35_000
    hand.live(2 * 3600 * SECOND_US)
    assert len(hand.strokes_us) == 174 + 1
