"""The link's frames in C: the same as the firmware's Python and as the host's packages, and safe with any bytes."""

from __future__ import annotations

import random
from typing import Any

import pytest
from cobs import cobs

from firmware.protocol import framing as python
from host.api.link import encode_frame
from tests.session.device import session_class

pytestmark = pytest.mark.req("LINK-1", "LINK-4")

WIRE_MAX, PAYLOAD_MAX = 256, 247
GUARD = b"\xa5" * 16


class C:
    """The functions in C as firmware/protocol/framing.py has them; a byte beyond its buffer is an error."""

    def __init__(self) -> None:
        module = session_class().module
        self.ffi, self.lib = module.ffi, module.lib

    def _in(self, data: Any) -> tuple[Any, bytearray]:
        kept = bytearray(data) + GUARD
        return self.ffi.from_buffer("uint8_t[]", kept), kept

    def _out(self, kept: bytearray, data: bytearray) -> None:
        assert kept[-len(GUARD) :] == GUARD
        data[:] = kept[: -len(GUARD)]

    def gather(self, frame: bytearray, length: int, chunk: bytes, at: int, end: int) -> int:
        there, kept = self._in(frame)
        taken = self.lib.framing_gather(there, length, chunk[at:end], end - at)
        self._out(kept, frame)
        return int(taken)

    def decode(self, frame: bytearray, length: int) -> int:
        there, kept = self._in(frame)
        size = self.lib.framing_decode(there, length)
        self._out(kept, frame)
        return int(size)

    def encode(self, frame: bytearray, sequence: int, message_id: int, length: int, wire: bytearray) -> int:
        (there, kept), (line, sent) = self._in(frame), self._in(wire)
        size = self.lib.framing_encode(there, sequence, message_id, length, line)
        self._out(kept, frame)
        self._out(sent, wire)
        return int(size)


@pytest.fixture(params=["c", "python"])
def framing(request: pytest.FixtureRequest) -> Any:
    return C() if request.param == "c" else python


def received(framing: Any, encoded: bytes) -> tuple[int, bytes]:
    """Return the payload's length, or what is wrong with a frame without its delimiter; and its head and payload."""
    frame = bytearray(WIRE_MAX)
    taken = framing.gather(frame, 0, encoded + b"\0", 0, len(encoded) + 1)
    assert taken == len(encoded) + 1
    size = framing.decode(frame, min(len(encoded), WIRE_MAX))
    return size, bytes(frame[: 3 + size]) if size >= 0 else b""


@pytest.mark.parametrize("length", [0, 1, 49, 58, 246, 247])
@pytest.mark.parametrize("fill", [b"\0", b"\1", b"U", b"\xff", b"\0U", b"U\0"])
def test_a_frame_of_the_host_is_heard_and_the_same_is_sent(framing: Any, length: int, fill: bytes) -> None:
    payload = (fill * length)[:length]
    for sequence, message_id in ((0, 0), (0x1234, 0x05), (0xFF00, 0x7F), (0xFFFF, 0xFF)):
        expected = encode_frame(sequence, message_id, payload)
        head = sequence.to_bytes(2, "little") + bytes([message_id])
        assert received(framing, expected[:-1]) == (length, head + payload)
        frame, wire = bytearray(3) + payload + bytearray(WIRE_MAX - 3 - length), bytearray(WIRE_MAX)
        size = framing.encode(frame, sequence, message_id, length, wire)
        assert bytes(wire[:size]) == expected and not any(wire[size:])


@pytest.mark.parametrize(
    ("encoded", "wrong"),
    [
        (b"U" * 256, python.OVERLONG),
        (b"U" * 300, python.OVERLONG),
        (b"\x02U" * 127 + b"\x01", python.BAD_CRC),  # 255 bytes, the longest that are looked at
        (b"\x05\x01", python.BAD_COBS),
        (b"\x03\x01", python.BAD_COBS),
        (b"\x02\x01\xff", python.BAD_COBS),
        (b"\x01", python.TOO_SHORT),
        (cobs.encode(bytes(6)), python.TOO_SHORT),
        (cobs.encode(bytes(7)), python.BAD_CRC),
        (cobs.encode(b"\1\2\3\4\5\6\7"), python.BAD_CRC),
    ],
)
def test_what_is_no_frame_is_named(framing: Any, encoded: bytes, wrong: int) -> None:
    assert received(framing, encoded) == (wrong, b"")


def test_the_numbers_are_those_of_the_header(framing: Any) -> None:
    names = ("OVERLONG", "BAD_COBS", "TOO_SHORT", "BAD_CRC")
    lib = session_class().module.lib
    assert [getattr(lib, "FRAMING_" + name) for name in names] == [getattr(python, name) for name in names]


def test_nothing_and_a_delimiter_in_it_are_no_frame(framing: Any) -> None:
    assert framing.decode(bytearray(WIRE_MAX), 0) == python.BAD_COBS
    for bad in (b"\0", b"\x03\x01\0", b"\x03\0\x01", b"\x02\x01\0"):
        assert framing.decode(bytearray(bad) + bytearray(WIRE_MAX - len(bad)), len(bad)) == python.BAD_COBS


def test_every_bit_of_the_crc_counts(framing: Any) -> None:
    body = cobs.decode(encode_frame(7, 0x05, b"opening")[:-1])
    assert received(framing, cobs.encode(body))[0] == 7
    for bit in range(8 * len(body)):
        flipped = bytearray(body)
        flipped[bit // 8] ^= 1 << bit % 8
        assert received(framing, cobs.encode(bytes(flipped)))[0] == python.BAD_CRC


def test_a_frame_in_pieces(framing: Any) -> None:
    frame = bytearray(WIRE_MAX)
    assert framing.gather(frame, 0, b"abc", 1, 3) == 2 and frame[:3] == b"bc\0"
    assert framing.gather(frame, 2, b"xyz\0more", 1, 8) == 3 and frame[:5] == b"bcyz\0"
    assert framing.gather(frame, 4, b"", 0, 0) == 0
    assert framing.gather(frame, 0, b"\0\0", 0, 2) == 1
    assert framing.gather(frame, 254, b"123\0", 0, 4) == 4 and frame[254:] == b"12"
    assert framing.gather(frame, 256, b"456", 0, 3) == 3 and frame[254:] == b"12"


def streams(count: int, seed: int) -> None:
    """Any bytes, in pieces of any length: C and Python agree on each step, and no buffer is left."""
    rng = random.Random(seed)
    c = C()
    for turn in range(count):
        frame = bytearray(rng.randbytes(WIRE_MAX))
        kind = rng.randrange(3)
        if kind == 0:
            data = bytearray(rng.randbytes(rng.randrange(WIRE_MAX + 40)))
        else:
            payload = rng.randbytes(rng.randrange(248))
            data = bytearray(encode_frame(rng.randrange(0x10000), rng.randrange(256), payload))
            for _ in range(kind - 1):
                data[rng.randrange(len(data))] = rng.randrange(4) or rng.randrange(256)
        here, there, length = bytearray(frame), bytearray(frame), 0
        at = 0
        while at < len(data):
            end = min(len(data), at + rng.randrange(1, 65))
            taken = c.gather(here, length, bytes(data), at, end)
            assert taken == python.gather(there, length, bytes(data), at, end) and here == there, f"{seed}, {turn}"
            at += taken
            ended = data[at - 1] == 0
            length = min(length + taken - ended, WIRE_MAX)
            if ended:
                break
        size = c.decode(here, length)
        assert size == python.decode(there, length), f"seed {seed}, turn {turn}"
        if size >= 0:
            assert here[: size + 3] == there[: size + 3]


def test_any_bytes() -> None:
    streams(3000, 1)


@pytest.mark.nightly
def test_a_million_streams() -> None:
    streams(1_000_000, 1)
