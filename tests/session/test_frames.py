"""Sealed frames: order, repeats, damage, and whose they are."""

from __future__ import annotations

import pytest

from c_ext.host.session_face import AGAIN, DROP, NOT_OPEN, OPENED, TELEMETRY
from tests.session.device import CLINICIAN, PATIENT, SECOND_US, Device
from tests.session.programmer import InvalidTag, Programmer

pytestmark = pytest.mark.req("SEC-1", "SEC-4")

IDS = (7, 0x20)


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def programmer(device: Device) -> Programmer:
    return device.connect(device.programmer())


def refused(device: Device, frame: bytes, *ids: int) -> bool:
    """Is the frame refused with a plain answer, and nothing of its text left?"""
    device.now_us += SECOND_US // 4
    buffer = bytearray(frame)
    result = device.open(*(ids or IDS), buffer)
    assert len(frame) < 20 or buffer == frame or buffer[4:-16] == bytes(len(frame) - 20)
    return result == NOT_OPEN


def test_no_session_no_frame(device: Device) -> None:
    stranger = device.programmer()
    stranger.send_key = b"k" * 32
    assert refused(device, stranger.seal(*IDS, b"text"))
    assert device.session.counts()[5] == 1
    assert device.seal(7, 0xA0, b"text") == b"" == device.seal(0, TELEMETRY, b"text")
    assert (device.session.role(), device.session.slot(), device.session.number()) == (0, 255, 0)


@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 64, 226, 227])
def test_every_byte_flipped_is_refused(device: Device, programmer: Programmer, n: int) -> None:
    frame = programmer.seal(*IDS, bytes(n))
    for at in range(len(frame)):
        flipped = bytearray(frame)
        flipped[at] ^= 0x01 if at else 0x80  # the counter's first byte: to a later one
        assert refused(device, flipped)
    for sequence, message_id in ((8, 0x20), (7 + 256, 0x20), (7, 0x21)):
        assert refused(device, frame, sequence, message_id)
    assert device.open(*IDS, frame) == n


@pytest.mark.parametrize("n", [0, 1, 64, 227])
def test_every_byte_of_a_reply_flipped_is_seen(device: Device, programmer: Programmer, n: int) -> None:
    assert device.open(*IDS, programmer.seal(*IDS, b"?")) == 1
    reply = device.seal(7, 0xA0, bytes(n))
    for at in range(len(reply)):
        flipped = bytearray(reply)
        flipped[at] ^= 1
        with pytest.raises(InvalidTag):
            programmer.read(7, 0xA0, flipped)
    assert programmer.read(7, 0xA0, reply) == bytes(n)


@pytest.mark.parametrize("length", [0, 3, 4, 19, 248, 300])
def test_frames_of_impossible_length(device: Device, programmer: Programmer, length: int) -> None:
    assert refused(device, bytes(length))


def test_a_truncated_frame_is_refused(device: Device, programmer: Programmer) -> None:
    frame = programmer.seal(*IDS, bytes(30))
    for length in range(len(frame)):
        assert refused(device, frame[:length])
    assert refused(device, bytes(frame) + b"\0")
    assert device.open(*IDS, frame) == 30


def test_the_last_request_again_gets_the_same_reply_and_no_other(device: Device, programmer: Programmer) -> None:
    frame = programmer.seal(*IDS, b"bolus")
    assert device.open(*IDS, bytearray(frame)) == 5
    assert device.open(*IDS, bytearray(frame)) == DROP, "there is no reply yet"
    reply = device.seal(7, 0xA0, b"done")
    assert device.seal(7, 0xA0, b"not done") == b"", "a request has one reply"
    out = bytearray(247)
    for _ in range(3):
        repeated = bytearray(frame)
        assert device.open(*IDS, repeated) == AGAIN
        assert repeated == bytes(len(frame)), "nothing of the request is left to be executed"
        assert out[: device.session.again(out)] == reply
        assert device.session.reply_id() == 0xA0
    assert device.session.counts()[6] == 4
    assert programmer.read(7, 0xA0, reply) == b"done"


def test_older_requests_are_dropped_and_later_ones_need_not_come_in_a_row(
    device: Device, programmer: Programmer
) -> None:
    frames = [programmer.seal(*IDS, bytes([number])) for number in range(5)]
    assert device.open(*IDS, bytearray(frames[1])) == 1
    assert device.open(*IDS, bytearray(frames[0])) == DROP
    assert device.open(*IDS, bytearray(frames[4])) == 1
    for old in frames[:4]:
        assert device.open(*IDS, bytearray(old)) == DROP
    assert device.session.counts()[7] == 5


def test_a_request_of_a_forged_later_counter_moves_nothing(device: Device, programmer: Programmer) -> None:
    frame = programmer.seal(*IDS, b"x")
    assert refused(device, b"\xff\x00\x00\x00" + frame[4:])
    assert device.open(*IDS, frame) == 1


def test_a_reply_belongs_to_one_request(device: Device, programmer: Programmer) -> None:
    replies = []
    for text in (b"one", b"two"):
        assert device.open(*IDS, programmer.seal(*IDS, text)) == 3
        replies.append(device.seal(7, 0xA0, text))
    with pytest.raises(InvalidTag):
        programmer.read(7, 0xA0, replies[0])  # the delayed reply to the request before
    assert programmer.read(7, 0xA0, replies[1]) == b"two"
    assert programmer.read(7, 0xA0, replies[0], request=programmer.sent - 2) == b"one"


def test_telemetry_is_bound_to_no_request_and_no_reply_passes_for_it(device: Device, programmer: Programmer) -> None:
    assert programmer.read(0, TELEMETRY, device.seal(0, TELEMETRY, b"tick")) == b"tick"
    assert device.open(*IDS, programmer.seal(*IDS, b"?")) == 1
    telemetry, reply = device.seal(0, TELEMETRY, b"tick"), device.seal(0, 0xA0, b"reply")
    with pytest.raises(InvalidTag):
        programmer.read(0, 0xA0, telemetry)
    with pytest.raises(InvalidTag):
        programmer.read(0, TELEMETRY, reply)
    counters = [int.from_bytes(each[:4], "little") for each in (telemetry, reply)]
    assert counters[1] == counters[0] + 1, "one direction, one count"


def test_reflected_frames_are_refused(device: Device, programmer: Programmer) -> None:
    telemetry = device.seal(0, TELEMETRY, b"tick")
    assert refused(device, telemetry, 0, TELEMETRY)
    assert device.open(*IDS, programmer.seal(*IDS, b"?")) == 1
    reply = device.seal(7, 0xA0, b"!")
    assert refused(device, reply, 7, 0xA0) and refused(device, reply)


def test_frames_of_another_slot_session_or_device_are_refused(device: Device, programmer: Programmer) -> None:
    other = Device(seed=b"t" * 32)
    foreign = other.connect(other.programmer())
    stale = [programmer.seal(*IDS, b"stale") for _ in range(3)]
    clinician = device.connect(device.programmer(CLINICIAN))
    assert device.session.role() == CLINICIAN
    foreign.sent = clinician.sent = 10
    for frame in (*stale, foreign.seal(*IDS, b"text!")):
        if int.from_bytes(frame[:4], "little") > 0:
            assert refused(device, frame)
    assert device.ask(clinician, b"mine") == b"mine"


def test_the_old_session_lives_until_the_new_ones_first_frame(device: Device, programmer: Programmer) -> None:
    newcomer = device.programmer(CLINICIAN)
    result, reply = device.accept(newcomer.opening(device.hello()))
    assert result == OPENED
    newcomer.opened(reply)
    assert device.ask(programmer, b"still mine") == b"still mine"
    assert device.session.role() == PATIENT
    first = newcomer.seal(*IDS, b"now mine")
    assert device.open(*IDS, first) == 8 and first[4:12] == b"now mine"
    assert device.session.role() == CLINICIAN
    assert newcomer.read(7, 0xA0, device.seal(7, 0xA0, b"yes")) == b"yes"
    for _ in range(3):
        assert refused(device, programmer.seal(*IDS, b"gone"))


def test_a_kept_reply_does_not_outlive_its_session(device: Device, programmer: Programmer) -> None:
    assert device.ask(programmer, b"secret") == b"secret"
    device.session.forget()
    out = bytearray(247)
    assert device.session.again(out) == 0 and out == bytes(247)


def test_a_half_open_session_can_be_opened_again(device: Device) -> None:
    lost, programmer = device.programmer(), device.programmer()
    lost.opened(device.accept(lost.opening(device.hello()))[1])
    assert not device.session.live(device.now_us)
    device.connect(programmer)
    assert refused(device, lost.seal(*IDS, b"late", counter=9))
    assert device.ask(programmer, b"here") == b"here"


def test_a_stray_frame_confirms_no_half_open_session(device: Device) -> None:
    programmer = device.programmer()
    programmer.opened(device.accept(programmer.opening(device.hello()))[1])
    frame = programmer.seal(*IDS, b"first")
    flipped = bytearray(frame)
    flipped[9] ^= 1
    assert refused(device, flipped) and not device.session.live(device.now_us)
    assert device.open(*IDS, frame) == 5 and device.session.live(device.now_us)
