"""A pump on CPython behind its commands: orders by name, the bytes of each kept, so that they can come again."""

from __future__ import annotations

from typing import Any

from firmware import protocol
from firmware.link.commands import Commands
from tests.firmware.agreeing import prepared
from tests.firmware.hand import SECOND_US, Hand

BY_NAME = {message.name: message for message in protocol.MESSAGES}
HOLDS_US = 10 * SECOND_US


class Desk:
    """Commands for the pump of `hand`. An answer is the reply's fields, or the name of the refusal's code."""

    ids = 100

    def __init__(self, hand: Hand | None = None) -> None:
        self.hand = hand or Hand()
        self.commands = Commands(self.hand.pump)
        self.pump = self.hand.pump
        self.frames: list[tuple[int, bytes]] = []
        self.refusal: dict[str, int] = {}  # the fields of the latest
        self.opens()

    def opens(self, role: int = protocol.ROLE_BENCH) -> None:
        """A session begins, of a programmer with this role in slot 1: what the door says of it (link/door.py)."""
        self.commands.begun(role)
        self.pump.visited(self.pump.visitors.began, 1)

    def frame(self, name: str, **values: Any) -> tuple[int, bytes]:
        """A request's id and payload; what an order must carry is filled in."""
        message = BY_NAME[name]
        if message.changes_delivery:
            Desk.ids += 1
            order = {"command_id": Desk.ids, "life": self.pump.orders.life, "expires_us": self.hand.now_us + HOLDS_US}
            if "confirms" not in values:
                order["confirms"] = prepared(self.commands, message, values)
            values = order | values
        return message.id, protocol.encode(message.request, values, check=False)

    def ask(self, name: str, **values: Any) -> Any:
        self.frames.append(self.frame(name, **values))
        return self.send(self.frames[-1])

    def send(self, frame: tuple[int, bytes]) -> Any:
        message_id, payload = frame
        reply_id, reply = self.commands.handle(message_id, memoryview(payload))
        if reply_id == protocol.REFUSAL_ID:
            self.refusal = protocol.decode(protocol.REFUSAL, reply)
        return read(message_id, reply_id, reply)

    def refused(self, name: str, **values: Any) -> tuple[str, int, int, int]:
        """Ask for what is refused; (code, place of the field, value, limit)."""
        answer = self.ask(name, **values)
        assert isinstance(answer, str), answer
        return answer, self.refusal["field_index"], self.refusal["value"], self.refusal["limit"]

    def settle(self, frame: tuple[int, bytes]) -> Any:
        """What became of the order in `frame`: "void", "forgotten", or how it was answered."""
        from binascii import crc32

        message_id, payload = frame
        order = protocol.decode(protocol.ORDER, payload[: protocol.ORDER_BYTES])
        answer = self.ask("settle_order", **order, message_id=message_id, payload_crc=crc32(payload))
        if isinstance(answer, str):
            return answer
        outcome = protocol.OUTCOMES[answer["outcome"]]
        if outcome != "answered":
            return outcome
        return read(message_id, answer["reply_id"], answer["reply"])

    def restarted(self, after_us: int = 5 * SECOND_US, *, clock_lost: bool = False) -> Desk:
        """The power was off for so long; this is the next life."""
        return Desk(self.hand.restarted(after_us, clock_lost=clock_lost))

    @property
    def booked_mu(self) -> int:
        """What all boluses were to bring."""
        log = self.pump.reports.read_log(0, 10_000)["events"]
        bolus = BY_NAME["bolus"].id
        return sum(each["b"] for each in log if each["event"] == protocol.EVENT_ACCEPTED and each["detail"] == bolus)


def read(message_id: int, reply_id: int, reply: bytes) -> Any:
    if reply_id == protocol.REFUSAL_ID:
        refusal = protocol.decode(protocol.REFUSAL, reply)
        assert refusal["request_id"] == message_id
        return protocol.CODES[refusal["code"]]
    assert reply_id == message_id | protocol.REPLY_BIT
    return protocol.decode(protocol.BY_ID[message_id].reply, reply)


def lowest(fields: Any) -> dict[str, Any]:
    """The least values that the table allows."""
    values: dict[str, Any] = {}
    for field in fields:
        value = -(-field.low // field.step) * field.step
        if field.kind == "records":
            value = [lowest(field.fields)] * field.low
        if field.kind == "bytes":
            value = bytes(field.low)
        values[field.name] = "" if field.kind == "str8" else value
    return values
