"""Alarms over a reset, whatever cuts it short: what is latched, shown and stopped before it is so after it."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from firmware.alarms import record
from firmware.protocol.alarms import ALARMS, BY_NAME, BY_NUMBER
from firmware.storage import memory_map
from tests.firmware.hand import SECOND_US, Hand, alarms
from tests.firmware.ram import PowerCut, RamNvm, RamRtc

HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US
WEIGHTS = {"put_before_mg": 30_000, "put_after_mg": 15_000, "taken_back_nl": 0}
EMPTY = {"drawn_before_mg": 10_000, "drawn_after_mg": 10_100}


def told(hand: Hand) -> list[dict[str, Any]]:
    return list(hand.pump.alarms.read_alarms(0)["records"])


def acknowledge(hand: Hand, name: str) -> bool:
    """Is its cause still there?"""
    return bool(hand.pump.alarms.acknowledge_alarm(BY_NAME[name].number)["cause_there"])


def filled(left_mu: int, low_mu: int = 800_000) -> Hand:
    """A pump whose reservoir holds nearly 15 ml, with levels so that `left_mu` above the low one are left."""
    hand = Hand()
    hand.pump.clinic.record_refill(**WEIGHTS, **EMPTY)
    return lowered(hand, hand.pump.refills.left_mu - left_mu)


def whole(volume_mu: int) -> int:
    """Not less, and whole strokes."""
    return -(-volume_mu // 200) * 200


def lowered(hand: Hand, low_mu: int, empty_mu: int = 400_000) -> Hand:
    levels = {"reservoir_low_mu": whole(low_mu), "reservoir_empty_mu": whole(empty_mu)}
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | levels))
    return hand


@pytest.mark.req("ALARM-1", "ALARM-2")
def test_what_lapses_at_the_start_raises_no_second_alarm_beside_the_one_that_is_latched() -> None:
    hand = Hand()
    hand.pump.therapy.recommend_rate(5000, 1)
    hand.live(70 * SECOND_US)
    assert alarms(hand) == ["communication_error"]
    since_us = told(hand)[0]["since_us"]
    hand.pump.therapy.recommend_rate(5000, 1)
    after = hand.restarted(600 * SECOND_US)
    assert [(each["alarm"], each["since_us"]) for each in told(after)] == [(7, since_us)]
    assert [each["event"] for each in after.pump.reports.read_log(0, 8)["events"]].count(protocol.EVENT_ALARM) <= 1


@pytest.mark.req("ALARM-2", "STORE-5")
def test_after_a_reset_each_alarm_has_its_order_begin_figure_and_sound() -> None:
    hand = filled(0)
    hand.live(100 * SECOND_US)
    hand.pump.alarms.raise_alarm("occlusion", 3)
    hand.live(3000 * SECOND_US)
    hand.pump.alarms.look(hand.now_us)
    hand.pump.switch.resume()
    before, tone_us = told(hand), hand.pump.alarms.tone_us
    assert len(before) >= 2 and before[0]["since_us"] < before[-1]["since_us"]
    after = hand.restarted().restarted()
    assert told(after) == before
    assert after.pump.alarms.tone_us == tone_us, "the phase of the reminder"
    assert (after.pump.status()["alarm"], after.pump.status()["alarms"]) == (
        hand.pump.status()["alarm"],
        hand.pump.status()["alarms"],
    )


@pytest.mark.req("ALARM-2", "STORE-5")
def test_every_alarm_at_once_comes_back_with_all_that_belongs_to_it() -> None:
    hand = Hand()
    for number, alarm in enumerate(reversed(ALARMS)):
        hand.now_us += SECOND_US
        hand.pump.alarms.raise_alarm(alarm.name, number * 171_000_000)
    before = [(each["alarm"], each["since_us"], each["detail"]) for each in told(hand)]
    before += [
        (each["alarm"], each["since_us"], each["detail"]) for each in hand.pump.alarms.read_alarms(15)["records"]
    ]
    after = Hand(hand.memory, hand.rtc)
    found = [(each["alarm"], each["since_us"], each["detail"]) for each in told(after)]
    found += [
        (each["alarm"], each["since_us"], each["detail"]) for each in after.pump.alarms.read_alarms(15)["records"]
    ]
    assert len(before) == len(ALARMS) and found == before
    message = next(each for each in protocol.MESSAGES if each.name == "read_alarms")
    protocol.encode(message.reply, after.pump.alarms.read_alarms(0))


@pytest.mark.req("STORE-2", "ALARM-2")
@pytest.mark.parametrize("what", ["raise", "acknowledge", "quiet"])
def test_power_lost_in_any_write_of_a_change_leaves_the_alarm_as_before_or_after(what: str) -> None:
    def begun(memory: RamNvm | None = None) -> Hand:
        hand = Hand(memory)
        if memory is None:
            hand.pump.therapy.set_basal(1000)
            hand.live(1000 * SECOND_US)
            if what == "acknowledge":
                hand.pump.alarms.raise_alarm("under_delivery", 7)
            if what == "quiet":
                hand.pump.clinic.record_refill(**WEIGHTS, **EMPTY)
                lowered(hand, 6_000_000)
                hand.pump.alarms.look(hand.now_us)
            hand.live(2000 * SECOND_US)
        return hand

    def change(hand: Hand) -> None:
        if what == "raise":
            hand.pump.alarms.raise_alarm("occlusion", 5)
        else:
            acknowledge(hand, "under_delivery" if what == "acknowledge" else "low_reservoir")

    whole = begun()
    image, utc_s, begin_us = bytes(whole.memory.cells), whole.rtc.now_s, whole.now_us
    before = told(whole)
    writes = len(whole.memory.writes)
    change(whole)
    after_all = told(whole)
    count = len(whole.memory.writes) - writes
    seen = set()
    for number in range(1, count + 1):
        for part in (10, 10_000):
            memory = RamNvm(image=image)
            hand = Hand(memory, RamRtc(utc_s))
            assert told(hand) == before
            memory.cut_write, memory.cut_bytes = len(memory.writes) + number, part
            with pytest.raises(PowerCut):
                change(hand)
            memory.cut_write = 0
            next_life = Hand(memory, RamRtc(utc_s))
            found = told(next_life)
            names = [BY_NUMBER[each["alarm"]].name for each in found]
            if what == "raise":
                # Stopped if it is there, running if it is not; with its own time and figure either way.
                stopped = next_life.pump.status()["state"] == protocol.STATE_STOPPED
                assert stopped == ("occlusion" in names)
                assert not found or (found[0]["detail"], found[0]["since_us"] - begin_us) == (
                    5,
                    pytest.approx(0, abs=2e6),
                )
            else:
                kept = [each for each in found if each["alarm"] == before[0]["alarm"]]
                assert all(abs(each["since_us"] - before[0]["since_us"]) < 2000 * SECOND_US for each in kept)
                assert found in (before, after_all) or what == "acknowledge"
            seen.add(tuple(names))
    assert len(seen) == (1 if what == "quiet" else 2)


@pytest.mark.req("STORE-3", "ALARM-2")
def test_a_record_of_the_alarms_that_is_damaged_keeps_every_alarm_and_says_when_it_was_found() -> None:
    hand = Hand()
    hand.pump.alarms.raise_alarm("occlusion", 5)
    places = memory_map.Layout(hand.memory.size_bytes, 2500)
    for copy in range(2):
        hand.memory.flip(places.alarms_at + 20 + copy * (memory_map.ALARMS_BYTES + 8))
    after = hand.restarted()
    assert set(alarms(after)) == {"occlusion", "pump_stopped"}
    assert {each["since_us"] for each in told(after)} == {after.now_us}
    assert told(after.restarted()) == told(after)


@pytest.mark.req("STORE-1")
def test_the_record_has_room_for_every_alarm_and_is_written_only_when_one_changes() -> None:
    assert record.RECORD_BYTES == memory_map.ALARMS_BYTES >= 2 + 22 * len(ALARMS)
    hand = Hand()
    hand.pump.alarms.raise_alarm("under_delivery")
    places = memory_map.Layout(hand.memory.size_bytes, 2500)
    writes = hand.memory.writes_of(places.alarms_at)
    hand.pump.therapy.set_basal(5000)
    hand.live(DAY_US)
    assert hand.restarted().memory.writes_of(places.alarms_at) == writes


@pytest.mark.req("ALARM-2", "STORE-5")
@pytest.mark.parametrize("where", ["running", "procedure"])
def test_an_alarm_that_comes_again_stops_again_and_a_reset_changes_nothing(where: str) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.pump.alarms.raise_alarm("over_delivery", 5)
    if where == "running":
        hand.pump.switch.resume()
    else:
        hand.pump.clinic.start_procedure(5)
    hand.live(hand.now_us + 60 * SECOND_US)
    since_us = hand.pump.alarms.read_alarms(0)["records"][0]["since_us"]
    hand.pump.alarms.raise_alarm("over_delivery", 7)
    for one in (hand, hand.restarted(SECOND_US)):
        assert one.pump.status()["state"] == protocol.STATE_STOPPED
        first = one.pump.alarms.read_alarms(0)["records"][0]
        assert (first["since_us"], first["detail"]) == (since_us, 5)


@pytest.mark.req("ALARM-2", "STORE-5", "THER-4")
@pytest.mark.parametrize(
    ("where", "by"),
    [("running", "stroke"), ("running", "settings"), ("running", "refill"), ("procedure", "settings")]
    + [("procedure", "refill")],
)
def test_a_reservoir_at_its_stop_stops_again_and_a_reset_changes_nothing(where: str, by: str) -> None:
    """pump_stopped is latched already, so nothing about alarms is new; the stop is."""
    hand = filled(500_000)
    pump = hand.pump
    pump.therapy.set_basal(6000)
    pump.alarms.raise_alarm("over_delivery")
    if where == "running":
        pump.switch.resume()
    else:
        pump.clinic.start_procedure(5)
    hand.live(hand.now_us + 10 * SECOND_US)
    level_mu = whole(pump.refills.left_mu)
    if by == "refill":
        pump.clinic.record_refill(put_before_mg=15_200, put_after_mg=15_000, taken_back_nl=0, **EMPTY)
    else:
        level_mu += -200 if by == "stroke" else 200
        levels = {"reservoir_" + name: level_mu for name in ("low_mu", "empty_mu", "stop_mu")}
        pump.patterns.set_settings(**(pump.patterns.read_settings() | levels))
    if by == "stroke":
        hand.live(hand.now_us + 600 * SECOND_US)
    for one in (hand, hand.restarted(SECOND_US)):
        assert one.pump.status()["state"] == protocol.STATE_STOPPED
