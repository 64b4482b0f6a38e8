"""Orders frame by frame, to a pump that answers as it is told: ids, expiry, what is asked when an answer is lost."""

from __future__ import annotations

from binascii import crc32
from collections.abc import Callable
from typing import Any

import pytest

from firmware import protocol
from host.api.client import MESSAGES, Programmer
from host.api.link import encode_frame
from host.errors import BadReply, EarlierOrderDone, OrderInterrupted, OrderLost, OrderUncertain, Refused, SchemaMismatch
from tests.firmware.desk import lowest
from tests.host.answering import Answering
from tests.host.test_host_conversation_exact import identity_payload, refusal

pytestmark = pytest.mark.req("LINK-2", "HOST-3")
IDENTITY, CLOCK, SETTLE, BOLUS, STOP = (
    MESSAGES[name].id for name in ("identity", "read_time", "settle_order", "bolus", "stop")
)
Said = tuple[int, bytes] | None
STROKES = {"at_us": 1, "delivery_id": 2, "strokes": 2}


def reply(name: str, **values: Any) -> tuple[int, bytes]:
    message = MESSAGES[name]
    return message.id | protocol.REPLY_BIT, bytes(protocol.encode(message.reply, values, False))


def prepared(message: protocol.Message) -> tuple[int, bytes]:
    """The least that an order could do."""
    summary = protocol.fit(message.bound + message.shown, lowest(message.bound + message.shown))
    return reply("prepare", prepared=summary)


class Pump(Answering):
    """Answers what it is and the time, at life 9 and 1,000 s; else as the next of `says[name]` (None: silence)."""

    def __init__(self, **says: list[Said | Callable[[], Said]]) -> None:
        super().__init__()
        self.says = says
        self.asked: list[tuple[str, dict[str, Any], int]] = []
        self.now_us = 1_000_000_000
        self._identity = identity_payload(9)

    def answer_to(self, number: int, payload: bytes, sequence: int) -> Said:
        message = protocol.BY_ID[number]
        values = dict(protocol.decode(message.request, payload))
        if message.name == "prepare":  # tests/host/test_host_prepared.py
            return prepared(protocol.BY_ID[values["message_id"]])
        values.pop("confirms", None)
        self.asked.append((message.name, values, sequence))
        if self.says.get(message.name):
            said = self.says[message.name].pop(0)
            return said() if callable(said) else said
        if message.name == "identity":
            return number | protocol.REPLY_BIT, self._identity
        return reply("read_time", now_us=self.now_us, utc_s=0, life=9) if number == CLOCK else None

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.asked]


def settled(outcome: str, reply_id: int = 0, answer: bytes = b"") -> tuple[int, bytes]:
    place = next(field for field in MESSAGES["settle_order"].reply if field.name == "outcome").names.index(outcome)
    return reply("settle_order", outcome=place, reply_id=reply_id, reply=answer)


def programmer(pump: Pump, **how: Any) -> Programmer:
    return Programmer(pump, timeout_s=0.5, first_command_id=how.pop("first_command_id", 5), **how)


def uncertain(pump: Pump) -> Programmer:
    """One whose bolus got no answer, and the question about it neither."""
    made = programmer(pump)
    with pytest.raises(OrderUncertain):
        made.bolus(400)
    pump.asked.clear()
    pump.waited.clear()
    return made


def test_an_order_has_its_number_the_pump_s_life_and_ten_seconds() -> None:
    pump = Pump(bolus=[reply("bolus", **STROKES)] * 3)
    made = programmer(pump, first_command_id=2**32 - 1)
    assert made.bolus(400).strokes == 2
    assert pump.names == ["identity", "read_time", "bolus"]
    assert pump.asked[2][1] == {"command_id": 2**32 - 1, "life": 9, "expires_us": 1_010_000_000, "volume_mu": 400}
    made.bolus(400)
    assert pump.names[3:] == ["read_time", "bolus"] and pump.asked[4][1]["command_id"] == 1, "they begin anew"
    pump.now_us = protocol.NEVER_US - 5
    made.bolus(400)
    assert pump.asked[6][1]["expires_us"] == protocol.NEVER_US and pump.asked[6][1]["command_id"] == 2
    assert made.done == ["bolus"] * 3
    pump = Pump(bolus=[reply("bolus", **STROKES)])
    programmer(pump, order_holds_s=1.5).bolus(400)
    assert pump.asked[-1][1]["expires_us"] == 1_001_500_000
    first = {Programmer(Pump())._command_id for _ in range(8)}
    assert len(first) > 1 and all(0 <= each < 2**32 - 1 for each in first), "drawn, so that two programs differ"


def test_what_makes_less_goes_out_without_a_time_and_for_ever() -> None:
    pump = Pump(stop=[reply("stop", at_us=1, abandoned_strokes=0)])
    assert programmer(pump).stop().abandoned_strokes == 0
    assert pump.names == ["identity", "stop"] and pump.asked[1][1] == {"command_id": 5, "life": 0, "expires_us": 0}


def test_what_cannot_be_ordered_is_not_asked_about() -> None:
    pump = Pump()
    with pytest.raises(Refused, match="not sent"):
        programmer(pump).bolus(40_001)
    assert pump.asked == []


def test_the_question_names_the_order_by_all_that_it_is() -> None:
    pump = Pump()
    made = uncertain(pump)
    order = made.uncertain
    assert order is not None
    with pytest.raises(OrderUncertain):
        made.settle()
    name, values, _ = pump.asked[0]
    assert name == "settle_order" and values == {
        "command_id": 5, "life": 9, "expires_us": 1_010_000_000,
        "message_id": BOLUS, "payload_crc": crc32(order.payload),
    }  # fmt: skip
    assert pump.waited == [0.5, 1.0, 2.0, 4.0], "four times, each with more patience"


@pytest.mark.parametrize(
    ("said", "strokes"),
    [(settled("answered", BOLUS | 0x80, reply("bolus", **STROKES)[1]), 2), (settled("void"), None)],
)
def test_the_pump_tells_what_became_of_it(said: tuple[int, bytes], strokes: int | None) -> None:
    pump = Pump()
    made = uncertain(pump)
    pump.says["settle_order"] = [said]
    told = made.settle()
    assert (told and told["strokes"]) == strokes and made.uncertain is None
    assert made.settle() is None and len(pump.asked) == 1, "nothing is left to be asked"
    assert made.done == (["bolus"] if strokes else [])


def test_an_order_whose_answer_was_lost_is_settled_within_it() -> None:
    answered = settled("answered", BOLUS | 0x80, reply("bolus", **STROKES)[1])
    pump = Pump(settle_order=[answered])
    assert programmer(pump).bolus(400).strokes == 2
    assert pump.names[2:] == ["bolus"] * 3 + ["settle_order"]
    with pytest.raises(OrderLost):
        programmer(Pump(settle_order=[settled("void")])).bolus(400)
    refused = settled("answered", protocol.REFUSAL_ID, refusal(BOLUS, protocol.BOLUS_ACTIVE)[1])
    with pytest.raises(Refused, match="already running"):
        programmer(Pump(settle_order=[refused])).bolus(400)


def test_what_is_too_long_ago_cannot_be_asked_again() -> None:
    pump = Pump(settle_order=[settled("forgotten")])
    made = programmer(pump)
    with pytest.raises(OrderUncertain, match="too long ago"):
        made.bolus(400)
    assert made.uncertain is None


def test_a_number_that_is_another_order_s_was_not_done_and_another_refusal_is_not_known() -> None:
    with pytest.raises(OrderLost):
        programmer(Pump(settle_order=[refusal(SETTLE, protocol.ID_TAKEN)])).bolus(400)
    pump = Pump(settle_order=[refusal(SETTLE, protocol.WRONG_ROLE)])
    made = programmer(pump)
    with pytest.raises(OrderUncertain):
        made.bolus(400)
    assert made.uncertain is not None and pump.names.count("settle_order") == 1
    made = programmer(Pump(settle_order=[(protocol.REFUSAL_ID, bytes([SETTLE]))]))
    with pytest.raises(OrderUncertain):
        made.bolus(400)
    assert made.uncertain is not None, "a refusal that cannot be read tells nothing"


def test_the_order_s_own_answer_may_come_while_it_is_asked_about() -> None:
    pump = Pump()
    made = programmer(pump)
    write = pump.write
    held: list[bytes] = []

    def slow(data: bytes) -> None:
        write(data)
        name = pump.names[-1] if pump.asked else ""
        if name == "bolus":
            held[:] = [pump._waiting]
            pump._waiting = b""
        elif name == "settle_order":
            pump._waiting = held.pop()

    pump.write = slow  # type: ignore[method-assign]
    for answer in (reply("bolus", **STROKES), refusal(BOLUS, protocol.BOLUS_ACTIVE)):
        pump.asked.clear()
        pump.says |= {"bolus": [answer], "settle_order": [None]}
        if answer[0] == protocol.REFUSAL_ID:
            with pytest.raises(Refused, match="already running"):
                made.bolus(400)
        else:
            assert made.bolus(400).strokes == 2
        assert pump.names.count("settle_order") == 1 and made.uncertain is None


@pytest.mark.req("SEC-1")
def test_a_plain_word_that_there_is_no_session_is_no_outcome_of_an_interrupted_order() -> None:
    """It comes in the order's own place while the programmer asks what became of it; anybody can have sent it."""
    done = settled("answered", BOLUS | 0x80, reply("bolus", **STROKES)[1])
    pump = Pump(bolus=[interrupts], settle_order=[None, done])
    write, lies = pump.write, [True]

    def lied_to(data: bytes) -> None:
        write(data)
        if pump.names[-1:] == ["settle_order"] and lies:
            sequence = next(sequence for name, _, sequence in pump.asked if name == "bolus")
            lies.clear()
            pump._waiting = encode_frame(sequence, *refusal(BOLUS, protocol.NOT_OPEN))

    pump.write = lied_to  # type: ignore[method-assign]
    with pytest.raises(OrderInterrupted, match="the pump has done it") as error:
        programmer(pump).bolus(400)
    assert error.value.settled and (error.value.reply or {}).get("strokes") == 2


def test_a_pump_that_has_restarted_is_said_hello_to_twice_at_the_most() -> None:
    mismatch = refusal(SETTLE, protocol.NOT_OPEN)
    pump = Pump(settle_order=[mismatch, settled("void")])
    with pytest.raises(OrderLost):
        programmer(pump).bolus(400)
    assert pump.names[-3:] == ["settle_order", "identity", "settle_order"]
    pump = Pump(settle_order=[mismatch] * 5)
    made = programmer(pump)
    with pytest.raises(OrderUncertain):
        made.bolus(400)
    assert pump.names.count("settle_order") == 2 and made.uncertain is not None


def test_an_order_that_is_refused_is_not_asked_about() -> None:
    pump = Pump(bolus=[refusal(BOLUS, protocol.BOLUS_ACTIVE)])
    made = programmer(pump)
    with pytest.raises(Refused, match="already running"):
        made.bolus(400)
    assert pump.names == ["identity", "read_time", "bolus"] and made.identity is not None and made.uncertain is None


def test_an_order_after_the_end_of_its_session_takes_the_time_that_the_new_one_begins_with() -> None:
    pump = Pump(read_time=[refusal(CLOCK, protocol.NOT_OPEN)], bolus=[reply("bolus", **STROKES)])
    assert programmer(pump).bolus(400).strokes == 2
    assert pump.names == ["identity", "read_time", "identity", "bolus"]
    now_us = protocol.decode(MESSAGES["identity"].reply, identity_payload(9))["now_us"]
    assert (pump.asked[3][1]["life"], pump.asked[3][1]["expires_us"]) == (9, now_us + 10_000_000)


def test_an_order_to_a_pump_that_has_restarted_is_not_sent_again() -> None:
    this, next_one = ((IDENTITY | protocol.REPLY_BIT, identity_payload(life)) for life in (9, 10))
    pump = Pump(identity=[this, next_one], read_time=[refusal(CLOCK, protocol.NOT_OPEN)])
    made = programmer(pump)
    with pytest.raises(Refused, match="has restarted") as error:
        made.bolus(400)
    assert (error.value.code, made.identity) == ("other_life", None) and "bolus" not in pump.names
    assert (error.value.value, error.value.limit) == (0, 0)
    with pytest.raises(Refused, match="role"):
        programmer(Pump(read_time=[refusal(CLOCK, protocol.WRONG_ROLE)])).bolus(400)
    # It has restarted between two attempts: was the first one done?
    between = refusal(BOLUS, protocol.NOT_OPEN)
    done = settled("answered", BOLUS | 0x80, reply("bolus", **STROKES)[1])
    pump = Pump(identity=[this, next_one], bolus=[None, between], settle_order=[done])
    assert programmer(pump).bolus(400).strokes == 2
    assert pump.names[-2:] == ["identity", "settle_order"]
    with pytest.raises(Refused, match="has restarted") as error:
        programmer(Pump(identity=[this, next_one], bolus=[between], settle_order=[settled("void")])).bolus(400)
    assert (error.value.value, error.value.limit) == (0, 0)
    with pytest.raises(Refused, match="give it again") as error:
        programmer(Pump(bolus=[between] * 3, settle_order=[settled("void")] * 3)).bolus(400)
    assert error.value.code == "not_prepared", "only the session has ended, each time"


def test_a_pump_of_another_schema_settles_nothing() -> None:
    pump = Pump()
    made = uncertain(pump)
    made.identity = None
    pump.schema = b"\1" + bytes(7)
    with pytest.raises(OrderUncertain) as error:
        made.settle()
    assert isinstance(error.value.__cause__, SchemaMismatch) and made.identity is None and made.uncertain is not None


def test_an_order_that_the_power_cut_is_told_as_it_is() -> None:
    pump = Pump(bolus=[refusal(BOLUS, protocol.REPEATED)])
    with pytest.raises(OrderUncertain) as error:
        programmer(pump).bolus(400)
    assert error.value.begun and "settle_order" not in pump.names


def test_an_answer_that_fits_no_table_is_asked_about() -> None:
    pump = Pump(bolus=[(BOLUS | 0x80, b"\1")], settle_order=[settled("void")])
    with pytest.raises(OrderLost) as error:
        programmer(pump).bolus(400)
    assert isinstance(error.value.__cause__, BadReply)


def interrupts() -> Said:
    raise KeyboardInterrupt


def test_a_person_who_breaks_off_is_told_what_is_known() -> None:
    done = settled("answered", BOLUS | 0x80, reply("bolus", **STROKES)[1])
    refused = settled("answered", protocol.REFUSAL_ID, refusal(BOLUS, protocol.BOLUS_ACTIVE)[1])
    for answer, strokes, text in (
        (done, 2, "the pump has done it"), (settled("void"), None, "will not carry it out"),
        (refused, None, "already running"),
    ):  # fmt: skip
        with pytest.raises(OrderInterrupted, match=text) as error:
            programmer(Pump(bolus=[interrupts], settle_order=[answer])).bolus(400)
        assert error.value.settled and (error.value.reply or {}).get("strokes") == strokes
    with pytest.raises(OrderInterrupted) as error:
        programmer(Pump(bolus=[interrupts])).bolus(400)
    assert not error.value.settled and error.value.reply is None
    for while_given in ([], [interrupts]):  # nothing that is lived with, as an error of the link may be
        with pytest.raises(OrderInterrupted, match="it may have been carried out") as error:
            programmer(Pump(bolus=while_given, settle_order=[interrupts])).bolus(400)
        assert not error.value.settled
    with pytest.raises(OrderInterrupted) as error:
        programmer(Pump(stop=[interrupts])).stop()
    assert not error.value.settled


def test_what_makes_less_is_given_seven_times_with_more_and_more_patience() -> None:
    pump = Pump()
    with pytest.raises(OrderUncertain, match="Give it again"):
        programmer(pump).stop()
    assert pump.names == ["identity", *["stop"] * 7] and pump.waited[3:] == [0.5, 0.5, 0.5, 0.5, 1.0, 2.0, 4.0]
    assert len({values["command_id"] for _, values, _ in pump.asked[1:]}) == 1, "it is done once"
    good = reply("stop", at_us=1, abandoned_strokes=0)
    pump = Pump(stop=[refusal(STOP, protocol.NOT_OPEN), good])
    assert programmer(pump).stop().abandoned_strokes == 0 and pump.names == ["identity", "stop"] * 2
    pump = Pump(stop=[(STOP | 0x80, b"\1"), good])
    assert programmer(pump).stop().abandoned_strokes == 0 and pump.names == ["identity", "stop", "stop"]
    with pytest.raises(Refused, match="role"):
        programmer(Pump(stop=[refusal(STOP, protocol.WRONG_ROLE)])).stop()


def test_an_order_before_the_next_is_settled_first() -> None:
    pump = Pump()
    made = uncertain(pump)
    refused = settled("answered", protocol.REFUSAL_ID, refusal(BOLUS, protocol.BOLUS_ACTIVE)[1])
    pending = made.uncertain
    for answer in (settled("void"), refused):
        made.uncertain = pending
        pump.asked.clear()
        pump.says |= {"settle_order": [answer], "bolus": [reply("bolus", **STROKES)]}
        assert made.bolus(400).strokes == 2
        assert pump.names == ["settle_order", "read_time", "bolus"]
    made.uncertain = pending
    pump.asked.clear()
    pump.says["settle_order"] = [settled("answered", BOLUS | 0x80, reply("bolus", **STROKES)[1])]
    with pytest.raises(EarlierOrderDone, match="'bolus' before it was carried out") as error:
        made.resume()
    assert (error.value.request, error.value.earlier) == ("resume", "bolus")
    assert pump.names == ["settle_order"] and made.uncertain is None
