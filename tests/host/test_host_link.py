"""The programmer's end of the link against the firmware's, and on a line that loses, repeats and invents bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.link.link import Link
from firmware.protocol import MAX_PAYLOAD_BYTES, MAX_WIRE_BYTES
from host.api.link import HostLink, decode_frame, encode_frame
from tests.firmware.open_door import OpenDoor
from tests.firmware.ram import RamUart


class Script:
    """A transport that plays back a list of reads and then falls silent."""

    def __init__(self, *reads):
        self.reads = list(reads)
        self.written = []

    def write(self, data):
        self.written.append(data)

    def read(self, timeout_s):
        return self.reads.pop(0) if self.reads else b""


class Noise(Script):
    """A line that never falls silent."""

    count = 0

    def read(self, timeout_s):
        self.count += 1
        return b"\x55\x00\x12"


def request(transport, message_id=1, attempts=1, first_sequence=0):
    return HostLink(transport, first_sequence).request(message_id, b"", 0.5, attempts)


@pytest.mark.req("LINK-1")
@given(st.integers(0, 0xFFFF), st.integers(0, 0x7F), st.binary(max_size=MAX_PAYLOAD_BYTES))
def test_frames_are_those_of_the_firmware(sequence, message_id, payload):
    encoded = encode_frame(sequence, message_id, payload)
    assert len(encoded) <= MAX_WIRE_BYTES
    assert decode_frame(encoded[:-1]) == (sequence, message_id, payload)
    uart = RamUart()
    link = Link(uart, OpenDoor(lambda number, data: (number | 0x80, bytes(data))))
    uart.incoming += encoded
    while link.poll():
        pass
    assert uart.sent == encode_frame(sequence, message_id | 0x80, payload)


def test_a_payload_too_long_for_a_frame_is_not_sent():
    with pytest.raises(ValueError, match="payload has 248 bytes, limit 247 bytes"):
        encode_frame(0, 1, bytes(MAX_PAYLOAD_BYTES + 1))


@pytest.mark.req("LINK-4")
@given(st.binary(max_size=300))
def test_any_bytes_are_a_frame_or_not(data):
    assert decode_frame(data) is None or encode_frame(*decode_frame(data))[:-1] == data


def test_a_reply_is_found_in_pieces_and_among_noise():
    reply = encode_frame(5, 0x81, b"hello")
    transport = Script(b"\x07noise\0", reply[:3], reply[3:] + b"\x03")
    assert request(transport, first_sequence=5) == (0x81, b"hello")


@pytest.mark.req("LINK-1")
def test_replies_to_other_requests_are_ignored():
    stale = encode_frame(4, 0x81, b"old") + encode_frame(5, 0x82, b"other") + encode_frame(5, 0xFF, b"\x02else")
    link = HostLink(Script(stale + encode_frame(5, 0x81, b"new")), 5)
    assert link.request(1, b"", 0.5, 1) == (0x81, b"new")
    assert link.replies_stale == 3


def test_a_refusal_of_this_request_is_a_reply():
    assert request(Script(encode_frame(0, 0xFF, b"\x01rest"))) == (0xFF, b"\x01rest")


@pytest.mark.req("LINK-1")
def test_repeats_carry_the_same_sequence_number_and_stop_after_the_last_attempt():
    transport = Script()
    link = HostLink(transport, 0xFFFF)
    assert link.request(1, b"", 0.5, 3) is None
    assert transport.written == [b"\0" + encode_frame(0xFFFF, 1, b"")] * 3
    link.request(1, b"", 0.5, 1)
    assert transport.written[-1] == b"\0" + encode_frame(0, 1, b"")


def test_a_late_reply_answers_the_repeat():
    transport = Script(b"", encode_frame(0, 0x81, b"late"))
    assert request(transport, attempts=2) == (0x81, b"late")


@pytest.mark.req("LINK-3")
def test_a_line_that_never_falls_silent_does_not_hold_the_client_for_ever():
    transport = Noise()
    assert request(transport, attempts=2) is None
    assert transport.count < 10_000


def test_a_flood_without_delimiter_does_not_fill_the_memory():
    transport = Script(b"\x01" * 100_000, b"\x01" * 10 + b"\0" + encode_frame(0, 0x81, b""))
    link = HostLink(transport)
    link.request(1, b"", 100.0, 1)
    assert len(link._buffer) < MAX_WIRE_BYTES
