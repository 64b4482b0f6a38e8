"""A pump on CPython behind its door: keys in its memory, and programmers that open sessions with it."""

from __future__ import annotations

import struct
from typing import Any

from firmware import protocol
from firmware.link.door import HELLO, OPEN
from tests.firmware.agreeing import prepared
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.session.wired import SCHEMA, SUITE, wired
from tests.session.programmer import Programmer

BY_NAME = {message.name: message for message in protocol.MESSAGES}
HOLDS_US = 10 * SECOND_US
PROVISIONING_SLOT = 0x0F


class Guarded:
    """The pump of `hand` with its session. A reply is its fields, or the name of a refusal's code, or None: silence."""

    def __init__(self, hand: Hand | None = None) -> None:
        self.hand = hand or Hand()
        self.present = False
        self.schema_hash, self.suite = SCHEMA, SUITE
        parts = wired(self.hand, lambda: self.present)
        self.session, self.keyring, self.presence, self.commands, self.door = parts
        self.sequence = 0
        self.ids = 100

    def restarted(self) -> Guarded:
        """The power was off for a moment."""
        return Guarded(self.hand.restarted())

    def take(self, message_id: int, payload: bytes, sequence: int = 0) -> tuple[int, bytes] | None:
        """What comes out of the door for a frame."""
        out = bytearray(249)
        reply_id, length = self.door.take(sequence, message_id, memoryview(bytearray(payload)), memoryview(out))
        return (reply_id, bytes(out[:length])) if reply_id else None

    def hello(self) -> bytes:
        """The challenge; a second passes before it."""
        self.hand.live(self.hand.now_us + SECOND_US)
        found = self.take(HELLO, SCHEMA)
        assert found is not None and found[0] == HELLO | 0x80 and len(found[1]) == 18
        assert found[1][:10] == SCHEMA + bytes([1, SUITE])
        return found[1][10:]

    def programmer(self, key: bytes, slot: int, role: str) -> Programmer:
        """One that holds this key."""
        return Programmer(self, key, slot, protocol.ROLES.index(role))

    def connect(self, key: bytes, slot: int, role: str) -> Programmer | str:
        """A programmer with a session, or the name of the refusal."""
        programmer = self.programmer(key, slot, role)
        return self.open(programmer)

    def open(self, programmer: Programmer) -> Programmer | str:
        """Open a session for `programmer`."""
        found = self.take(OPEN, programmer.opening(self.hello()))
        assert found is not None
        if found[0] == protocol.REFUSAL_ID:
            return refusal(found[1])
        programmer.opened(found[1])
        return programmer

    def ask(self, programmer: Programmer, name: str, **values: Any) -> Any:
        """Send a request in the programmer's session."""
        message = BY_NAME[name]
        if message.changes_delivery:
            self.ids += 1
            order = {"life": self.hand.pump.orders.life, "expires_us": self.hand.now_us + HOLDS_US}
            values = order | {"command_id": self.ids, "confirms": 0} | values
            values["confirms"] = values["confirms"] or prepared(self.commands, message, values)
        return self.send(programmer, message.id, protocol.encode(message.request, values))

    def send(self, programmer: Programmer, message_id: int, text: bytes) -> Any:
        """Seal `text` and send it."""
        self.sequence += 1
        return self.sealed(programmer, message_id, bytes(programmer.seal(self.sequence, message_id, text)))

    def sealed(self, programmer: Programmer, message_id: int, payload: bytes) -> Any:
        """Send these bytes, and read what comes back."""
        found = self.take(message_id, payload, self.sequence)
        if found is None:
            return None
        reply_id, reply = found
        (counter,) = struct.unpack_from("<I", payload)
        if reply_id == protocol.REFUSAL_ID and len(reply) == 19:
            return refusal(reply)
        text = programmer.read(self.sequence, reply_id, reply, counter)
        return refusal(text) if reply_id == protocol.REFUSAL_ID else protocol.decode(BY_ID[reply_id].reply, text)

    def provision(self) -> bytes:
        """Make the card; its key."""
        self.present = True
        maker = self.connect(bytes(32), PROVISIONING_SLOT, "provisioning")
        assert isinstance(maker, Programmer), maker
        made = self.ask(maker, "provision", seed=bytes(range(32)))
        self.present = False
        self.pass_s(61)
        return key_of(made)

    def enrol(self, by: Programmer, role: str, label: str = "tablet") -> tuple[bytes, int]:
        """A new key and its slot."""
        self.present = True
        made = self.ask(by, "enrol", role=protocol.ROLES.index(role), label=label)
        self.present = False
        self.pass_s(61)
        return key_of(made), made["slot"]

    def pass_s(self, seconds: int) -> None:
        """Time passes."""
        self.hand.live(self.hand.now_us + seconds * SECOND_US)

    def events(self, event: int) -> list[tuple[int, int]]:
        """(detail, reason) of the events of one kind in the log."""
        log = self.hand.pump.reports.read_log(0, 10_000)["events"]
        return [(each["detail"], each["reason"]) for each in log if each["event"] == event]


BY_ID = {message.id | 0x80: message for message in protocol.MESSAGES}


def key_of(made: Any) -> bytes:
    """The key in a reply."""
    assert isinstance(made, dict), made
    return made["key"]


def refusal(payload: bytes) -> str:
    """The name of a refusal's code."""
    return str(protocol.CODES[protocol.decode(protocol.REFUSAL, payload)["code"]])
