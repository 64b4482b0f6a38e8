"""The course of a procedure, rule by rule: what is kept of each step and stroke, also when cut or broken off."""

from __future__ import annotations

import pytest

from firmware import dose_codes, protocol
from firmware.protocol.all_procedures import BY_NUMBER
from firmware.storage import state_record
from firmware.therapy import guide
from firmware.therapy.course import STATE_BYTES
from tests.firmware.desk import BY_NAME
from tests.firmware.hand import SECOND_US, Hand, deliveries, refused
from tests.firmware.ram import RamNvm
from tests.firmware.test_told_and_kept import logged
from tests.firmware.therapy.test_clinic import PATENCY, RINSE, report, rinse, say, step

pytestmark = pytest.mark.req("THER-5", "THER-6")


@pytest.fixture
def hand() -> Hand:
    hand = Hand()
    hand.pump.switch.stop()
    return hand


@pytest.mark.req("STORE-1")
def test_without_a_memory_no_step_is_taken_and_no_stroke_made(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(PATENCY)
    say(hand)
    assert BY_NUMBER[PATENCY].steps[report(hand)["step"]].name == "strokes"
    hand.memory.failing = True
    hand.pump.books.store()
    before = report(hand)
    for order in (lambda: say(hand), lambda: hand.pump.clinic.interrupt_procedure(before["step"])):
        refused(order, protocol.MEMORY_FAILED)
        assert report(hand)["step"] == before["step"]
    hand.live(hand.now_us + 10 * SECOND_US)
    assert hand.strokes_us == []


@pytest.mark.req("STORE-2", "STORE-5")
def test_each_stroke_of_a_procedure_is_in_the_memory_with_the_step_it_is_of(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(PATENCY)
    say(hand)
    say(hand)
    for made in range(1, 6):
        while len(hand.strokes_us) < made:
            hand.live(hand.now_us + SECOND_US)
        assert len(hand.strokes_us) == made
        after = hand.restarted(1)
        counted = after.pump.status()["strokes_commanded"]
        assert made <= counted <= made + 1
        assert after.pump.course._followed == counted


def test_a_delivery_that_is_broken_off_is_over_at_once(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(PATENCY)
    say(hand)
    say(hand)
    hand.live(hand.now_us + 3 * SECOND_US)
    made = len(hand.strokes_us)
    hand.pump.clinic.interrupt_procedure(report(hand)["step"])
    ended = deliveries(hand)[-1]
    assert (ended["kind"], ended["end_us"]) == (protocol.KIND_DIAGNOSTIC, hand.now_us)
    assert (ended["delivered_strokes"], ended["abandoned_strokes"]) == (made, 5 - made)


@pytest.mark.req("STORE-5")
def test_after_a_reset_amid_a_delivery_what_is_missing_is_what_was_not_counted(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(PATENCY)
    say(hand)
    say(hand)
    for made in range(1, 5):
        while len(hand.strokes_us) < made:
            hand.live(hand.now_us + SECOND_US)
        after = hand.restarted(1)
        assert report(after)["procedure_strokes_left"] == 5 - after.pump.status()["strokes_commanded"]
        assert not report(after)["procedure_delivering"]


@pytest.mark.req("STORE-1")
def test_a_go_that_memory_did_not_take_has_not_been_said(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(PATENCY)
    say(hand)
    before = report(hand)
    hand.memory.failing = True
    refused(lambda: say(hand), protocol.MEMORY_FAILED)
    after = report(hand)
    assert after["step"] == before["step"] and after["procedure"] == PATENCY
    assert not after["procedure_delivering"]
    made = len(hand.strokes_us)
    hand.live(hand.now_us + 60 * SECOND_US)
    assert len(hand.strokes_us) == made == 0
    assert report(hand)["procedure_strokes_left"] in (4, 5), "one that had begun counts"
    hand.memory.failing = False
    hand.live(hand.now_us + 120 * SECOND_US)
    left = report(hand)["procedure_strokes_left"]
    say(hand)
    hand.live(hand.now_us + 60 * SECOND_US)
    assert len(hand.strokes_us) == left


@pytest.mark.req("STORE-1")
def test_an_interruption_that_memory_did_not_take_leaves_the_step_and_its_delivery_over(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(PATENCY)
    say(hand)
    say(hand)
    hand.live(hand.now_us + 3 * SECOND_US)
    made, before = len(hand.strokes_us), report(hand)
    assert before["procedure_delivering"] and 0 < made < 5
    hand.memory.failing = True
    refused(lambda: hand.pump.clinic.interrupt_procedure(before["step"]), protocol.MEMORY_FAILED)
    after = report(hand)
    assert (after["procedure"], after["step"]) == (PATENCY, before["step"])
    assert not after["procedure_delivering"] and after["procedure_strokes_left"] == 5 - made
    hand.live(hand.now_us + 60 * SECOND_US)
    assert len(hand.strokes_us) == made


class Late(RamNvm):
    """When it fails for the first time a stroke has just begun."""

    hand: Hand | None = None

    def write(self, address: int, data: bytes) -> None:
        if self.failing and self.hand is not None and self.hand.core.next_us() >= 0:
            hand, self.hand = self.hand, None
            hand.begin_stroke(1_000)
        super().write(address, data)


@pytest.mark.req("STORE-1", "DOSE-5")
def test_a_stroke_that_began_before_memory_refused_the_go_is_made_and_counts() -> None:
    memory = Late()
    hand = Hand(memory)
    hand.pump.switch.stop()
    hand.pump.clinic.start_procedure(PATENCY)
    say(hand)
    memory.failing, memory.hand = True, hand
    refused(lambda: say(hand), protocol.MEMORY_FAILED)
    after = report(hand)
    assert memory.hand is None and not after["procedure_delivering"] and after["procedure_strokes_left"] == 4


@pytest.mark.req("OCC-1")
def test_strokes_tell_of_the_catheter_in_therapy_and_in_a_patency_test_and_not_into_a_syringe(hand: Hand) -> None:
    clinic = hand.pump.clinic
    assert hand.pump.course.watched and clinic.stroke() is False, (
        "and outside of a procedure nothing more is to be stored"
    )
    clinic.start_procedure(PATENCY)
    assert not hand.pump.course.watched
    say(hand)
    assert step(hand) == "strokes" and hand.pump.course.watched
    clinic.interrupt_procedure(report(hand)["step"])
    clinic.start_procedure(RINSE)
    rinse(hand, "pull_naoh")
    assert not hand.pump.course.watched


def test_what_is_kept_of_a_procedure_fits_its_place_in_the_record() -> None:
    # Four volumes and counts of 32 bits, a mark, the strokes followed; the guide's own before them.
    assert STATE_BYTES == state_record.PROCEDURE_BYTES == guide.STATE_BYTES + 5 * 4 + 1 + 4 == 50


@pytest.mark.req("GUARD-2")
def test_no_procedure_begins_on_a_pump_with_a_fault(hand: Hand) -> None:
    hand.core.stop(0, dose_codes.FAULT_STOPPED)
    error = refused(lambda: hand.pump.clinic.start_procedure(PATENCY), protocol.WRONG_STATE)
    assert (error.field_name, error.value) == (None, protocol.STATE_FAULT) and report(hand)["procedure"] == 0


@pytest.mark.req("STORE-5", "LOG-1")
def test_each_step_is_answered_with_its_time_logged_and_there_after_a_reset(hand: Hand) -> None:
    clinic = hand.pump.clinic
    hand.now_us += 7
    orders = (
        ("start_procedure", lambda: clinic.start_procedure(PATENCY)),
        ("answer_procedure", lambda: clinic.answer_procedure(0, 0, 0)),
        ("interrupt_procedure", lambda: clinic.interrupt_procedure(1)),
    )
    for name, order in orders:
        reply = order()
        assert reply["at_us"] == hand.now_us
        assert {key: reply[key] for key in report(hand)} == report(hand)
        assert report(hand.restarted(1)) == report(hand)
        accepted = [each["detail"] for each in logged(hand, protocol.EVENT_ACCEPTED)]
        assert accepted[-1] == BY_NAME[name].id
    assert report(hand)["procedure"] == 0


def test_a_delivery_that_is_broken_off_amid_a_procedure_that_goes_on_is_over_at_once(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(RINSE)
    rinse(hand, "pull_naoh")
    say(hand)
    hand.live(hand.now_us + 3 * SECOND_US)
    made = len(hand.strokes_us)
    hand.pump.clinic.interrupt_procedure(report(hand)["step"])
    assert step(hand) == "remove_naoh" and 0 < made < 20
    ended = deliveries(hand)[-1]
    assert (ended["kind"], ended["end_us"], ended["reason"]) == (
        protocol.KIND_NAOH, hand.now_us, protocol.REASON_CANCELLED,
    )  # fmt: skip
    assert (ended["delivered_strokes"], ended["abandoned_strokes"]) == (made, 20 - made)
