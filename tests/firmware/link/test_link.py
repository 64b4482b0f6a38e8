"""The device's end of the link: what it accepts, what it drops and counts, and that nothing harms it."""

import random

import crcmod.predefined
import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from firmware.link.link import Counters, Link
from firmware.protocol import MAX_PAYLOAD_BYTES, MAX_WIRE_BYTES
from tests.firmware.open_door import OpenDoor
from tests.firmware.ram import RamUart

crc32c = crcmod.predefined.mkCrcFun("crc-32c")
BAD = ("frames_overlong", "frames_bad_cobs", "frames_too_short", "frames_bad_crc", "frames_not_request")


def frame(sequence, message_id, payload=b""):
    body = sequence.to_bytes(2, "little") + bytes([message_id]) + payload
    return cobs.encode(body + crc32c(body).to_bytes(4, "little")) + b"\0"


class Echo:
    """A link whose handler remembers requests and answers each with its own payload."""

    def __init__(self, door=None):
        self.requests = []
        self.uart = RamUart()
        self.link = Link(self.uart, door or OpenDoor(self.handle))
        self.counters = self.link.counters

    def handle(self, message_id, payload):
        self.requests.append((message_id, bytes(payload)))
        return message_id | 0x80, bytes(payload)

    def feed(self, data):
        self.uart.incoming += data
        while self.link.poll():
            pass
        sent = bytes(self.uart.sent)
        self.uart.sent.clear()
        return sent

    def bad(self):
        return {name: getattr(self.counters, name) for name in BAD if getattr(self.counters, name)}


@pytest.mark.req("LINK-1")
@given(st.integers(0, 0xFFFF), st.integers(0, 0x7F), st.binary(max_size=MAX_PAYLOAD_BYTES))
def test_a_good_frame_is_handled_and_answered_with_its_sequence_number(sequence, message_id, payload):
    echo = Echo()
    assert echo.feed(frame(sequence, message_id, payload)) == frame(sequence, message_id | 0x80, payload)
    assert echo.requests == [(message_id, payload)]
    assert echo.counters.frames_good == 1 and not echo.bad()


@pytest.mark.req("LINK-1")
def test_the_longest_frame_is_256_bytes_on_the_wire():
    longest = frame(0xFFFF, 0x7F, b"\x01" * MAX_PAYLOAD_BYTES)
    assert len(longest) == MAX_WIRE_BYTES
    echo = Echo()
    assert len(echo.feed(longest)) == MAX_WIRE_BYTES
    echo.feed(frame(0xFFFF, 0x7F, b"\x01" * (MAX_PAYLOAD_BYTES + 1)))
    assert echo.bad() == {"frames_overlong": 1}


@pytest.mark.req("LINK-1")
@pytest.mark.parametrize(
    ("damaged", "counter"),
    [
        (b"\x01" * 256 + b"\0", "frames_overlong"),
        (b"\x01" * 5000 + b"\0", "frames_overlong"),
        (b"\x05\x01\0", "frames_bad_cobs"),
        (cobs.encode(b"\x01\x02\x03\x04\x05\x06") + b"\0", "frames_too_short"),
        (cobs.encode(b"\x01\x02\x03\x04\x05\x06\x07") + b"\0", "frames_bad_crc"),
        (frame(7, 0x81, b"reply"), "frames_not_request"),
        (frame(7, 0xFF, b"refusal"), "frames_not_request"),
    ],
)
def test_each_kind_of_bad_frame_has_its_counter_and_the_next_frame_is_heard(damaged, counter):
    echo = Echo()
    assert echo.feed(damaged) == b""
    assert echo.bad() == {counter: 1}
    assert echo.feed(frame(1, 2, b"x")) == frame(1, 0x82, b"x")
    assert echo.bad() == {counter: 1}


def test_empty_frames_are_no_frames():
    echo = Echo()
    echo.feed(b"\0\0\0\0")
    assert vars(echo.counters) == vars(Counters())


@pytest.mark.req("LINK-1", "LINK-4")
@given(st.lists(st.binary(max_size=700), max_size=4))
def test_any_bytes_are_safe_and_the_next_delimiter_resynchronises(pieces):
    echo = Echo()
    for piece in pieces:
        echo.feed(piece)
    heard = len(echo.requests)
    assert echo.feed(b"\0" + frame(9, 3, b"\0after\0"))[-len(frame(9, 0x83, b"\0after\0")) :] == frame(
        9, 0x83, b"\0after\0"
    )
    assert echo.requests[-1] == (3, b"\0after\0") and len(echo.requests) > heard


@pytest.mark.req("LINK-1")
@given(st.binary(max_size=60), st.data())
def test_how_the_bytes_are_cut_does_not_matter(payload, data):
    stream = frame(1, 4, payload) + b"\x02\0" + frame(2, 5, payload)
    whole, cut = Echo(), Echo()
    expected = whole.feed(stream)
    answers = b""
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        answers += cut.feed(stream[:size])
        stream = stream[size:]
    assert answers == expected
    assert cut.requests == whole.requests and vars(cut.counters) == vars(whole.counters)


@pytest.mark.req("LINK-3")
@pytest.mark.parametrize("error_rate", [1e-4, 1e-3, 1e-2])
def test_bit_errors_never_make_another_command(error_rate):
    print("seed 20")
    source = random.Random(20)
    echo = Echo()
    sent = set()
    for sequence in range(3000):
        payload = sequence.to_bytes(4, "little")
        sent.add((0x11, payload))
        data = bytearray(frame(sequence, 0x11, payload))
        for bit in range(len(data) * 8):
            if source.random() < error_rate:
                data[bit // 8] ^= 1 << bit % 8
        echo.feed(bytes(data))
    assert set(echo.requests) <= sent
    assert echo.bad()
    echo.feed(b"\0" + frame(1, 0x12, b""))
    assert echo.requests[-1] == (0x12, b"")


@pytest.mark.req("LINK-4")
def test_one_poll_is_bounded_and_says_what_it_took():
    echo = Echo()
    echo.uart.incoming += b"\x55" * 5000
    taken = echo.link.poll()
    assert 0 < taken <= 1024
    total = taken
    while taken := echo.link.poll():
        total += taken
    assert total == 5000
    assert echo.link.poll() == 0


@pytest.mark.req("LINK-4")
def test_memory_stays_bounded():
    echo = Echo()
    before = {name: len(value) for name, value in vars(echo.link).items() if isinstance(value, bytearray)}
    echo.feed(b"\x01" * 100000)
    assert before == {name: len(value) for name, value in vars(echo.link).items() if isinstance(value, bytearray)}


def test_the_door_hears_each_frame_and_may_be_silent():
    class Door:
        def take(self, sequence, message_id, payload, out):
            if payload[:1] != b"k":
                return 0, 0
            reply = b"%d:" % sequence + bytes(payload)
            out[: len(reply)] = reply
            return message_id | 0x80, len(reply)

    echo = Echo(Door())
    assert echo.feed(frame(3, 1, b"kabc")) == frame(3, 0x81, b"3:kabc")
    assert echo.feed(frame(4, 1, b"xabc")) == b""
