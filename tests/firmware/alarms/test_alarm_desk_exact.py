"""The alarms at work, one rule at a time: what each tells and does, when it sounds, and how it is acknowledged."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from firmware import dose_codes as code
from firmware import events, protocol
from firmware.errors import Refused
from firmware.protocol.alarms import ALARMS, BY_NAME, BY_NUMBER
from tests.firmware.alarms.test_alarms_kept import DAY_US, HOUR_US, acknowledge, filled, lowered, told
from tests.firmware.hand import SECOND_US, Hand, alarms, refused
from tests.firmware.test_told_and_kept import logged
from tests.firmware.therapy.therapy_by_hand import settings

pytestmark = pytest.mark.req("ALARM-1", "ALARM-2")
READ = next(each for each in protocol.MESSAGES if each.name == "read_alarms")


def test_the_alarms_are_read_in_pages_that_fit_a_frame() -> None:
    hand = Hand()
    for alarm in ALARMS:
        hand.pump.alarms.raise_alarm(alarm.name, alarm.number)
    seen: list[int] = []
    records = next(each for each in READ.reply if each.name == "records")
    while True:
        reply = hand.pump.alarms.read_alarms(len(seen))
        assert reply["alarms"] == len(ALARMS)
        assert len(protocol.encode(READ.reply, reply)) <= 240
        if not reply["records"]:
            break
        assert len(reply["records"]) == min(records.high, len(ALARMS) - len(seen))
        seen += [each["alarm"] for each in reply["records"]]
    assert sorted(seen) == [alarm.number for alarm in ALARMS] and len(seen) > records.high
    assert hand.pump.alarms.summary()[1] == len(ALARMS)


@pytest.mark.parametrize(("level", "name"), [(0, None), (1, "pump_low_battery"), (2, "depleted_battery")])
def test_the_battery_s_level_is_its_alarm(level: int, name: str | None) -> None:
    hand = Hand()
    hand.pump.alarms.battery(level)
    assert [each for each in alarms(hand) if each != "pump_stopped"] == ([] if name is None else [name])


@pytest.mark.req("GUARD-1")
def test_strokes_that_a_cap_took_are_told_once_and_only_the_new_ones() -> None:
    hand = Hand()
    hand.pump.record.withheld_told = 2**32 - 3
    hand.pump.alarms.withheld(code.HOUR, 2**32 - 3)
    assert alarms(hand) == []
    hand.pump.alarms.withheld(code.HOUR, 4)  # the core's count has come round
    assert [(BY_NUMBER[each["alarm"]].name, each["detail"]) for each in told(hand)] == [("hourly_maximum_exceeded", 7)]
    hand.pump.alarms.withheld(code.DAY, 5)
    assert [(BY_NUMBER[each["alarm"]].name, each["detail"]) for each in told(hand)][1:] == [
        ("daily_maximum_exceeded", 1)
    ]
    assert hand.pump.record.withheld_told == 5


def test_auto_off_and_the_tone_come_when_they_are_due_and_not_before() -> None:
    hand = Hand()
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | {"auto_off_min": 60}))
    due_us = hand.pump.therapy.auto_off_us
    assert due_us == HOUR_US
    hand.pump.alarms.time(due_us - 1)
    assert alarms(hand) == []
    hand.pump.alarms.time(due_us)
    assert "auto_off" in alarms(hand)
    tone_us = hand.pump.alarms.tone_us
    count = len(hand.tones_ms)
    hand.pump.alarms.time(tone_us - 1)
    assert len(hand.tones_ms) == count
    hand.pump.alarms.time(tone_us)
    assert len(hand.tones_ms) == count + 1 and hand.pump.alarms.tone_us > tone_us


def test_a_resumed_pump_needs_no_acknowledgement_that_it_had_stopped() -> None:
    hand = Hand()
    hand.pump.alarms.raise_alarm("auto_off")
    hand.pump.alarms.raise_alarm("communication_error")
    assert set(alarms(hand)) == {"auto_off", "communication_error", "pump_stopped"}
    assert acknowledge(hand, "communication_error") is False
    hand.pump.switch.resume()
    assert alarms(hand) == [] and hand.pump.alarms.tone_us == protocol.NEVER_US
    assert hand.pump.alarms.summary() == (0, 0)
    hand.pump.alarms.raise_alarm("communication_error")
    assert alarms(hand.restarted()) == ["communication_error"]


def test_an_acknowledgement_says_what_it_did_and_is_in_the_log_with_it() -> None:
    hand = filled(-200)
    assert alarms(hand) == ["low_reservoir"]
    hand.pump.alarms.raise_alarm("communication_error", 9)
    low, lost = BY_NAME["low_reservoir"].number, BY_NAME["communication_error"].number
    assert [(each["quiet"], each["cause_there"]) for each in told(hand)] == [(False, True), (False, False)]
    assert hand.pump.alarms.acknowledge_alarm(low) == {"at_us": 0, "alarms": 2, "cause_there": True}
    assert [(each["quiet"], each["cause_there"]) for each in told(hand)] == [(True, True), (False, False)]
    assert hand.pump.alarms.acknowledge_alarm(lost) == {"at_us": 0, "alarms": 1, "cause_there": False}
    done = logged(hand, protocol.EVENT_ACKNOWLEDGED)
    assert [each["a"] for each in done] == [told(hand)[0]["detail"], 9]
    assert all(each["category"] == protocol.CATEGORY_ALARM for each in done)
    assert [each["reason"] for each in done] == [1, 0], "was its cause still there?"
    raised = logged(hand, protocol.EVENT_ALARM)
    assert [each["a"] for each in raised] == [each["a"] for each in done]
    error = refused(lambda: hand.pump.alarms.acknowledge_alarm(lost), protocol.NOT_ACTIVE)
    assert (error.field_name, error.value) == ("alarm", lost)
    hand.pump.switch.stop()
    error = refused(lambda: hand.pump.alarms.acknowledge_alarm(BY_NAME["pump_stopped"].number), protocol.CAUSE_THERE)
    assert (error.field_name, error.value) == ("alarm", BY_NAME["pump_stopped"].number)


def test_quiet_ends_with_its_day() -> None:
    hand = filled(-200)
    assert acknowledge(hand, "low_reservoir")
    hand.now_us = DAY_US - 1
    assert told(hand)[0]["quiet"]
    hand.now_us = DAY_US
    assert not told(hand)[0]["quiet"]


@pytest.mark.req("DOSE-5")
@pytest.mark.parametrize(("name", "at_once"), [("occlusion", False), ("motor_stall", True), ("low_reservoir", None)])
def test_an_alarm_does_what_its_table_says(name: str, at_once: bool | None) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.pump.alarms.raise_alarm(name)
    stopped = hand.pump.status()["state"] == protocol.STATE_STOPPED
    assert stopped == (at_once is not None)
    assert bool(hand.halted) == bool(at_once)
    assert bool(hand.core.state()[code.SUSPENDED]) == stopped


@pytest.mark.req("THER-4")
def test_each_level_has_its_alarm_with_what_is_left_and_a_refill_begins_anew() -> None:
    hand = filled(-200)
    assert [(BY_NUMBER[each["alarm"]].name, each["detail"]) for each in told(hand)] == [
        ("low_reservoir", hand.pump.refills.left_mu)
    ]
    left_mu = hand.pump.refills.left_mu
    lowered(hand, left_mu + 400, left_mu + 200)
    assert [BY_NUMBER[each["alarm"]].name for each in told(hand)] == ["low_reservoir", "empty_reservoir"]
    lowered(hand, left_mu - 1000, left_mu - 2000)
    assert not acknowledge(hand, "low_reservoir") and not acknowledge(hand, "empty_reservoir")
    hand.pump.handle(events.TIME)
    assert alarms(hand) == []
    lowered(hand, left_mu, left_mu - 2000)
    assert alarms(hand) == ["low_reservoir"]


@pytest.mark.req("STORE-1")
def test_an_acknowledgement_that_cannot_be_stored_has_not_been() -> None:
    hand = filled(-200)
    hand.pump.alarms.raise_alarm("communication_error", 5)
    before, tone_us = told(hand), hand.pump.alarms.tone_us
    hand.memory.failing = True
    for name in ("communication_error", "low_reservoir"):
        with pytest.raises(Refused):
            hand.pump.alarms.acknowledge_alarm(BY_NAME[name].number)
        assert told(hand)[:2] == before and hand.pump.alarms.tone_us <= tone_us
    hand.memory.failing = False
    hand.live(hand.now_us + 180 * SECOND_US)
    after = hand.restarted()
    assert told(after)[:2] == before


@pytest.mark.req("STORE-1", "THER-3")
def test_a_resume_that_cannot_be_stored_has_acknowledged_nothing() -> None:
    hand = Hand()
    settings(hand, auto_off_min=60)
    hand.live(HOUR_US)
    assert sorted(alarms(hand)) == ["auto_off", "pump_stopped"]
    before = told(hand)
    hand.memory.failing = True
    refused(hand.pump.switch.resume, protocol.MEMORY_FAILED)
    assert told(hand)[:2] == before and hand.core.state()[code.SUSPENDED]


@pytest.mark.req("DOSE-5")
def test_stop_now_stops_the_motor_before_anything_else_and_once_more_when_none_can_begin() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    stopped_in = []
    hand.pump.alarms._stepper = SimpleNamespace(stop=lambda: stopped_in.append(hand.core.state()[code.SUSPENDED]))
    hand.pump.alarms.raise_alarm("motor_stall")
    assert [bool(each) for each in stopped_in] == [False, True]


@pytest.mark.req("THER-4")
def test_a_refill_that_is_due_is_an_alarm_at_the_next_look_and_after_a_reset() -> None:
    hand = filled(100_000)
    hand.now_us = 46 * DAY_US
    assert alarms(hand) == []
    hand.pump.alarms.look(hand.now_us)
    assert alarms(hand) == ["refill_due"]
    assert acknowledge(hand, "refill_due"), "its cause stays: it is quiet for a day"
    assert told(hand)[0]["quiet"]


@pytest.mark.req("THER-4", "THER-8")
def test_a_refill_whose_time_has_moved_on_meanwhile_is_planned_anew() -> None:
    hand = filled(100_000)
    desk, due_us = hand.pump.alarms, hand.pump.alarms.refill_us
    desk.refill_us = hand.now_us = HOUR_US  # by a clock that was ahead when it was planned
    desk.time(hand.now_us)
    assert alarms(hand) == [] and desk.refill_us == due_us, "else the pump would wake for it again and again"
    hand.now_us = due_us
    desk.time(due_us)
    assert alarms(hand) == ["refill_due"] and desk.refill_us == protocol.NEVER_US


@pytest.mark.req("ALARM-1")
def test_an_alarm_of_what_went_missing_tells_it_in_mu() -> None:
    hand = Hand()
    hand.pump.alarms.refilled(4_000_000)
    found = hand.pump.alarms.read_alarms(0)["records"]
    assert [each["detail"] for each in found if each["alarm"] == BY_NAME["over_delivery"].number] == [4_000_000]
