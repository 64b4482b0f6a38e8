"""Dispatch: what reaches the pump, what is refused with which numbers, and that a refusal changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware import protocol
from firmware.commands import Commands
from firmware.errors import Refused
from firmware.protocol import MESSAGES, REFUSAL, decode, encode
from tests.host.fake_device import FakePump, lowest

BY_NAME = {message.name: message for message in MESSAGES}
LIFE = 7  # the fake pump's


class Desk:
    """Commands for a fake pump, spoken to by message name."""

    def __init__(self, agreed=True, **pump):
        self.pump = FakePump(**pump)
        self.commands = Commands(self.pump)
        self.command_id = 0
        if agreed:
            self.ask("hello", schema_hash=protocol.SCHEMA_HASH)

    def ask(self, name, **values):
        message = BY_NAME[name]
        if message.changes_delivery:
            self.command_id += 1
            order = {"command_id": self.command_id, "life": LIFE, "expires_us": self.pump.now_us()}
            values = order | values
        return self.send(message.id, encode(message.request, values, check=False))

    def send(self, message_id, payload):
        reply_id, reply = self.commands.handle(message_id, payload)
        if reply_id == protocol.REFUSAL_ID:
            refusal = decode(REFUSAL, reply)
            assert refusal["request_id"] == message_id
            return protocol.CODES[refusal["code"]], refusal["field_index"], refusal["value"], refusal["limit"]
        assert reply_id == message_id | protocol.REPLY_BIT
        return decode(protocol.BY_ID[message_id].reply, reply)


def wrong_values():
    """(message, values, the refusal expected) for every way to break a limit of a request field."""
    cases = []
    for message in MESSAGES[1:]:
        for index, field in enumerate(message.request):
            if field.kind == "records":
                continue
            greatest = {"i32": 0x7FFFFFFF, "bool": 1}.get(field.kind, 0xFFFFFFFFFFFFFFFF)
            greatest = {"u8": 0xFF, "u32": 0xFFFFFFFF}.get(field.kind, greatest)
            above = "hard_limit" if field.hard else "out_of_range"
            broken = [(above, value, field.high) for value in {field.high + field.step, greatest} if value > field.high]
            if field.low > 0:
                broken.append(("out_of_range", field.low - 1, field.low))
            if field.step > 1:
                broken.append(("not_multiple", field.low + 1, field.step))
            for code, value, limit in broken:
                if value <= greatest:
                    expected = (code, index, value, limit)
                    name = f"{message.name}-{field.name}-{value}"
                    cases.append(pytest.param(message, {**usual(message), field.name: value}, expected, id=name))
    return cases


def usual(message):
    """A request that the fake pump accepts."""
    values = lowest(message.request)
    for field in message.request:
        value = max(field.low, 1) * 200
        if field.unit and field.low <= value <= field.high and value % field.step == 0:
            values[field.name] = value
    if message.changes_delivery:
        values.update(command_id=77, life=LIFE, expires_us=60_000_000)
    return values


@pytest.mark.parametrize("message", MESSAGES[1:], ids=[message.name for message in MESSAGES[1:]])
def test_a_usual_request_is_not_refused_for_its_values(message):
    reply = Desk().ask(message.name, **usual(message))
    assert isinstance(reply, dict) or reply[0] == "no_bolus_active"


@pytest.mark.req("LINK-1", "GUARD-1")
@pytest.mark.parametrize(("message", "values", "expected"), wrong_values())
def test_every_limit_of_every_field_is_refused_with_nothing_changed(message, values, expected):
    desk = Desk()
    before = desk.pump.snapshot()
    assert desk.ask(message.name, **values) == expected
    assert desk.pump.snapshot() == before and desk.pump.calls == []
    assert desk.commands.counters.requests_refused == 1


@pytest.mark.req("LINK-1")
@pytest.mark.parametrize("message", MESSAGES, ids=[message.name for message in MESSAGES])
def test_a_request_of_the_wrong_length_is_refused(message):
    desk = Desk()
    before = desk.pump.snapshot()
    payload = encode(message.request, usual(message))
    expected = len(payload)
    assert desk.send(message.id, payload + b"\0") == ("bad_length", protocol.NO_FIELD, expected + 1, expected)
    if payload:
        assert desk.send(message.id, payload[:-1])[0] == "bad_length"
    assert desk.pump.snapshot() == before and desk.pump.calls == []


@pytest.mark.req("LINK-4")
@given(st.integers(0, 127), st.binary(max_size=protocol.MAX_PAYLOAD_BYTES))
def test_any_request_gets_an_answer(message_id, payload):
    desk = Desk()
    desk.send(message_id, payload)
    assert desk.commands.counters.internal_errors == 0


def test_an_unknown_message_is_refused():
    assert Desk().send(0x7E, b"") == ("unknown_message", protocol.NO_FIELD, 0x7E, 0)


@pytest.mark.req("LINK-1")
def test_nothing_but_hello_and_what_makes_less_is_answered_before_the_schemas_agree():
    desk = Desk(agreed=False)
    before = desk.pump.snapshot()
    for attempt in range(2):
        for message in MESSAGES[1:]:
            if message.name not in protocol.SAFE:
                assert desk.ask(message.name, **usual(message))[0] == "schema_mismatch"
        if attempt == 0:
            reply = desk.ask("hello", schema_hash=protocol.SCHEMA_HASH ^ 1)
            assert reply["schema_hash"] == protocol.SCHEMA_HASH and reply["board"] == "FAKE"
    assert desk.pump.snapshot() == before and desk.pump.calls == []
    desk.ask("hello", schema_hash=protocol.SCHEMA_HASH)
    assert desk.ask("status")["state"] == protocol.STATE_RUNNING
    desk.ask("hello", schema_hash=0)
    assert desk.ask("status")[0] == "schema_mismatch"


def test_changes_reach_the_pump_and_are_answered_with_their_time():
    desk = Desk()
    reply = desk.ask("set_basal", rate_mu_per_h=1250)
    assert reply == {"at_us": 3_000_000, "old_rate_mu_per_h": 200, "new_rate_mu_per_h": 1250, "cut_by": 0}
    assert desk.ask("bolus", volume_mu=2400) == {"at_us": 3_000_000, "delivery_id": 1, "strokes": 12}
    assert desk.ask("bolus", volume_mu=2400)[0] == "bolus_active"
    assert desk.ask("cancel_bolus")["programmed_mu"] == 2400
    assert desk.ask("cancel_bolus") == ("no_bolus_active", protocol.NO_FIELD, 0, 0)
    assert desk.ask("suspend") == {"at_us": 5_000_000, "abandoned_strokes": 2, "rate_mu_per_h": 200}
    assert desk.ask("bolus", volume_mu=200) == ("wrong_state", protocol.NO_FIELD, protocol.STATE_SUSPENDED, 0)
    assert desk.ask("resume") == {"at_us": 6_000_000, "rate_mu_per_h": 1250}


def test_new_limits_are_answered_beside_the_old_ones_and_apply():
    desk = Desk()
    limits = {"max_basal_mu_per_h": 1000, "max_bolus_mu": 20000, "max_hour_mu": 30000, "max_day_mu": 90000}
    reply = desk.ask("set_limits", **limits)
    assert reply["at_us"] == 7_000_000
    assert {name: reply["new_" + name] for name in limits} == limits
    assert [reply["old_" + name] for name in limits] == [35000, 40000, 60000, 150000]
    assert desk.ask("set_basal", rate_mu_per_h=1050) == ("clinician_limit", 3, 1050, 1000)


@pytest.mark.req("LINK-1")
@pytest.mark.parametrize(("stroke_uu", "step_mu"), [(200000, 200), (50000, 50), (12500, 25), (250, 1)])
def test_a_bolus_is_whole_strokes(stroke_uu, step_mu):
    desk = Desk(stroke_uu=stroke_uu)
    if step_mu > 1:
        refused = desk.ask("bolus", volume_mu=step_mu * 3 + 1)
        assert refused == ("not_whole_strokes", 3, step_mu * 3 + 1, step_mu)
        assert desk.pump.calls == []
    assert desk.ask("bolus", volume_mu=step_mu * 3)["strokes"] == step_mu * 3000 // stroke_uu


def test_status_carries_the_link_counters():
    desk = Desk()
    desk.commands.counters.frames_bad_crc = 7
    desk.send(0x7E, b"")
    reply = desk.ask("status")
    assert (reply["frames_bad_crc"], reply["requests_refused"], reply["pressure_pa"]) == (7, 1, -27000)


def test_deliveries_come_in_pages():
    desk = Desk()
    desk.pump.add_deliveries(8)
    reply = desk.ask("read_deliveries", since_id=2, max_count=6)
    assert (reply["oldest_id"], reply["newest_id"]) == (1, 8)
    assert [record["id"] for record in reply["records"]] == [3, 4, 5, 6, 7, 8]


class Unexpected(Exception):
    pass


@pytest.mark.req("LINK-4")
@pytest.mark.parametrize(
    "failure",
    [
        Unexpected("bug"),
        MemoryError(),
        KeyError("x"),
        protocol.ProtocolError(1, 0, "x", 1, 1),
    ],
    ids=repr,
)
def test_an_unexpected_exception_becomes_a_counted_refusal(failure):
    desk = Desk()

    def fail(volume_mu, **order):
        raise failure

    desk.pump.bolus = fail
    assert desk.ask("bolus", volume_mu=200) == ("internal_error", protocol.NO_FIELD, 0, 0)
    assert desk.commands.counters.internal_errors == 1
    assert desk.commands.last_error is not None
    assert desk.pump.failures == [desk.commands.last_error] and desk.pump.stumbles == []
    assert desk.ask("status")["internal_errors"] == 1


@pytest.mark.req("ALARM-1")
def test_a_question_that_fails_is_told_to_the_pump_and_stops_nothing():
    desk = Desk()
    failure = MemoryError()

    def fail(**question):
        raise failure

    desk.pump.read_deliveries = fail
    assert desk.ask("read_deliveries", **usual(BY_NAME["read_deliveries"]))[0] == "internal_error"
    assert (desk.pump.failures, desk.pump.stumbles) == ([], [failure])


@pytest.mark.req("LINK-4")
def test_a_reply_that_does_not_fit_its_fields_is_cut_to_what_does():
    desk = Desk()
    desk.pump.set_basal = lambda **order: {
        "at_us": -1,
        "old_rate_mu_per_h": 1 << 40,
        "new_rate_mu_per_h": 0,
        "cut_by": 0,
    }
    reply = desk.ask("set_basal", rate_mu_per_h=50)
    assert reply == {"at_us": 0, "old_rate_mu_per_h": 0xFFFFFFFF, "new_rate_mu_per_h": 0, "cut_by": 0}


def test_numbers_beyond_64_bits_are_clamped_in_a_refusal():
    desk = Desk()

    def fail(volume_mu, **order):
        raise Refused(protocol.DAY_LIMIT, "volume_mu", 1 << 70, -(1 << 70))

    desk.pump.bolus = fail
    assert desk.ask("bolus", volume_mu=200) == ("day_limit", 3, (1 << 63) - 1, -(1 << 63))


ORDERS = [message for message in MESSAGES if message.changes_delivery]
orders = pytest.mark.parametrize("message", ORDERS, ids=[message.name for message in ORDERS])
DOSING = [message for message in ORDERS if message.name not in protocol.SAFE]


@pytest.mark.req("THER-3")
@pytest.mark.parametrize("message", DOSING, ids=[message.name for message in DOSING])
def test_an_order_that_comes_too_late_is_refused_and_never_done(message):
    desk = Desk()
    desk.pump.device_us = 5_000_001
    before = desk.pump.snapshot()
    expected = ("expired", 2, 5_000_001, 5_000_000)
    assert desk.ask(message.name, **{**usual(message), "expires_us": 5_000_000}) == expected
    assert desk.pump.snapshot() == before and desk.pump.calls == []
    desk.pump.device_us = 5_000_000
    assert desk.ask(message.name, **{**usual(message), "expires_us": 5_000_000}) != expected


@pytest.mark.req("LINK-2")
@orders
def test_an_order_that_comes_again_is_answered_as_before_and_done_once(message):
    desk = Desk()
    values = {**usual(message), "command_id": 9}
    first = desk.ask(message.name, **values)
    calls, after = list(desk.pump.calls), desk.pump.snapshot()
    for repeat in range(1, 4):
        assert desk.ask(message.name, **values) == first
        assert (desk.pump.calls, desk.pump.snapshot()) == (calls, after)
        assert desk.commands.counters.orders_repeated == repeat


@pytest.mark.req("LINK-2")
def test_a_refused_order_changes_what_the_record_knows_of_orders_no_more_than_anything_else():
    desk = Desk()
    assert desk.ask("set_basal", rate_mu_per_h=100, command_id=5)["new_rate_mu_per_h"] == 100
    desk.pump.limits = (50, 40000, 60000, 150000)
    refused = ("clinician_limit", 3, 100, 50)
    assert desk.ask("set_basal", rate_mu_per_h=100, command_id=6) == refused
    assert desk.pump.record.command_id == 5
    assert desk.ask("bolus", volume_mu=200, command_id=5) == ("id_taken", 0, 5, 0)


@pytest.mark.req("SEC-2")
@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        ((), {"anyone"}),
        (("patient",), {"anyone", "patient"}),
        (("clinician",), {"anyone", "patient", "clinician"}),
        (("service",), {"anyone", "service"}),
    ],
)
def test_a_role_may_do_what_is_its_own(roles, allowed):
    for message in MESSAGES[1:]:
        desk = Desk()
        desk.commands = Commands(desk.pump, roles=("anyone", *roles))
        desk.ask("hello", schema_hash=protocol.SCHEMA_HASH)
        before = desk.pump.snapshot()
        answer = desk.ask(message.name, **usual(message))
        if message.role in allowed:
            assert isinstance(answer, dict) or answer[0] == "no_bolus_active", message.name
        else:
            assert answer == ("wrong_role", protocol.NO_FIELD, 0, 0), message.name
            assert desk.pump.snapshot() == before and desk.pump.calls == []
