"""Orders of boluses: what is answered, what is logged, and what is refused to the last stroke."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import events, protocol
from tests.firmware.desk import BY_NAME
from tests.firmware.hand import SECOND_US, Hand, refused
from tests.firmware.test_told_and_kept import logged

pytestmark = pytest.mark.req("THER-2", "DOSE-3")


def accepted(hand: Hand, name: str) -> list[tuple[int, ...]]:
    found = [each for each in logged(hand, protocol.EVENT_ACCEPTED) if each["detail"] == BY_NAME[name].id]
    return [(each["a"], each["b"], each["c"], each["d"]) for each in found]


@pytest.fixture
def hand() -> Hand:
    hand = Hand()
    hand.pump.therapy.set_basal(0)
    hand.now_us = 9
    return hand


def test_each_kind_is_answered_and_logged_with_its_figures(hand: Hand) -> None:
    boluses = hand.pump.boluses
    first = boluses.bolus(600)
    assert first == {"at_us": 9, "delivery_id": first["delivery_id"], "strokes": 3}
    assert accepted(hand, "bolus") == [(first["delivery_id"], 600, 0, 0)]
    second = boluses.square_bolus(400, 30)
    assert second == {"at_us": 9, "delivery_id": first["delivery_id"] + 1, "strokes": 2}
    assert accepted(hand, "square_bolus") == [(second["delivery_id"], 400, 30, 0)]
    hand.live(7_200 * SECOND_US)
    both = boluses.dual_bolus(600, 400, 60)
    number = second["delivery_id"] + 1
    assert both == {"at_us": hand.now_us, "delivery_id": number, "square_id": number + 1, "strokes": 5}
    assert accepted(hand, "dual_bolus") == [(number, 600, 400, 60)]
    cancelled = boluses.cancel_bolus()
    assert (cancelled["delivery_id"], cancelled["square_id"]) == (number, number + 1)
    assert accepted(hand, "cancel_bolus") == [(number, number + 1, 0, 0)]


def test_a_kind_that_runs_is_not_begun_again_and_the_other_is(hand: Hand) -> None:
    boluses = hand.pump.boluses
    boluses.bolus(600)
    for order in (lambda: boluses.bolus(400), lambda: boluses.dual_bolus(400, 200, 30)):
        error = refused(order, protocol.BOLUS_ACTIVE)
        assert error.field_name == "volume_mu" and error.value in (400, 600)
    boluses.square_bolus(400, 30)
    refused(lambda: boluses.square_bolus(400, 30), protocol.BOLUS_ACTIVE)
    hand.live(10 * SECOND_US)
    boluses.bolus(400)


def test_of_what_does_not_run_nothing_is_cancelled(hand: Hand) -> None:
    boluses = hand.pump.boluses
    boluses.bolus(600)
    reply: dict[str, Any] = boluses.cancel_bolus()
    assert reply["square_id"] == reply["square_programmed_mu"] == reply["square_delivered_mu"] == 0
    boluses.square_bolus(400, 30)
    reply = boluses.cancel_bolus()
    assert reply["delivery_id"] == reply["programmed_mu"] == reply["delivered_mu"] == 0
    assert accepted(hand, "cancel_bolus")[1][0] == 0
    refused(boluses.cancel_bolus, protocol.NO_BOLUS_ACTIVE)


@pytest.mark.req("THER-4")
def test_what_is_left_above_the_stop_can_be_given_and_not_a_stroke_more(hand: Hand) -> None:
    hand.pump.refills.above_stop_mu = lambda: 1_000  # type: ignore[method-assign]
    error = refused(lambda: hand.pump.boluses.bolus(1_200), protocol.RESERVOIR_LEVEL)
    assert (error.field_name, error.value, error.limit) == ("volume_mu", 1_200, 1_000)
    hand.pump.boluses.bolus(1_000)
    error = refused(lambda: hand.pump.boluses.square_bolus(200, 30), protocol.RESERVOIR_LEVEL)
    assert error.limit == 0, "what runs is promised"


@pytest.mark.parametrize("square", [False, True])
def test_a_bolus_whose_last_stroke_has_not_been_booked_yet_still_runs(hand: Hand, square: bool) -> None:
    """A new one of its kind would discard what the core has counted; one of the other kind does not."""
    boluses = hand.pump.boluses

    def ordered(square: bool) -> None:
        boluses.square_bolus(200, 30) if square else boluses.bolus(200)

    ordered(square)
    hand.begin_stroke(0)
    hand.now_us += 200_000
    hand.core.confirmed()
    hand.core.ended()
    hand.core.settle(hand.now_us)
    error = refused(lambda: ordered(square), protocol.BOLUS_ACTIVE)
    assert (error.field_name, error.value) == ("volume_mu", 200)
    ordered(not square)
    hand.pump.handle(events.STROKE)
    ordered(square)


def test_a_procedures_strokes_are_no_bolus_to_cancel_and_no_bolus_is_logged_as_0(hand: Hand) -> None:
    boluses = hand.pump.boluses
    number = boluses.bolus(600)["delivery_id"]
    reply = boluses.cancel_bolus()
    assert (reply["delivery_id"], reply["square_id"]) == (number, 0)
    assert accepted(hand, "cancel_bolus") == [(number, 0, 0, 0)]
    number = boluses.square_bolus(600, 30)["delivery_id"]
    boluses.cancel_bolus()
    assert accepted(hand, "cancel_bolus")[-1] == (0, number, 0, 0)
    hand.pump.switch.stop()
    hand.pump.course.order_strokes(hand.now_us, 5, protocol.KIND_DIAGNOSTIC)
    refused(boluses.cancel_bolus, protocol.NO_BOLUS_ACTIVE)
    hand.live(hand.now_us + 20 * SECOND_US)
    assert len(hand.strokes_us) == 5


@pytest.mark.req("DOSE-6")
def test_a_bolus_begins_when_the_look_ahead_is_done(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = hand.pump.therapy.forecast.cut

    def slow(*args: int) -> tuple[int, int] | None:
        hand.now_us += 600_000  # longer than any board decides ahead
        return looked(*args)

    monkeypatch.setattr(hand.pump.therapy.forecast, "cut", slow)
    asked_us = hand.now_us
    reply = hand.pump.boluses.bolus(400)
    assert reply["at_us"] == hand.now_us == asked_us + 600_000
    hand.live(hand.now_us + 3 * SECOND_US)
    assert hand.strokes_us == [reply["at_us"], reply["at_us"] + 2 * SECOND_US]
