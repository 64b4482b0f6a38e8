"""Each order is done once at most, whatever is repeated, delayed, cut off or sent by somebody else in between."""

from __future__ import annotations

import random
import struct

import pytest

from firmware import protocol
from firmware.drivers.nvm import Counting
from firmware.protocol import REPLY_BYTES
from firmware.storage.orders import BYTES, ENTRIES, HOLDS_US, Orders
from tests.firmware.desk import BY_NAME, Desk
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.ram import PowerCut, RamNvm

MINUTE_US = 60 * SECOND_US
DAY_US = 86_400 * SECOND_US
ORDERS = [message for message in protocol.MESSAGES if message.changes_delivery]
pytestmark = pytest.mark.req("LINK-2")


def running() -> Desk:
    desk = Desk(Hand(RamNvm(131_072)))
    assert isinstance(desk.ask("set_basal", rate_mu_per_h=0), dict)
    return desk


def test_an_order_comes_again_after_another_one() -> None:
    desk = running()
    first = desk.ask("bolus", volume_mu=400)
    again = desk.frames[-1]
    desk.hand.live(5 * SECOND_US)
    desk.ask("set_basal", rate_mu_per_h=1000)
    for _ in range(3):
        assert desk.send(again) == first
    desk.hand.live(9 * SECOND_US)
    assert desk.booked_mu == 400 and len(desk.hand.strokes_us) == 2
    assert desk.commands.counters.orders_repeated == 3


def test_every_order_of_the_last_ten_minutes_is_answered_as_before() -> None:
    desk = running()
    said = []
    for number in range(ENTRIES - 1):
        answer = desk.ask(
            "set_basal" if number % 3 else "bolus", **({"rate_mu_per_h": 0} if number % 3 else {"volume_mu": 200})
        )
        said.append((desk.frames[-1], answer))
        desk.hand.live(desk.hand.now_us + 100_000)
    booked = desk.booked_mu
    random.Random(1).shuffle(said)
    for frame, answer in said:
        assert desk.send(frame) == answer
    assert desk.booked_mu == booked


@pytest.mark.parametrize("clock_lost", [False, True])
@pytest.mark.parametrize("gone_us", [SECOND_US, MINUTE_US, 30 * DAY_US])
def test_an_order_comes_again_after_a_power_cut(gone_us: int, clock_lost: bool) -> None:
    desk = running()
    first = desk.ask("bolus", volume_mu=400, expires_us=desk.hand.now_us + HOLDS_US)
    done = desk.frames[-1]
    never_sent = desk.frame("bolus", volume_mu=600, expires_us=desk.hand.now_us + HOLDS_US)
    desk.hand.live(5 * SECOND_US)
    for _ in range(3):
        desk = desk.restarted(gone_us, clock_lost=clock_lost)
        assert desk.send(done) == first
        assert desk.send(never_sent) == "other_life"
        assert desk.booked_mu == 400
        desk.hand.live(desk.hand.now_us + 9 * SECOND_US)
        assert not desk.hand.strokes_us


@pytest.mark.parametrize("ahead_us", [HOLDS_US + 1, 11 * MINUTE_US, 1 << 62, protocol.NEVER_US])
def test_an_order_that_would_hold_too_long_is_never_done(ahead_us: int) -> None:
    desk = running()
    expires_us = min(desk.hand.now_us + ahead_us, protocol.NEVER_US)
    frame = desk.frame("bolus", volume_mu=400, expires_us=expires_us)
    reply_id, reply = desk.commands.handle(*frame)
    refusal = protocol.decode(protocol.REFUSAL, reply)
    assert (reply_id, refusal["code"], refusal["limit"]) == (protocol.REFUSAL_ID, protocol.HOLDS_TOO_LONG, HOLDS_US)
    assert BY_NAME["bolus"].request[refusal["field_index"]].name == "expires_us"
    for _ in range(2 * ENTRIES):
        desk.ask("bolus", volume_mu=300, expires_us=protocol.NEVER_US)
    for _ in range(20):
        desk.hand.live(desk.hand.now_us + 50 * SECOND_US)
        assert desk.send(frame) in ("holds_too_long", "other_life", "expired")
    assert desk.booked_mu == 0
    assert isinstance(desk.ask("bolus", volume_mu=400), dict)


def test_a_refused_order_is_refused_for_good() -> None:
    desk = running()
    desk.ask("bolus", volume_mu=400)
    assert desk.ask("bolus", volume_mu=600) == "bolus_active"
    refused = desk.frames[-1]
    assert isinstance(desk.ask("cancel_bolus"), dict)
    assert desk.send(refused) == "bolus_active"
    assert desk.restarted().send(refused) == "bolus_active"
    assert desk.booked_mu == 400


def test_two_programmers() -> None:
    """The reply to the first's bolus is lost, the second orders something, the first repeats."""
    desk = running()
    desk.ask("bolus", volume_mu=400)
    frame = desk.frames[-1]
    other = Desk(desk.hand)
    other.ask("set_basal", rate_mu_per_h=500)
    assert desk.send(frame)["strokes"] == 2
    assert other.send(frame)["strokes"] == 2
    assert desk.booked_mu == 400


def test_an_id_that_is_taken_is_not_another_orders() -> None:
    desk = running()
    desk.ask("bolus", volume_mu=200, command_id=7)
    assert desk.ask("bolus", volume_mu=5000, command_id=7) == "id_taken"
    assert desk.ask("set_basal", rate_mu_per_h=1000, command_id=7) == "id_taken"
    assert desk.restarted().ask("bolus", volume_mu=5000, command_id=7) == "id_taken"
    assert desk.booked_mu == 200


def test_an_order_of_before_a_memory_was_initialised() -> None:
    desk = running()
    before = desk.ask("bolus", volume_mu=400)
    frame = desk.frames[-1]
    desk.hand.live(5 * SECOND_US)
    lives = {desk.pump.orders.life}
    for address in range(desk.hand.memory.size_bytes):
        desk.hand.memory.cells[address] ^= 0x55
    desk = Desk(Hand(desk.hand.memory, desk.hand.rtc))
    assert desk.send(frame) == "memory_failed"
    assert isinstance(desk.ask("initialise_memory"), dict)
    assert desk.send(desk.frames[-1])["at_us"] == desk.hand.now_us
    lives.add(desk.pump.orders.life)
    assert isinstance(desk.ask("resume"), dict)
    assert desk.send(frame) == "other_life"
    assert desk.settle(frame) == "forgotten"
    assert before and desk.booked_mu == 0 and len(lives) == 2 and 0 not in lives
    assert isinstance(desk.ask("bolus", volume_mu=200), dict)


def test_a_frame_of_another_pump() -> None:
    one, other = running(), running()
    other.pump.orders._life += 1  # drawn, on a board with entropy
    one.ask("bolus", volume_mu=400)
    assert other.send(one.frames[-1]) == "other_life"


def test_more_orders_than_are_remembered() -> None:
    """What is forgotten is refused; programmers that ask for the time go on, however long the orders hold."""
    desk = running()
    frames = []
    for number in range(5 * ENTRIES):
        frame = desk.frame("set_basal", rate_mu_per_h=50 * (number % 7), expires_us=desk.hand.now_us + HOLDS_US)
        assert isinstance(desk.send(frame), dict)
        frames.append(frame)
    accepted = len(log(desk, protocol.EVENT_ACCEPTED))
    answers = [desk.send(frame) for frame in frames]
    assert all(isinstance(answer, dict) for answer in answers[-ENTRIES:])
    assert set(map(str, answers[:-ENTRIES])) == {"other_life"}
    assert len(log(desk, protocol.EVENT_ACCEPTED)) == accepted


def log(desk: Desk, event: int) -> list[dict[str, int]]:
    return [each for each in desk.pump.reports.read_log(0, 10_000)["events"] if each["event"] == event]


def test_random_orders_repeats_cuts_and_programmers() -> None:
    """A thousand steps: no frame is ever done twice, and each is answered as it was the first time or refused."""
    for seed in range(4):
        draw = random.Random(f"orders {seed}")
        desk = running()
        said: dict[tuple[int, bytes], object] = {}
        accepted = 0
        for _ in range(250):
            what = draw.random()
            if what < 0.05:
                desk = desk.restarted(draw.choice((SECOND_US, MINUTE_US, DAY_US)), clock_lost=draw.random() < 0.3)
            elif what < 0.55 or not said:
                ahead_us = draw.choice((SECOND_US, 30 * SECOND_US, HOLDS_US, HOLDS_US + 5 * SECOND_US))
                frame = desk.frame(
                    "set_basal", rate_mu_per_h=50 * draw.randrange(4), expires_us=desk.hand.now_us + ahead_us
                )
                if draw.random() < 0.3:
                    said[frame] = desk.settle(frame)
                    assert said[frame] == "void"
                else:
                    said[frame] = desk.send(frame)
                    accepted += isinstance(said[frame], dict)
            else:
                frame = draw.choice(list(said))
                answer = desk.send(frame)
                assert answer in (said[frame], "other_life", "expired", "voided"), (seed, answer)
                if said[frame] != "void":
                    assert answer != "voided"
                    assert desk.settle(frame) in (said[frame], "forgotten") or not isinstance(said[frame], dict)
            desk.hand.live(desk.hand.now_us + draw.choice((0, 1000, SECOND_US, 20 * SECOND_US)))
        assert len(log(desk, protocol.EVENT_ACCEPTED)) == accepted + 1, seed


# What became of it.


def test_what_became_of_an_order_is_told_whatever_came_in_between() -> None:
    desk = running()
    bolus = desk.ask("bolus", volume_mu=400)
    done = desk.frames[-1]
    desk.ask("bolus", volume_mu=600)
    refused = desk.frames[-1]
    lost = desk.frame("square_bolus", volume_mu=400, duration_min=30)
    for _ in range(2):
        assert desk.settle(done) == bolus
        assert desk.settle(refused) == "bolus_active"
        assert desk.settle(lost) == "void"
        assert desk.send(lost) == "voided"
        desk.ask("set_basal", rate_mu_per_h=0)
    desk = desk.restarted()
    assert desk.settle(done) == bolus
    assert desk.settle(refused) == "bolus_active"
    assert desk.settle(lost) == "void"
    assert desk.send(lost) in ("voided", "other_life")
    assert desk.booked_mu == 400


def test_an_order_that_was_lost_before_a_restart_was_not_done() -> None:
    desk = running()
    lost = desk.frame("bolus", volume_mu=400)
    desk = desk.restarted()
    assert desk.settle(lost) == "void"
    assert desk.send(lost) == "other_life"
    for _ in range(ENTRIES + 1):
        desk.ask("set_basal", rate_mu_per_h=0, expires_us=desk.hand.now_us + HOLDS_US)
    assert desk.settle(lost) in ("void", "forgotten")


def test_settling_changes_nothing_else() -> None:
    desk = running()
    before = desk.ask("status"), desk.pump.record.contact_us
    desk.settle(desk.frame("bolus", volume_mu=400))
    after = desk.ask("status")
    assert {name: value for name, value in after.items() if value != before[0][name]} == {}
    assert desk.pump.record.contact_us == before[1]


# Power cuts.


@pytest.mark.req("STORE-2")
def test_power_lost_at_any_write_of_an_order_leaves_the_truth() -> None:
    """Whatever was written: it is not done again, and what is told of it is true."""
    template = running()
    first = len(template.hand.memory.writes)
    template.ask("bolus", volume_mu=400)
    count = len(template.hand.memory.writes) - first
    assert count >= 4
    told = set()
    for write in range(1, count + 1):
        for cut_bytes in (0, 1, 20, 36, 10_000):
            desk = running()
            frame = desk.frame("bolus", volume_mu=400)
            desk.hand.memory.cut_write = len(desk.hand.memory.writes) + write
            desk.hand.memory.cut_bytes = cut_bytes
            with pytest.raises(PowerCut):
                desk.send(frame)
            desk = desk.restarted()
            booked = desk.booked_mu
            answer = desk.settle(frame)
            again = desk.send(frame)
            told.add(answer if isinstance(answer, str) else "answered")
            if isinstance(answer, dict) or answer == "repeated":
                assert booked == 400, (write, cut_bytes)
                assert again == answer
            else:
                assert answer in ("void", "interrupted") and booked == 0, (write, cut_bytes, answer)
                assert again in ("interrupted", "other_life", "voided")
            assert desk.booked_mu == booked
    assert told == {"void", "interrupted", "repeated", "answered"}


@pytest.mark.req("STORE-3")
def test_a_damaged_entry_is_not_believed() -> None:
    desk = running()
    desk.ask("bolus", volume_mu=400)
    frame = desk.frames[-1]
    memory = desk.hand.memory
    at = desk.hand.journal.orders._at
    entry = next(a for a in range(at, at + BYTES) if struct.pack("<I", Desk.ids) == bytes(memory.cells[a : a + 4])) - 4
    image = bytes(memory.cells)
    for byte in range(91):
        memory.cells[:] = image
        memory.cells[entry + byte] ^= 0x10
        again = Desk(desk.hand.restarted())
        settled = again.settle(frame)
        assert settled in ("forgotten", "repeated"), byte
        assert again.send(frame) in ("other_life", "repeated")
        assert again.booked_mu == 400


@pytest.mark.req("STORE-1")
def test_no_order_is_taken_while_its_life_is_not_stored() -> None:
    nvm = RamNvm(BYTES)
    orders = Orders(Counting(nvm), 0)
    orders.initialise(5)
    assert orders.life == 6
    again = Orders(Counting(nvm), 0)
    nvm.failing = True
    again.begin_life(0, 0, 0)
    assert again.life == 0
    again.begin(1, 7, 0x11, 0, 5, 0)
    assert not again.stored and again.life == 0
    nvm.failing = False
    again.begin(2, 7, 0x11, 0, 5, 0)
    assert again.stored and again.life == 7


def test_lives_go_round() -> None:
    nvm = RamNvm(BYTES)
    orders = Orders(Counting(nvm), 0)
    orders.initialise(0xFFFFFFFE)
    seen = [orders.life]
    for _ in range(3):
        orders = Orders(Counting(nvm), 0)
        orders.begin_life(0, 0, 0)
        seen.append(orders.life)
    assert seen == [0xFFFFFFFF, 1, 2, 3]
    assert orders.never_done(0xFFFFFFFF, 10, 20) == (True, False)
    assert orders.never_done(0xFFFFFFFE, 10, 20) == (False, False)


def test_every_reply_to_an_order_fits_its_entry() -> None:
    for message in ORDERS:
        greatest = {field.name: field.high for field in message.reply}
        assert len(protocol.fit(message.reply, greatest)) <= REPLY_BYTES, message.name
    assert len(protocol.refusal(1, 1)) <= REPLY_BYTES


# What makes less.


@pytest.mark.req("THER-3", "STORE-1")
@pytest.mark.parametrize("name", protocol.SAFE)
def test_what_makes_less_needs_no_time_no_life_and_no_memory(name: str) -> None:
    for failing in (False, True):
        desk = running()
        desk.ask("bolus", volume_mu=2000)
        desk.hand.live(5 * SECOND_US)
        desk.hand.memory.failing = failing
        answer = desk.ask(name, life=0, expires_us=0)
        assert isinstance(answer, dict), (answer, failing)
        strokes = len(desk.hand.strokes_us)
        desk.hand.live(desk.hand.now_us + MINUTE_US)
        assert len(desk.hand.strokes_us) <= strokes + 1
        assert desk.send(desk.frames[-1]) == answer


@pytest.mark.req("THER-3")
@pytest.mark.parametrize("wrong", ["nothing", "no clock", "other schema", "taken id", "memory"])
@pytest.mark.parametrize("name", protocol.SAFE)
def test_what_makes_less_is_done_in_the_first_frame_of_a_connection(name: str, wrong: str) -> None:
    """No hello, no clock, no expiry, an id that another order has: less comes of it all the same."""
    desk = running()
    desk.ask("bolus", volume_mu=2000, command_id=7)
    desk.hand.live(5 * SECOND_US)
    fresh = Desk(desk.hand, agreed=False)
    if wrong == "no clock":
        desk.hand.rtc.now_s = None
        desk.hand.wall.lose(1)
    elif wrong == "other schema":
        fresh.ask("hello", schema_hash=protocol.SCHEMA_HASH ^ 1)
    elif wrong == "memory":
        desk.hand.memory.absent = True
    order = {"command_id": 7} if wrong == "taken id" else {}
    answer = fresh.ask(name, life=0, expires_us=0, **order)
    assert isinstance(answer, dict), answer
    strokes = len(desk.hand.strokes_us)
    desk.hand.live(desk.hand.now_us + MINUTE_US)
    assert len(desk.hand.strokes_us) <= strokes + 1
    assert fresh.ask("bolus", volume_mu=200) == "schema_mismatch"


@pytest.mark.req("THER-3", "LINK-2")
@pytest.mark.parametrize("name", protocol.SAFE)
def test_what_makes_less_and_comes_again_never_makes_more(name: str) -> None:
    """Captured and played again, in this life or the next, with or without a hello: nothing is delivered by it."""
    desk = running()
    desk.ask("set_basal", rate_mu_per_h=1000)
    desk.ask("bolus", volume_mu=2000)
    frame = desk.frame(name, life=0, expires_us=0)
    first = desk.send(frame)
    assert isinstance(first, dict)
    for other in (Desk(desk.hand, agreed=False), desk):
        assert other.send(frame) == first
    before = desk.ask("status")
    desk = Desk(desk.hand.restarted(), agreed=False)
    for _ in range(40):  # as many others that the table forgets the first
        desk.ask(name, life=0, expires_us=0)
    desk.send(frame)
    desk.ask("hello", schema_hash=protocol.SCHEMA_HASH)
    after = desk.ask("status")
    assert after["state"] == before["state"] and after["in_force_mu_per_h"] == before["in_force_mu_per_h"]
    assert after["bolus_remaining_mu"] == 0


@pytest.mark.parametrize("name", [message.name for message in ORDERS if message.name not in protocol.SAFE])
def test_everything_else_needs_this_life_its_time_and_a_memory(name: str) -> None:
    from tests.firmware.link.test_commands import usual

    desk = running()
    values = usual(BY_NAME[name]) | {"expires_us": desk.hand.now_us + SECOND_US}
    before = desk.ask("status")
    if name != "initialise_memory":
        assert desk.ask(name, **values | {"command_id": 1, "life": desk.pump.orders.life + 1}) == "other_life"
        assert desk.ask(name, **values | {"command_id": 1, "life": 0}) == "other_life"
    values["life"] = desk.pump.orders.life
    desk.hand.live(desk.hand.now_us + SECOND_US + 1)
    assert desk.ask(name, **values | {"command_id": 1}) == "expired"
    values["expires_us"] = desk.hand.now_us
    after = desk.ask("status")
    changed = {each for each in after if after[each] != before[each]}
    assert changed <= {"now_us", "newest_event", "frames_good", "requests_refused", "next_due_us", "utc_s"}, changed
