"""The pump's own times and what it does at each of them, to the microsecond; what is counted, noted and sounded."""

from __future__ import annotations

import pytest

from firmware import energy, events, parts, protocol
from firmware.alarms.table import BY_NAME
from firmware.pump import _kind
from firmware.seams import nobody
from tests.firmware.hand import SECOND_US, Hand, alarms
from tests.firmware.ram import RamNvm
from tests.firmware.test_told_and_kept import logged

HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US


def woken(hand: Hand, at_us: int) -> Hand:
    """The deadline has come, or just has not."""
    hand.now_us = at_us
    hand.core.settle(at_us)
    hand.pump.handle(events.TIME)
    return hand


def stopped() -> Hand:
    """Nothing of therapy's own comes due."""
    hand = Hand()
    hand.pump.therapy.stop()
    hand.pump.alarms.tone_us = protocol.NEVER_US
    return hand


@pytest.mark.req("GUARD-3")
def test_the_supervisor_looks_around_every_hour_and_soon_is_a_second() -> None:
    hand = stopped()
    assert hand.pump.deadline_us == HOUR_US and hand.pump.soon_us == SECOND_US
    assert woken(hand, HOUR_US - 1).pump._round_us == HOUR_US
    assert woken(hand, HOUR_US).pump._round_us == 2 * HOUR_US
    hand.now_us += 7
    assert hand.pump.soon_us == HOUR_US + 7 + SECOND_US
    hand.now_us = 3 * HOUR_US
    assert hand.pump.deadline_us == 3 * HOUR_US, "never before now"


@pytest.mark.req("GUARD-3", "STORE-1")
def test_after_a_failure_it_looks_again_within_a_minute() -> None:
    hand = stopped()
    hand.pump.failed(ValueError("for the test"))
    assert hand.pump._round_us == 60 * SECOND_US
    hand.now_us = 50 * SECOND_US
    hand.pump.failed(ValueError("again"))
    assert hand.pump._round_us == 60 * SECOND_US, "and no later for another"


@pytest.mark.req("STORE-1")
def test_a_memory_that_is_absent_is_looked_for_each_second_of_the_first_minute_then_each_minute() -> None:
    memory = RamNvm()
    memory.absent = True
    hand = Hand(memory)
    hand.now_us = 0
    assert hand.pump._round_us == SECOND_US
    for now_us, next_us in (
        (SECOND_US, 2 * SECOND_US),
        (60 * SECOND_US - 1, 61 * SECOND_US - 1),
        (60 * SECOND_US, 120 * SECOND_US),
        (120 * SECOND_US, 180 * SECOND_US),
    ):
        hand.pump._round_us = now_us
        assert woken(hand, now_us).pump._round_us == next_us and not hand.pump.over
    memory.absent = False
    assert not woken(hand, 180 * SECOND_US - 1).pump.over
    assert woken(hand, 180 * SECOND_US).pump.over


@pytest.mark.req("THER-6")
@pytest.mark.parametrize("tone", [0, 1])
def test_a_stroke_sounds_for_50_ms_if_it_shall(tone: int) -> None:
    hand = Hand()
    hand.pump.patterns.set_settings(**hand.pump.patterns.read_settings() | {"stroke_tone": tone})
    hand.tones_ms.clear()
    tones = hand.pump.upkeep.energy.tones
    hand.pump.boluses.bolus(600)
    hand.live(5 * SECOND_US)
    assert hand.tones_ms == [50] * 3 * tone
    assert hand.pump.upkeep.energy.tones == tones + 3 * tone


@pytest.mark.req("PWR-1")
def test_each_waking_and_each_stroke_is_counted_once() -> None:
    hand = stopped()
    ledger = hand.pump.upkeep.energy
    wakes = ledger.wakes
    hand.pump.handle(events.TIME)
    assert (ledger.wakes, ledger.strokes) == (wakes + 1, 0)
    hand = Hand()
    hand.pump.boluses.bolus(200)
    ledger = hand.pump.upkeep.energy
    wakes = ledger.wakes
    hand.live(SECOND_US)
    assert (ledger.wakes, ledger.strokes, ledger.motor_us) == (wakes + 1, 1, hand.core.plan()[1])
    hand.pump.linked(9)
    assert ledger.link_bytes == 9


@pytest.mark.req("LOG-1")
def test_what_has_been_delivered_so_far_is_told_once_a_day() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1_000)
    hand.live(DAY_US - 1)
    assert logged(hand, protocol.EVENT_DELIVERY_SO_FAR) == []
    hand.live(2 * DAY_US - HOUR_US)
    assert len(logged(hand, protocol.EVENT_DELIVERY_SO_FAR)) == 1
    hand.live(2 * DAY_US + SECOND_US)
    assert len(logged(hand, protocol.EVENT_DELIVERY_SO_FAR)) == 2


@pytest.mark.req("SELF-1")
def test_the_daily_test_comes_once_a_day_and_the_rates_every_hour() -> None:
    hand = Hand()
    asked: list[str] = []
    hand.pump.upkeep.test = lambda daily=False, quick=False: asked.append(f"test {daily} {quick}") or 0  # type: ignore[method-assign,func-returns-value]
    hand.pump.upkeep.rates = lambda: asked.append("rates") or 0  # type: ignore[method-assign,func-returns-value]
    hand.live(25 * HOUR_US)
    assert asked == ["rates"] * 23 + ["test True False"] + ["rates"]


@pytest.mark.req("SELF-1", "ALARM-1")
@pytest.mark.parametrize("daily", [False, True])
def test_a_check_that_fails_in_the_hourly_or_daily_look_is_an_alarm_with_its_bits(daily: bool) -> None:
    hand = Hand()
    if daily:
        hand.live(24 * HOUR_US - SECOND_US)
        hand.pump.upkeep.test = lambda daily=False, quick=False: 5  # type: ignore[method-assign]
    else:
        hand.pump.upkeep.rates = lambda: 5  # type: ignore[method-assign]
    hand.live(hand.now_us + HOUR_US)
    found = hand.pump.alarms.read_alarms(0)["records"]
    assert [each["detail"] for each in found if each["alarm"] == BY_NAME["self_test_fail"].number] == [5]


@pytest.mark.req("LOG-1", "THER-8")
def test_a_clock_that_falls_silent_is_noted_once_and_one_that_is_lost_too() -> None:
    hand = Hand()
    read = hand.rtc.read

    def silent() -> int:
        raise OSError

    hand.rtc.read = silent  # type: ignore[method-assign]
    hand.live(3 * HOUR_US)
    assert len(logged(hand, protocol.EVENT_CLOCK_SILENT)) == 1
    hand.rtc.read = read  # type: ignore[method-assign]
    hand.live(4 * HOUR_US)
    assert hand.wall.known and logged(hand, protocol.EVENT_CLOCK_LOST) == []
    assert hand.rtc.now_s is not None
    hand.rtc.now_s += 10_000
    hand.live(7 * HOUR_US)
    lost = logged(hand, protocol.EVENT_CLOCK_LOST)
    assert [each["detail"] for each in lost] == [hand.wall.why]
    assert len(logged(hand, protocol.EVENT_CLOCK_SILENT)) == 1


@pytest.mark.req("LOG-1")
def test_exceptions_have_their_numbers_in_the_log() -> None:
    kinds = (MemoryError, OSError, ValueError, TypeError, IndexError, KeyError, AttributeError, RuntimeError)
    assert [_kind(kind()) for kind in kinds] == list(range(8))
    assert _kind(ZeroDivisionError()) == _kind(UnicodeError()) == 8, "and any other is the next"


@pytest.mark.req("ALARM-1")
def test_an_alarm_of_what_went_missing_tells_it_in_mu() -> None:
    hand = Hand()
    hand.pump._missing(1_001)
    found = hand.pump.alarms.read_alarms(0)["records"]
    assert [each["detail"] for each in found if each["alarm"] == BY_NAME["over_delivery"].number] == [400]


@pytest.mark.req("THER-10")
def test_a_failure_amid_another_one_goes_on_to_the_board() -> None:
    hand = Hand()

    def fails() -> None:
        raise OSError("for the test")

    hand.pump.attend(fails)
    assert "communication_error" in alarms(hand) and hand.pump._spared.failing == 1 << parts.LINK
    hand.pump._failing = True
    with pytest.raises(OSError, match="for the test"):
        hand.pump.attend(fails)
    hand.pump._failing = False
    hand.pump.failed(ValueError("for the test"))
    assert hand.pump._failing is False


@pytest.mark.req("PWR-1", "ALARM-1")
def test_a_battery_whose_level_is_not_known_counts_as_that_bad() -> None:
    hand = Hand()
    for level in (energy.GOOD, energy.LOW, energy.DEPLETED):
        hand.pump.upkeep.energy.level = lambda level=level: level  # type: ignore[method-assign]
        at = [hand.pump._battery_at(each) for each in (energy.LOW, energy.DEPLETED)]
        assert at == [level >= energy.LOW, level >= energy.DEPLETED]
    hand.pump.upkeep.energy.level = lambda: 1 // 0  # type: ignore[method-assign]
    assert hand.pump._battery_at(energy.LOW) is True


@pytest.mark.req("DOSE-4")
def test_the_caps_are_foreseen_with_strokes_as_far_apart_as_the_core_has_them() -> None:
    assert Hand().pump.therapy.forecast._spacing_us == 2 * SECOND_US


@pytest.mark.req("GUARD-3", "ALARM-1")
def test_no_seam_of_a_pump_stands_empty() -> None:
    hand = Hand()
    pump = hand.pump
    seen: set[int] = set()
    empty: set[str] = set()
    waiting: list[object] = [pump, *pump.parts]
    while waiting:
        part = waiting.pop()
        if id(part) in seen or not type(part).__module__.startswith("firmware."):
            continue
        seen.add(id(part))
        for name, value in vars(part).items():
            if value is nobody:
                empty.add(f"{type(part).__name__}.{name}")
            waiting.append(value)
    # Nobody watches this pump's catheter, and no link has been put to it.
    assert empty == {"Therapy.on_procedure", "Telemetry.send"}
    assert len(seen) > 30
    assert pump.last_error is None and pump.upkeep._world.spared is pump._spared


@pytest.mark.req("ALARM-2", "SELF-1")
def test_the_causes_of_alarms_that_are_the_pumps_own_are_looked_at_as_they_are() -> None:
    pump = Hand().pump
    causes = pump.alarms.present_too
    assert [name for name, is_there in causes.items() if is_there()] == []
    pump.upkeep.passed = False
    pump.upkeep.energy.level = lambda: energy.LOW  # type: ignore[method-assign]
    assert [name for name, is_there in causes.items() if is_there()] == ["self_test_fail", "pump_low_battery"]
    pump.upkeep.energy.level = lambda: energy.DEPLETED  # type: ignore[method-assign]
    assert [name for name, is_there in causes.items() if is_there()] == [
        "self_test_fail", "pump_low_battery", "depleted_battery",
    ]  # fmt: skip


@pytest.mark.req("STORE-1")
def test_the_books_of_a_new_life_know_how_many_strokes_are_over() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(600)
    hand.live(5 * SECOND_US)
    after = hand.restarted()
    assert after.pump._books.strokes == after.core.over() == 3
