"""The link's waiting, counting and forgetting at their edges, on a line of one's own."""

from __future__ import annotations

from collections.abc import Iterator

import crcmod.predefined
import pytest
from cobs import cobs

from firmware.protocol import MAX_PAYLOAD_BYTES, MAX_WIRE_BYTES, TELEMETRY_ID
from host.api.link import HostLink, decode_frame, encode_frame
from host.session.frames import Session
from host.session.noise import Cipher

CRC32C = crcmod.predefined.mkCrcFun("crc-32c")
PUMPS = b"p" * 32  # the key of what the pump seals
pytestmark = pytest.mark.req("LINK-1", "LINK-3", "LINK-4")


class Line:
    """Gives what it was given, one piece a read; `waited` are the time-outs."""

    def __init__(self, *pieces: bytes, endless: bytes = b"") -> None:
        self.pieces = iter(pieces)
        self.endless = endless
        self.waited: list[float] = []
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def read(self, timeout_s: float) -> bytes:
        self.waited.append(timeout_s)
        return next(self.pieces, self.endless)

    def close(self) -> None:
        """As a transport."""


def with_checksum(body: bytes) -> bytes:
    """A frame without its delimiter."""
    return bytes(cobs.encode(body + CRC32C(body).to_bytes(4, "little")))


def telemetry(number: int) -> bytes:
    """The pump's, in the session of opened()."""
    sealed = Cipher(PUMPS).seal(number, b"\0\0" + bytes([TELEMETRY_ID]), number.to_bytes(2, "little"))
    return encode_frame(0, TELEMETRY_ID, number.to_bytes(4, "little") + sealed)


def reply(text: bytes) -> bytes:
    """The pump's to the first request, id 0x20, in the session of opened()."""
    sealed = Cipher(PUMPS).seal(0, b"\0\0\xa0" + bytes(4), text)
    return encode_frame(0, 0xA0, bytes(4) + sealed)


def opened(line: Line, first_sequence: int = 0) -> HostLink:
    """A link with a session."""
    link = HostLink(line, first_sequence)
    link.session = Session(1, 0, "patient", Cipher(bytes(32)), Cipher(PUMPS))
    return link


def test_the_longest_payload_fills_a_frame_and_one_byte_more_is_none() -> None:
    frame = encode_frame(7, 1, bytes(MAX_PAYLOAD_BYTES))
    assert len(frame) == MAX_WIRE_BYTES == 256
    assert decode_frame(frame[:-1]) == (7, 1, bytes(MAX_PAYLOAD_BYTES))
    long = with_checksum(b"\7\0\1" + bytes(MAX_PAYLOAD_BYTES + 1))
    assert len(long) == MAX_WIRE_BYTES and decode_frame(long) is None, "without its delimiter it is as long"
    with pytest.raises(ValueError, match="248 bytes"):
        encode_frame(7, 1, bytes(MAX_PAYLOAD_BYTES + 1))


def test_a_frame_has_a_header_and_a_checksum() -> None:
    frame = encode_frame(0x1234, 0x56, b"")
    assert decode_frame(frame[:-1]) == (0x1234, 0x56, b"")
    body = bytes(cobs.decode(frame[:-1]))
    assert body[:3] == b"\x34\x12\x56" and len(body) == 7
    assert decode_frame(with_checksum(b"\x34\x12")) is None, "no room for a message"
    assert decode_frame(with_checksum(b"\x34\x12\x56")) == (0x1234, 0x56, b"")
    for place in range(7):
        wrong = bytes(each ^ (place == at) for at, each in enumerate(body))
        assert decode_frame(bytes(cobs.encode(wrong))) is None
    assert decode_frame(b"\x05ab") is None, "no COBS"


def test_damaged_frames_and_stale_replies_are_counted_and_empty_ones_are_not() -> None:
    damaged = b"\x05abcd\0"
    stale = encode_frame(6, 0x81, b"")
    line = Line(b"\0\0" + damaged + damaged + stale + stale + stale + encode_frame(7, 0x81, b"x"))
    link = HostLink(line, 7)
    assert (link.frames_dropped, link.replies_stale, link.next_sequence, link.heard_bytes) == (0, 0, 7, 0)
    assert link.request(1, b"", 0.5, 1) == (0x81, b"x")
    assert (link.frames_dropped, link.replies_stale, link.next_sequence) == (2, 3, 8)


def test_a_reply_has_the_request_s_number_and_message_and_a_refusal_names_it() -> None:
    for frame, answers in (
        (encode_frame(7, 0x81, b""), True), (encode_frame(8, 0x81, b""), False), (encode_frame(7, 0x82, b""), False),
        (encode_frame(7, 0x01, b""), False), (encode_frame(7, 0xFF, b"\x01rest"), True),
        (encode_frame(7, 0xFF, b"\x02"), False), (encode_frame(7, 0xFF, b""), False),
    ):  # fmt: skip
        assert (HostLink(Line(frame), 7).request(1, b"", 0.5, 1) is not None) is answers


def test_the_reply_to_an_earlier_request_ends_the_wait_too_but_only_this_time() -> None:
    late = encode_frame(3, 0x91, b"late")
    link = HostLink(Line(late, b"", late), 7)
    assert link.request(1, b"", 0.5, 1, late=(3, 0x11)) == (0x91, b"late")
    assert link.request(1, b"", 0.5, 1) is None and link.request(1, b"", 0.5, 1) is None
    assert link.replies_stale == 1
    for number, message in ((4, 0x11), (3, 0x12)):
        assert HostLink(Line(late), 7).request(1, b"", 0.5, 1, late=(number, message)) is None


def test_sequence_numbers_have_sixteen_bits() -> None:
    link = HostLink(Line(), 8)
    link.request(1, b"", 0.5, 1)
    assert link.next_sequence == 9
    link = HostLink(Line(), 0x1FFFF)
    assert link.next_sequence == 0xFFFF
    link.request(1, b"", 0.5, 1)
    assert link.next_sequence == 0


def test_each_attempt_waits_longer_by_the_factor() -> None:
    line = Line()
    assert HostLink(line).request(1, b"", 0.5, 3, 2.0) is None
    assert line.waited == [0.5, 1.0, 2.0] and len(set(line.written)) == 1 and len(line.written) == 3
    assert line.written[0][0] == 0, "a delimiter ends what the pump may have collected"
    line = Line()
    HostLink(line).request(1, b"", 0.5, 2)
    assert line.waited == [0.5, 0.5]


def test_a_line_that_never_falls_silent_may_say_so_much_as_it_can_carry() -> None:
    """11,520 bytes a second, and four frames at the least."""
    for timeout_s, budget in ((0.5, 5_760), (0.01, 1_024), (0.2, 2_304), (1.0, 11_520)):
        line = Line(endless=b"\x55")
        link = HostLink(line)
        assert link.request(1, b"", timeout_s, 1) is None
        assert (len(line.waited), link.heard_bytes) == (budget, budget)
    link.request(1, b"", 0.01, 2)
    assert link.heard_bytes == 2 * 1_024, "of the latest request, all attempts"


@pytest.mark.req("SEC-4")
def test_a_wait_ends_by_the_clock_while_others_are_answered() -> None:
    """A frame for somebody else every 0.2 s; the reply that has begun within the time-out is taken to its end."""

    class Busy(Line):
        now_us = 0

        def read(self, timeout_s: float) -> bytes:
            self.now_us += round(min(timeout_s, 0.2) * 1_000_000)
            return encode_frame(9, 0x81, b"another's") if timeout_s >= 0.2 else super().read(timeout_s)

    line = Busy()
    assert HostLink(line).request(1, b"", 3.0, 1) is None and 3_000_000 <= line.now_us <= 3_050_000
    line = Busy(encode_frame(0, 0x81, b"late"))
    assert HostLink(line).request(1, b"", 3.0, 1) == (0x81, b"late") and line.now_us > 3_000_000


def test_bytes_without_a_delimiter_are_forgotten_when_no_frame_is_so_long() -> None:
    for length, kept in ((255, 255), (256, 0), (300, 0)):
        link = HostLink(Line(b"\x01" * length))
        link.request(1, b"", 0.5, 1)
        assert len(link._buffer) == kept
    reply = encode_frame(0, 0x81, b"x" * 240)
    assert HostLink(Line(reply[:200], reply[200:])).request(1, b"", 0.5, 1) == (0x81, b"x" * 240)


def test_telemetry_is_told_in_its_order_and_an_hour_of_it_is_kept() -> None:
    def pieces() -> Iterator[bytes]:
        for first in range(0, 3_602, 50):
            yield b"".join(telemetry(number) for number in range(first, min(first + 50, 3_602)))

    link = opened(Line(*pieces()), 7)
    assert link.request(1, b"", 10.0, 1) is None and link.frames_dropped == link.replies_stale == 0
    assert len(link.told) == 3_600
    assert link.listen(0.5) == b"\x02\0" and link.listen(0.5) == b"\x03\0"


def test_telemetry_that_comes_first_is_no_reply() -> None:
    link = opened(Line(telemetry(1), reply(b"x")))
    assert link.request(0x20, b"", 0.5, 1) == (0xA0, b"x") and len(link.told) == 1


@pytest.mark.req("SEC-1")
def test_telemetry_outside_of_a_session_tells_nothing() -> None:
    """It is of a session that has ended, or somebody else's: a session is opened while the pump still tells."""
    plain = encode_frame(0, TELEMETRY_ID, b"\1\0")
    link = HostLink(Line(telemetry(1), plain, encode_frame(0, 0x81, b"x")))
    assert link.request(1, b"", 0.5, 1) == (0x81, b"x")
    assert not link.told and link.frames_forged == 2


def test_listening_waits_for_one_and_no_longer() -> None:
    line = Line(telemetry(1), telemetry(2), b"", b"")
    link = opened(line)
    assert link.listen(0.5) == b"\x01\0" and line.waited == [0.5]
    assert link.listen(0.7) == b"\x02\0" and line.waited == [0.5, 0.7]
    assert link.listen(0.5) is None
    line = Line(telemetry(1) + telemetry(2))
    link = opened(line)
    assert (link.listen(0.5), link.listen(0.5), len(line.waited)) == (b"\x01\0", b"\x02\0", 1)
    assert HostLink(Line(encode_frame(0, 0x80, b""), b""), 0).listen(0.5) is None, "a reply is no telemetry"
