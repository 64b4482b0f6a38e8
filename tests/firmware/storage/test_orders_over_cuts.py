"""What became of an order over a power cut, a damaged entry and a life that could not be stored."""

from __future__ import annotations

import struct

import pytest

from firmware import protocol
from firmware.drivers.nvm import Counting
from firmware.protocol import REPLY_BYTES
from firmware.storage.orders import BYTES, ENTRIES, HOLDS_US, Orders
from tests.firmware.desk import Desk
from tests.firmware.ram import PowerCut, RamNvm
from tests.firmware.storage.running_pump import running

ORDERS = [message for message in protocol.MESSAGES if message.changes_delivery]
pytestmark = pytest.mark.req("LINK-2")


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
    for byte in range(92):
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
