"""The figures of a refill, each at its own step: what is possible is taken, one nanolitre more is refused and named."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes, protocol
from firmware.protocol import refill
from firmware.protocol.procedures import BY_NUMBER
from firmware.protocol.refill import CAPACITY_NL
from firmware.storage import state_record
from firmware.therapy import guide
from firmware.therapy.course import STATE_BYTES
from tests.firmware.desk import BY_NAME
from tests.firmware.hand import SECOND_US, Hand, deliveries, refused
from tests.firmware.ram import RamNvm
from tests.firmware.test_told_and_kept import logged
from tests.firmware.therapy.test_clinic import PATENCY, REFILL, RINSE, report, rinse, say, step

pytestmark = pytest.mark.req("THER-5", "THER-6")
ML = 1_000_000
NOTHING = refill.NOTHING


@pytest.fixture
def hand() -> Hand:
    hand = Hand()
    hand.pump.switch.stop()
    return hand


def limit(hand: Hand, value: int) -> tuple[str, int]:
    """(field, limit) with which `value` is refused at this step, and nothing has changed."""
    before = report(hand)
    error = refused(lambda: say(hand, 0, value), protocol.OUT_OF_RANGE)
    assert error.value == value and report(hand) == before
    assert error.field_name is not None
    return error.field_name, error.limit


def figures(reply: dict[str, Any]) -> dict[str, int]:
    return {name: reply[name] for name in NOTHING}


def answer(hand: Hand, value: int = 0) -> dict[str, Any]:
    return dict(hand.pump.clinic.answer_procedure(report(hand)["step"], 0, value))


def guided(hand: Hand, withdrawn_nl: int, put_in_nl: int) -> None:
    """Up to the step that asks what is taken back."""
    hand.pump.clinic.start_procedure(REFILL)
    say(hand)
    say(hand, 0, withdrawn_nl)
    say(hand, 0, put_in_nl)


def test_each_figure_of_a_guided_refill_has_its_limit(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(REFILL)
    say(hand)
    assert limit(hand, CAPACITY_NL + 1) == ("withdrawn_nl", CAPACITY_NL)
    assert figures(answer(hand, CAPACITY_NL)) == NOTHING
    assert limit(hand, refill.MOST_PUT_IN_NL + 1) == ("put_in_nl", refill.MOST_PUT_IN_NL)
    assert figures(answer(hand, 17 * ML)) == NOTHING
    assert limit(hand, 17 * ML - CAPACITY_NL - 1) == ("taken_back_nl", 2 * ML)
    assert limit(hand, 5 * ML + 1) == ("taken_back_nl", 5 * ML), "a syringe's"
    say(hand, 0, 2 * ML)
    assert hand.pump.status()["reservoir_mu"] == 6_000_000


def test_more_than_was_put_in_is_not_taken_back(hand: Hand) -> None:
    guided(hand, 0, 4 * ML)
    assert limit(hand, 4 * ML) == ("taken_back_nl", 4 * ML - 1)
    say(hand, 0, 4 * ML - 1)
    assert hand.pump.refills.left_mu == 0, "a nanolitre"


def test_no_more_can_be_withdrawn_than_the_last_fill_can_have_left(hand: Hand) -> None:
    guided(hand, 0, 10 * ML)
    say(hand, 0, 0)
    say(hand)
    most_nl = hand.pump.refills.most_left_nl()
    assert 10 * ML < most_nl < 11 * ML and hand.pump.refills.number == 1
    hand.pump.clinic.start_procedure(REFILL)
    say(hand)
    assert limit(hand, most_nl + 1) == ("withdrawn_nl", most_nl)
    say(hand, 0, most_nl)
    # Broken off the reservoir is no longer as the last refill had left it: then nothing is known of what is in it.
    hand.pump.clinic.interrupt_procedure(report(hand)["step"])
    hand.pump.clinic.start_procedure(REFILL)
    say(hand)
    assert figures(answer(hand, most_nl + 1)) == NOTHING


def test_what_was_shown_is_what_the_refill_found_to_the_last_digit_and_its_sign(hand: Hand) -> None:
    guided(hand, 0, 10 * ML)
    say(hand, 0, 0)
    say(hand)
    hand.pump.switch.resume()
    hand.pump.boluses.bolus(20_000)
    hand.live(hand.now_us + 300 * SECOND_US)
    hand.pump.switch.stop()
    guided(hand, 9_960_001, 10 * ML)
    shown = answer(hand, 0)
    delivered_nl = 500 * len(hand.strokes_us)
    assert shown["missing_nl"] == 10 * ML - 9_960_001 - delivered_nl < 0
    assert shown["delivered_nl"] == delivered_nl
    assert shown["accuracy_tenths"] < 0 and shown["band"] != refill.NO_REFILL
    again = answer(hand)
    assert figures(again) == figures(shown)
    hand.pump.clinic.start_procedure(PATENCY)
    assert figures(answer(hand)) == NOTHING


def test_what_was_drawn_in_a_rinse_counts_at_its_end_and_not_in_the_next_refill(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(RINSE)
    rinse(hand, "fill_insulin")
    say(hand, 0, 4 * ML)
    rinse(hand, "drawn_insulin")
    assert limit(hand, 4 * ML)[1] == 4 * ML - 1
    say(hand, 0, 1_200_000)
    assert limit(hand, 2_800_000)[1] == 2_799_999
    say(hand, 0, ML)
    while step(hand) != "none":
        say(hand)
        hand.live(hand.now_us + 60 * SECOND_US)
    assert hand.pump.status()["reservoir_mu"] == 1_800_000 * 4 // 10
    guided(hand, ML, 3 * ML)
    assert limit(hand, 3 * ML)[1] == 3 * ML - 1


@pytest.mark.req("STORE-2")
@pytest.mark.parametrize("whole", [True, False])
def test_a_refill_that_was_recorded_already_is_not_recorded_again(hand: Hand, whole: bool) -> None:
    if not whole:
        hand.pump.clinic.start_procedure(REFILL)
        say(hand)
        hand.pump.clinic.interrupt_procedure(report(hand)["step"])
    guided(hand, ML, 10 * ML)
    hand.pump._memory.settings.refills += 1
    number = hand.pump.refills.number
    assert figures(answer(hand, ML)) == NOTHING
    assert hand.pump.refills.number == number


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


def test_a_refill_after_one_that_was_broken_off_is_recorded_too(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(REFILL)
    say(hand)
    hand.pump.clinic.interrupt_procedure(report(hand)["step"])
    guided(hand, ML, 10 * ML)
    answer(hand, ML)
    assert hand.pump.refills.number == 1 and hand.pump.status()["reservoir_mu"] == 9_000_000 * 4 // 10


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


@pytest.mark.req("STORE-5")
def test_a_figure_that_has_not_been_given_is_none_after_a_reset_either(hand: Hand) -> None:
    guided(hand, 0, 10 * ML)
    after = hand.restarted(1)
    assert limit(after, 10 * ML) == ("taken_back_nl", 5 * ML)
    say(after, 0, 2 * ML)
    assert after.pump.refills.number == 1 and after.pump.status()["reservoir_mu"] == 8 * ML * 4 // 10


@pytest.mark.parametrize(("procedure", "free"), [(REFILL, False), (RINSE, False), (PATENCY, True)])
def test_a_refill_by_weight_is_refused_amid_a_procedure_that_ends_with_one(
    hand: Hand, procedure: int, free: bool
) -> None:
    clinic = hand.pump.clinic
    hand.pump.course.need_no_refill()
    clinic.start_procedure(procedure)
    if free:
        hand.pump.course.need_no_refill()
    else:
        error = refused(hand.pump.course.need_no_refill, protocol.WRONG_STATE)
        assert (error.field_name, error.value) == (None, protocol.STATE_PROCEDURE)
