"""Small rules at the edges of the parts: whom a question reaches, what a test touches, what an alarm is about."""

from __future__ import annotations

import pytest

from firmware import dose_codes, protocol
from firmware.alarms.annunciation import PATTERNS, next_tone_us
from firmware.link.answered_by import ANSWERED_BY
from firmware.link.commands import Commands
from firmware.protocol.alarms import BY_NAME
from firmware.protocol.vocabulary import UTC_MAX_S, UTC_MIN_S
from firmware.storage import memory_map
from firmware.upkeep import self_test
from tests.firmware.answering import answering
from tests.firmware.hand import SECOND_US, Hand, alarms, refused
from tests.firmware.ram import RamRtc
from tests.firmware.test_told_and_kept import logged
from tests.firmware.therapy.therapy_by_hand import HOUR_US, refill, settings, status

PATENCY = 5


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.mark.req("LINK-1")
def test_a_message_that_no_part_answers_is_found_at_the_start(hand: Hand) -> None:
    del hand.pump.upkeep
    with pytest.raises(AttributeError, match="upkeep"):
        Commands(hand.pump, role=protocol.ROLE_BENCH)


@pytest.mark.req("LINK-1")
def test_each_message_is_answered_by_one_part_that_can(hand: Hand) -> None:
    named = [name for _, names in ANSWERED_BY for name in names]
    assert sorted(named) == sorted(message.name for message in protocol.MESSAGES)
    for name, part in answering(Commands(hand.pump, role=protocol.ROLE_BENCH), hand.pump).items():
        assert callable(getattr(type(part), name, None)), name


@pytest.mark.req("LOG-2", "THER-10")
def test_a_log_that_does_not_answer_is_refused_and_stops_nothing(hand: Hand) -> None:
    hand.pump.therapy.set_basal(1000)
    hand.memory.absent = True
    refused(lambda: hand.pump.reports.read_log(0, 8), protocol.MEMORY_FAILED)
    assert status(hand)["state"] == protocol.STATE_RUNNING
    hand.memory.absent = False
    assert hand.pump.reports.read_log(0, 8)["events"]


@pytest.mark.req("SELF-1")
def test_a_self_test_changes_nothing_but_its_own_32_bytes(hand: Hand) -> None:
    places = hand.pump._memory.scratch_at
    before, writes = bytes(hand.memory.cells), len(hand.memory.writes)
    reply = hand.pump.device.self_test()
    assert reply["passed"] and len(reply["checks"]) > 5
    made = hand.memory.writes[writes:]
    on_scratch = {data for at, data in made if at == places}
    assert len(on_scratch) >= 2 and {len(data) for data in on_scratch} == {memory_map.SCRATCH_BYTES}, "patterns"
    assert all(data == before[at : at + len(data)] for at, data in made if at != places), "what is there already"
    outside = [at for at, (was, now) in enumerate(zip(before, hand.memory.cells, strict=True)) if was != now]
    assert all(places <= at < places + memory_map.SCRATCH_BYTES for at in outside)


@pytest.mark.req("SELF-1", "GUARD-4")
def test_a_stroke_that_plays_is_not_one_that_the_sensor_missed(hand: Hand) -> None:
    hand.pump.boluses.bolus(600)
    hand.live(hand.core.next_us() - 1)
    hand.now_us = hand.core.next_us()
    hand.core.promise(hand.now_us, hand.now_us + SECOND_US)
    assert hand.core.service(hand.now_us) == 1
    world = hand.pump.upkeep._world
    assert world.stroke_counts() == (0, 0) and world.delivering()
    assert not hand.pump.upkeep.test(quick=True)
    hand.core.confirmed()
    assert world.stroke_counts() == (1, 1)
    hand.core.ended()
    hand.pump.switch.stop()
    assert not world.delivering()
    place = self_test.NAMES.index("stroke_sensor")
    world.stroke_counts = lambda: (9, 7)
    assert hand.pump.upkeep.test() == 1 << place and not hand.pump.upkeep.passed
    assert logged(hand, protocol.EVENT_SELF_TEST)[-1]["a"] == 1 << place
    refused(hand.pump.switch.resume, protocol.SELF_TEST_FAILED)


@pytest.mark.req("SELF-1")
def test_what_a_round_leaves_out_stands_as_it_was_found(hand: Hand) -> None:
    world = hand.pump.upkeep._world
    world.native = False
    native = 1 << self_test.NAMES.index("native_core")
    assert hand.pump.upkeep.test() == native
    assert not hand.pump.upkeep.test(daily=True), "the daily round does not ask"
    assert not hand.pump.upkeep.passed
    world.native = True
    assert not hand.pump.upkeep.test() and hand.pump.upkeep.passed


@pytest.mark.req("THER-8")
@pytest.mark.parametrize(
    ("utc_s", "known"), [(UTC_MIN_S - 1, False), (UTC_MIN_S, True), (UTC_MAX_S, True), (UTC_MAX_S + 1, False)]
)
def test_a_clock_is_believed_within_what_can_be_set(utc_s: int, known: bool) -> None:
    hand = Hand(rtc=RamRtc(utc_s))
    assert hand.wall.known == known and ("clock_lost" in alarms(hand)) != known


@pytest.mark.req("ALARM-2", "GUARD-4")
def test_a_latched_fault_keeps_its_own_alarms_and_no_other(hand: Hand) -> None:
    hand.pump.boluses.bolus(2000)
    hand.live(60 * SECOND_US, confirm=False)
    for name in ("system_error", "motor_stall", "over_delivery", "communication_error", "watchdog_reset"):
        hand.pump.alarms.raise_alarm(name)
    for name in ("stroke_sensor_fault", "system_error", "motor_stall", "over_delivery"):
        number = BY_NAME[name].number
        refused(lambda number=number: hand.pump.alarms.acknowledge_alarm(number), protocol.CAUSE_THERE)
    for name in ("communication_error", "watchdog_reset"):
        assert not hand.pump.alarms.acknowledge_alarm(BY_NAME[name].number)["cause_there"]
    hand.pump.faults.clear_fault(dose_codes.FAULT_COUNT)
    for name in ("stroke_sensor_fault", "system_error", "motor_stall", "over_delivery"):
        hand.pump.alarms.acknowledge_alarm(BY_NAME[name].number)
    assert alarms(hand) == ["pump_stopped"]


@pytest.mark.req("THER-6", "ALARM-1")
def test_an_alarm_amid_the_strokes_of_a_procedure_ends_them(hand: Hand) -> None:
    hand.pump.switch.stop()
    hand.pump.clinic.start_procedure(PATENCY)
    hand.pump.clinic.answer_procedure(0, 0, 0)
    hand.pump.clinic.answer_procedure(1, 0, 0)
    hand.live(3 * SECOND_US)
    assert hand.pump.clinic.read_procedure()["procedure_delivering"]
    hand.pump.alarms.raise_alarm("occlusion")
    made = len(hand.strokes_us)
    found = hand.pump.clinic.read_procedure()
    assert (found["procedure_delivering"], found["procedure"], found["procedure_strokes_left"]) == (
        False, PATENCY, 5 - made,
    )  # fmt: skip
    hand.live(HOUR_US)
    assert len(hand.strokes_us) == made and 0 < made < 5


@pytest.mark.req("ALARM-2", "THER-4")
def test_one_that_gets_worse_is_stored_as_that(hand: Hand) -> None:
    refill(hand)
    settings(hand, reservoir_low_mu=6_000_000, reservoir_empty_mu=5_999_800)
    hand.live(SECOND_US)
    number = BY_NAME["low_reservoir"].number
    hand.pump.alarms.acknowledge_alarm(number)

    def quiet(one: Hand) -> dict[str, bool]:
        records = one.pump.alarms.read_alarms(0)["records"]
        return {name: each["quiet"] for each in records for name in BY_NAME if BY_NAME[name].number == each["alarm"]}

    assert quiet(hand)["low_reservoir"] and quiet(hand.restarted(SECOND_US))["low_reservoir"]
    hand.pump.alarms.raise_alarm("low_reservoir", 7, 2)
    assert not quiet(hand)["low_reservoir"] and not quiet(hand.restarted(SECOND_US))["low_reservoir"]


@pytest.mark.req("ALARM-3")
def test_tones_never_end_while_an_alarm_stands() -> None:
    for priority in PATTERNS:
        since_us = 0
        for _ in range(200):
            found_us = next_tone_us(priority, since_us)
            assert since_us <= found_us < since_us + 3600 * SECOND_US
            since_us = found_us + 1


@pytest.mark.req("GUARD-4", "STORE-5")
def test_a_fault_whose_alarm_stands_already_is_in_memory_too(hand: Hand) -> None:
    hand.pump.alarms.raise_alarm("stroke_sensor_fault")
    hand.pump.switch.resume()
    hand.pump.boluses.bolus(2000)
    hand.live(60 * SECOND_US, confirm=False)
    assert len(logged(hand, protocol.EVENT_FAULT)) == 1
    assert len(logged(hand.restarted(SECOND_US), protocol.EVENT_FAULT)) == 1


@pytest.mark.req("GUARD-4", "STORE-5")
@pytest.mark.parametrize("too_many", [False, True])
def test_an_edge_that_is_missed_or_too_many_is_told_and_in_memory_with_its_stroke(hand: Hand, too_many: bool) -> None:
    hand.pump.boluses.bolus(200)
    if too_many:
        hand.live(hand.now_us + SECOND_US // 2)
        hand.core.confirmed()
        hand.pump.boluses.bolus(200)
        hand.live(hand.now_us + 3 * SECOND_US)
    else:
        hand.live(hand.now_us + SECOND_US // 2, confirm=False)
    for one in (hand, hand.restarted(SECOND_US)):
        found = logged(one, protocol.EVENT_EDGE_DIFFERS)
        assert [(each["category"], each["detail"], each["a"]) for each in found] == [
            (protocol.CATEGORY_MALFUNCTION, int(too_many), 1)
        ]


@pytest.mark.req("STORE-3")
def test_a_memory_that_cannot_be_believed_is_not_written_on(hand: Hand) -> None:
    """But for what the self-test does: the bytes that are there, and its own."""
    for address in range(hand.memory.size_bytes):
        hand.memory.cells[address] ^= 0x5A
    hand = hand.restarted()
    place = hand.pump._memory.scratch_at
    before = bytes(hand.memory.cells)
    hand.pump.alarms.raise_alarm("low_reservoir")
    hand.pump.upkeep.account()
    hand.live(hand.now_us + 30 * HOUR_US)
    hand.pump.visited(hand.pump.visitors.began, 1)
    after = bytes(hand.memory.cells)
    end = place + memory_map.SCRATCH_BYTES
    assert after[:place] == before[:place] and after[end:] == before[end:]
    refused(hand.pump.switch.resume, protocol.MEMORY_FAILED)
