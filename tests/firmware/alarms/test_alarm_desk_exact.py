"""The alarms at work, one rule at a time: what each means, what it says, when it is written and when it sounds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import events, protocol
from firmware.alarms import record
from firmware.alarms.latched import Active
from firmware.errors import Refused
from firmware.occlusion import codes as finding
from firmware.protocol.alarms import ALARMS, BY_NAME, BY_NUMBER
from firmware.storage import memory_map
from firmware.storage.journal import Journal
from tests.firmware.alarms.test_alarms_kept import DAY_US, HOUR_US, acknowledge, filled, lowered, told, whole
from tests.firmware.hand import SECOND_US, STROKE_UU, Hand, alarms, refused
from tests.firmware.ram import PowerCut, RamNvm
from tests.firmware.storage.test_restart_exact import capped
from tests.firmware.test_told_and_kept import logged

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


@pytest.mark.req("STORE-4", "STORE-1")
def test_a_start_writes_the_state_as_often_whatever_it_finds_and_the_alarms_only_if_there_is_a_new_one() -> None:
    written = []
    for clock_lost in (False, True):
        hand = Hand()
        hand.pump.therapy.set_basal(1000)
        places = memory_map.Layout(hand.memory.size_bytes, 2500)
        before = hand.memory.writes_of(memory_map.STATE_AT), hand.memory.writes_of(places.alarms_at)
        after = hand.restarted(clock_lost=clock_lost)
        assert alarms(after) == ["clock_lost"] * clock_lost
        memory = after.memory
        written.append(
            (memory.writes_of(memory_map.STATE_AT) - before[0], memory.writes_of(places.alarms_at) - before[1])
        )
    assert written == [(written[0][0], 0), (written[0][0], 1)]


@pytest.mark.req("STORE-5")
def test_what_had_come_to_be_by_the_reset_and_was_not_told_is_told_at_the_start() -> None:
    hand = filled(300_000)
    hand.pump.alarms._changed = False
    hand.pump.alarms.stroke_over = lambda *_: None  # power goes before
    hand.pump.alarms.content_changed = lambda *_: None
    lowered(hand, hand.pump.refills.left_mu + 200)
    assert alarms(hand) == []
    after = hand.restarted()
    assert alarms(after) == ["low_reservoir"]
    assert told(after)[0]["detail"] == after.pump.refills.left_mu


@pytest.mark.parametrize(("level", "name"), [(0, None), (1, "pump_low_battery"), (2, "depleted_battery")])
def test_the_battery_s_level_is_its_alarm(level: int, name: str | None) -> None:
    hand = Hand()
    hand.pump.alarms.battery(level)
    assert [each for each in alarms(hand) if each != "pump_stopped"] == ([] if name is None else [name])


@pytest.mark.req("OCC-2", "THER-4")
@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize(
    ("found", "name"),
    [
        (finding.NONE, None),
        (finding.OCCLUSION, "occlusion"),
        (finding.PARTIAL, "under_delivery"),
        (finding.AIR_LOCK, "air_lock"),
        (finding.BACKFLOW, "under_delivery"),
        (finding.STALL, "motor_stall"),
        (finding.SENSOR_STUCK, "pressure_sensor_fault"),
        (finding.SENSOR_RANGE, "pressure_sensor_fault"),
        (finding.SENSOR_DRIFT, "pressure_sensor_fault"),
    ],
)
def test_what_the_detector_finds_is_named_and_nothing_to_pump_looks_like_air(
    found: int, name: str | None, empty: bool
) -> None:
    hand = filled(100_000)
    if empty:
        hand.pump.refills.level = lambda *_: 2
        name = "empty_reservoir" if found == finding.AIR_LOCK else name
    hand.pump.alarms.found(found)
    raised = [each for each in told(hand) if BY_NUMBER[each["alarm"]].name == name]
    assert [each["detail"] for each in raised] == ([] if name is None else [found])


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


class Faulty:
    """A core that has latched a fault."""

    def __init__(self, core: Any, fault: int, more_confirmed: int) -> None:
        self._core, self._fault, self._more = core, fault, more_confirmed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)

    def state(self, *now_us: int) -> list[int]:
        state = list(self._core.state(*now_us))
        state[code.GUARD_FAULT] = self._fault
        state[code.GUARD_CONFIRMED] = state[code.GUARD_COMMANDED] + self._more
        return state


@pytest.mark.req("GUARD-2", "GUARD-4")
@pytest.mark.parametrize(
    ("fault", "more_confirmed", "standing", "name"),
    [
        (code.FAULT_MEMORY, 0, finding.NONE, "memory_integrity"),
        (code.FAULT_COUNT, -2, finding.NONE, "stroke_sensor_fault"),
        (code.FAULT_COUNT, -2, finding.STALL, "motor_stall"),
        (code.FAULT_COUNT, 2, finding.NONE, "over_delivery"),
        (code.FAULT_COUNT, 2, finding.STALL, "over_delivery"),
        (code.FAULT_COUNT, 0, finding.NONE, "stroke_sensor_fault"),
        (0, 0, finding.NONE, "system_error"),
    ],
)
def test_a_fault_of_the_core_is_named_by_what_is_known_of_it(
    fault: int, more_confirmed: int, standing: int, name: str
) -> None:
    hand = Hand()
    desk = hand.pump.alarms
    desk._core = desk._causes._core = Faulty(hand.core, fault, more_confirmed)
    desk._causes.standing = lambda: standing
    desk.fault()
    first = told(hand)[0]
    assert (BY_NUMBER[first["alarm"]].name, first["detail"]) == (name, fault)
    assert bool(first["cause_there"]) == bool(fault)


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


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize("window", ["hour", "day"])
def test_a_cap_is_reached_with_the_last_stroke_that_it_allows(window: str) -> None:
    hand = Hand()
    hand.pump.device.set_limits(35_000, 4_000, 1000, 1000 if window == "day" else 150_000)
    name = "hourly_maximum_exceeded" if window == "hour" else "daily_maximum_exceeded"
    hand.pump.alarms.raise_alarm(name)
    hand.pump.boluses.bolus(800)
    hand.live(20 * SECOND_US)
    assert not told(hand)[0]["cause_there"]
    hand.pump.boluses.bolus(200)
    hand.live(40 * SECOND_US)
    assert told(hand)[0]["cause_there"]
    refused(lambda: hand.pump.alarms.acknowledge_alarm(BY_NAME[name].number), protocol.CAUSE_THERE)


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


def cut_before_the_state(hand: Hand, name: str, detail: int) -> None:
    """Raise it; power goes when the record of the alarms has it and the state does not."""
    hand.memory.cut_write, hand.memory.cut_bytes = len(hand.memory.writes) + 3, 0
    with pytest.raises(PowerCut):
        hand.pump.alarms.raise_alarm(name, detail)


@pytest.mark.req("STORE-2", "STORE-5")
@pytest.mark.parametrize("clock_lost", [False, True])
def test_an_alarm_that_only_its_own_record_has_is_one_and_is_told_once(clock_lost: bool) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(0)
    hand.live(1000 * SECOND_US)
    cut_before_the_state(hand, "communication_error", 77)
    after = hand.restarted(clock_lost=clock_lost)
    again = after.restarted()
    for each in (after, again):
        one = next(one for one in told(each) if one["alarm"] == BY_NAME["communication_error"].number)
        assert one["detail"] == 77 and one["since_us"] <= after.now_us
        assert clock_lost or one["since_us"] == 1000 * SECOND_US
    number = BY_NAME["communication_error"].number
    assert [each["detail"] for each in logged(again, protocol.EVENT_ALARM)].count(number) == 1


@pytest.mark.req("STORE-3")
def test_of_alarms_whose_record_is_damaged_no_figure_is_guessed() -> None:
    hand = Hand()
    hand.pump.alarms.raise_alarm("communication_error", 5)
    hand.pump.alarms.raise_alarm("clock_lost", 6)
    places = memory_map.Layout(hand.memory.size_bytes, 2500)
    for copy in range(2):
        hand.memory.flip(places.alarms_at + 20 + copy * (memory_map.ALARMS_BYTES + 8))
    after = hand.restarted()
    assert [(each["detail"], each["since_us"]) for each in told(after)] == [(0, after.now_us)] * 2


@pytest.mark.req("GUARD-1", "STORE-2")
def test_a_stroke_that_a_cap_took_as_power_went_is_told_at_the_start() -> None:
    after = capped().restarted(60 * SECOND_US)
    assert [(BY_NUMBER[each["alarm"]].name, each["detail"]) for each in told(after)] == [("hourly_maximum_exceeded", 1)]
    assert alarms(after.restarted(SECOND_US)) == ["hourly_maximum_exceeded"]


@pytest.mark.req("THER-4", "THER-6", "STORE-5")
def test_a_procedure_below_the_stop_level_goes_on_after_a_reset() -> None:
    hand = filled(200_000)
    hand.pump.switch.stop()
    level_mu = whole(hand.pump.refills.left_mu)
    levels = {"reservoir_low_mu": level_mu + 400, "reservoir_empty_mu": level_mu + 200, "reservoir_stop_mu": level_mu}
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | levels))
    hand.pump.clinic.start_procedure(protocol.PROCEDURES.index("patency"))
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | {"auto_off_min": 600}))
    assert hand.pump.status()["state"] == protocol.STATE_PROCEDURE
    after = hand.restarted()
    assert after.pump.status()["state"] == protocol.STATE_PROCEDURE
    after.pump.patterns.set_settings(**(after.pump.patterns.read_settings() | {"auto_off_min": 700}))
    assert after.pump.status()["state"] == protocol.STATE_PROCEDURE


@pytest.mark.req("STORE-2")
def test_that_the_pump_was_suspended_is_no_alarm_if_it_did_not_come_to_that() -> None:
    hand = Hand()
    ahead = [Active(BY_NAME[name], 0, 3) for name in ("pump_suspended", "communication_error", "pump_stopped")]
    record.pack_into(hand.journal.alarms, ahead, None)
    hand.journal.save_alarms()
    after = hand.restarted()
    assert after.pump.status()["state"] == protocol.STATE_RUNNING
    assert [(BY_NUMBER[each["alarm"]].name, each["detail"]) for each in told(after)] == [("communication_error", 3)]
    assert alarms(after.restarted()) == ["communication_error"]


@pytest.mark.req("STORE-2", "STORE-5")
@pytest.mark.parametrize(("order", "name"), [("suspend", "pump_suspended"), ("stop", "pump_stopped")])
def test_a_pump_that_is_halted_says_so_and_one_that_is_not_does_not_wherever_power_goes(order: str, name: str) -> None:
    halted = set()
    for cut in range(1, 30):
        hand = Hand()
        hand.pump.therapy.set_basal(6000)
        hand.live(600 * SECOND_US)
        hand.memory.cut_write = len(hand.memory.writes) + cut
        try:
            getattr(hand.pump.switch, order)()
        except PowerCut:
            pass
        else:
            break
        after = hand.restarted()
        stands = after.pump.status()["state"] != protocol.STATE_RUNNING
        assert (name in alarms(after)) == stands
        halted.add(stands)
    assert halted == {False, True}


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


@pytest.mark.req("OCC-2", "STORE-5")
def test_the_latest_finding_outlives_a_reset_though_its_alarm_is_not_new() -> None:
    hand = Hand()
    for found in (finding.PARTIAL, finding.BACKFLOW):
        hand.pump.alarms._watch = hand.pump.alarms._causes._watch = SimpleNamespace(
            standing=finding.Diagnosis(found, 1, 2, 3)
        )
        hand.pump.alarms.found(found)
    assert [each for each in alarms(hand) if each != "pump_stopped"] == ["under_delivery"]
    stored = Journal(RamNvm(image=bytes(hand.memory.cells)), hand.core.ticks(), STROKE_UU)
    stored.open()
    assert record.unpack_finding(stored.alarms).code == finding.BACKFLOW


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
