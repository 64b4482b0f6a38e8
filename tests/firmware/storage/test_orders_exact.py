"""The table of orders, entry by entry: whose place is taken next, what a life may say, what a cut leaves behind."""

from __future__ import annotations

import struct

import pytest

from firmware import protocol
from firmware.drivers.nvm import Counting
from firmware.errors import MemoryAbsent
from firmware.protocol import INTERRUPTED, REFUSAL_ID, REPEATED, REPLY_BYTES
from firmware.storage import slots
from firmware.storage.orders import BYTES, ENTRIES, HOLDS_US, NOBODY, Orders
from tests.firmware.desk import BY_NAME
from tests.firmware.ram import RamNvm

pytestmark = pytest.mark.req("LINK-2", "STORE-1")
AT = 100
BOLUS, STOP, SET_TIME, INITIALISE = (
    BY_NAME[name].id for name in ("bolus", "stop", "set_time", "initialise_memory")
)  # fmt: skip
MINUTE_US = 60_000_000


class World:
    """Orders in a memory with something on both sides."""

    def __init__(self) -> None:
        self.nvm = RamNvm(AT + BYTES + 50)
        self.nvm.cells[:] = b"\xee" * len(self.nvm.cells)
        self.orders = Orders(Counting(self.nvm), AT)
        self.orders.initialise(4)
        assert self.orders.life == 5 and not any(self.nvm.cells[AT + BYTES - ENTRIES * 92 : AT + BYTES])

    def begin(
        self, number: int, message_id: int = BOLUS, expires_us: int = HOLDS_US, now_us: int = 0, slot: int = NOBODY
    ) -> int:
        life = self.orders.life
        return int(self.orders.begin(number, life, message_id, 1000 + number, expires_us, now_us, slot))

    def again(self, done_id: int = 0, now_us: int = 0, seed: int = 77) -> tuple[Orders, bool]:
        """The next life, and whether an order may have been cut."""
        orders = Orders(Counting(self.nvm), AT)
        cut = orders.read(done_id)
        orders.begin_life(seed, now_us, done_id)
        return orders, cut


def refusal_of(orders: Orders, place: int) -> tuple[int, int, int, int]:
    """(message, code, field, value) of the refusal that an entry has been answered with."""
    reply_id, reply = orders.outcome(place)
    assert reply_id == REFUSAL_ID
    found = protocol.decode(protocol.REFUSAL, reply)
    return found["request_id"], found["code"], found["field_index"], found["value"]


def test_it_keeps_to_its_place() -> None:
    assert BYTES == 2 * (84 + slots.OVERHEAD_BYTES) + 32 * 92, "a life of 84 bytes in two copies, 32 entries"
    world = World()
    for number in range(1, 41):
        world.orders.finish(world.begin(number), BOLUS | 0x80, b"\xdd" * 99)
    assert set(world.nvm.cells[:AT]) == set(world.nvm.cells[AT + BYTES :]) == {0xEE}
    assert max(len(data) for _, data in world.nvm.writes) <= 92, "a bus gives up on what takes longer than 50 ms"


@pytest.mark.parametrize(
    ("seed", "life"), [(0, 1), (4, 5), (0xFFFFFFFE, 0xFFFFFFFF), (0xFFFFFFFF, 1), (0x100000000, 2)]
)
def test_a_life_is_drawn_and_never_0(seed: int, life: int) -> None:
    orders = Orders(Counting(RamNvm(BYTES)), 0)
    orders.initialise(seed)
    assert orders.life == life
    empty = Orders(Counting(RamNvm(BYTES)), 0)
    assert empty.life == 0 and not empty.ready() and empty.read(0) is False
    empty.begin_life(seed, 0, 0)
    assert empty.life == life % 0xFFFFFFFF + 1, "drawn, and raised as at every start"
    assert empty.never_done(empty.life, 1, 2) == (True, False), "none was done yet"


def test_an_entry_comes_back_as_it_was_and_is_that_of_one_order_only() -> None:
    world = World()
    place = world.begin(7, expires_us=2**64 - 1)
    assert world.orders.stored and world.orders.outcome(place) is None
    world.orders.finish(place, 0x91, b"done")
    for orders in (world.orders, world.again(7)[0]):
        assert orders.find(7) == place and orders.find(8) is None
        assert orders.outcome(place) == (0x91, b"done")
        assert orders.is_same(place, BOLUS, 1007)
        assert not orders.is_same(place, BOLUS, 1008) and not orders.is_same(place, STOP, 1007)
        assert orders.is_same(place + 1, 0, 0) is False, "an empty place is no order's"


@pytest.mark.parametrize(("length", "kept"), [(0, 0), (REPLY_BYTES, REPLY_BYTES), (REPLY_BYTES + 1, REPLY_BYTES)])
def test_a_reply_is_kept_as_far_as_there_is_room(length: int, kept: int) -> None:
    world = World()
    first, second = world.begin(1), world.begin(2)
    world.orders.finish(second, 0x91, b"second")
    world.orders.finish(first, 0x91, bytes(range(length)))
    assert world.orders.outcome(first) == (0x91, bytes(range(kept)))
    assert world.orders.outcome(second) == (0x91, b"second")


def test_the_outcome_of_an_earlier_order_in_the_place_is_not_this_ones() -> None:
    world = World()
    for number in range(1, ENTRIES + 1):
        world.orders.finish(world.begin(number, expires_us=10), 0x91, b"old")
    place = world.begin(99, now_us=11)
    assert world.orders.outcome(place) is None
    assert world.again(99)[0].outcome(place) == (REFUSAL_ID, protocol.refusal(BOLUS, REPEATED, 0, 99))


def test_the_oldest_order_that_cannot_come_any_more_makes_room_first() -> None:
    world = World()
    ids = list(range(900, 900 - ENTRIES, -1))  # the later the less
    places = [world.begin(number, expires_us=20 if number in (900, 898, 892) else 30) for number in ids]
    assert sorted(places) == list(range(ENTRIES)), "free ones first"
    life = world.orders.life
    assert world.begin(101, now_us=21) == places[0]
    assert world.begin(102, now_us=21) == places[2]
    assert world.begin(103, now_us=21) == places[8]
    assert world.orders.life == life
    assert world.begin(104, now_us=30) == places[1], "one that holds until now can come"
    assert world.orders.life == life + 1, "so no order of that life is taken any more"
    assert world.orders.find(899) is None and world.orders.find(897) is not None
    assert world.begin(105, now_us=30) == places[3], "of another life"
    assert world.orders.life == life + 1


def test_no_order_that_is_forgotten_holds_longer_than_the_floor() -> None:
    world = World()
    for number in range(1, ENTRIES + 1):
        world.begin(number, expires_us=MINUTE_US * number)
    first = world.orders.life
    world.begin(100, now_us=MINUTE_US + 1)  # in the place of the first, which held a minute
    second = world.again(100, now_us=MINUTE_US + 1)[0]
    assert second.life == first + 1
    for orders in (world.orders, second):
        assert orders.never_done(first, MINUTE_US, 99 * MINUTE_US) == (False, False)
        assert orders.never_done(first, MINUTE_US + 1, 99 * MINUTE_US) == (True, False)
    world.begin(101, expires_us=1, now_us=2 * MINUTE_US + 1)
    world.begin(102, expires_us=1, now_us=2 * MINUTE_US + 1)  # in the place of 101, which held a microsecond
    assert world.orders.never_done(first, 2 * MINUTE_US, 99 * MINUTE_US) == (False, False), "the floor never goes down"
    assert world.orders.never_done(first, 2 * MINUTE_US + 1, 99 * MINUTE_US) == (True, False)


def test_an_order_that_said_it_would_hold_for_ever_counts_as_ten_minutes() -> None:
    world = World()
    for number in range(1, ENTRIES + 2):
        world.begin(number, expires_us=2**64 - 1, now_us=7)
    life = world.orders.life
    assert life == 6
    assert world.orders.never_done(5, 7 + HOLDS_US, 10**15) == (False, False)
    assert world.orders.never_done(5, 8 + HOLDS_US, 10**15) == (True, False)
    assert HOLDS_US == 10 * MINUTE_US


def test_what_can_still_come_and_what_was_certainly_not_done() -> None:
    world = World()
    orders = world.orders
    for _ in range(2):
        orders = world.again()[0]
    assert orders.life == 7
    assert orders.never_done(7, 50, 50) == (True, True), "it holds until now"
    assert orders.never_done(7, 49, 50) == (True, False), "over, and never seen"
    for life in (5, 6):
        assert orders.never_done(life, 50, 50) == (True, False)
    for life in (0, 4, 8, 0xFFFFFFFF):
        assert orders.never_done(life, 50, 50) == (False, False), "no life of this memory"
    assert orders.never_done(7, 0, 50) == (False, False), "what nobody could have sent"


@pytest.mark.parametrize(
    ("message_id", "done", "cut", "code"),
    [
        (BOLUS, False, True, INTERRUPTED),
        (BOLUS, True, False, REPEATED),
        (STOP, False, False, INTERRUPTED),
        (SET_TIME, False, True, REPEATED),
        (INITIALISE, False, True, REPEATED),
    ],
)
def test_an_order_that_power_has_cut_is_told_apart_from_one_that_was_done(
    message_id: int, done: bool, cut: bool, code: int
) -> None:
    world = World()
    world.orders.finish(world.begin(41), 0x91, b"")
    place = world.begin(32, message_id)
    orders, was_cut = world.again(32 if done else 41)
    assert was_cut is cut
    assert refusal_of(orders, place) == (message_id, code, 0, 32)
    assert orders.outcome(orders.find(41)) == (0x91, b"")
    assert world.again(32)[0].outcome(place) == orders.outcome(place), "and stays so"


def test_an_earlier_order_without_an_end_was_not_cut_by_this_power_cut() -> None:
    world = World()
    place = world.begin(9)
    world.orders.finish(world.begin(1), 0x91, b"")
    orders, cut = world.again(1)
    assert cut is False
    assert refusal_of(orders, place) == (BOLUS, REPEATED, 0, 9)


def test_numbers_go_on_after_a_restart() -> None:
    world = World()
    for number in range(1, 4):
        world.orders.finish(world.begin(10 + number, expires_us=number), 0x91, b"")
    orders = world.again(13)[0]
    place = orders.begin(14, orders.life, BOLUS, 0, 10, 0)
    assert place == 3
    heads = [struct.unpack_from("<II", world.nvm.cells, AT + BYTES - (ENTRIES - n) * 92) for n in range(4)]
    assert heads == [(1, 11), (2, 12), (3, 13), (4, 14)]


def test_an_entry_that_is_damaged_may_have_been_done_and_raises_the_floor() -> None:
    for damage, known in ((None, True), (0, False), (1, False)):
        world = World()
        for number in (1, 2, 3):
            world.orders.finish(world.begin(number, expires_us=5), 0x91, b"")
        if damage is not None:
            world.nvm.flip(AT + BYTES - (ENTRIES - damage) * 92 + 9)
        orders = world.again(3, now_us=1000)[0]
        assert orders.never_done(5, 1000 + HOLDS_US, 2000 + HOLDS_US) == (known, False)
        assert orders.never_done(5, 1001 + HOLDS_US, 2000 + HOLDS_US) == (True, False)


def test_a_place_that_should_be_empty_and_is_not_may_have_been_an_orders() -> None:
    world = World()
    world.orders.finish(world.begin(3, expires_us=5), 0x91, b"")
    world.nvm.flip(AT + BYTES - (ENTRIES - 7) * 92)  # the first bit of an entry
    orders = world.again(3, now_us=1000)[0]
    assert orders.never_done(5, 1000 + HOLDS_US, 2000 + HOLDS_US) == (False, False)


def test_the_place_that_was_being_written_may_be_cut_off_and_raises_nothing() -> None:
    world = World()
    world.orders.finish(world.begin(1, expires_us=5), 0x91, b"")
    place = world.begin(2, expires_us=5)
    world.nvm.flip(AT + BYTES - (ENTRIES - place) * 92 + 9)
    orders, cut = world.again(1, now_us=1000)
    assert cut is False and orders.find(2) is None
    assert orders.never_done(5, 1000, 2000) == (True, False)


def test_the_order_that_was_done_last_is_missing_and_so_others_may_be() -> None:
    world = World()
    place = world.begin(1, expires_us=5)
    world.nvm.flip(AT + BYTES - (ENTRIES - place) * 92 + 9)
    orders = world.again(1, now_us=1000)[0]
    assert orders.never_done(5, 1000 + HOLDS_US, 2000 + HOLDS_US) == (False, False)


@pytest.mark.req("STORE-3")
@pytest.mark.parametrize("byte", range(92))
def test_each_byte_of_an_entry_counts(byte: int) -> None:
    world = World()
    place = world.begin(1)
    world.orders.finish(place, 0x91, bytes(range(99)))
    world.nvm.flip(AT + BYTES - (ENTRIES - place) * 92 + byte)
    orders, cut = world.again(1)
    assert cut is False
    if byte < 30:
        assert orders.find(1) is None
    else:
        assert refusal_of(orders, place) == (BOLUS, REPEATED, 0, 1)


def test_a_life_that_memory_has_not_taken_is_none() -> None:
    world = World()
    world.nvm.failing = True
    with pytest.raises(MemoryAbsent):
        world.orders.initialise(9)
    assert world.orders.life == 0
    world.nvm.failing = False
    assert world.orders.life == 10


def test_while_memory_fails_all_is_right_in_ram_and_made_good_after() -> None:
    world = World()
    world.begin(3)
    assert world.orders.stored
    world.nvm.failing = True
    place = world.begin(1)
    assert not world.orders.stored and world.orders.life == 0
    world.orders.finish(place, 0x91, b"done")
    assert world.orders.find(1) == place and world.orders.outcome(place) == (0x91, b"done")
    assert not world.orders.stored
    world.nvm.failing = False
    assert world.orders.ready() and world.orders.life == 5
    world.orders.finish(world.begin(2), 0x91, b"too")
    assert world.orders.stored
    orders, cut = world.again(2)
    assert (orders.life, cut) == (6, False)


def test_another_memory_starts_anew_but_for_the_order_that_asked_for_it() -> None:
    world = World()
    for number in range(200, 200 + ENTRIES):
        world.begin(number, expires_us=MINUTE_US)
    world.begin(1, expires_us=MINUTE_US)
    assert world.orders.never_done(5, 1, 2) == (False, False), "one that was done is forgotten"
    place = world.begin(2, INITIALISE, expires_us=MINUTE_US)
    world.orders.initialise(40)
    assert world.orders.life == 41 and world.orders.find(2) == place
    assert world.orders.never_done(5, 1, 2) == (False, False), "of a life that this memory has not had"
    assert world.orders.never_done(41, 1, 2) == (True, False)
    world.orders.finish(place, 0x91, b"new")
    orders = world.again(2)[0]
    assert orders.life == 42 and orders.outcome(place) == (0x91, b"new")


def test_an_entry_is_of_one_slot_and_comes_back_as_it_was() -> None:
    world = World()
    places = [world.begin(7, slot=slot) for slot in range(NOBODY + 1)]
    for slot, place in enumerate(places):
        world.orders.finish(place, 0x91, bytes([slot]))
    for orders in (world.orders, world.again(7)[0]):
        assert [orders.find(7, slot) for slot in range(NOBODY + 1)] == places
        assert orders.find(7) == places[NOBODY] and orders.find(8, 0) is None
        assert [orders.outcome(place)[1] for place in places] == [bytes([slot]) for slot in range(NOBODY + 1)]


def test_what_is_done_is_found_whoever_did_it() -> None:
    world = World()
    world.orders.finish(world.begin(3, expires_us=5, slot=4), 0x91, b"")
    assert world.again(3, now_us=1000)[0].never_done(5, 6, 2000) == (True, False), "nothing is missing"


def test_whose_entry_makes_room() -> None:
    """Slot 1 has 29, 2 has two, 3 one; times in µs."""
    world = World()
    life = world.orders.life
    of_2 = [world.begin(201, expires_us=10, slot=2), world.begin(202, expires_us=10, slot=2)]
    of_3 = world.begin(301, expires_us=10, slot=3)
    of_1 = [world.begin(number, expires_us=20, slot=1) for number in range(29)]
    assert sorted([*of_2, of_3, *of_1]) == list(range(ENTRIES))
    assert world.begin(100, expires_us=20, now_us=10, slot=1) == of_1[0], "its own: those of others hold until now"
    assert world.orders.life == life + 1
    assert world.begin(101, expires_us=20, now_us=10, slot=1) == of_1[1], "its own of another life, the oldest"
    assert world.begin(203, expires_us=30, now_us=11, slot=2) == of_2[0], "its own, which is over"
    assert world.begin(302, expires_us=30, now_us=11, slot=3) == of_2[1], "another's that is over, and not its latest"
    assert world.begin(401, expires_us=30, now_us=11, slot=4) == of_3
    assert world.begin(402, expires_us=30, now_us=11, slot=4) == of_1[2], "of the one that has more than three"
    assert world.orders.life == life + 1, "it was of another life"
    for number in range(40):
        world.begin(500 + number, expires_us=99, now_us=50, slot=1)
    assert world.orders.find(203, 2) is not None and world.orders.find(302, 3) is not None, "the latest stay for good"
    assert world.orders.find(402, 4) is not None and world.orders.find(401, 4) is None


def test_who_has_three_makes_room_itself_and_who_has_two_does_not() -> None:
    for own in (2, 3):
        world = World()
        mine = [world.begin(900 + number, slot=0) for number in range(own)]
        others = [world.begin(number, slot=1) for number in range(ENTRIES - own)]
        assert world.begin(950, slot=0) == (mine[0] if own == 3 else others[0])
    full = World()
    for number in range(ENTRIES):
        full.begin(number, slot=number % 8)
    assert full.begin(99, slot=NOBODY) == 0, "the oldest of those that have four"


def test_a_slot_s_floor_is_its_own() -> None:
    world = World()
    for number in range(ENTRIES + 1):
        world.begin(number, expires_us=MINUTE_US, slot=1)
    for orders in (world.orders, world.again(ENTRIES)[0]):
        assert orders.never_done(5, MINUTE_US, 2 * MINUTE_US, 1) == (False, False)
        assert orders.never_done(5, MINUTE_US, 2 * MINUTE_US, 0) == (True, False)
        assert orders.never_done(5, MINUTE_US, 2 * MINUTE_US) == (True, False)
    world.orders.initialise(4)
    assert world.orders.never_done(5, MINUTE_US, 2 * MINUTE_US, 1) == (True, False)
    damaged = World()
    damaged.orders.finish(damaged.begin(1, expires_us=5, slot=3), 0x91, b"")
    damaged.nvm.flip(AT + BYTES - ENTRIES * 92 + 9)
    orders = damaged.again(1, now_us=1000)[0]
    for slot in range(NOBODY + 1):
        assert orders.never_done(5, 1000 + HOLDS_US, 2000 + HOLDS_US, slot) == (False, False), (
            "nobody knows whose it was"
        )


def test_orders_in_a_memory_without_a_life_make_none() -> None:
    nvm = RamNvm(BYTES)
    orders = Orders(Counting(nvm), 0)
    for number in range(1, 2 * ENTRIES):
        orders.begin(number, 0, INITIALISE, 0, HOLDS_US, 0)
        assert orders.life == 0 and not orders.stored and not nvm.writes
    assert orders.find(2 * ENTRIES - 1) is not None and orders.find(ENTRIES - 1) is None
