"""Orders on the link: none is done too late, none twice, and what became of one is told."""

from binascii import crc32

import pytest

from firmware import protocol
from firmware.protocol import MESSAGES
from tests.firmware.desk import BY_NAME, Desk
from tests.firmware.hand import SECOND_US
from tests.firmware.link.requests import changeable, logged, usual

MINUTE_US = 60 * SECOND_US
ORDERS = [message for message in MESSAGES if message.changes_delivery]
DOSING = [message for message in ORDERS if message.name not in protocol.SAFE]
orders = pytest.mark.parametrize("message", ORDERS, ids=[message.name for message in ORDERS])


@pytest.mark.req("THER-3")
@pytest.mark.parametrize("message", DOSING, ids=[message.name for message in DOSING])
def test_an_order_that_comes_too_late_is_refused_and_never_done(message):
    desk = Desk()
    desk.hand.live(5_000_001)
    before = changeable(desk)
    values = {**usual(message), "expires_us": 5_000_000}
    assert desk.refused(message.name, **values) == ("expired", 2, 5_000_001, 5_000_000)
    assert changeable(desk) == before
    assert desk.ask(message.name, **{**values, "expires_us": 5_000_001}) != "expired"


@pytest.mark.req("LINK-2", "THER-3")
@pytest.mark.parametrize("message", DOSING, ids=[message.name for message in DOSING])
def test_an_order_holds_ten_minutes_at_most(message):
    """A longer one is refused whole, with the limit named; one of exactly ten minutes is like any other."""
    desk = Desk()
    desk.hand.live(5_000_000)
    before = changeable(desk)
    for beyond_us in (1, 50 * MINUTE_US):
        expires_us = 5_000_000 + 10 * MINUTE_US + beyond_us
        answer = desk.ask(message.name, **usual(message), expires_us=expires_us)
        if message.name == "initialise_memory" and answer != "holds_too_long":
            continue
        assert answer == "holds_too_long"
        assert (desk.refusal["value"], desk.refusal["limit"]) == (10 * MINUTE_US + beyond_us, 10 * MINUTE_US)
        assert changeable(desk) == before
    assert desk.ask(message.name, **usual(message), expires_us=5_000_000 + 10 * MINUTE_US) != "holds_too_long"


@pytest.mark.req("LINK-2")
@orders
def test_an_order_that_comes_again_is_answered_as_before_and_done_once(message):
    desk = Desk()
    first = desk.ask(message.name, **usual(message))
    after = changeable(desk)
    booked = logged(desk, protocol.EVENT_ACCEPTED)
    for repeat in range(1, 4):
        assert desk.send(desk.frames[-1]) == first
        assert (changeable(desk), logged(desk, protocol.EVENT_ACCEPTED)) == (after, booked)
        assert desk.commands.counters.orders_repeated == repeat


@pytest.mark.req("LINK-2")
def test_a_refused_order_changes_what_the_record_knows_of_orders_no_more_than_anything_else():
    desk = Desk()
    assert desk.ask("set_basal", rate_mu_per_h=100, command_id=5)["new_rate_mu_per_h"] == 100
    desk.pump.device.set_limits(100, 40000, 60000, 150000)
    assert desk.refused("set_basal", rate_mu_per_h=150, command_id=6) == ("clinician_limit", 4, 150, 100)
    assert desk.pump.record.command_id == 5
    assert desk.refused("bolus", volume_mu=200, command_id=5) == ("id_taken", 0, 5, 0)


@pytest.mark.req("LINK-2")
def test_settling_names_what_became_of_an_order_and_never_takes_one_for_another():
    desk = Desk()
    done = desk.ask("bolus", volume_mu=400)
    message_id, payload = desk.frames[-1]
    order = protocol.decode(protocol.ORDER, payload[: protocol.ORDER_BYTES])

    def settle(**changed):
        values = {**order, "message_id": message_id, "payload_crc": crc32(payload), **changed}
        return desk.ask("settle_order", **values)

    found = settle()
    assert found["outcome"] == protocol.OUTCOME_ANSWERED and found["reply_id"] == message_id | protocol.REPLY_BIT
    reply = found["reply"]
    assert protocol.decode(BY_NAME["bolus"].reply, reply) == done
    for changed in ({"payload_crc": crc32(payload) ^ 1}, {"message_id": BY_NAME["set_basal"].id}):
        assert settle(**changed) == "id_taken"
        assert (desk.refusal["field_index"], desk.refusal["value"]) == (0, order["command_id"])
    void = settle(command_id=order["command_id"] + 77)
    assert void == {"outcome": protocol.OUTCOME_VOID, "reply_id": 0, "reply": b""}
    again = settle(command_id=order["command_id"] + 77)
    assert again == void, "asked twice, it is void twice"
    late = {**order, "command_id": order["command_id"] + 77}
    number, rest = desk.frame("bolus", volume_mu=400, **late)
    assert desk.send((number, rest)) in ("voided", "id_taken")
    forgotten = settle(command_id=order["command_id"] + 78, life=order["life"] + 5)
    assert forgotten == {"outcome": protocol.OUTCOME_FORGOTTEN, "reply_id": 0, "reply": b""}
    assert len(logged(desk, protocol.EVENT_ACCEPTED)) == 1
