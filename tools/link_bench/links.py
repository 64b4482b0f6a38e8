"""The links that are compared: each turns a payload into bytes, and bytes into whatever it takes for a message.

Ours is the programmer's own framing and session (host) and, at the other end, the device's session in C. MAVLink 2 is
pymavlink's, its payload that of ENCAPSULATED_DATA, so that all of it is ours to fill; SMP is the PyPI package `smp`
with the console's lines of 127 characters, the payload a byte string in a CBOR map. What a link accepts is everything
that its receiver would act on, so a damaged sequence number counts as much as a damaged payload.
"""

from __future__ import annotations

import binascii
import struct
import sys
from typing import Any, Protocol

from c_ext.host.session_face import Session as Device
from c_ext.host.session_face import bind_default
from firmware.protocol import SCHEMA_HASH
from host.api.link import decode_frame, encode_frame
from host.session.key import Key
from host.session.keys import Identity
from host.session.opening import Offer, Opening
from host.session.plain import HELLO_ID, OPEN_ID, SUITE
from tools.bootstrap import LINK_BENCH, make_link_bench

MESSAGE, SEALED_BYTES = 0x20, 20
SLOT, PATIENT, USED = 1, 1, 2
_RECORD, _SEED = slice(4, 90), slice(4, 48)
KEY, DEVICE_ID, SEED = bytes(range(32)), b"device-1", b"s" * 32
FLUSH = bytes(600)  # no link waits for more


class Link(Protocol):
    """One link, sender and receiver. A message is what both must have in common."""

    name: str

    def send(self, payload: bytes) -> tuple[Any, bytes]:
        """Return the next message, and its bytes on the line."""

    def feed(self, data: bytes) -> list[Any]:
        """Return the messages that the receiver takes out of `data`, and out of what it has kept of earlier data."""


class Framing:
    """COBS and CRC-32C alone."""

    name = "frames alone (COBS, CRC-32C)"

    def __init__(self) -> None:
        self._sequence = 0
        self._buffer = bytearray()

    def send(self, payload: bytes) -> tuple[Any, bytes]:
        """Return the next message, and its bytes on the line."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        return (self._sequence, MESSAGE, payload), encode_frame(self._sequence, MESSAGE, payload)

    def feed(self, data: bytes) -> list[Any]:
        """Return the messages of all frames that have come to their end."""
        self._buffer += data
        *frames, rest = self._buffer.split(b"\0")
        self._buffer = rest
        return [found for found in map(decode_frame, map(bytes, filter(None, frames))) if found is not None]


class Sealed(Framing):
    """The session: the programmer's seals, the device's, in C, opens."""

    name = "session (sealed)"

    def __init__(self) -> None:
        super().__init__()
        self.device, self.programmer, self.opening_bytes = opened()

    def send(self, payload: bytes) -> tuple[Any, bytes]:
        """Return the next message, and its bytes on the line."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        _, sealed = self.programmer.seal(self._sequence, MESSAGE, payload)
        return (self._sequence, MESSAGE, payload), encode_frame(self._sequence, MESSAGE, sealed)

    def feed(self, data: bytes) -> list[Any]:
        """Return the messages that the device would act on."""
        taken = []
        for sequence, message_id, payload in super().feed(data):
            frame = bytearray(payload)
            length = self.device.open(0, sequence, message_id, frame)
            if length >= 0:
                taken.append((sequence, message_id, bytes(frame[4 : 4 + length])))
        return taken


def opened() -> tuple[Device, Any, int]:
    """Return the device's and the programmer's end of a session, and how many bytes the line carried for it."""
    schema = SCHEMA_HASH.to_bytes(8, "little")
    device = bind_default()(schema, SUITE)
    device.record(SLOT)[_RECORD] = struct.pack("<BBH16s32s34x", USED, PATIENT, 1, b"", KEY)
    device.seed_record()[_SEED] = SEED + DEVICE_ID + bytes(4)
    if device.load(SLOT) != PATIENT:
        raise ValueError("the device does not take the slot")
    device.renew(b"noise")
    device.ready()
    challenge = device.hello(0)
    if challenge is None:
        raise ValueError("the device does not answer")
    identity = Identity("bench", DEVICE_ID, SLOT, "patient", "", 1, Key(KEY))
    opening = Opening(Offer(SUITE, challenge), identity, SLOT, identity.key)
    reply = bytearray(61)
    if device.accept(0, False, False, opening.request, reply) != 1:
        raise ValueError("the device does not open")
    hello = schema, schema + bytes([1, SUITE]) + challenge
    frames = (
        (HELLO_ID, hello[0]),
        (HELLO_ID | 0x80, hello[1]),
        (OPEN_ID, opening.request),
        (OPEN_ID | 0x80, bytes(reply)),
    )
    carried = sum(len(encode_frame(1, message_id, payload)) for message_id, payload in frames)
    return device, opening.finish(bytes(reply)), carried


class Mavlink:
    """MAVLink 2, as two ends of pymavlink."""

    name = "MAVLink 2"
    signed = False

    def __init__(self) -> None:
        self._dialect = _others("pymavlink.dialects.v20.common")
        self._ends = [self._dialect.MAVLink(None, srcSystem=1, srcComponent=1) for _ in range(2)]
        for end in self._ends:
            end.robust_parsing = True
            if self.signed:
                end.signing.secret_key = KEY
                end.signing.sign_outgoing = True

    def send(self, payload: bytes) -> tuple[Any, bytes]:
        """Return the next message, and its bytes on the line."""
        sender = self._ends[0]
        text = payload[2:].ljust(253, b"\0")
        message = self._dialect.MAVLink_encapsulated_data_message(int.from_bytes(payload[:2], "little"), list(text))
        wire = message.pack(sender)
        told = (sender.seq, 1, 1, payload[:2] + text)
        sender.seq = (sender.seq + 1) % 256
        return told, wire

    def feed(self, data: bytes) -> list[Any]:
        """Return the messages of the one kind that this link carries; others are not acted on."""
        return [
            (
                each.get_seq(),
                each.get_srcSystem(),
                each.get_srcComponent(),
                struct.pack("<H", each.seqnr) + bytes(each.data),
            )
            for each in self._ends[1].parse_buffer(data) or ()
            if each.get_type() == "ENCAPSULATED_DATA"
        ]


class Signed(Mavlink):
    """The same with its signature of 48 bits.

    pymavlink 2.4.50 keeps a frame's time stamp before it has checked the signature, so that one damaged time stamp
    shuts out all later frames. That is a slip of that program, not of MAVLink: it is put right here.
    """

    name = "MAVLink 2, signed"
    signed = True

    def __init__(self) -> None:
        super().__init__()
        receiver = self._ends[1]
        check = receiver.check_signature

        def checked(*frame: Any) -> bool:
            before = dict(receiver.signing.stream_timestamps)
            good = bool(check(*frame))
            if not good:
                receiver.signing.stream_timestamps = before
            return good

        receiver.check_signature = checked


class Smp:
    """MCUmgr's Simple Management Protocol in the lines of its serial transport."""

    name = "MCUmgr SMP"

    def __init__(self) -> None:
        message, self._packet = _others("smp.message"), _others("smp.packet")

        class Told(message.WriteRequest):  # type: ignore[misc,name-defined]
            """A message of the user's own group: one byte string."""

            _GROUP_ID = 64
            _COMMAND_ID = 1
            d: bytes

        self._message = Told
        self._sequence = 0
        self._buffer = bytearray()
        self._decoder: Any = None

    def send(self, payload: bytes) -> tuple[Any, bytes]:
        """Return the next message, and its bytes on the line."""
        self._sequence = (self._sequence + 1) % 256
        made = bytes(self._message(sequence=self._sequence, d=payload))
        return made, b"".join(self._packet.encode(made))

    def feed(self, data: bytes) -> list[Any]:
        """Return the messages of all lines; one that does not go on begins, if it can, a message of its own."""
        self._buffer += data
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = rest if len(rest) <= len(FLUSH) else bytearray()
        taken = []
        for line in lines:
            packet = bytes(line) + b"\n"
            if packet.startswith(self._packet.START_DELIMITER):
                self._decoder = self._packet.decode()
                next(self._decoder)
            if self._decoder is not None and (made := self._line(packet)):
                taken.append(made)
        return taken

    def _line(self, packet: bytes) -> bytes:
        try:
            self._decoder.send(packet)
        except StopIteration as end:
            self._decoder = None
            return self._parsed(end.value)
        except (ValueError, struct.error, binascii.Error, _others("smp.exceptions").SMPException):
            self._decoder = None
        return b""

    def _parsed(self, made: bytes) -> bytes:
        try:
            found = self._message.loads(made)
        except Exception:  # whatever CBOR or the header's enumerations say
            return b""
        return made if found.header.length == len(made) - 8 else b""


def _others(name: str) -> Any:
    """Return a module of the packages that only this comparison needs, installed outside of .venv."""
    import importlib

    make_link_bench()
    if str(LINK_BENCH) not in sys.path:
        sys.path.append(str(LINK_BENCH))
    return importlib.import_module(name)


LINKS: tuple[type[Framing] | type[Mavlink] | type[Smp], ...] = (Framing, Sealed, Mavlink, Signed, Smp)
