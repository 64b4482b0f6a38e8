"""The device's end of the link, byte by byte: where a poll ends, what it counts and what it sends."""

from __future__ import annotations

import pytest
from cobs import cobs

from firmware.link.link import Counters, Link
from tests.firmware.link.test_link import crc32c, frame
from tests.firmware.open_door import OpenDoor
from tests.firmware.ram import RamUart

pytestmark = pytest.mark.req("LINK-1", "LINK-4")
LONGEST = b"\x01" * 247


class World:
    """Answers each request with `reply`."""

    def __init__(self) -> None:
        self.uart = RamUart()
        self.used: list[int] = []
        self.heard: list[tuple[int, bytes]] = []
        self.reply = b""
        self.link = Link(self.uart, OpenDoor(self._handle), used=self.used.append)

    def _handle(self, message_id: int, payload: bytes) -> tuple[int, bytes]:
        self.heard.append((message_id, bytes(payload)))
        return 0x80 | message_id, self.reply

    def poll(self, data: bytes = b"") -> int:
        self.uart.incoming += data
        return self.link.poll()

    def counted(self) -> dict[str, int]:
        return {name: count for name, count in vars(self.link.counters).items() if count}


def test_after_a_reset_nothing_has_been_counted() -> None:
    assert vars(Counters()) == {
        "frames_good": 0,
        "frames_overlong": 0,
        "frames_bad_cobs": 0,
        "frames_too_short": 0,
        "frames_bad_crc": 0,
        "frames_not_request": 0,
        "requests_refused": 0,
        "internal_errors": 0,
        "orders_repeated": 0,
        "sessions": 0,
        "openings_refused": 0,
        "frames_forged": 0,
    }
    assert not World().link.waiting


def test_the_longest_frame_is_taken_in_by_one_poll_and_no_poll_takes_more() -> None:
    world = World()
    longest = frame(1, 0x11, LONGEST)
    assert len(longest) == 256 and world.poll(longest) == 256
    assert world.heard == [(0x11, LONGEST)] and world.used == [9, 256], (
        "3 + 4 bytes, one of COBS, the delimiter; then what came in"
    )
    world = World()
    assert world.poll(b"\x55" * 5000) == 256
    assert len(world.uart.incoming) == 5000 - 256


def test_a_poll_ends_with_a_frame_and_the_rest_waits() -> None:
    world = World()
    one, two = frame(1, 0x11, b"one"), frame(2, 0x12, b"two")
    assert world.poll(one + two + b"\x03") == len(one)
    assert world.heard == [(0x11, b"one")] and world.link.waiting
    assert world.poll() == len(two)
    assert world.heard[1:] == [(0x12, b"two")] and world.link.waiting
    assert world.poll() == 1 and not world.link.waiting
    assert world.poll() == 0


def test_a_frame_that_is_dropped_ends_a_poll_too_but_not_an_empty_one() -> None:
    world = World()
    bad = b"\x05\x01\0"
    assert world.poll(b"\0\0" + bad + frame(1, 0x11)) == 2 + len(bad)
    assert world.counted() == {"frames_bad_cobs": 1}


@pytest.mark.parametrize(
    ("damaged", "counter"),
    [
        (b"\x01" * 256 + b"\0", "frames_overlong"),
        (b"\x05\x01\0", "frames_bad_cobs"),
        (b"\x01\0", "frames_too_short"),  # COBS of nothing
        (cobs.encode(b"\x01\x02\x03\x04\x05\x06") + b"\0", "frames_too_short"),
        (cobs.encode(b"\x01\x02\x03\x04\x05\x06\x07") + b"\0", "frames_bad_crc"),
        (frame(7, 0x81, b"reply"), "frames_not_request"),
        (frame(7, 0x11), "frames_good"),
        (frame(7, 0x7F), "frames_good"),
    ],
)
def test_each_frame_is_counted_once(damaged: bytes, counter: str) -> None:
    world = World()
    for count in (1, 2, 3):
        world.uart.incoming += damaged
        while world.poll():
            pass
        assert world.counted() == {counter: count}
    assert len(world.heard) == (3 if counter == "frames_good" else 0)


@pytest.mark.parametrize("place", range(4))
def test_each_byte_of_the_crc_counts(place: int) -> None:
    body = b"\x01\x00\x11abc"
    crc = bytearray(crc32c(body).to_bytes(4, "little"))
    crc[place] ^= 0x80
    world = World()
    world.poll(cobs.encode(body + bytes(crc)) + b"\0")
    assert world.counted() == {"frames_bad_crc": 1} and world.heard == []


def test_a_reply_ends_where_it_ends_whatever_was_sent_before() -> None:
    world = World()
    for reply in (LONGEST, b"", b"x"):
        world.reply = reply
        world.poll(frame(0xABCD, 0x11))
        assert world.uart.taken() == frame(0xABCD, 0x91, reply)


def test_what_nobody_has_asked_for_has_the_number_0_and_is_paid_for() -> None:
    told: list[int] = []

    class Door:
        def tell(self, message_id: int, payload: bytes, out: memoryview) -> int:
            told.append(message_id)
            out[: len(payload)] = payload
            return len(payload)

    world = World()
    link = Link(world.uart, Door(), used=world.used.append)
    link.tell(0xC0, b"news")
    sent = world.uart.taken()
    assert sent == frame(0, 0xC0, b"news") and world.used == [len(sent)] and told == [0xC0]


def test_what_the_door_keeps_back_is_not_sent() -> None:
    class Door:
        def tell(self, message_id: int, payload: bytes, out: memoryview) -> int:
            return 0

    world = World()
    Link(world.uart, Door(), used=world.used.append).tell(0xC0, b"news")
    assert world.uart.taken() == b"" and world.used == []


def test_without_bytes_nothing_is_paid_for() -> None:
    world = World()
    assert world.poll() == 0 and world.used == []
    assert world.poll(b"\0") == 1 and world.used == [1]
