"""The memory by itself, without a pump: what a start takes up, stores and tells, and what it must not write over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from c_ext.host import Core
from firmware import protocol
from firmware.drivers.clock import Clock
from firmware.storage import memory_map
from firmware.storage.deliveries import Deliveries
from firmware.storage.journal import Journal
from firmware.storage.memory import Memory
from firmware.storage.slots import OVERHEAD_BYTES
from firmware.storage.state_record import PAYLOAD_BYTES
from firmware.upkeep.wall_clock import WallClock
from tests.firmware.hand import MOTOR, SECOND_US, STROKE_UU, Hand, deliveries
from tests.firmware.ram import RamNvm, RamRtc

pytestmark = pytest.mark.req("STORE-1")
UTC_S = 1_767_225_600
LIVES = 0xFFFFFFFF
STATE = (memory_map.STATE_AT, memory_map.STATE_AT + PAYLOAD_BYTES + OVERHEAD_BYTES)


class Alone:
    """A memory with a core, a clock and a record of deliveries of its own; `advanced_us` is how far it moved the
    counter, `events` what is in its log."""

    def __init__(
        self,
        nvm: RamNvm | None = None,
        utc_s: int | None = UTC_S,
        now_us: int = 0,
        entropy: Callable[[], int] | None = None,
    ) -> None:
        self.now_us = now_us
        self.nvm = nvm or RamNvm()
        self.core = Core(motor=MOTOR)
        clock = Clock(lambda: self.now_us)
        self.wall = WallClock(clock, RamRtc(utc_s))
        self.journal = Journal(self.nvm, self.core.ticks(), STROKE_UU)
        self.memory = Memory(self.journal, self.core, clock, self.wall)
        self.record = self.memory.record
        self.advanced_us: list[int] = []
        self.deliveries = Deliveries(self.core, lambda _: True)
        self.memory.open(self.deliveries, self._advance, entropy)

    def _advance(self, us: int) -> None:
        self.advanced_us.append(us)
        self.now_us += us

    def later(self, seconds: int = 5, utc_s: int | None = UTC_S, **given: Any) -> Alone:
        """The next life, so many seconds after UTC_S."""
        return Alone(RamNvm(image=bytes(self.nvm.cells)), None if utc_s is None else utc_s + seconds, **given)

    @property
    def stored(self) -> Journal:
        """What a reader finds stored now."""
        journal = Journal(RamNvm(image=bytes(self.nvm.cells)), Core(motor=MOTOR).ticks(), STROKE_UU)
        journal.open()
        return journal

    @property
    def events(self) -> list[tuple[int, ...]]:
        """(time, class, event, detail, reason, four values) of the events that count."""
        stored = self.stored
        return [stored.log.read(number) for number in range(1, stored.log.next_number)]

    def note(self) -> None:
        self.memory.note(protocol.CATEGORY_COMMAND, protocol.EVENT_ACCEPTED)

    def store(self) -> bool:
        return bool(self.memory.store(self.deliveries, 1))


def damaged() -> Alone:
    """A pump whose memory cannot be believed, with a log and with values left over in its record."""
    before = Alone()
    before.note()
    assert before.store()
    for at in STATE:
        before.nvm.flip(at + 6)
    return before.later()


def test_a_new_memory_holds_a_pump_that_does_nothing_and_says_so() -> None:
    alone = Alone(now_us=3 * SECOND_US + 7)
    assert alone.memory.state == protocol.MEMORY_WHOLE and alone.memory.usable and not alone.memory.come
    assert alone.memory.counted == 0 and alone.advanced_us == []
    assert alone.store()
    stored = alone.stored.record
    assert (stored.pattern, stored.manual_mu_per_h, stored.recommended_until_us, stored.alarms) == (255, 0, 0, 0)
    assert (stored.saved_us, stored.saved_utc_s, stored.clock_known) == (3 * SECOND_US + 7, UTC_S, 1)
    assert alone.events == [(UTC_S, protocol.CATEGORY_MALFUNCTION, protocol.EVENT_INITIALISED, 0, 0, 0, 0, 0, 0)]


def test_power_that_goes_right_after_the_memory_is_initialised_leaves_a_whole_pump_without_a_permit() -> None:
    alone = Alone(now_us=7 * SECOND_US)
    stored = alone.stored.record
    assert (stored.permitted, stored.saved_us, stored.saved_utc_s) == (0, 7 * SECOND_US, UTC_S)
    assert alone.later().memory.state == protocol.MEMORY_WHOLE


def test_initialising_a_damaged_memory_leaves_nothing_of_the_record_before() -> None:
    alone = damaged()
    record, memory = alone.record, alone.memory
    assert memory.state == protocol.MEMORY_DAMAGED
    record.pattern, record.manual_mu_per_h, record.recommended_until_us, record.alarms = 2, 3000, 77, 5
    record.permitted, record.saved_us, record.saved_utc_s = 9, 99, 999
    alone.now_us = SECOND_US
    memory.initialise(alone.deliveries)
    stored = alone.stored.record
    assert (stored.pattern, stored.manual_mu_per_h, stored.recommended_until_us, stored.alarms) == (255, 0, 0, 0)
    assert (stored.permitted, stored.saved_us, stored.saved_utc_s) == (0, SECOND_US, UTC_S + 6)
    assert alone.store()
    assert [each[2] for each in alone.events] == [protocol.EVENT_INITIALISED, protocol.EVENT_ACCEPTED] + [
        protocol.EVENT_INITIALISED
    ], "what is still readable stays"
    assert alone.later().memory.state == protocol.MEMORY_WHOLE


@pytest.mark.req("LINK-2")
def test_a_life_is_drawn_by_chance_or_differs_with_either_clock() -> None:
    for bits in (0, 1, 12345, LIVES - 1):
        assert Alone(entropy=lambda: bits).memory.orders.life == bits + 1  # noqa: B023
    lives = {
        Alone(now_us=now_us, utc_s=utc_s).memory.orders.life
        for now_us in (0, 1, 2, SECOND_US)
        for utc_s in (UTC_S, UTC_S + 1, UTC_S + 2, UTC_S + 3)
    }
    assert len(lives) == 16


@pytest.mark.req("LINK-2", "STORE-5")
def test_every_start_raises_the_life_and_stores_that_nothing_is_permitted_yet() -> None:
    alone = Alone()
    alone.memory.store(alone.deliveries, 1)
    life = alone.memory.orders.life
    for resets in (1, 2, 3):
        alone = alone.later()
        assert alone.memory.orders.life == life + resets
        stored = alone.stored.record
        assert (stored.permitted, stored.resets) == (0, resets) == (alone.record.permitted, alone.record.resets)
        alone.memory.store(alone.deliveries, 1)


def test_resets_are_counted_as_far_as_can_be_told() -> None:
    alone = Alone()
    for resets, then in ((0xFFFD, 0xFFFE), (0xFFFE, 0xFFFF), (0xFFFF, 0xFFFF)):
        alone.record.resets = resets
        assert alone.store() and alone.later().record.resets == then


@pytest.mark.req("STORE-2", "THER-8", "LOG-1")
@pytest.mark.parametrize(
    ("gone_s", "counter_us", "moved_us"),
    [
        (5, 0, 5_500_000),  # the record's second was cut off, and this one
        (5, 2_000_000, 3_500_000),
        (5, 5_500_000, 0),
        (5, 8_000_000, 0),
        (0, 0, 1_000_000),
    ],
)
def test_device_time_is_moved_on_to_where_it_would_be_and_a_counter_that_is_beyond_is_left(
    gone_s: int, counter_us: int, moved_us: int
) -> None:
    alone = Alone()
    alone.now_us = SECOND_US
    assert alone.store()
    after = alone.later(1 + gone_s, now_us=counter_us)
    assert after.advanced_us == [moved_us]
    gone = (counter_us + moved_us - SECOND_US) // SECOND_US
    assert after.events[-1][1:] == (protocol.CATEGORY_MALFUNCTION, protocol.EVENT_RESET, 0, 0, 1, 0, gone, 0)


@pytest.mark.req("THER-7", "THER-8")
@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("until_us", [0, 3600 * SECOND_US])
def test_a_recommendation_is_over_at_a_start_without_a_clock(lost: bool, until_us: int) -> None:
    alone = Alone()
    alone.record.recommended_until_us = until_us
    alone.now_us = 9 * SECOND_US
    assert alone.store()
    after = alone.later(utc_s=None if lost else UTC_S)
    assert after.record.recommended_until_us == (9 * SECOND_US if lost and until_us else until_us)
    assert after.stored.record.clock_known == (not lost)


@pytest.mark.req("STORE-3")
def test_a_copy_that_is_damaged_and_a_start_in_the_caps_history_are_told() -> None:
    alone = Alone()
    assert alone.store()
    alone.nvm.flip(STATE[0] + 6)
    mended = alone.later()
    assert mended.memory.state == protocol.MEMORY_MENDED and mended.memory.usable
    assert mended.events[-1][2:4] == (protocol.EVENT_RESET, protocol.MEMORY_MENDED)


@pytest.mark.req("STORE-3", "GUARD-1")
def test_starts_of_strokes_that_are_damaged_are_told_and_a_stroke_that_counts_by_the_restart_too() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(2000)
    hand.live(20 * SECOND_US)
    hand.pump.boluses.bolus(200)  # due at once: it may have been made
    places = memory_map.Layout(hand.memory.size_bytes, len(hand.core.ticks()))
    hand.memory.flip(places.history_at + 6)
    after = Alone(RamNvm(image=bytes(hand.memory.cells)), UTC_S + 30)
    assert after.memory.state == protocol.MEMORY_CAPS_LATE and after.memory.usable and after.memory.counted == 1
    assert after.events[-1][2:] == (protocol.EVENT_RESET, protocol.MEMORY_CAPS_LATE, 0, 1, 1, after.events[-1][7], 8)


@pytest.mark.req("STORE-2", "LINK-2")
def test_a_stroke_of_an_order_of_which_nothing_is_written_is_a_delivery_of_one_stroke() -> None:
    hand = Hand()
    bolus = next(each.id for each in protocol.MESSAGES if each.name == "bolus")
    hand.pump.orders.begin(77, hand.pump.orders.life, bolus, 0, 60 * SECOND_US, 0)
    after = hand.restarted()
    kinds = [(each["kind"], each["programmed_mu"], each["commanded_strokes"]) for each in deliveries(after)]
    assert (protocol.KIND_NORMAL_BOLUS, 200, 1) in kinds


@pytest.mark.req("STORE-3", "GUARD-3")
def test_a_core_s_state_that_cannot_be_is_damage_and_nothing_is_written() -> None:
    alone = Alone()
    alone.journal.record.core[:] = bytes(each ^ 0xFF for each in alone.journal.record.core)
    alone.journal.save()
    after = alone.later()
    assert after.memory.state == protocol.MEMORY_DAMAGED and not after.memory.usable
    assert after.nvm.writes == [] and after.memory.orders.life == 0


@pytest.mark.req("STORE-3")
def test_a_damaged_memory_is_written_by_nothing_and_takes_no_event() -> None:
    alone = damaged()
    memory = alone.memory
    assert memory.queue(protocol.CATEGORY_COMMAND, protocol.EVENT_ACCEPTED) is True
    alone.note()
    memory.store_energy()
    memory.store_alarms()
    assert alone.store() is False and memory.stroke(1) is False and memory.keep_time(alone.deliveries, 1) is False
    assert alone.nvm.writes == [] and memory.state == protocol.MEMORY_DAMAGED
    memory.initialise(alone.deliveries)
    assert alone.store()
    assert [each[2] for each in alone.events].count(protocol.EVENT_ACCEPTED) == 1, "the one of the life before"
