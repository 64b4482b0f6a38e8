"""A whole pump on CPython behind its link, reached without any port: host tests speak to the firmware itself."""

from __future__ import annotations

from typing import Any

from firmware import protocol
from firmware.link.link import Link
from firmware.session.keyring import Keyring
from hil.keys import KEYS_AT, Provisioned
from host.api.link import decode_frame
from host.session.plain import HELLO_ID, OPEN_ID
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.ram import RamUart
from tests.firmware.session.wired import wired

KEYS = Provisioned()  # tests/conftest.py has put its key where programmers look for one
_IDENTITY_ID = 0x06
_OPENING = (HELLO_ID, OPEN_ID, _IDENTITY_ID)


class Device:
    """The pump of `hand` behind a link, and itself the transport to it. Only what a test sets goes wrong.

    It has the bench's keys. `present`: somebody shows presence. `lose_replies`: how many, those of a session's opening
    apart, or how many and of which message.
    """

    def __init__(self, hand: Hand | None = None) -> None:
        self.hand = hand or Hand()
        self.present = False
        self.uart = RamUart()
        self.connect()
        self.lose_replies: int | tuple[int, int] = 0
        self.before_reply = b""
        self.closed = False
        self.time_outs = 0

    @property
    def pump(self) -> Any:
        return self.hand.pump

    def restart(self) -> None:
        """The pump loses its power for a moment."""
        self.hand = self.hand.restarted()
        self.connect()

    def connect(self) -> None:
        """After a reset: nobody has a session."""
        noise = iter(range(1 << 30))
        self.provide()
        self.session, keyring, _, self.commands, door = wired(self.hand, lambda: self.present, lambda: next(noise))
        self.enrol(keyring)
        self.link = Link(self.uart, door, self.commands.counters)
        self.pump.stream.send, self.pump.stream.counters = self.link.tell, self.commands.counters

    def provide(self) -> None:
        """Give a memory without keys the bench's."""
        cells = self.hand.memory.cells
        if not any(cells[KEYS_AT : KEYS_AT + len(KEYS.cells)]):
            cells[KEYS_AT : KEYS_AT + len(KEYS.cells)] = KEYS.cells

    def enrol(self, keyring: Keyring) -> None:
        """Programmers besides the bench: none here."""

    @property
    def done(self) -> list[tuple[Any, ...]]:
        """The orders that the pump's log says were carried out: their names, and the figures that are not 0."""
        log = self.pump.reports.read_log(0, 10_000)["events"]
        return [
            (protocol.BY_ID[each["detail"]].name, *[each[name] for name in "abcd" if each[name]])
            for each in log
            if each["event"] == protocol.EVENT_ACCEPTED
        ]

    def rested(self) -> None:
        """As after a second without hellos, of which the pump answers so many and no more."""
        self.session.c.quota.answered = 0

    def live(self, seconds: float) -> None:
        """Time passes."""
        self.hand.live(self.hand.now_us + round(seconds * SECOND_US))

    def deliver(self, boluses: int) -> None:
        """So many boluses of a stroke, one after the other, delivered to their ends."""
        for _ in range(boluses):
            self.pump.boluses.bolus(200)
            self.live(2)

    def feed(self, data: bytes) -> bytes:
        """Let `data` arrive and return what the device sends."""
        self.uart.incoming += data
        while self.link.poll():
            pass
        return self.uart.taken()

    def write(self, data: bytes) -> None:
        reply = self.feed(data)
        if reply and self._loses(reply):
            reply = b""
        self.uart.sent += self.before_reply + reply

    def _loses(self, reply: bytes) -> bool:
        lose = self.lose_replies
        count, message_id = lose if isinstance(lose, tuple) else (lose, None)
        found = decode_frame(reply.strip(b"\0"))
        assert found is not None
        number = found[1] & 0x7F
        lost = count > 0 and (number not in _OPENING if message_id is None else number == message_id)
        if lost:
            self.lose_replies = count - 1 if message_id is None else (count - 1, message_id)
        return lost

    def read(self, timeout_s: float) -> bytes:
        data = self.uart.taken()
        self.time_outs += not data
        return data

    def close(self) -> None:
        self.closed = True
