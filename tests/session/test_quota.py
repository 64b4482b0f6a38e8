"""What somebody without a key may cost, and how long challenges and sessions live."""

from __future__ import annotations

import pytest

from c_ext.host.session_face import AGAIN, DROP, NOT_OPEN, OPENED, REFUSED, SILENT, TELEMETRY
from tests.session.device import CARD, CLINICIAN, PATIENT, PROVISION, SECOND_US, Device

pytestmark = pytest.mark.req("SEC-4")

MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
IDLE_US = {PATIENT: 10 * MINUTE_US, CLINICIAN: 2 * MINUTE_US, CARD: 2 * MINUTE_US, PROVISION: 2 * MINUTE_US}
FRAMES = 2**20


@pytest.fixture
def device() -> Device:
    return Device()


def forge(device: Device, presence: bool = False) -> int:
    return device.accept(bytes([0]) + bytes(48), presence=presence)[0]


def test_at_most_four_plain_answers_in_any_second(device: Device) -> None:
    answered = []
    for tick in range(500):
        now_us = tick * 17_321
        if device.session.hello(now_us) is not None:
            answered.append(now_us)
    assert len(answered) == 4 * -(-500 * 17_321 // SECOND_US)
    for first, fifth in zip(answered, answered[4:], strict=False):
        assert fifth - first >= SECOND_US


def test_hellos_and_refusals_share_the_answers_and_work_goes_on_in_silence(device: Device) -> None:
    programmer = device.programmer()
    challenge = device.hello()
    assert [forge(device) for _ in range(5)] == [REFUSED, REFUSED, REFUSED, SILENT, SILENT]
    assert device.session.hello(device.now_us) is None
    stray = bytearray(30)
    assert device.open(1, 0x20, stray) == DROP
    result, reply = device.accept(programmer.opening(challenge))
    assert result == OPENED, "whoever has the key is answered in a flood too"
    programmer.opened(reply)
    assert device.ask(programmer, b"sealed") == b"sealed"
    assert device.open(1, 0x20, stray) == DROP
    device.now_us += SECOND_US
    assert [device.open(1, 0x20, bytearray(30)) for _ in range(5)] == [NOT_OPEN] * 4 + [DROP]


def test_in_a_flood_of_hellos_and_forged_openings_presence_gets_in(device: Device) -> None:
    programmer = device.programmer()
    device.hello()
    for _ in range(200):
        device.session.hello(device.now_us)
        forge(device)
    assert device.session.hello(device.now_us) is None
    challenge = device.session.hello(device.now_us, True)
    assert challenge is not None
    for _ in range(200):
        device.session.hello(device.now_us)
        forge(device)
    assert device.accept(programmer.opening(challenge), presence=True)[0] == OPENED


def test_a_challenge_lives_ten_seconds_and_is_the_same_meanwhile(device: Device) -> None:
    challenge = device.hello()
    drawn_us = device.now_us
    for after_us in (1, 5 * SECOND_US, 10 * SECOND_US - 1):
        assert device.session.hello(drawn_us + after_us) == challenge
    device.now_us = drawn_us + 10 * SECOND_US
    result, _ = device.accept(device.programmer().opening(challenge))
    assert result == REFUSED and device.session.counts()[4] == 1
    assert device.hello() != challenge


def test_a_challenge_opens_up_to_its_last_microsecond(device: Device) -> None:
    challenge = device.hello()
    device.now_us += 10 * SECOND_US - 1
    assert device.accept(device.programmer().opening(challenge))[0] == OPENED


def test_a_challenge_opens_once(device: Device) -> None:
    opening = device.programmer().opening(device.hello())
    assert device.accept(opening)[0] == OPENED
    assert device.accept(opening)[0] == REFUSED
    assert device.session.counts()[4] == 1, "stale: no tag was looked at"
    device.hello()
    assert device.accept(opening)[0] == REFUSED, "nor is it right for another challenge"
    assert device.session.counts()[1:5] == (1, 1, 0, 1)


def test_no_challenge_no_opening(device: Device) -> None:
    assert device.accept(device.programmer().opening(bytes(8)))[0] == REFUSED
    assert device.session.counts()[4] == 1


def test_wrong_openings_do_not_use_the_challenge_up(device: Device) -> None:
    programmer = device.programmer()
    opening = programmer.opening(device.hello())
    for _ in range(9):
        forge(device)
    assert device.accept(opening)[0] == OPENED


def test_at_most_twenty_wrong_openings_are_looked_at_in_any_minute(device: Device) -> None:
    looked = []
    for tick in range(1, 3000):
        device.now_us = tick * SECOND_US // 7
        if tick % 7 == 0:
            device.session.hello(device.now_us, True)
        refused = device.session.counts()[2]
        forge(device)
        if device.session.counts()[2] != refused:
            looked.append(device.now_us)
    assert device.session.counts()[3] > 2000
    for first, later in zip(looked, looked[20:], strict=False):
        assert later - first >= MINUTE_US
    assert len(looked) > 10 * 3000 // 7 // 60, "ten a minute go on for ever: nothing locks"


def test_a_starved_device_opens_with_presence_and_again_after_six_seconds_without(device: Device) -> None:
    programmer = device.programmer()
    challenge = device.hello()
    while device.session.counts()[3] == 0:
        forge(device)
    opening = programmer.opening(challenge)
    assert device.accept(opening)[0] in (REFUSED, SILENT), "the bucket is empty"
    assert device.accept(opening, presence=True)[0] == OPENED
    challenge = device.hello()
    device.now_us += 5 * SECOND_US - 1
    assert device.accept(programmer.opening(challenge))[0] == REFUSED
    device.now_us += 1
    assert device.accept(programmer.opening(challenge))[0] == OPENED


def test_with_presence_wrong_openings_are_looked_at_without_limit_and_empty_no_bucket(device: Device) -> None:
    opening = device.programmer().opening(device.hello())
    for _ in range(200):
        assert forge(device, presence=True) in (REFUSED, SILENT)
    assert device.session.counts()[2:4] == (200, 0)
    assert device.accept(opening)[0] == OPENED


def test_right_openings_take_nothing_from_the_bucket(device: Device) -> None:
    for _ in range(50):
        assert device.accept(device.programmer().opening(device.hello()))[0] == OPENED


@pytest.mark.parametrize("role", IDLE_US)
def test_an_idle_session_ends(role: int) -> None:
    device = Device()
    programmer = device.connect(device.programmer(role), provisioning=True)
    for _ in range(3):
        device.now_us += IDLE_US[role] - 1
        assert device.session.live(device.now_us)
        assert device.ask(programmer, b"still") == b"still"
    device.now_us += IDLE_US[role]
    assert device.open(7, 0x20, programmer.seal(7, 0x20, b"late")) == NOT_OPEN
    assert not device.session.live(device.now_us)
    assert (device.session.role(), device.session.slot()) == (0, 255)


def test_telemetry_and_repeats_keep_no_session_alive(device: Device) -> None:
    programmer = device.connect(device.programmer())
    frame = programmer.seal(7, 0x20, b"?")
    device.open(7, 0x20, bytearray(frame))
    assert device.seal(7, 0xA0, b"!")
    device.now_us += IDLE_US[PATIENT] - 1
    assert device.open(7, 0x20, bytearray(frame)) == AGAIN
    assert device.seal(0, TELEMETRY, b"tick")
    device.now_us += 1
    assert device.seal(0, TELEMETRY, b"tick") == b""
    assert not device.session.live(device.now_us)


def test_a_half_open_session_is_not_kept_for_long(device: Device) -> None:
    programmer = device.programmer()
    programmer.opened(device.accept(programmer.opening(device.hello()))[1])
    device.now_us += IDLE_US[PATIENT]
    assert device.open(7, 0x20, programmer.seal(7, 0x20, b"late")) == NOT_OPEN


def test_a_session_ends_after_a_day_however_busy(device: Device) -> None:
    programmer = device.programmer()
    programmer.opened(device.accept(programmer.opening(device.hello()))[1])
    opened_us = device.now_us
    while device.now_us - opened_us < 24 * HOUR_US - 5 * MINUTE_US:
        device.ask(programmer, b"busy")
        device.now_us += 5 * MINUTE_US
    device.now_us = opened_us + 24 * HOUR_US - 1
    assert device.ask(programmer, b"last") == b"last"
    device.now_us += 1
    assert device.open(7, 0x20, programmer.seal(7, 0x20, b"late")) == NOT_OPEN


def test_a_session_ends_after_two_to_the_twenty_frames(device: Device) -> None:
    programmer = device.connect(device.programmer())
    assert device.open(7, 0x20, programmer.seal(7, 0x20, b"last", counter=FRAMES - 1)) == 4
    assert device.open(7, 0x20, programmer.seal(7, 0x20, b"over", counter=FRAMES)) == NOT_OPEN
    device.session.c.live.sent = FRAMES - 1  # a million telemetry frames later
    assert device.seal(0, TELEMETRY, b"last")
    assert device.seal(0, TELEMETRY, b"over") == b"" == device.seal(7, 0xA0, b"over")


def test_nothing_is_sealed_that_is_too_long_or_answers_nothing(device: Device) -> None:
    programmer = device.programmer()
    programmer.opened(device.accept(programmer.opening(device.hello()))[1])
    assert device.seal(7, 0xA0, b"unasked") == b""
    assert device.open(7, 0x20, programmer.seal(7, 0x20, b"")) == 0
    assert device.seal(7, 0xA0, bytes(228)) == b""
    assert len(device.seal(7, 0xA0, bytes(227))) == 247


def test_an_empty_bucket_stays_empty(device: Device) -> None:
    c = device.session.module
    bucket = c.ffi.new("quota_t *")
    c.lib.quota_init(bucket)
    for _ in range(12):
        c.lib.quota_spend(bucket)
    assert bucket.tokens == 0 and not c.lib.quota_may_check(bucket, 5 * SECOND_US)
    assert c.lib.quota_may_check(bucket, 6 * SECOND_US) and bucket.tokens == 1
