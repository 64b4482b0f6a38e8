"""No byte of a key is left in the context once it is not needed."""

from __future__ import annotations

import pytest

from tests.session.device import CLINICIAN, IDLE_WIPED_US, PATIENT, Device, slot_payload
from tests.session.programmer import Programmer

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


def mixed(device: Device, key: bytes) -> bytes:
    """Return what the handshake keeps of a key, as secret as that is."""
    module = device.session.module
    psk = module.ffi.new("noise_psk_t *")
    module.lib.noise_mix(psk, key)
    return bytes(module.ffi.buffer(psk))


def test_what_is_mixed_of_a_key_goes_with_it(device: Device) -> None:
    old = mixed(device, device.keys[PATIENT])
    assert len(old) == 64 and old in context(device) and found(device, old)
    assert device.session.fresh_key(0, next=True)
    first = mixed(device, bytes(device.session.record(0)[58:90]))
    assert found(device, first)
    assert device.session.fresh_key(0, next=True)
    new = bytes(device.session.record(0)[58:90])
    assert not found(device, first) and found(device, old)
    device.connect(Programmer(device, new, 0x80, PATIENT))
    assert device.session.promote(0)
    assert not found(device, old) and context(device).count(mixed(device, new)) == 1
    record = bytes(device.session.record(0)[0:94])
    device.session.wipe(0)
    assert not found(device, mixed(device, new))
    device.session.record(0)[0:94] = record
    assert device.session.load(0) == PATIENT and found(device, mixed(device, new))
    assert device.session.fresh_key(0, PATIENT, b"another")
    assert not found(device, mixed(device, new))
    assert device.session.fresh_key(0, next=True)
    half = bytes(device.session.record(0)[58:90])
    assert device.session.fresh_key(0, PATIENT, b"a third")
    assert not found(device, mixed(device, half))


def test_a_record_without_a_next_key_brings_none(device: Device) -> None:
    assert device.session.fresh_key(0, next=True)
    half = bytes(device.session.record(0)[58:90])
    device.session.record(0)[4:90] = slot_payload(device.keys[PATIENT], PATIENT)
    assert device.session.load(0) == PATIENT and not found(device, mixed(device, half))


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
