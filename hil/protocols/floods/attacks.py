"""What somebody on the line sends who has no key. He has heard everything that was sent before.

Openings are looked at only while a challenge lives, so hellos come along with them. Without presence the pump looks at
ten wrong ones, then at one each 6 s; with it at all.

Implements: SEC-4, LINK-4
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from firmware import protocol
from hil.sealing import plain_frame, sealed_frame
from host.api.client import MESSAGES, Programmer
from host.api.link import decode_frame
from host.api.transport import Transport
from host.session.frames import MAX_SEALED_BYTES, SEAL_BYTES
from host.session.plain import HELLO_ID, OPEN_ID, PLAIN, schema

NOISE, UNSEALED, HELLOS = "noise", "unsealed requests", "hello"
FORGED, FORGED_PRESENCE, STALE = "forged openings", "forged openings with presence", "stale openings"
REPLAYED, CORRUPTED, ENDED = "replayed frames", "corrupted frames", "frames of an ended session"
ATTACKS = (NOISE, UNSEALED, HELLOS, FORGED, FORGED_PRESENCE, STALE, REPLAYED, CORRUPTED, ENDED)
HELLO = plain_frame(1, HELLO_ID, schema())
_STATUS, _STOP = MESSAGES["status"].id, MESSAGES["stop"].id
_OPENING_BYTES = 48  # an ephemeral key and a tag
_HELLO_EACH = 64  # openings: 0.3 s at line rate
_LATER = 1 << 19  # a counter that the session has not come to
_KEPT = 64


@dataclass(frozen=True)
class Heard:
    """What was on the line: the opening of the live session, and frames of the one before."""

    opening: bytes
    ended: tuple[bytes, ...]


class _Tap:
    def __init__(self, transport: Transport) -> None:
        self.sent: list[bytes] = []
        self.write, self.read = self._write, transport.read
        self._on = transport.write

    def _write(self, data: bytes) -> None:
        self.sent.append(data)
        self._on(data)


def listen(programmer: Programmer) -> Heard:
    """Open a session, use it, and end it by another, which the pump hears. Return what somebody has heard."""
    link = programmer.link
    transport, tap = link._transport, _Tap(link._transport)
    link._transport = tap
    try:
        programmer.hello()
        old = link.session
        for _ in range(4):
            programmer.status()
        ended = [each for each in tap.sent if _id(each) not in PLAIN]
        programmer.hello()
    finally:
        link._transport = transport
    # Also ones that the pump has never heard.
    ended += [sealed_frame(old, number, _STATUS, b"")[0] for number in range(_KEPT)]
    return Heard([each for each in tap.sent if _id(each) == OPEN_ID][-1], tuple(ended))


def _id(frame: bytes) -> int:
    got = decode_frame(frame.strip(b"\0"))
    assert got is not None
    return got[1]


class Attacker:
    """Frames of one attack, without end. The pump's latest request must be the session's latest."""

    def __init__(self, kind: str, programmer: Programmer, heard: Heard) -> None:
        self._random = random.Random(kind)
        self._heard = heard
        self._slot = programmer.keyring.identity().slot
        self._live = sealed_frame(programmer.link.session, 5, _STATUS, b"")[0] if kind == REPLAYED else b""
        kinds: dict[str, Callable[[int], bytes]] = {
            NOISE: self._noise, UNSEALED: self._unsealed, HELLOS: lambda _: HELLO, FORGED: self._forged,
            FORGED_PRESENCE: self._forged, STALE: self._stale, REPLAYED: lambda _: self._live,
            CORRUPTED: self._corrupted, ENDED: self._ended,
        }  # fmt: skip
        self._frame = kinds[kind]

    def frame(self, number: int) -> bytes:
        """Return frame `number`, from 1 on."""
        return self._frame(number)

    def _noise(self, _: int) -> bytes:
        return self._random.randbytes(100) + b"\0"

    def _unsealed(self, number: int) -> bytes:
        """A request of each id in turn, known and unknown ones, of any length."""
        message_id = number % protocol.REPLY_BIT
        return plain_frame(number, _STOP if message_id in PLAIN else message_id, bytes(self._random.randrange(64)))

    def _forged(self, number: int) -> bytes:
        if number % _HELLO_EACH == 1:
            return HELLO
        return plain_frame(number, OPEN_ID, bytes([self._slot]) + self._random.randbytes(_OPENING_BYTES))

    def _stale(self, number: int) -> bytes:
        return HELLO if number % _HELLO_EACH == 1 else self._heard.opening

    def _corrupted(self, number: int) -> bytes:
        """What would be the session's next frame, of any length, but for its tag; its CRC is right."""
        size = SEAL_BYTES - 4 + self._random.randrange(MAX_SEALED_BYTES)
        return plain_frame(number, _STOP, (_LATER + number).to_bytes(4, "little") + self._random.randbytes(size))

    def _ended(self, number: int) -> bytes:
        return self._heard.ended[number % len(self._heard.ended)]
