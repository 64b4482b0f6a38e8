"""The status and the log in their figures: programmed, commanded, delivered and remaining; pages of the log."""

from __future__ import annotations

import pytest

from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand

pytestmark = pytest.mark.req("THER-1", "THER-9", "GUARD-1")


@pytest.mark.req("LOG-2")
def test_the_log_comes_in_pages() -> None:
    hand = Hand()
    for number in range(20):
        hand.pump.therapy.set_basal(50 * number)
    read = hand.pump.reports.read_log
    newest = read(0, 1)["newest_number"]
    assert [each["number"] for each in read(0, 3)["events"]] == [1, 2, 3] and read(0, 3)["oldest_number"] == 1
    assert [each["number"] for each in read(7, 2)["events"]] == [8, 9]
    assert [each["number"] for each in read(newest - 1, 8)["events"]] == [newest]
    assert read(newest, 8)["events"] == read(newest + 5, 8)["events"] == []
    assert all(each["clock_known"] for each in read(0, 8)["events"])
    hand.wall.lose(1)
    hand.pump.therapy.set_basal(1_000)
    last = read(read(0, 1)["newest_number"] - 1, 1)["events"][0]
    assert last["clock_known"] is False and last["time_s"] == 0 and last["category"] == protocol.CATEGORY_COMMAND
    time = hand.pump.reports.read_time()
    assert time == {"now_us": hand.now_us, "utc_s": 0, "life": hand.pump.orders.life}


BOLUS = ("bolus_programmed_mu", "bolus_commanded_mu", "bolus_delivered_mu", "bolus_remaining_mu")
SQUARE = ("square_programmed_mu", "square_commanded_mu", "square_delivered_mu", "square_remaining_mu")


@pytest.mark.req("DOSE-3", "THER-2")
def test_programmed_commanded_delivered_and_remaining_are_told_apart() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(0)
    hand.pump.boluses.dual_bolus(2_000, 1_000, 30)
    hand.live(5 * SECOND_US)
    made = len(hand.strokes_us)
    hand.begin_stroke(1_000)
    status = hand.pump.status()
    assert [status[name] for name in BOLUS] == [2_000, 200 * (made + 1), 200 * made, 1_800 - 200 * made]
    assert [status[name] for name in SQUARE] == [1_000, 0, 0, 1_000]
    assert status["newest_event"] == hand.pump.reports.read_log(0, 1)["newest_number"]
    hand.pump.boluses.cancel_bolus()
    status = hand.pump.status()
    assert [status[name] for name in BOLUS] == [2_000, 200 * (made + 1), 200 * made, 0]
    assert [status[name] for name in SQUARE] == [1_000, 0, 0, 0], "what was given up does not remain"


@pytest.mark.req("THER-6")
def test_a_procedures_strokes_are_no_bolus_of_the_status_and_a_stopped_pump_delivers_nothing() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1_000)
    hand.pump.switch.stop()
    assert hand.pump.status()["in_force_mu_per_h"] == 0
    hand.pump.clinic.start_procedure(5)
    for _ in range(2):
        hand.pump.clinic.answer_procedure(hand.pump.clinic.read_procedure()["step"], 0, 0)
    hand.live(3 * SECOND_US)
    status = hand.pump.status()
    assert len(hand.strokes_us) > 0 and status["bolus_id"] == 0
    assert [status[name] for name in BOLUS] == [0, 0, 0, 0]


def test_when_a_temporary_rate_ends_is_told_and_without_one_never() -> None:
    hand = Hand()
    assert hand.pump.status()["temp_until_us"] == protocol.NEVER_US
    until_us = hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 1_000, 30)["until_us"]
    assert hand.pump.status()["temp_until_us"] == until_us == 1_800 * SECOND_US
