"""A bolus and the reservoir: what is left above the stop, and what happens when basal takes it (THER-4)."""

from __future__ import annotations

import pytest

from firmware import protocol
from tests.firmware.hand import Hand, alarms, deliveries, refused
from tests.firmware.therapy.therapy_by_hand import HOUR_US

PUT_IN = {"put_before_mg": 20_000, "taken_back_nl": 0, "drawn_before_mg": 1, "drawn_after_mg": 1}


def filled(above_stop_mu: int) -> Hand:
    """A pump with so much above the level at which it stops."""
    hand = Hand()
    hand.pump.clinic.record_refill(put_after_mg=10_000, **PUT_IN)
    left_mu = hand.pump.refills.left_mu // 200 * 200
    levels = dict.fromkeys(("reservoir_stop_mu", "reservoir_empty_mu"), left_mu - above_stop_mu)
    settings = hand.pump.patterns.read_settings() | levels | {"reservoir_low_mu": left_mu}
    hand.pump.patterns.set_settings(**settings)
    return hand


@pytest.mark.req("THER-4")
@pytest.mark.parametrize("kind", ["bolus", "square_bolus", "dual_bolus"])
def test_a_bolus_larger_than_what_is_left_above_the_stop_is_refused_and_names_it(kind: str) -> None:
    fields = {"bolus": (8200,), "square_bolus": (8200, 30), "dual_bolus": (4000, 4200, 30)}
    hand = filled(8000)
    error = refused(lambda: getattr(hand.pump.boluses, kind)(*fields[kind]), protocol.RESERVOIR_LEVEL)
    assert (error.field_name, error.value) == ("volume_mu", 8200)
    assert 8000 <= error.limit < 8200
    hand.pump.boluses.square_bolus(4000, 60)
    error = refused(lambda: hand.pump.boluses.bolus(4200), protocol.RESERVOIR_LEVEL)
    assert 4000 <= error.limit < 4200
    hand.pump.boluses.bolus(4000)
    hand.live(2 * HOUR_US)
    assert [each["reason"] for each in deliveries(hand) if each["kind"]] == [protocol.REASON_COMPLETED] * 2


@pytest.mark.req("THER-4")
def test_a_bolus_that_the_reservoir_ends_says_so() -> None:
    hand = filled(8000)
    hand.pump.therapy.set_basal(3000)
    hand.pump.boluses.square_bolus(8000, 120)
    hand.live(2 * HOUR_US)
    ended = [each for each in deliveries(hand) if each["reason"] == protocol.REASON_RESERVOIR]
    assert [each["kind"] for each in ended] == [protocol.KIND_BASAL, protocol.KIND_SQUARE_BOLUS]
    assert ended[1]["delivered_strokes"] + ended[1]["abandoned_strokes"] == 40
    assert "empty_reservoir" in alarms(hand)
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED


@pytest.mark.req("THER-4")
def test_of_a_pump_that_was_never_filled_nothing_is_known_and_nothing_refused() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(40_000)


@pytest.mark.req("THER-4")
def test_of_a_pump_that_was_never_filled_neither_the_end_nor_the_next_refill_is_known() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(3000)
    hand.live(2 * HOUR_US)
    told = hand.pump.refills.read_reservoir()
    assert (told["empty_h"], told["due_utc_s"]) == (0xFFFFFFFF, 0)


@pytest.mark.req("THER-4")
def test_a_refill_that_leaves_no_more_than_the_stop_stops_the_pump_at_once() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(3000)
    hand.pump.clinic.record_refill(put_after_mg=19_500, **PUT_IN)  # 199 U
    assert hand.pump.refills.level() == protocol.RESERVOIRS.index("stop")
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED
    assert "empty_reservoir" in alarms(hand)
    assert deliveries(hand)[-1]["reason"] == protocol.REASON_RESERVOIR


@pytest.mark.req("THER-4", "STORE-5", "STORE-2")
@pytest.mark.parametrize("above", [1, 2])
def test_a_stroke_that_a_reset_counts_stops_a_procedure_as_one_that_was_made(above: int) -> None:
    """Power goes before the first stroke of a step is seen; it counts, and so may reach the level of the stop."""
    hand = Hand()
    hand.pump.clinic.record_refill(put_after_mg=10_000, **PUT_IN)
    hand.pump.switch.stop()
    hand.pump.clinic.start_procedure(protocol.PROCEDURES.index("patency"))
    left_mu = hand.pump.refills.left_mu
    levels = dict.fromkeys(("reservoir_stop_mu", "reservoir_empty_mu"), (left_mu - above * 200 + 199) // 200 * 200)
    settings = hand.pump.patterns.read_settings() | levels | {"reservoir_low_mu": 6_000_000}
    hand.pump.patterns.set_settings(**settings)
    while not (step := hand.pump.clinic.read_procedure())["procedure_delivering"]:
        hand.pump.clinic.answer_procedure(step["step"], 0, 0)
    after = hand.restarted()
    assert after.pump.refills.left_mu == left_mu - 200
    stopped = after.pump.status()["state"] == protocol.STATE_STOPPED
    assert stopped == (above == 1)
    again = after.restarted()
    assert (again.pump.status()["state"] == protocol.STATE_STOPPED) == stopped
