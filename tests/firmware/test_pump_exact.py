"""The handling of each wake-up, to the microsecond: what is noted, stored and sounded for strokes, findings, starts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from firmware import dose_codes, events, protocol
from firmware.compat import nobody
from firmware.occlusion import codes
from firmware.occlusion.watch import Watch
from firmware.protocol.alarms import BY_NAME
from tests.firmware.answering import answering
from tests.firmware.hand import SECOND_US, Hand, alarms
from tests.firmware.ram import RamRtc
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
    hand.pump.switch.stop()
    hand.pump.alarms.tone_us = protocol.NEVER_US
    return hand


@pytest.mark.req("GUARD-3")
def test_the_supervisor_looks_around_every_hour_and_soon_is_a_second() -> None:
    hand = stopped()
    assert hand.pump.deadline_us == HOUR_US and hand.pump.soon_us == SECOND_US
    assert woken(hand, HOUR_US - 1).pump.rounds.due_us == HOUR_US
    assert woken(hand, HOUR_US).pump.rounds.due_us == 2 * HOUR_US
    hand.now_us += 7
    assert hand.pump.soon_us == HOUR_US + 7 + SECOND_US
    hand.now_us = 3 * HOUR_US
    assert hand.pump.deadline_us == 3 * HOUR_US, "never before now"


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


@pytest.mark.req("DOSE-4")
def test_the_caps_are_foreseen_with_strokes_as_far_apart_as_the_core_has_them() -> None:
    assert Hand().pump.therapy.forecast._spacing_us == 2 * SECOND_US


@pytest.mark.req("GUARD-3", "ALARM-1")
def test_no_seam_of_a_pump_stands_empty() -> None:
    hand = Hand()
    pump = hand.pump
    seen: set[int] = set()
    empty: set[str] = set()
    waiting: list[object] = [pump, *answering(None, pump).values()]
    while waiting:
        part = waiting.pop()
        if id(part) in seen or not type(part).__module__.startswith("firmware."):
            continue
        seen.add(id(part))
        for name, value in vars(part).items():
            if value is nobody:
                empty.add(f"{type(part).__name__}.{name}")
            waiting.append(value)
    # No link has been put to this pump.
    assert empty == {"Telemetry.send"}
    assert len(seen) > 30
    assert pump.failures.last_error is None and pump.upkeep._world.spared is pump.failures.spared


@pytest.mark.req("STORE-1")
def test_the_books_of_a_new_life_know_how_many_strokes_are_over() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(600)
    hand.live(5 * SECOND_US)
    after = hand.restarted()
    assert after.pump.books.strokes == after.core.over() == 3


@pytest.mark.req("LOG-1", "STORE-1")
def test_what_a_start_has_found_is_stored_with_it() -> None:
    class Barked(Hand):
        watchdog_reset = 3

    hand = Barked(rtc=RamRtc(None))
    assert [each["detail"] for each in logged(hand, protocol.EVENT_CLOCK_LOST)] == [hand.wall.why]
    found = hand.pump.alarms.read_alarms(0)["records"]
    assert [each["detail"] for each in found if each["alarm"] == BY_NAME["watchdog_reset"].number] == [3]
    number = hand.pump.reports.read_log(0, 1)["newest_number"]
    hand.rtc.now_s = 1_767_225_600
    after = hand.restarted(1)
    assert after.pump.reports.read_log(0, 1)["newest_number"] > number, "no number is used again"
    assert len(logged(after, protocol.EVENT_CLOCK_LOST)) >= 1 and "watchdog_reset" in alarms(after)


@pytest.mark.req("LOG-1", "GUARD-3")
def test_a_hardfault_is_logged_by_the_next_life_with_its_place() -> None:
    class Fell(Hand):
        watchdog_reset = 4
        crashed = (0x10012344, 0xFFFFFFF9, 0x81000003, 0x00000082)

    assert logged(Hand(), protocol.EVENT_CRASHED) == []
    event = logged(Fell(), protocol.EVENT_CRASHED)[-1]
    assert (event["category"], event["detail"], event["reason"]) == (protocol.CATEGORY_MALFUNCTION, 0, 0)
    assert [event[each] for each in "abcd"] == [0x10012344, 0xFFFFFFF9, 0x81000003, 0x82]


@pytest.mark.req("GUARD-4", "LOG-1", "STORE-1")
def test_a_stroke_that_the_sensor_missed_is_in_the_log_at_once() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(600)
    hand.live(SECOND_US, confirm=False)
    assert len(logged(hand, protocol.EVENT_EDGE_DIFFERS)) == 1
    assert len(logged(hand.restarted(1), protocol.EVENT_EDGE_DIFFERS)) == 1


@pytest.mark.req("ALARM-1", "GUARD-3")
def test_each_event_is_seen_to_and_no_other() -> None:
    hand = stopped()
    pump = hand.pump
    called: list[tuple[str, int]] = []
    pump._time = lambda now_us: called.append(("time", now_us))  # type: ignore[method-assign]
    pump.alarms.stroke_over = lambda now_us: called.append(("alarms", now_us))  # type: ignore[method-assign]
    pump.faults.latched = lambda now_us: called.append(("fault", now_us))  # type: ignore[method-assign]
    pump.books.deliveries.withheld = lambda *what: called.append(("withheld", 0))  # type: ignore[method-assign]
    pump._watch = SimpleNamespace(
        found=[],
        time=lambda now_us: called.append(("watch time", now_us)),
        stroke=lambda now_us, next_us: called.append(("watch stroke", next_us)),
    )
    hand.now_us = 77
    for happened, seen in (
        (0, []),
        (events.TIME, [("watch time", 77), ("time", 77)]),
        (events.STROKE, [("alarms", 77), ("watch stroke", -1)]),
        (events.STROKE | events.TIME, [("alarms", 77), ("watch stroke", -1), ("time", 77)]),
        (events.FAULT, [("fault", 77)]),
    ):
        called.clear()
        pump.handle(happened)
        assert called == seen, happened


@pytest.mark.req("GUARD-1", "ALARM-1")
@pytest.mark.parametrize(("hour_mu", "day_mu", "name"), [(2_000, 500_000, "hourly"), (2_000, 2_000, "daily")])
def test_a_cap_that_takes_a_stroke_is_an_alarm_that_a_reset_keeps(hour_mu: int, day_mu: int, name: str) -> None:
    hand = Hand()
    hand.pump.device.set_limits(35_000, 40_000, hour_mu, day_mu)
    hand.pump.therapy.set_basal(35_000)
    hand.live(600 * SECOND_US)
    if name == "daily":
        hand.live(2 * HOUR_US)
    assert len(hand.strokes_us) == 10
    told = [each for each in alarms(hand) if "maximum" in each]
    assert any(each.startswith(name) for each in told)
    withheld = hand.pump.record.withheld_told
    assert withheld > 1
    assert hand.restarted(1).pump.record.withheld_told == withheld
    assert [each for each in alarms(hand.restarted(1)) if "maximum" in each] == told


@pytest.mark.req("OCC-1", "LOG-1", "STORE-1")
def test_a_finding_is_noted_and_stored() -> None:
    hand = Hand()
    hand.pump._diagnosed(codes.Diagnosis(codes.OCCLUSION, 1, 2, 3))
    for each in (hand, hand.restarted(1)):
        (event,) = logged(each, protocol.EVENT_DIAGNOSIS)
        shown = tuple(event[name] for name in ("category", "detail", "reason", "a"))
        assert shown == (protocol.CATEGORY_ALARM, codes.OCCLUSION, 0, 2)
        assert "occlusion" in alarms(each)


@pytest.mark.req("GUARD-2", "LOG-1")
def test_a_fault_and_its_clearing_are_noted_with_the_fault_and_nothing_else() -> None:
    hand = Hand()
    hand.core.stop(0, dose_codes.FAULT_STOPPED)
    hand.pump.handle(events.FAULT)
    hand.pump.faults.clear_fault(dose_codes.FAULT_STOPPED)
    for event in (protocol.EVENT_FAULT, protocol.EVENT_FAULT_CLEARED):
        assert [(each["detail"], each["reason"]) for each in logged(hand, event)] == [(dose_codes.FAULT_STOPPED, 0)]


@pytest.mark.req("GUARD-3", "LOG-3", "ALARM-3")
def test_what_has_come_due_is_seen_to_at_its_microsecond() -> None:
    hand = stopped()
    pump = hand.pump
    called: list[str] = []
    late: list[int] = []
    pump.alarms.time = lambda now_us: called.append("alarms")  # type: ignore[method-assign]
    pump.therapy.time = lambda now_us: (called.append("therapy"), False)  # type: ignore[assignment, func-returns-value, method-assign]
    pump.stream.time = lambda now_us: called.append("stream")  # type: ignore[method-assign]
    pump.stream.woke = lambda now_us, wanted_us: late.append(now_us - wanted_us)  # type: ignore[method-assign]
    never = protocol.NEVER_US
    for therapy_us, tone_us, stream_us, seen in (
        (100, never, never, ["alarms", "therapy"]),
        (never, 100, never, ["alarms"]),
        (100, 100, never, ["alarms", "therapy"]),
        (never, never, 100, ["stream"]),
    ):
        pump.therapy.deadline_us, pump.alarms.tone_us, pump.stream.deadline_us = therapy_us, tone_us, stream_us
        assert pump._due_us() == 100
        for now_us in (99, 100):
            called.clear()
            hand.now_us = now_us
            pump.handle(events.TIME)
            assert called == (seen if now_us == 100 else [])
            assert late.pop() == now_us - 100


@pytest.mark.req("OCC-1")
def test_a_watch_is_woken_for_told_of_and_heard() -> None:
    watch = Watch(lambda: -1, lambda: 700, (512, 39_063, 4_095), 500, 104_222)
    hand = Hand(watch=watch)
    pump = hand.pump
    watch.detector.wake_us = 55
    assert pump.deadline_us == 55
    assert pump.alarms._causes.standing() == codes.NONE
    watch.standing = codes.Diagnosis(codes.BACKFLOW, 1, 2, 3)
    assert pump.alarms._causes.standing() == codes.BACKFLOW and Hand().pump.alarms._causes.standing() == codes.NONE


@pytest.mark.req("GUARD-3", "LOG-1")
def test_a_pump_just_made_is_neither_over_nor_failing_and_hears_visitors() -> None:
    hand = Hand()
    assert hand.pump.over is False and hand.pump.failures._failing is False
    hand.pump.visited(hand.pump.visitors.began, 1)
    assert [each["detail"] for each in logged(hand, protocol.EVENT_CONNECTED)] == [1]


@pytest.mark.req("STORE-1", "STORE-5")
@pytest.mark.parametrize("order", ["basal", "procedure"])
def test_a_pump_that_has_restarted_has_the_permit_for_its_next_stroke_and_its_procedure(order: str) -> None:
    hand = Hand()
    if order == "basal":
        hand.pump.therapy.set_basal(35_000)
    else:
        hand.pump.switch.stop()
        hand.pump.clinic.start_procedure(5)
    hand.live(60 * SECOND_US)
    after = hand.restarted()
    assert after.memory.writes and after.pump.course.under_way == (order == "procedure")
    after.live(after.now_us + 60 * SECOND_US)
    assert len(after.strokes_us) == (2 if order == "basal" else 0)


@pytest.mark.req("GUARD-1", "DOSE-3", "STORE-1")
def test_a_bolus_that_a_cap_has_cut_ends_with_that_and_each_stroke_withheld_is_stored() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(2_000)
    hand.live(5 * SECOND_US)
    made = len(hand.strokes_us)
    hand.core.set_limits(35_000, 40_000, 200 * made, 150_000)  # past the firmware, as nothing of it does
    hand.live(10 * SECOND_US)
    for each in (hand, hand.restarted(1)):
        (ended,) = [event for event in logged(each, protocol.EVENT_DELIVERY_ENDED) if event["detail"] == 1]
        assert ended["reason"] == protocol.REASON_HOUR_CAP
    assert len(hand.strokes_us) == made
