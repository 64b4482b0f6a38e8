"""The pump's own times and what it does at each of them, to the microsecond; what is counted, noted and sounded."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import pytest

from firmware import dose_codes, events, protocol
from firmware.compat import nobody
from firmware.link.answered_by import answering
from firmware.occlusion import codes
from firmware.occlusion.watch import Watch
from firmware.protocol.alarms import ALARMS, BY_NAME
from firmware.upkeep import energy, parts
from firmware.upkeep.failures import number_of
from tests.firmware.hand import SECOND_US, Hand, alarms
from tests.firmware.ram import RamNvm, RamRtc
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


@pytest.mark.req("GUARD-3", "STORE-1")
def test_after_a_failure_it_looks_again_within_a_minute() -> None:
    hand = stopped()
    hand.pump.failures.failed(ValueError("for the test"))
    assert hand.pump.rounds.due_us == 60 * SECOND_US
    hand.now_us = 50 * SECOND_US
    hand.pump.failures.failed(ValueError("again"))
    assert hand.pump.rounds.due_us == 60 * SECOND_US, "and no later for another"


@pytest.mark.req("STORE-1")
def test_a_memory_that_is_absent_is_looked_for_each_second_of_the_first_minute_then_each_minute() -> None:
    memory = RamNvm()
    memory.absent = True
    hand = Hand(memory)
    hand.now_us = 0
    assert hand.pump.rounds.due_us == SECOND_US
    for now_us, next_us in (
        (SECOND_US, 2 * SECOND_US),
        (60 * SECOND_US - 1, 61 * SECOND_US - 1),
        (60 * SECOND_US, 120 * SECOND_US),
        (120 * SECOND_US, 180 * SECOND_US),
    ):
        hand.pump.rounds.due_us = now_us
        assert woken(hand, now_us).pump.rounds.due_us == next_us and not hand.pump.over
    hand.pump.rounds._begun_us = 10 * SECOND_US
    for now_us, next_us in ((65 * SECOND_US, 66 * SECOND_US), (70 * SECOND_US, 130 * SECOND_US)):
        hand.pump.rounds.due_us = now_us
        assert woken(hand, now_us).pump.rounds.due_us == next_us, "of this life's first minute"
    hand.pump.rounds.due_us = 180 * SECOND_US
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


@pytest.mark.req("SELF-1", "LOG-1")
def test_a_day_is_over_at_its_last_microsecond_and_no_sooner() -> None:
    for early_us in (1, 0):
        hand = stopped()
        asked: list[bool] = []
        hand.pump.upkeep.test = lambda daily=False, quick=False, asked=asked: asked.append(daily) or 0  # type: ignore[method-assign]
        hand.pump.rounds.due_us = DAY_US - early_us
        woken(hand, DAY_US - early_us)
        assert asked == ([] if early_us else [True])
        assert hand.pump.rounds._told_us == (0 if early_us else DAY_US)


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
    assert [number_of(kind()) for kind in kinds] == list(range(8))
    assert number_of(ZeroDivisionError()) == number_of(UnicodeError()) == 8, "and any other is the next"


@pytest.mark.req("ALARM-1")
def test_an_alarm_of_what_went_missing_tells_it_in_mu() -> None:
    hand = Hand()
    hand.pump.alarms.refilled(4_000_000)
    found = hand.pump.alarms.read_alarms(0)["records"]
    assert [each["detail"] for each in found if each["alarm"] == BY_NAME["over_delivery"].number] == [4_000_000]


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


@pytest.mark.req("PWR-1", "ALARM-1")
def test_a_battery_whose_level_is_not_known_counts_as_that_bad() -> None:
    hand = Hand()
    for level in (energy.GOOD, energy.LOW, energy.DEPLETED):
        hand.pump.upkeep.energy.level = lambda level=level: level  # type: ignore[method-assign]
        assert hand.pump.upkeep.battery_level() == level
    hand.pump.upkeep.energy.level = lambda: 1 // 0  # type: ignore[method-assign]
    assert hand.pump.upkeep.battery_level() == energy.DEPLETED


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


@pytest.mark.req("ALARM-2", "SELF-1")
def test_the_causes_of_alarms_that_are_the_pumps_own_are_looked_at_as_they_are() -> None:
    pump = Hand().pump

    def there() -> list[str]:
        return [each.name for each in ALARMS if pump.alarms._causes.there(each.name)]

    assert there() == []
    pump.upkeep.passed = False
    pump.upkeep.energy.level = lambda: energy.LOW  # type: ignore[method-assign]
    assert there() == ["pump_low_battery", "self_test_fail"]
    pump.upkeep.energy.level = lambda: energy.DEPLETED  # type: ignore[method-assign]
    assert there() == ["pump_low_battery", "depleted_battery", "self_test_fail"]


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
    assert [each for each in alarms(hand.restarted(1)) if "maximum" in each] == told


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


@pytest.mark.req("THER-8", "THER-1")
def test_a_clock_that_is_found_lost_in_the_hourly_look_brings_the_lowest_rate_at_once() -> None:
    hand = Hand()
    patterns = hand.pump.patterns
    rates = [{"rate_mu_per_h": 500 if half_hour < 24 else 100} for half_hour in range(48)]
    patterns.commit_pattern(1, fingerprint=patterns.stage_pattern(1, rates)["fingerprint"])
    hand.pump.therapy.select_pattern(1)
    hand.live(HOUR_US - SECOND_US)
    assert hand.pump.status()["in_force_mu_per_h"] == 500 and hand.rtc.now_s is not None
    hand.rtc.now_s += 600
    hand.live(HOUR_US + SECOND_US)
    assert not hand.wall.known and hand.pump.status()["in_force_mu_per_h"] == 100
    assert "clock_lost" in alarms(hand)


@pytest.mark.req("OCC-1", "LOG-1", "STORE-1")
def test_a_finding_is_noted_and_stored() -> None:
    hand = Hand()
    hand.pump._diagnosed(codes.Diagnosis(codes.OCCLUSION, 1, 2, 3))
    for each in (hand, hand.restarted(1)):
        (event,) = logged(each, protocol.EVENT_DIAGNOSIS)
        shown = tuple(event[name] for name in ("category", "detail", "reason", "a"))
        assert shown == (protocol.CATEGORY_ALARM, codes.OCCLUSION, 0, 2)
        assert "occlusion" in alarms(each)


@pytest.mark.req("GUARD-4", "STORE-1")
def test_a_stroke_that_was_forgiven_is_stored_with_that() -> None:
    counts = []
    for forgiven in (False, True):
        hand = Hand()
        hand.pump._edges.look = lambda now_us, found=forgiven: found  # type: ignore[method-assign]
        stores: list[int] = []
        hand.pump.books.store = lambda stores=stores: stores.append(1)  # type: ignore[method-assign]
        woken(hand, HOUR_US)
        counts.append(len(stores))
    assert counts[1] == counts[0] + 1


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
    hand.pump.connected(True)
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


@pytest.mark.req("ALARM-1", "GUARD-3")
def test_a_failure_in_the_handling_of_a_failure_amid_a_request_goes_on_to_the_board() -> None:
    hand = Hand()

    def fails() -> None:
        raise OSError("for the test")

    hand.pump.therapy.halt_by_itself = lambda *_: fails()  # type: ignore[method-assign]
    with pytest.raises(OSError, match="for the test"):
        hand.pump.failures.attend(lambda: hand.pump.failures.failed(ValueError("an order has failed")))
    assert not hand.pump.failures.spared.failing, "it is no matter of the link"


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
