"""No byte of a key is left in the context once it is not needed."""

from __future__ import annotations

import pytest

from tests.session.device import CLINICIAN, IDLE_WIPED_US, PATIENT, Device

pytestmark = pytest.mark.req("SEC-1")


def context(device: Device) -> bytes:
    return bytes(device.session.module.ffi.buffer(device.session.c))


def pieces(*secrets: bytes) -> list[bytes]:
    """Every eight bytes of each secret."""
    return [secret[at : at + 8] for secret in secrets for at in range(len(secret) - 7)]


def found(device: Device, *secrets: bytes) -> bool:
    memory = context(device)
    return any(piece in memory for piece in pieces(*secrets))


@pytest.fixture
def device() -> Device:
    return Device()


def test_the_search_finds_what_is_there(device: Device) -> None:
    programmer = device.connect(device.programmer())
    assert found(device, programmer.send_key) and found(device, programmer.receive_key)
    assert found(device, device.keys[PATIENT])


@pytest.mark.parametrize("how", ["forget", "idle", "wipe", "replaced"])
def test_the_keys_of_an_ended_session(device: Device, how: str) -> None:
    programmer = device.connect(device.programmer())
    assert device.ask(programmer, b"the text of a reply") == b"the text of a reply"
    reply = bytes(device.session.module.ffi.buffer(device.session.c.reply))[: device.session.c.reply_bytes]
    assert len(reply) == 39
    if how == "forget":
        device.session.forget()
    elif how == "idle":
        device.now_us += IDLE_WIPED_US
        assert not device.session.live(device.now_us)
    elif how == "wipe":
        device.session.wipe(0)
        assert not found(device, device.keys[PATIENT])
    else:
        device.connect(device.programmer(CLINICIAN))
    assert not found(device, programmer.send_key, programmer.receive_key, reply)


def test_a_half_open_session_leaves_nothing(device: Device) -> None:
    programmer = device.programmer()
    programmer.opened(device.accept(programmer.opening(device.hello()))[1])
    assert found(device, programmer.send_key)
    device.session.forget()
    assert not found(device, programmer.send_key, programmer.receive_key)


def test_the_handshake_leaves_neither_ephemeral_key_nor_challenge_nor_chain(device: Device) -> None:
    challenge = device.hello()
    device.session.spare()
    spare = bytes(device.session.c.spare.secret)
    programmer = device.programmer()
    programmer.opened(device.accept(programmer.opening(challenge))[1])
    shared = programmer.handshake
    assert not found(device, spare, challenge, shared.key, shared.chain, shared.hash)


def test_rotation_and_revocation_leave_no_old_key(device: Device) -> None:
    device.connect(device.programmer())
    assert device.session.fresh_key(0, next=True)
    rotated = bytes(device.session.record(0)[58:90])
    assert device.session.fresh_key(0, next=True)
    assert not found(device, rotated)
    assert device.session.fresh_key(0, PATIENT, b"another")
    assert not found(device, device.keys[PATIENT])


def test_a_used_seed_and_an_earlier_state_are_gone(device: Device) -> None:
    assert not found(device, b"s" * 32)
    state = bytes(device.session.module.ffi.buffer(device.session.c.random.state))
    device.hello()
    assert not found(device, state)


def test_a_refused_frame_leaves_nothing_of_its_text(device: Device) -> None:
    programmer = device.connect(device.programmer())
    frame = programmer.seal(7, 0x20, b"a secret order of insulin")
    frame[-1] ^= 1
    device.open(7, 0x20, frame)
    assert bytes(frame[4:-16]) == bytes(25)
