"""Requests and answers, call by call, for a pump that is a few lines long."""

from __future__ import annotations

from binascii import crc32
from typing import Any

import pytest

from firmware import protocol
from firmware.errors import Refused
from firmware.link.commands import Commands
from firmware.protocol import REFUSAL_ID, decode, encode
from firmware.storage.orders import HOLDS_US
from tests.firmware.desk import BY_NAME, lowest
from tests.firmware.link.commands_world import Pump, World

pytestmark = pytest.mark.req("LINK-1", "LINK-2", "THER-3")


def test_a_new_one_has_seen_nothing_and_answers_nobody() -> None:
    world = World(begun=False)
    assert world.commands.last_error is None and world.counted() == {}
    assert world.ask("read_time")[0] == world.ask("stop", command_id=30)[0] == "wrong_role"
    assert world.counted() == {"requests_refused": 2}


def test_an_unknown_message_is_named() -> None:
    world = World()
    reply_id, reply = world.commands.handle(0x7E, b"")
    fields = decode(protocol.REFUSAL, reply)
    assert reply_id == REFUSAL_ID and fields == {
        "request_id": 0x7E, "code": protocol.UNKNOWN_MESSAGE, "field_index": 255, "value": 0x7E, "limit": 0,
    }  # fmt: skip


@pytest.mark.req("SEC-2")
def test_roles() -> None:
    may = {"patient": {"anyone", "patient"}, "clinician": {"anyone", "patient", "clinician", "card"}}
    may["service"] = {"anyone", "service"}
    for role, roles in may.items():
        world = World(role)
        for message in protocol.MESSAGES:
            if message.name not in ("settle_order", "status"):
                refused = world.ask(message.name, command_id=100 + message.id)[0] == "wrong_role"
                assert refused == (message.role not in roles), (role, message.name)


def test_an_order_is_written_down_before_it_acts_and_answered_the_same_ever_after() -> None:
    world = World()
    payload = world.payload("bolus")
    reply = world.send("bolus", payload)
    assert world.pump.told == [("bolus", 21, 7)] and world.pump.command_id == 21
    place = world.pump.orders.find(21)
    assert world.pump.orders.is_same(place, BY_NAME["bolus"].id, crc32(payload))
    for _ in range(2):
        assert world.send("bolus", payload) == reply
    assert world.pump.told == [("bolus", 21, 7)] and world.counted() == {"orders_repeated": 2}
    assert world.ask("bolus", volume_mu=600) == ("id_taken", 0, 21, 0)
    assert world.ask("square_bolus")[0] == "id_taken"
    assert world.ask("stop")[0] == "reply", "what makes less is done under another's id"
    assert world.send("bolus", payload) == reply, "whose outcome stays"


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"expires_us": 999}, ("expired", 2, 1_000, 999)),
        ({"expires_us": 1_000}, None),
        ({"expires_us": 1_000 + HOLDS_US}, None),
        ({"expires_us": 1_001 + HOLDS_US}, ("holds_too_long", 2, HOLDS_US + 1, HOLDS_US)),
        ({"life": 6}, ("other_life", 1, 6, 5)),
    ],
)
def test_an_order_holds_for_its_life_and_its_time(values: dict[str, int], refusal: tuple[Any, ...] | None) -> None:
    world = World()
    found = world.ask("bolus", **values)
    acted = ("bolus", 21, 7) in world.pump.told
    assert (found[0] == "reply") == acted == (refusal is None)
    if refusal is not None:
        assert found == refusal and world.pump.command_id == 7
        assert [each[0] for each in world.pump.told] == ["refused"], "once"
        assert world.pump.told[0][1:3] == (BY_NAME["bolus"].id, protocol.CODES.index(refusal[0]))


def test_a_refusal_leaves_no_trace_but_its_outcome() -> None:
    world = World()
    world.pump.fails = Refused(protocol.HOUR_LIMIT, "volume_mu", 900, 800)
    assert world.ask("bolus") == ("hour_limit", 4, 900, 800)
    assert world.pump.command_id == 7 and world.counted() == {"requests_refused": 1}
    assert world.pump.told == [("bolus", 21, 7), ("refused", BY_NAME["bolus"].id, protocol.HOUR_LIMIT, 900)]
    world.pump.fails = None
    assert world.ask("bolus") == ("hour_limit", 4, 900, 800), "for good"
    world.pump.fails = Refused(len(protocol.CODES))
    assert world.ask("bolus", command_id=22)[0] == "internal_error", "a code that there is not"
    world.pump.fails = Refused(0)
    assert world.ask("bolus", command_id=23)[0] == "internal_error"
    world.pump.fails = Refused(len(protocol.CODES) - 1)
    assert world.ask("bolus", command_id=24)[0] == protocol.CODES[-1]


def test_a_question_that_is_refused_is_not_logged() -> None:
    world = World()
    world.pump.fails = Refused(protocol.NOT_STAGED, "pattern", 2)
    assert world.ask("read_pattern") == ("not_staged", 0, 2, 0)
    assert [each[0] for each in world.pump.told] == ["read_pattern"]


@pytest.mark.req("ALARM-1")
@pytest.mark.parametrize(("name", "heard"), [("bolus", "failed"), ("read_pattern", "of_query")])
def test_a_mistake_stops_amid_an_order_and_is_logged_amid_a_question(name: str, heard: str) -> None:
    world = World()
    error = world.pump.fails = ValueError("for the test")
    assert world.ask(name) == ("internal_error", 255, 0, 0)
    assert world.pump.told[1:] == [(heard, error)] and world.commands.last_error is error
    assert world.counted() == {"requests_refused": 1, "internal_errors": 1}
    if name == "bolus":
        world.pump.fails = None
        assert world.ask(name)[0] == "internal_error", "it may have been done, and is not done again"


@pytest.mark.req("STORE-1")
def test_without_a_memory_no_order_is_taken_but_what_makes_less() -> None:
    world = World()
    world.pump.nvm.failing = True
    assert world.ask("stop")[0] == "reply"
    payload = world.payload("bolus", command_id=22)
    assert world.send("bolus", payload)[0] == "memory_failed" and "bolus" not in [each[0] for each in world.pump.told]
    assert world.pump.orders.find(22) is None, "nothing was begun"
    assert world.ask("initialise_memory", command_id=23)[0] == "reply", "which is what that is for"


def settle(world: World, payload: bytes, name: str = "bolus") -> tuple[Any, ...]:
    order = decode(protocol.ORDER, payload[: protocol.ORDER_BYTES])
    message_id = BY_NAME[name].id
    request = {**order, "message_id": message_id, "payload_crc": crc32(payload)}
    return world.send("settle_order", encode(BY_NAME["settle_order"].request, request))


def test_what_became_of_an_order_is_told_and_one_that_has_not_come_is_not_done_any_more() -> None:
    world = World()
    payload = world.payload("bolus")
    _, void = settle(world, payload)
    assert void == {"outcome": protocol.OUTCOME_VOID, "reply_id": 0, "reply": b""}
    assert world.send("bolus", payload) == ("voided", 0, 21, 0)
    assert settle(world, payload)[1] == void
    assert settle(world, world.payload("bolus", volume_mu=600)) == ("id_taken", 0, 21, 0)
    done = world.payload("bolus", command_id=22)
    world.send("bolus", done)
    _, answered = settle(world, done)
    assert (answered["outcome"], answered["reply_id"]) == (protocol.OUTCOME_ANSWERED, BY_NAME["bolus"].id | 0x80)
    reply = answered["reply"]
    assert decode(BY_NAME["bolus"].reply, reply) == lowest(BY_NAME["bolus"].reply)
    world.pump.fails = Refused(protocol.BOLUS_ACTIVE)
    refused = world.payload("bolus", command_id=24)
    world.send("bolus", refused)
    assert settle(world, refused)[1]["reply_id"] == REFUSAL_ID
    late = world.payload("bolus", command_id=23)
    world.pump.us += 11
    assert settle(world, late)[1]["outcome"] == protocol.OUTCOME_VOID and world.pump.orders.find(23) is None
    other = world.payload("bolus", command_id=25, life=99)
    assert settle(world, other)[1]["outcome"] == protocol.OUTCOME_FORGOTTEN


@pytest.mark.req("STORE-1")
def test_an_order_that_cannot_be_written_down_does_not_act() -> None:
    world = World()
    world.pump.nvm.failing = True
    assert world.ask("bolus") == ("memory_failed", 255, 0, 0)
    assert [each[0] for each in world.pump.told] == ["refused"]
    assert world.ask("initialise_memory", command_id=22)[0] == "reply"


@pytest.mark.req("ALARM-1")
def test_an_order_whose_failure_could_not_be_dealt_with_is_never_done_again() -> None:
    world = World()
    world.pump.fails = ValueError("for the test")

    def cannot(error: Exception) -> None:
        raise OSError("for the test")

    world.pump.failed = cannot  # type: ignore[method-assign]
    payload = world.payload("bolus")
    with pytest.raises(OSError, match="for the test"):
        world.send("bolus", payload)
    world.pump.fails = None
    assert world.send("bolus", payload) == ("internal_error", 255, 0, 0)
    assert [each[0] for each in world.pump.told] == ["bolus"]


def test_mistakes_are_counted() -> None:
    world = World()
    world.pump.fails = ValueError("for the test")
    for count in (1, 2, 3):
        world.ask("read_pattern")
        assert world.counted() == {"requests_refused": count, "internal_errors": count}


def test_a_pump_that_cannot_answer_every_message_is_none() -> None:
    pump = Pump()
    del pump.reports
    with pytest.raises(AttributeError, match="reports"):
        Commands(pump, role=protocol.ROLE_BENCH)


def test_the_status_has_the_links_counters() -> None:
    world = World()
    counters = world.commands.counters
    for place, field in enumerate(protocol.COUNTERS):
        setattr(counters, field.name, 10 + place)
    reply = world.ask("status")[1]
    assert [reply[field.name] for field in protocol.COUNTERS] == [10 + place for place in range(len(protocol.COUNTERS))]
