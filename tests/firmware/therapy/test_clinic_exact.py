"""The figures of a refill, each at its own step: what is possible is taken, one nanolitre more is refused and named."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from firmware.protocol import refill
from firmware.protocol.refill import CAPACITY_NL
from tests.firmware.hand import SECOND_US, Hand, refused
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


def test_a_refill_after_one_that_was_broken_off_is_recorded_too(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(REFILL)
    say(hand)
    hand.pump.clinic.interrupt_procedure(report(hand)["step"])
    guided(hand, ML, 10 * ML)
    answer(hand, ML)
    assert hand.pump.refills.number == 1 and hand.pump.status()["reservoir_mu"] == 9_000_000 * 4 // 10


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
