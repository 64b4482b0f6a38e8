"""What follows a failure, a fault, a visit, a cut amid an order: what stands in log, memory and status."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes, protocol
from firmware.protocol.alarms import BY_NAME
from tests.firmware.desk import Desk
from tests.firmware.hand import SECOND_US, Hand, alarms, refused
from tests.firmware.ram import PowerCut
from tests.firmware.test_told_and_kept import logged
from tests.firmware.therapy.therapy_by_hand import HOUR_US, refill, settings, status

DAY_US = 24 * HOUR_US


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.mark.req("ALARM-1", "DOSE-5", "STORE-5")
def test_a_mistake_of_the_firmware_stops_books_and_tells(hand: Hand) -> None:
    hand.pump.therapy.set_basal(1000)
    bolus = hand.pump.boluses.bolus(2000)["delivery_id"]
    hand.live(5 * SECOND_US)
    hand.pump.failures.failed(ValueError("for the test"))
    made = len(hand.strokes_us)
    hand.live(6 * SECOND_US)
    for one in (hand, hand.restarted(SECOND_US)):
        assert status(one)["state"] == protocol.STATE_STOPPED
        assert "system_error" in alarms(one)
        latched = {each["alarm"]: each["detail"] for each in one.pump.alarms.read_alarms(0)["records"]}
        assert latched[BY_NAME["system_error"].number] == 2
        event = logged(one, protocol.EVENT_EXCEPTION)[-1]
        assert (event["category"], event["detail"]) == (protocol.CATEGORY_MALFUNCTION, 2)
        ended = [each for each in logged(one, protocol.EVENT_DELIVERY_ENDED) if each["a"] == bolus]
        assert [(each["reason"], each["c"], each["d"]) for each in ended] == [(protocol.REASON_FAULT, made, 10 - made)]
    hand.live(HOUR_US)
    assert len(hand.strokes_us) == made

    def poll() -> None:
        raise OSError(5)

    hand.pump.switch.resume()
    hand.pump.failures.attend(poll)  # a failing link is spared, also after a mistake that was dealt with
    assert status(hand)["state"] == protocol.STATE_RUNNING and "communication_error" in alarms(hand)


@pytest.mark.req("GUARD-4", "DOSE-5", "STORE-5")
def test_a_fault_is_in_memory_at_once_and_what_it_ended_too(hand: Hand) -> None:
    bolus = hand.pump.boluses.bolus(2000)["delivery_id"]
    hand.live(60 * SECOND_US, confirm=False)
    assert hand.halted, "the motor first"
    for one in (hand, hand.restarted(SECOND_US)):
        assert (status(one)["state"], status(one)["fault"]) == (protocol.STATE_FAULT, dose_codes.FAULT_COUNT)
        assert [each["detail"] for each in logged(one, protocol.EVENT_FAULT)] == [dose_codes.FAULT_COUNT]
        assert "stroke_sensor_fault" in alarms(one)
        ended = [each for each in logged(one, protocol.EVENT_DELIVERY_ENDED) if each["a"] == bolus]
        assert [each["reason"] for each in ended] == [protocol.REASON_FAULT]
        for order in (one.pump.switch.resume, one.pump.switch.suspend, one.pump.switch.stop):
            error = refused(order, protocol.WRONG_STATE)
            assert error.value == protocol.STATE_FAULT
    hand.pump.faults.clear_fault(dose_codes.FAULT_COUNT)
    assert status(hand)["state"] == protocol.STATE_STOPPED and hand.core.state()[dose_codes.SUSPENDED]
    hand.live(HOUR_US)
    assert len(hand.strokes_us) == 2
    assert status(hand.restarted())["state"] == protocol.STATE_STOPPED


@pytest.mark.req("THER-3", "ALARM-1")
def test_stop_and_suspend_are_logged_stored_alarms_and_refused_where_they_say_nothing(hand: Hand) -> None:
    hand.pump.therapy.set_basal(1000)
    for order, state, alarm in (("suspend", 1, "pump_suspended"), ("stop", 2, "pump_stopped")):
        expected = protocol.STATES.index(("", "suspended", "stopped")[state])
        getattr(hand.pump.switch, order)()
        for one in (hand, hand.restarted(SECOND_US)):
            assert status(one)["state"] == expected and alarm in alarms(one)
            assert protocol.BY_ID[logged(one, protocol.EVENT_ACCEPTED)[-1]["detail"]].name == order
        error = refused(getattr(hand.pump.switch, order), protocol.WRONG_STATE)
        assert error.value == expected
    refused(hand.pump.switch.suspend, protocol.WRONG_STATE)
    hand.pump.switch.resume()
    assert not {"pump_suspended", "pump_stopped"} & set(alarms(hand))
    refused(hand.pump.switch.resume, protocol.WRONG_STATE)


@pytest.mark.req("LOG-1", "LOG-2")
def test_visitors_are_told_apart_and_a_crowd_is_counted(hand: Hand) -> None:
    desk = Desk(hand)
    told = logged(hand, protocol.EVENT_CONNECTED)
    assert [(each["category"], each["detail"], each["a"]) for each in told] == [(protocol.CATEGORY_CONNECTIVITY, 1, 1)]
    for _ in range(5):
        desk.opens()
    assert len(logged(hand, protocol.EVENT_CONNECTED)) == 1
    hand.live(2 * HOUR_US)
    desk.opens()
    assert logged(hand, protocol.EVENT_CONNECTED)[-1]["a"] == 6, "those that were not told, and this one"
    before = len(logged(hand, protocol.EVENT_REFUSED))
    for _ in range(100):
        hand.pump.refused(0x11, protocol.BOLUS_ACTIVE, -(1 << 40))
    found = logged(hand, protocol.EVENT_REFUSED)[before:]
    assert 25 <= len(found) <= 32 and {each["a"] for each in found} == {0xFFFFFFFF}
    hand.live(hand.now_us + HOUR_US)
    hand.pump.refused(0x11, protocol.BOLUS_ACTIVE, 7)
    last = logged(hand, protocol.EVENT_REFUSED)[-1]
    assert (last["a"], last["b"]) == (7, 100 - len(found) + 1)


@pytest.mark.req("STORE-2", "LOG-2", "THER-1")
def test_settings_are_in_force_after_a_cut_with_their_order_or_not_at_all(hand: Hand) -> None:
    """The cut at each write of the order: the settings are the old or the new ones, and the log knows which."""
    told = set()
    values = hand.pump.patterns.read_settings()
    for cut in range(1, 40):
        hand = Hand()
        hand.memory.cut_write = len(hand.memory.writes) + cut
        try:
            settings(hand, utc_offset_min=60)
        except PowerCut:
            after = hand.restarted(SECOND_US)
            found = after.pump.patterns.read_settings()
            accepted = [protocol.BY_ID[each["detail"]].name for each in logged(after, protocol.EVENT_ACCEPTED)]
            new = found == values | {"utc_offset_min": 60}
            assert new or found == values
            assert ("set_settings" in accepted) == new
            told.add(new)
        else:
            break
    assert told == {False, True} and cut < 39


@pytest.mark.req("THER-8", "ALARM-1")
def test_setting_a_clock_that_had_gone_astray_says_so(hand: Hand) -> None:
    hand.live(HOUR_US // 2)
    hand.rtc.now_s += 5 * 3600
    Desk(hand).ask("set_time", utc_s=1_767_225_600 + 7200)
    assert "clock_lost" in alarms(hand)
    events = [each["event"] for each in hand.pump.reports.read_log(0, 1000)["events"]]
    assert events.index(protocol.EVENT_CLOCK_LOST) < events.index(protocol.EVENT_CLOCK_SET)
    quiet = Hand()
    quiet.live(HOUR_US // 2)
    Desk(quiet).ask("set_time", utc_s=1_767_225_600 + 7200)
    assert "clock_lost" not in alarms(quiet)
    found = logged(quiet, protocol.EVENT_CLOCK_SET)[-1]
    assert (found["detail"], found["reason"], found["a"], found["b"]) == (
        0, 0, 1_767_225_600 + 1800, 1_767_225_600 + 7200,
    )  # fmt: skip


@pytest.mark.req("THER-4", "THER-5")
def test_the_reservoir_s_figures(hand: Hand) -> None:
    read = hand.pump.refills.read_reservoir
    never = {"level": 0, "left_mu": 0, "filled_mu": 0, "filled_utc_s": 0, "empty_h": 0xFFFFFFFF, "due_utc_s": 0}
    assert read() == never | {"now_us": 0}
    settings(hand, reservoir_stop_mu=100_000, in_use_days=40)
    hand.live(10 * SECOND_US)
    reply = refill(hand)
    assert (reply["at_us"], reply["filled_nl"], reply["missing_nl"]) == (10 * SECOND_US, 15_000_000, 0)
    filled_s = 1_767_225_600 + 10
    first = read()
    assert (first["filled_mu"], first["left_mu"], first["filled_utc_s"]) == (6_000_000, 6_000_000, filled_s)
    assert (first["empty_h"], first["due_utc_s"]) == (0xFFFFFFFF, filled_s + 40 * 86_400), "nothing is used"
    hand.pump.therapy.set_basal(1000)
    by_rate = (6_000_000 - 100_000) * 24 // 24_000
    assert read()["empty_h"] == by_rate, "at the rate, without a day's use"
    hand.live(hand.now_us + 2 * HOUR_US)
    assert read()["empty_h"] == by_rate - 2, "at the rate, not at what two hours have used in a day"
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 2000, 30)
    assert by_rate // 2 - 2 <= read()["empty_h"] <= by_rate // 2, "a temporary rate, while it runs"
    hand.pump.therapy.cancel_temp()
    hand.pump.boluses.bolus(24_000)
    hand.live(hand.now_us + 2 * HOUR_US)
    used = 200 * len(hand.strokes_us)
    found = read()
    assert (found["left_mu"], found["level"]) == (6_000_000 - used, 0)
    assert found["empty_h"] == (6_000_000 - used - 100_000) * 86_400 // used // 3600, "at what a day has used"
    assert read()["due_utc_s"] == filled_s + 40 * 86_400 and not hand.pump.refills.due()
    hand.pump.therapy.set_basal(50)
    hand.live(hand.now_us + 39 * DAY_US)
    assert not hand.pump.refills.due()
    hand.live(hand.now_us + DAY_US)
    assert hand.pump.refills.due() and "refill_due" in alarms(hand)


@pytest.mark.req("STORE-5", "THER-5", "THER-6")
@pytest.mark.parametrize("number", range(1, 6))
def test_a_procedure_is_where_it_was_after_a_reset_at_every_step(number: int) -> None:
    values = {"withdrawn_nl": 15_000_000, "put_in_nl": 14_000_000, "taken_back_nl": 1_000_000, "flushed_nl": 9_000_000,
              "filled_nl": 9_000_000}  # fmt: skip

    def walk(resets: bool) -> tuple[Any, ...]:
        hand = Hand()
        refill(hand)
        hand.pump.switch.stop()
        hand.pump.clinic.start_procedure(number)
        seen = []
        for _ in range(30):
            hand.live(hand.now_us + 10 * 60 * SECOND_US)
            if resets:
                before = hand.pump.clinic.read_procedure()
                hand = hand.restarted(SECOND_US)
                assert hand.pump.clinic.read_procedure() == before
                assert status(hand)["state"] == protocol.STATE_PROCEDURE
            at = hand.pump.clinic.read_procedure()
            step = hand.pump.course.guide.step
            value = values.get(step.takes.name, step.takes.low) if step.takes else 0
            reply = hand.pump.clinic.answer_procedure(at["step"], 0, value)
            seen.append({name: reply[name] for name in reply if name != "at_us"})
            hand.live(hand.now_us + 10 * 60 * SECOND_US)
            if not hand.pump.course.under_way:
                break
        assert status(hand)["state"] == protocol.STATE_STOPPED
        end = hand.pump.clinic.read_procedure()
        return seen, end, status(hand)["reservoir_mu"], hand.pump.refills.number

    assert walk(True) == walk(False)


@pytest.mark.req("LINK-4")
def test_mistakes_are_counted_one_by_one(hand: Hand) -> None:
    desk = Desk(hand)

    def fail(**question: Any) -> None:
        raise KeyError("for the test")

    hand.pump.reports.read_deliveries = fail  # type: ignore[method-assign]
    for count in range(1, 4):
        assert desk.ask("read_deliveries", since_id=0, max_count=1) == "internal_error"
        assert desk.commands.counters.internal_errors == count
    assert status(hand)["state"] == protocol.STATE_RUNNING
