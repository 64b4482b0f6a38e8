"""What follows from a failure: what is logged, stopped, booked and stored, and when it goes on to the board."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import pytest

from firmware import protocol
from firmware.upkeep import parts
from firmware.upkeep.failures import number_of
from tests.firmware.hand import SECOND_US, Hand, alarms
from tests.firmware.test_pump_exact import stopped
from tests.firmware.test_told_and_kept import logged


@pytest.mark.req("GUARD-3", "STORE-1")
def test_after_a_failure_it_looks_again_within_a_minute() -> None:
    hand = stopped()
    hand.pump.failures.failed(ValueError("for the test"))
    assert hand.pump.rounds.due_us == 60 * SECOND_US
    hand.now_us = 50 * SECOND_US
    hand.pump.failures.failed(ValueError("again"))
    assert hand.pump.rounds.due_us == 60 * SECOND_US, "and no later for another"


@pytest.mark.req("LOG-1")
def test_exceptions_have_their_numbers_in_the_log() -> None:
    kinds = (MemoryError, OSError, ValueError, TypeError, IndexError, KeyError, AttributeError, RuntimeError)
    assert [number_of(kind()) for kind in kinds] == list(range(8))
    assert number_of(ZeroDivisionError()) == number_of(UnicodeError()) == 8, "and any other is the next"


@pytest.mark.req("THER-10")
def test_a_failure_amid_another_one_goes_on_to_the_board() -> None:
    hand = Hand()

    def fails() -> None:
        raise OSError("for the test")

    hand.pump.failures.attend(fails)
    assert "communication_error" in alarms(hand) and hand.pump.failures.spared.failing == 1 << parts.LINK
    hand.pump.failures._failing = True
    with pytest.raises(OSError, match="for the test"):
        hand.pump.failures.attend(fails)
    hand.pump.failures._failing = False
    hand.pump.failures.failed(ValueError("for the test"))
    assert hand.pump.failures._failing is False


@pytest.mark.req("ALARM-1", "STORE-1", "DOSE-5")
def test_a_mistake_amid_a_bolus_ends_it_and_all_of_that_is_stored() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(2_000)
    hand.live(5 * SECOND_US)
    error = ValueError("for the test")
    hand.pump.failures.failed(error)
    assert hand.pump.failures.last_error is error and hand.pump.status()["state"] == protocol.STATE_STOPPED
    for each in (hand, hand.restarted(1)):
        assert [event["detail"] for event in logged(each, protocol.EVENT_EXCEPTION)] == [2]
        assert "system_error" in alarms(each)
        ended = [event for event in logged(each, protocol.EVENT_DELIVERY_ENDED) if event["detail"] == 1]
        assert [event["reason"] for event in ended] == [protocol.REASON_FAULT]


@pytest.mark.req("LOG-1", "STORE-1")
def test_a_question_that_failed_is_noted_and_stored_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc, "collect", lambda: 0)  # a tenth of a second on CPython, each time
    hand = Hand()
    hand.pump.therapy.set_basal(1_000)
    error = KeyError("for the test")
    writes = len(hand.memory.writes)
    hand.pump.failures.of_query(error)
    assert hand.pump.failures.last_error is error and hand.pump.status()["state"] == protocol.STATE_RUNNING
    assert len(hand.memory.writes) > writes
    assert [each["detail"] for each in logged(hand.restarted(1), protocol.EVENT_EXCEPTION)] == [5]
    for _ in range(40):
        hand.pump.failures.of_query(error)
    writes = len(hand.memory.writes)
    hand.pump.failures.of_query(error)
    assert len(hand.memory.writes) == writes, "what is only counted is not stored"


@pytest.mark.req("ALARM-1", "GUARD-3")
def test_a_failure_in_the_handling_of_a_failure_amid_a_request_goes_on_to_the_board() -> None:
    hand = Hand()

    def fails() -> None:
        raise OSError("for the test")

    hand.pump.therapy.halt_by_itself = lambda *_: fails()  # type: ignore[method-assign]
    with pytest.raises(OSError, match="for the test"):
        hand.pump.failures.attend(lambda: hand.pump.failures.failed(ValueError("an order has failed")))
    assert not hand.pump.failures.spared.failing, "it is no matter of the link"


@pytest.mark.req("DOSE-5", "LOG-1", "STORE-1")
def test_a_stroke_that_begins_just_as_a_mistake_stops_the_pump_is_booked_with_it() -> None:
    """Between the first stop of the motor and the halt; the second stop cuts it, after the books were closed."""
    hand = Hand()
    bolus = hand.pump.boluses.bolus(2_000)["delivery_id"]
    hand.live(5 * SECOND_US)
    stepper = hand.pump.alarms._stepper
    stops: list[int] = []

    def stop() -> None:
        stepper.stop()
        if not stops:
            hand.begin_stroke(50_000)
        stops.append(hand.now_us)

    hand.pump.alarms._stepper = SimpleNamespace(stop=stop)
    hand.pump.failures.failed(ValueError("for the test"))
    assert len(stops) == 2
    for each in (hand, hand.restarted(1)):
        ended = [event for event in logged(each, protocol.EVENT_DELIVERY_ENDED) if event["a"] == bolus]
        assert [(event["c"], event["d"]) for event in ended] == [(4, 6)]
