"""A conversation step by step: the hello, a pump that has restarted, what fits no table, how often is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware import protocol
from host.api.client import Programmer
from host.api.conversation import (
    MESSAGES,
    Conversation,
    decode_fields,
    decode_reply,
    encode_request,
    place_of,
    read_refusal,
)
from host.errors import BadReply, HostError, InvalidRequest, LinkTimeout, NoSuchName, Refused, SchemaMismatch
from host.session.plain import HELLO_ID, OPEN_ID, SUITE, VERSION
from tests.host.answering import Answering
from tests.host.device import Device

pytestmark = pytest.mark.req("LINK-1", "HOST-3")
Answer = Callable[[int, bytes], tuple[int, bytes] | None]


class Scripted(Answering):
    """A pump that answers each request as it is told: (reply's id, payload), None: silence. `asked` by name."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[str] = []

    def answer_to(self, number: int, payload: bytes, sequence: int) -> tuple[int, bytes] | None:
        self.asked.append(protocol.BY_ID[number].name)
        return self.answer(number, payload)


def refusal(number: int, code: int, field: int = 0xFF, value: int = 0, limit: int = 0) -> tuple[int, bytes]:
    values = {"request_id": number, "code": code, "field_index": field, "value": value, "limit": limit}
    return protocol.REFUSAL_ID, bytes(protocol.encode(protocol.REFUSAL, values, False))


def identity_payload(life: int) -> bytes:
    """What a real pump says that it is, in this life."""
    values = Device().pump.identity() | {"life": life}
    return bytes(protocol.encode(MESSAGES["identity"].reply, values, False))


class Closed(Answering):
    """Answers every hello with `said`, and opens nothing."""

    opens = False

    def __init__(self, said: bytes | None, reply_id: int = HELLO_ID | protocol.REPLY_BIT) -> None:
        super().__init__()
        self.said = None if said is None else (reply_id, said)
        self.asked: list[int] = []

    def answer_to(self, number: int, payload: bytes, sequence: int) -> tuple[int, bytes] | None:
        self.asked.append(number)
        return self.said if number == HELLO_ID else None


def test_a_pump_of_another_schema_is_told_apart_from_one_that_answers_nonsense() -> None:
    ours, other = (each.to_bytes(8, "little") for each in (protocol.SCHEMA_HASH, protocol.SCHEMA_HASH + 1))
    offer = bytes([VERSION, SUITE]) + bytes(8)
    for answer, error in (
        (other, SchemaMismatch), (other + offer, SchemaMismatch), (b"\0" * 7, BadReply), (b"", BadReply),
        (ours, BadReply), (ours + offer[:-1], BadReply), (ours + offer + b"\0", BadReply),
        (ours + bytes([VERSION + 1, SUITE]) + bytes(8), BadReply),
        (ours + bytes([VERSION, SUITE + 1]) + bytes(8), BadReply),
    ):  # fmt: skip
        closed = Closed(answer)
        talk = Conversation(closed)
        with pytest.raises(error):
            talk.hello()
        assert talk.identity is None and talk.link.session is None and closed.asked == [HELLO_ID], (
            "nothing but the hello"
        )
    with pytest.raises(SchemaMismatch) as found:
        Conversation(Closed(b"\1" + bytes(7))).hello()
    assert (found.value.pump_hash, found.value.programmer_hash) == (1, protocol.SCHEMA_HASH)
    refused = protocol.refusal(HELLO_ID, protocol.NOT_OPEN)
    with pytest.raises(BadReply):
        Conversation(Closed(refused, protocol.REFUSAL_ID)).hello()


def test_a_pump_that_opens_no_session_is_asked_nothing_in_clear() -> None:
    closed = Closed(protocol.SCHEMA_HASH.to_bytes(8, "little") + bytes([VERSION, SUITE]) + bytes(8))
    with pytest.raises(LinkTimeout, match="'open'"):
        Programmer(closed, attempts=2).bolus(400)
    assert closed.asked == [HELLO_ID, OPEN_ID] * 2


def test_the_first_question_says_hello_and_the_next_does_not() -> None:
    talk = Conversation(device := Device())
    clock = MESSAGES["read_time"]
    assert talk.ask(clock, {})["now_us"] == 0 and talk.identity is not None
    scripted = Scripted(lambda number, payload: _through(device, number, payload))
    talk = Conversation(scripted)
    talk.ask(clock, {})
    talk.ask(clock, {})
    assert scripted.asked == ["identity", "read_time", "read_time"]


def _through(device: Device, number: int, payload: bytes) -> tuple[int, bytes]:
    device.commands.begun(protocol.ROLE_BENCH)
    return device.commands.handle(number, memoryview(payload))


def test_a_pump_that_has_restarted_is_said_hello_to_and_asked_again() -> None:
    device = Device()
    scripted = Scripted(lambda number, payload: _through(device, number, payload))
    talk = Conversation(scripted)
    talk.ask(MESSAGES["read_time"], {})
    first = talk.identity
    scripted.asked.clear()
    answer = scripted.answer

    def ended(number: int, payload: bytes) -> tuple[int, bytes] | None:
        scripted.answer = answer
        return refusal(number, protocol.NOT_OPEN)

    scripted.answer = ended
    talk.ask(MESSAGES["read_time"], {})
    assert scripted.asked == ["read_time", "identity", "read_time"]
    assert talk.identity is not None and talk.identity is not first


def test_who_it_was_is_forgotten_if_the_next_hello_is_not_answered() -> None:
    device = Device()
    scripted = Scripted(lambda number, payload: _through(device, number, payload))
    talk = Conversation(scripted)
    assert talk.hello().board == "HAND" and talk.hello() is talk.identity
    scripted.answer = lambda number, payload: None
    with pytest.raises(LinkTimeout):
        talk.hello()
    assert talk.identity is None


def test_another_refusal_is_raised_and_costs_no_hello() -> None:
    device = Device()
    clock = MESSAGES["read_time"].id

    def answer(number: int, payload: bytes) -> tuple[int, bytes]:
        return refusal(number, protocol.WRONG_ROLE) if number == clock else _through(device, number, payload)

    scripted = Scripted(answer)
    talk = Conversation(scripted)
    for _ in range(2):
        with pytest.raises(Refused) as error:
            talk.ask(MESSAGES["read_time"], {})
        assert error.value.code == "wrong_role"
    assert scripted.asked == ["identity", "read_time", "read_time"] and talk.identity is not None


def test_silence_is_told_with_the_attempts_and_the_patience() -> None:
    scripted = Scripted(lambda number, _: None)
    talk = Conversation(scripted, timeout_s=0.25, attempts=2)
    scripted.opens = False
    scripted.answer_to = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(LinkTimeout, match=r"'hello' within 0\.25 s, 2 attempts; nothing came"):
        talk.hello()
    assert scripted.waited == [0.25, 0.25]
    with pytest.raises(LinkTimeout, match="5 s, 3 attempts"):
        talk._request(MESSAGES["self_test"], b"", 3)
    assert scripted.waited[2:] == [5.0, 5.0, 5.0], "it takes the pump longer"
    with pytest.raises(LinkTimeout):
        Conversation(scripted, timeout_s=7.0, attempts=1)._request(MESSAGES["self_test"], b"")
    assert scripted.waited[5:] == [7.0]


def test_what_the_table_does_not_allow_is_not_sent() -> None:
    scripted = Scripted(lambda number, _: None)
    talk = Conversation(scripted)
    talk.require("bolus", volume_mu=40_000)
    talk.require("telemetry", interval_s=1, for_s=30)
    with pytest.raises(InvalidRequest) as error:
        talk.require("bolus", volume_mu=40_001)
    found = error.value
    assert (found.code, found.field, found.value, found.limit, found.unit) == (
        "hard_limit", "volume_mu", 40_001, 40_000, "mU",
    )  # fmt: skip
    assert scripted.asked == []
    Conversation(scripted, check=False).require("bolus", volume_mu=40_001)


def test_a_figure_within_a_record_has_its_own_unit() -> None:
    with pytest.raises(InvalidRequest, match=r"the rate, 35\.05 U/h, is beyond the hard limit of 35\.00 U/h") as error:
        Conversation(Scripted(lambda number, _: None)).require(
            "stage_pattern", pattern=0, rates=[{"rate_mu_per_h": each} for each in (*[200] * 47, 35_050)]
        )
    assert (error.value.field, error.value.unit) == ("rate_mu_per_h", "mU/h")
    order = {"command_id": 1, "life": 0, "expires_us": 0, "pattern": 0, "rates": [{"rate_mu_per_h": 0}] * 200}
    with pytest.raises(InvalidRequest, match="the pump expected 247") as error:
        encode_request(MESSAGES["stage_pattern"], order, False)
    assert (error.value.field, error.value.unit) == ("payload", "")


def test_a_name_that_the_table_does_not_have_is_refused_with_those_that_it_has() -> None:
    assert [place_of(each, protocol.TEMPS) for each in protocol.TEMPS] == [0, 1]
    device = Device()
    pump = Programmer(device)
    for call, text in (
        (lambda: pump.temp_basal("percnt", 50, 60), "there is no 'percnt', only rate, percent"),
        (lambda: pump.select_pattern("E"), "there is no 'E', only A, B, C, D"),
        (lambda: pump.start_procedure("tea"), "there is no 'tea', only none, refill"),
    ):
        with pytest.raises(NoSuchName, match=text) as error:
            call()
        assert isinstance(error.value, HostError)
    assert device.commands.counters.frames_good == 0


def test_names_are_told_for_numbers_in_records_too() -> None:
    message = MESSAGES["read_deliveries"]
    record: dict[str, Any] = {field.name: 0 for field in message.reply[-1].fields}
    values: dict[str, Any] = {field.name: 0 for field in message.reply[:-1]} | {
        message.reply[-1].name: [record, record]
    }
    payload = bytes(protocol.encode(message.reply, values, False))
    decoded = decode_reply(message, payload)
    assert [(each["kind"], each["reason"]) for each in decoded[message.reply[-1].name]] == [("basal", "running")] * 2
    with pytest.raises(BadReply, match="'read_deliveries'"):
        decode_reply(message, payload[:-1])
    with pytest.raises(BadReply, match="'other'"):
        decode_fields("other", message.reply, payload + b"\0")


def test_a_refusal_names_the_field_at_fault() -> None:
    bolus = MESSAGES["bolus"]
    place = [field.name for field in bolus.request].index("volume_mu")
    for field, name, unit in (
        (place, "volume_mu", "mU"),
        (0, "command_id", ""),
        (len(bolus.request), "", ""),
        (255, "", ""),
    ):
        found = read_refusal(bolus, refusal(bolus.id, protocol.HARD_LIMIT, field, 7, 5)[1])
        assert isinstance(found, Refused)
        assert (found.code, found.field, found.unit, found.value, found.limit) == ("hard_limit", name, unit, 7, 5)
    assert isinstance(read_refusal(bolus, b"\x01"), BadReply)
