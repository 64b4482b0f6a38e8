"""Procedures at work in the pump: their steps and strokes, which are no therapy, and the way back to therapy."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from firmware.protocol.all_procedures import BY_NUMBER
from firmware.storage import state_record
from firmware.therapy import course, guide
from tests.firmware.hand import SECOND_US, Hand, alarms, deliveries, refused

HOUR_US = 3600 * SECOND_US
REFILL, RINSE, FLUSH, STROKE_VOLUME, PATENCY = range(1, 6)


@pytest.fixture
def hand() -> Hand:
    hand = Hand()
    hand.pump.therapy.set_basal(6000)
    hand.pump.switch.stop()
    return hand


def report(hand: Hand) -> dict[str, Any]:
    return dict(hand.pump.clinic.read_procedure())


def step(hand: Hand) -> str:
    found = report(hand)
    return BY_NUMBER[found["procedure"]].steps[found["step"]].name if found["procedure"] else "none"


def say(hand: Hand, choice: int = 0, value: int = 0) -> None:
    hand.pump.clinic.answer_procedure(report(hand)["step"], choice, value)


def patency(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(PATENCY)
    say(hand)
    say(hand)


def test_the_record_has_room_for_a_guide() -> None:
    assert state_record.PROCEDURE_BYTES == course.STATE_BYTES == guide.STATE_BYTES + 25
    assert tuple(each.name for each in BY_NUMBER.values()) == protocol.PROCEDURES[1:]


@pytest.mark.req("THER-6")
def test_a_procedure_is_refused_while_therapy_runs(hand: Hand) -> None:
    hand.pump.switch.resume()
    before = hand.pump.status()
    refused(lambda: hand.pump.clinic.start_procedure(PATENCY), protocol.WRONG_STATE)
    hand.pump.switch.suspend()  # 0.2 U/h are therapy too
    refused(lambda: hand.pump.clinic.start_procedure(PATENCY), protocol.WRONG_STATE)
    assert hand.pump.status()["strokes_commanded"] == before["strokes_commanded"]


@pytest.mark.req("THER-6")
def test_strokes_of_a_procedure_are_made_when_asked_for_and_are_no_therapy(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(PATENCY)
    assert hand.pump.status()["state"] == protocol.STATE_PROCEDURE
    hand.live(HOUR_US)
    assert hand.strokes_us == [], "no basal, and nothing before it is asked for"
    refused(lambda: hand.pump.boluses.bolus(200), protocol.WRONG_STATE)
    refused(lambda: hand.pump.therapy.temp_basal(0, 1000, 30), protocol.WRONG_STATE)
    refused(hand.pump.switch.resume, protocol.WRONG_STATE)
    say(hand)
    assert step(hand) == "strokes"
    say(hand)
    hand.live(2 * HOUR_US)
    assert len(hand.strokes_us) == 5
    assert step(hand) == "watch"
    made = deliveries(hand)[-1]
    assert (made["kind"], made["delivered_strokes"]) == (protocol.KIND_DIAGNOSTIC, 5)
    assert hand.pump.status()["bolus_programmed_mu"] == 0, "no bolus"
    say(hand, 0, 1000)
    assert (step(hand), hand.pump.status()["state"]) == ("none", protocol.STATE_STOPPED)
    assert report(hand)["procedure_end"] == protocol.ENDS.index("completed")
    assert hand.pump.switch.resume()["rate_mu_per_h"] == 6000


@pytest.mark.req("THER-6")
def test_a_pressure_below_ambient_can_be_told(hand: Hand) -> None:
    patency(hand)
    hand.live(hand.now_us + HOUR_US)
    say(hand, 3, -20_000)
    assert step(hand) == "strokes"


@pytest.mark.req("THER-6", "GUARD-1")
def test_strokes_that_are_refused_leave_a_pump_that_was_stopped_in_between_stopped(hand: Hand) -> None:
    hand.pump.device.set_limits(35_000, 40_000, 600, 150_000)
    hand.pump.clinic.start_procedure(PATENCY)
    say(hand)
    hand.pump.switch.stop()
    before, listed = hand.pump.status(), deliveries(hand)
    refused(lambda: say(hand), protocol.HOUR_LIMIT)
    assert (hand.pump.status(), deliveries(hand)) == (before, listed)
    assert before["state"] == protocol.STATE_STOPPED
    hand.pump.device.set_limits(35_000, 40_000, 60_000, 150_000)
    say(hand)
    hand.live(hand.now_us + HOUR_US)
    assert (len(hand.strokes_us), step(hand)) == (5, "watch")


def rinse(hand: Hand, until: str, *, drawn_nl: int = 1_200_000) -> None:
    """Up to the step `until`."""
    values = {"remove_insulin": 9_000_000, "fill_insulin": 12_000_000, "drawn_insulin": drawn_nl}
    while step(hand) != until:
        at = BY_NUMBER[RINSE].steps[report(hand)["step"]]
        say(hand, 0, values.get(at.name, 1_000_000) if at.takes else 0)
        hand.live(hand.now_us + 60 * SECOND_US)


@pytest.mark.req("THER-4", "THER-5", "THER-6")
def test_a_rinse_ends_with_a_refill(hand: Hand) -> None:
    hand.pump.clinic.record_refill(30_050, 20_000, 0, 9_000, 9_001)
    hand.pump.clinic.start_procedure(RINSE)
    rinse(hand, "take_back")
    assert len(hand.strokes_us) == 3 * 20, "to the side port; none of them is what was missing at the withdrawal"
    after = hand.restarted(HOUR_US)
    refused(lambda: say(after, 0, 10_800_000), protocol.OUT_OF_RANGE)
    found = after.pump.clinic.answer_procedure(report(after)["step"], 0, 2_000_000)
    assert found["missing_nl"] == 1_000_000
    assert after.pump.status()["reservoir_mu"] == (12_000_000 - 1_200_000 - 2_000_000) * 400 // 1000
    assert "over_delivery" in alarms(after)


@pytest.mark.req("THER-5")
def test_more_than_was_put_in_is_refused_at_its_own_step_of_a_rinse(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(RINSE)
    rinse(hand, "drawn_insulin")
    refused(lambda: say(hand, 0, 20_000_000), protocol.OUT_OF_RANGE)
    say(hand, 0, 5_000_000)
    refused(lambda: say(hand, 0, 5_000_001), protocol.OUT_OF_RANGE)
    say(hand, 0, 5_000_000)
    assert hand.pump.status()["reservoir_mu"] == 2_000_000 * 400 // 1000


@pytest.mark.req("THER-6", "STORE-2")
def test_power_lost_in_a_procedure_leaves_it_where_it_was_and_nothing_is_repeated(hand: Hand) -> None:
    patency(hand)
    hand.live(hand.now_us + 5 * SECOND_US)
    assert len(hand.strokes_us) == 3
    after = hand.restarted(HOUR_US)
    assert (step(after), after.pump.status()["state"]) == ("strokes", protocol.STATE_PROCEDURE)
    after.live(after.now_us + HOUR_US)
    assert after.strokes_us == [], "a cut delivery is not resumed by itself"
    assert report(after)["procedure_strokes_left"] in (1, 2)
    cut = next(each for each in deliveries(after) if each["kind"] == protocol.KIND_DIAGNOSTIC)
    assert cut["reason"] == protocol.REASON_RESET
    say(after)
    after.live(after.now_us + HOUR_US)
    assert step(after) == "watch"
    made = [each["delivered_strokes"] for each in deliveries(after) if each["kind"] == protocol.KIND_DIAGNOSTIC]
    assert sum(made) == 5, "what counts as delivered is not missing"
    assert 5 - 1 <= len(hand.strokes_us) + len(after.strokes_us) <= 5


@pytest.mark.req("THER-6")
def test_a_procedure_broken_off_ends_after_the_stroke_in_progress(hand: Hand) -> None:
    patency(hand)
    hand.live(hand.now_us + 3 * SECOND_US)
    made = len(hand.strokes_us)
    hand.pump.clinic.interrupt_procedure(report(hand)["step"])
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED
    hand.live(hand.now_us + HOUR_US)
    assert len(hand.strokes_us) == made
    assert deliveries(hand)[-1]["reason"] == protocol.REASON_CANCELLED
    hand.pump.switch.resume()


@pytest.mark.req("THER-6")
def test_the_strokes_of_a_procedure_are_no_bolus_to_cancel(hand: Hand) -> None:
    patency(hand)
    hand.live(hand.now_us + 3 * SECOND_US)
    refused(hand.pump.boluses.cancel_bolus, protocol.NO_BOLUS_ACTIVE)
    hand.live(hand.now_us + HOUR_US)
    assert (len(hand.strokes_us), step(hand)) == (5, "watch")


@pytest.mark.req("THER-5", "THER-4")
def test_the_guided_refill_sets_the_reservoir(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(REFILL)
    say(hand)
    say(hand, 0, 1_000_000)
    assert not report(hand)["fit"]
    after = hand.restarted()
    refused(after.pump.switch.resume, protocol.WRONG_STATE)
    say(after, 0, 17_000_000)
    say(after, 0, 2_000_000)
    say(after)
    assert step(after) == "none"
    assert after.pump.status()["reservoir_mu"] == 6_000_000
    after.pump.switch.resume()


@pytest.mark.req("THER-6")
def test_a_reservoir_without_insulin_keeps_therapy_from_running(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(REFILL)
    say(hand)
    hand.pump.clinic.interrupt_procedure(report(hand)["step"])
    assert report(hand)["procedure_end"] == protocol.ENDS.index("unfit")
    refused(hand.pump.switch.resume, protocol.UNFIT)
    after = hand.restarted()
    refused(after.pump.switch.resume, protocol.UNFIT)
    assert after.pump.status()["state"] == protocol.STATE_STOPPED


@pytest.mark.req("THER-6")
def test_buffer_in_the_catheter_is_followed_until_insulin_reaches_the_tip(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(FLUSH)
    for value in (0, 0, 10_000_000):
        say(hand, 0, value)
    assert step(hand) == "wash_out"
    hand.pump.clinic.interrupt_procedure(report(hand)["step"])
    assert report(hand)["until_insulin_nl"] == 32_500
    hand.pump.switch.resume()
    hand.live(hand.now_us + HOUR_US)
    assert len(hand.strokes_us) == 30
    assert report(hand)["until_insulin_nl"] == 32_500 - 30 * 500
    after = hand.restarted()
    after.live(after.now_us + 2 * HOUR_US)
    assert (report(after)["until_insulin_nl"], report(after)["catheter_buffer_nl"]) == (0, 0)


@pytest.mark.req("THER-6")
def test_every_stroke_can_be_heard(hand: Hand) -> None:
    patterns = hand.pump.patterns
    patterns.set_settings(**(patterns.read_settings() | {"stroke_tone": True}))
    hand.pump.switch.resume()
    hand.tones_ms.clear()
    hand.live(hand.now_us + HOUR_US)
    assert len(hand.strokes_us) == 30
    assert hand.tones_ms == [50] * 30
