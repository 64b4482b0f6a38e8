"""The alarms at work in the pump: what raises each, what it does, when it goes, and what is heard."""

from __future__ import annotations

import pytest

from firmware import events, protocol
from firmware.errors import Refused
from firmware.protocol.alarms import ALARMS, BY_NAME, BY_NUMBER
from tests.firmware.hand import SECOND_US, Hand, alarms

HOUR_US = 3600 * SECOND_US


def acknowledge(hand: Hand, name: str) -> int:
    """0, or the code of the refusal."""
    try:
        hand.pump.alarms.acknowledge_alarm(BY_NAME[name].number)
    except Refused as refused:
        return refused.code
    return 0


def state(hand: Hand) -> int:
    return int(hand.pump.status()["state"])


@pytest.mark.req("ALARM-1", "GUARD-1", "DOSE-3")
@pytest.mark.parametrize(("window", "name"), [("hour", "hourly_maximum_exceeded"), ("day", "daily_maximum_exceeded")])
def test_a_stroke_that_a_cap_takes_is_told_and_delivery_goes_on(window: str, name: str) -> None:
    hand = Hand()
    hand.pump.device.set_limits(35_000, 4_000, 10_000, 10_000 if window == "day" else 150_000)
    hand.pump.therapy.set_basal(35_000 if window == "hour" else 5_000)
    hand.live(HOUR_US if window == "hour" else 3 * HOUR_US)
    assert len(hand.strokes_us) == 50
    assert alarms(hand) == [name]
    assert state(hand) == protocol.STATE_RUNNING
    assert acknowledge(hand, name) == protocol.CAUSE_THERE
    hand.pump.therapy.set_basal(0)
    hand.live(26 * HOUR_US)
    assert acknowledge(hand, name) == 0
    assert alarms(hand) == []


@pytest.mark.req("ALARM-1", "GUARD-1")
@pytest.mark.parametrize(("window", "name"), [("hour", "hourly_maximum_exceeded"), ("day", "daily_maximum_exceeded")])
def test_a_stroke_that_a_cap_took_is_told_although_the_cap_is_free_by_the_time_anybody_looks(
    window: str, name: str
) -> None:
    free_us = 3_601_860_000 if window == "hour" else 86_401_600_000
    hand = Hand()
    hand.pump.device.set_limits(35_000, 4_000, 200, 150_000 if window == "hour" else 200)
    hand.pump.boluses.bolus(200)
    hand.live(SECOND_US + (0 if window == "hour" else 23 * HOUR_US))
    hand.pump.therapy.set_basal(200)
    hand.core.promise(hand.now_us, hand.now_us + HOUR_US)
    due_us = hand.core.next_us()
    assert hand.strokes_us[0] < due_us < hand.strokes_us[0] + free_us
    hand._pass(due_us)
    assert hand.core.service(hand.now_us) == 2
    hand._pass(hand.strokes_us[0] + free_us + 3 * SECOND_US)
    hand.core.settle(hand.now_us)
    assert hand.core.used(hand.now_us, 0 if window == "hour" else 1) == 0
    hand.pump.handle(events.WITHHELD)
    assert alarms(hand) == [name]
    assert hand.pump.alarms.read_alarms(0)["records"][0]["detail"] == 1


@pytest.mark.req("ALARM-1", "ALARM-2")
def test_a_lost_clock_is_an_alarm_until_the_time_is_set() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    after = hand.restarted(clock_lost=True)
    assert alarms(after) == ["clock_lost"]
    assert state(after) == protocol.STATE_RUNNING
    assert acknowledge(after, "clock_lost") == protocol.CAUSE_THERE
    after.pump.device.set_time(1_800_000_000)
    assert alarms(after) == ["clock_lost"], "it latches"
    assert acknowledge(after, "clock_lost") == 0
    assert acknowledge(after, "clock_lost") == protocol.NOT_ACTIVE


@pytest.mark.req("ALARM-1", "STORE-3")
def test_a_memory_that_fails_or_cannot_be_believed_is_an_alarm() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.memory.failing = True
    hand.live(60 * SECOND_US)
    assert alarms(hand)[0] in ("memory_integrity", "pump_stopped")
    assert {"memory_integrity", "pump_stopped"} == set(alarms(hand))
    assert acknowledge(hand, "memory_integrity") == protocol.CAUSE_THERE
    hand.memory.failing = False
    hand.live(180 * SECOND_US)
    assert acknowledge(hand, "memory_integrity") == 0
    for copy in (1852, 2652):
        hand.memory.flip(copy)
    damaged = hand.restarted()
    assert {"memory_integrity", "not_initialised"} <= set(alarms(damaged))
    damaged.pump.device.initialise_memory()
    assert "initialised_to_defaults" in alarms(damaged)
    assert state(damaged) == protocol.STATE_STOPPED
    for name in ("not_initialised", "memory_integrity", "initialised_to_defaults", "self_test_fail"):
        assert acknowledge(damaged, name) == 0, name
    assert alarms(damaged) == ["pump_stopped"]
    damaged.pump.switch.resume()
    assert alarms(damaged) == []


@pytest.mark.req("ALARM-1", "GUARD-4")
def test_strokes_that_nobody_sees_are_the_stroke_sensors_alarm_and_stop_at_once() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(2000)
    hand.live(30 * SECOND_US, confirm=False)
    assert (state(hand), hand.halted) == (protocol.STATE_FAULT, 1)
    assert alarms(hand)[0] == "stroke_sensor_fault"
    assert acknowledge(hand, "stroke_sensor_fault") == protocol.CAUSE_THERE


@pytest.mark.req("ALARM-1", "GUARD-4")
def test_more_strokes_than_were_ordered_are_over_delivery() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(2000)
    hand.live(SECOND_US)
    for _ in range(3):
        hand.core.confirmed()
    hand.live(30 * SECOND_US)
    assert state(hand) == protocol.STATE_FAULT
    assert "over_delivery" in alarms(hand)
    assert len(hand.strokes_us) == 1


@pytest.mark.req("ALARM-1", "GUARD-3")
def test_a_life_that_the_watchdog_began_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)

    monkeypatch.setattr(Hand, "watchdog_reset", 1)
    after = hand.restarted()
    assert alarms(after) == ["watchdog_reset"]
    assert state(after) == protocol.STATE_RUNNING, "its stored state is intact"
    assert acknowledge(after, "watchdog_reset") == 0


@pytest.mark.req("ALARM-2", "STORE-1")
def test_a_latched_alarm_outlives_a_reset() -> None:
    hand = Hand()
    hand.pump.alarms.raise_alarm("communication_error")
    hand.pump.switch.stop()
    again = hand.restarted().restarted()
    assert set(alarms(again)) == {"communication_error", "pump_stopped"}
    assert acknowledge(again, "communication_error") == 0
    assert alarms(again.restarted()) == ["pump_stopped"]


@pytest.mark.req("ALARM-2")
def test_what_is_shown_says_why() -> None:
    hand = Hand()
    hand.pump.switch.stop()
    assert BY_NUMBER[hand.pump.status()["alarm"]].name == "pump_stopped"
    hand.pump.alarms.raise_alarm("occlusion")
    status = hand.pump.status()
    assert (BY_NUMBER[status["alarm"]].name, status["alarms"]) == ("occlusion", 2)


@pytest.mark.req("ALARM-3")
def test_a_severe_alarm_sounds_as_the_implants() -> None:
    hand = Hand()
    hand.pump.alarms.raise_alarm("occlusion")
    times_us: list[int] = []
    sound = hand.tones_ms.append

    def heard(milliseconds: int) -> None:
        times_us.append(hand.now_us)
        sound(milliseconds)

    hand.pump._sound = heard
    hand.live(20 * 60 * SECOND_US)
    by_minute = [sum(1 for each in times_us if each // (60 * SECOND_US) == minute) for minute in range(20)]
    assert by_minute == [4] * 10 + [8] * 10
    hand.pump.switch.resume()
    assert acknowledge(hand, "occlusion") == 0
    count = len(times_us)
    hand.live(40 * 60 * SECOND_US)
    assert len(times_us) == count, "silence"


@pytest.mark.req("ALARM-1")
def test_every_alarm_has_its_own_raiser_in_the_firmware() -> None:
    from pathlib import Path

    folder = Path(__file__).resolve().parents[3] / "firmware"
    tables = [folder / "protocol" / "alarms.py", *(folder / "alarms" / f"{name}.py" for name in ("latched", "record"))]
    text = "".join(path.read_text() for path in folder.rglob("*.py") if path not in tables)
    missing = [alarm.name for alarm in ALARMS if f'"{alarm.name}"' not in text]
    assert missing == []


@pytest.mark.req("ALARM-1")
def test_an_alarm_that_does_not_exist_cannot_be_acknowledged() -> None:
    hand = Hand()
    with pytest.raises(Refused) as refused:
        hand.pump.alarms.acknowledge_alarm(200)
    assert (refused.value.code, refused.value.value) == (protocol.NOT_ACTIVE, 200)
    hand.pump.handle(events.TIME)
    assert alarms(hand) == []
