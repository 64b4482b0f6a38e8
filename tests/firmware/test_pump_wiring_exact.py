"""What the pump passes from one of its parts to another: each of it shows, once."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest

from firmware import dose_codes, protocol
from firmware.errors import Refused
from firmware.occlusion import codes
from firmware.protocol.alarms import BY_NAME
from firmware.upkeep import energy, parts
from tests.firmware.hand import SECOND_US, Hand, alarms, refused
from tests.firmware.test_pump_exact import HOUR_US, woken
from tests.firmware.test_told_and_kept import logged


@pytest.mark.req("ALARM-2", "STORE-1", "GUARD-3")
def test_a_second_failure_after_a_resume_stops_the_pump_again_and_is_stored() -> None:
    """The alarm is latched already, and does nothing more by itself."""
    hand = Hand()
    hand.pump.therapy.set_basal(1_000)
    for count in (1, 2):
        hand.pump.boluses.bolus(1_000)
        hand.pump.failures.failed(ValueError("for the test"))
        for each in (hand, hand.restarted(1)):
            assert each.pump.status()["state"] == protocol.STATE_STOPPED
            assert len(logged(each, protocol.EVENT_EXCEPTION)) == count
            ended = [event["reason"] for event in logged(each, protocol.EVENT_DELIVERY_ENDED) if event["detail"] == 1]
            assert ended == [protocol.REASON_FAULT] * count
        hand.pump.switch.resume()


@pytest.mark.req("THER-10", "ALARM-1")
@pytest.mark.parametrize("part", [parts.LINK, parts.TONES])
def test_a_part_that_therapy_does_not_need_is_told_by_its_number(part: int) -> None:
    hand = Hand()
    error = OSError("for the test")
    hand.pump.failures.of_part(part, error)
    found = hand.pump.alarms.read_alarms(0)["records"]
    assert [each["detail"] for each in found if each["alarm"] == BY_NAME["communication_error"].number] == [1 + part]
    assert [each["detail"] for each in logged(hand, protocol.EVENT_EXCEPTION)] == [1]
    assert hand.pump.failures.last_error is error


@pytest.mark.req("THER-10")
def test_the_link_is_asked_each_time_and_what_it_raises_is_its_failure() -> None:
    hand = Hand()
    asked: list[int] = []
    hand.pump.failures.attend(lambda: asked.append(1))
    assert asked == [1] and not hand.pump.failures.spared.failing
    hand.pump.failures.attend(partial(int, "for the test"))
    assert (
        hand.pump.failures.spared.failing == 1 << parts.LINK and hand.pump.status()["state"] == protocol.STATE_RUNNING
    )


@pytest.mark.req("PWR-1", "ALARM-1")
@pytest.mark.parametrize(("level", "name"), [(energy.GOOD, ""), (energy.LOW, "pump_low_battery"), (None, "")])
def test_the_hourly_look_tells_the_batterys_level(level: int | None, name: str) -> None:
    hand = Hand()
    hand.pump.upkeep.account = lambda: level  # type: ignore[method-assign]
    woken(hand, HOUR_US)
    assert [each for each in alarms(hand) if "battery" in each] == ([name] if name else [])


@pytest.mark.req("STORE-1", "GUARD-1")
def test_the_hourly_look_keeps_the_time() -> None:
    hand = Hand()
    kept: list[int] = []
    hand.pump.books.keep_time = lambda: kept.append(hand.now_us)  # type: ignore[method-assign]
    woken(hand, HOUR_US)
    assert kept == [HOUR_US]


@pytest.mark.req("LOG-3", "PWR-1")
def test_telemetry_is_the_status_and_what_the_battery_has_given() -> None:
    hand = Hand()
    told = hand.pump._telling()
    ledger = hand.pump.upkeep.energy
    assert told == hand.pump.status() | {"battery_left_nah": ledger.left_nah(), "wakes": ledger.wakes}


@pytest.mark.req("OCC-1", "LOG-1", "STORE-1")
def test_a_second_finding_under_the_same_alarm_is_stored_too() -> None:
    hand = Hand()
    for _ in range(2):
        hand.pump._diagnosed(codes.Diagnosis(codes.OCCLUSION, 1, 2, 3))
    for each in (hand, hand.restarted(1)):
        assert len(logged(each, protocol.EVENT_DIAGNOSIS)) == 2


@pytest.mark.req("OCC-1", "ALARM-2", "THER-6")
def test_a_resume_and_a_halt_are_told_to_whom_they_concern() -> None:
    hand = Hand()
    pump = hand.pump
    told: list[object] = []
    pump.switch._watch = SimpleNamespace(start=lambda now_us: told.append(("watch", now_us)))
    pump.alarms.raise_alarm = told.append  # type: ignore[method-assign]
    pump.course.bolus_over = lambda: told.append("course")  # type: ignore[method-assign]
    pump.switch.suspend()
    assert told == ["course", "pump_suspended"]
    pump.switch.stop()
    assert told[2:] == ["course", "pump_stopped"]
    hand.now_us = 7
    pump.switch.resume()
    assert told[4:] == [("watch", 7)]
    del pump.alarms.raise_alarm
    pump.alarms.lapsed()
    assert alarms(hand) == ["communication_error"]


@pytest.mark.req("THER-4", "THER-6", "SELF-1")
@pytest.mark.parametrize("unfit", ["course.need_fit", "refills.need_above_stop", "upkeep.need_passed"])
def test_each_of_three_reasons_keeps_a_pump_from_resuming(unfit: str) -> None:
    hand = Hand()
    hand.pump.switch.stop()

    def never() -> None:
        raise Refused(protocol.UNFIT)

    part, _, name = unfit.partition(".")
    setattr(getattr(hand.pump, part), name, never)
    refused(hand.pump.switch.resume, protocol.UNFIT)
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED


@pytest.mark.req("GUARD-1", "THER-6", "STORE-1")
def test_a_procedures_delivery_that_a_cap_cuts_waits_for_another_go() -> None:
    hand = Hand()
    hand.pump.switch.stop()
    clinic = hand.pump.clinic
    clinic.start_procedure(5)
    clinic.answer_procedure(0, 0, 0)
    clinic.answer_procedure(1, 0, 0)
    hand.live(3 * SECOND_US)
    made = len(hand.strokes_us)
    assert 0 < made < 5
    hand.core.set_limits(35_000, 40_000, 200 * made, 150_000)  # past the firmware, as nothing of it does
    hand.live(20 * SECOND_US)
    for each in (hand, hand.restarted(1)):
        report = each.pump.clinic.read_procedure()
        assert not report["procedure_delivering"] and report["procedure_strokes_left"] == 5 - made
    assert len(hand.strokes_us) == made


@pytest.mark.req("STORE-1", "ALARM-1", "ALARM-2")
def test_a_memory_that_takes_no_record_stops_the_pump_each_time_and_is_tried_again_a_minute_later() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    for _ in range(2):
        made = len(hand.strokes_us)
        hand.live(hand.now_us + 30 * SECOND_US)
        assert len(hand.strokes_us) == made + 1
        hand.memory.failing = True
        hand.pump.books.store()
        assert hand.pump.status()["state"] == protocol.STATE_STOPPED and "memory_integrity" in alarms(hand)
        assert hand.pump.rounds.due_us == hand.now_us + 60 * SECOND_US
        hand.memory.failing = False
        hand.live(hand.now_us + 60 * SECOND_US - 1)
        assert hand.pump.status()["memory"] == protocol.MEMORY_WRITE_FAILED
        hand.live(hand.now_us + 1)
        assert hand.pump.status()["memory"] == protocol.MEMORY_WHOLE and len(hand.strokes_us) == made + 1
        hand.pump.switch.resume()


@pytest.mark.req("STORE-1", "DOSE-5")
def test_a_pump_whose_memory_fails_is_still_before_anything_is_told() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1_000)
    told: list[bool] = []
    hand.pump.alarms.memory_failed = lambda: told.append(bool(hand.core.state()[dose_codes.SUSPENDED]))  # type: ignore[method-assign]
    hand.memory.failing = True
    hand.pump.books.store()
    assert told and all(told), "as often as it is tried"
