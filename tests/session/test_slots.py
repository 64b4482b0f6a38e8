"""Programmers' slots: what is believed, enrolment, rotation, revocation, and handing keys out."""

from __future__ import annotations

import pytest

from c_ext.host.build import build_session, load
from c_ext.host.session_face import NOT_OPEN, OPENED, REFUSED, bind
from tests.session.device import (
    BENCH,
    CARD,
    CLINICIAN,
    PATIENT,
    PROVISION,
    SERVICE,
    Device,
    session_class,
    slot_payload,
    wiped,
)
from tests.session.programmer import Programmer

pytestmark = pytest.mark.req("SEC-1", "SEC-2")

KEY = b"\x77" * 32


@pytest.fixture
def device() -> Device:
    return Device()


def opens(device: Device, key: bytes, wire: int, role: int) -> bool:
    programmer = Programmer(device, key, wire, role)
    result, reply = device.accept(programmer.opening(device.hello()), presence=True)
    if result == OPENED:
        programmer.opened(reply)
        assert device.ask(programmer, b"hello") == b"hello"
    return result == OPENED


@pytest.mark.parametrize("role", [PATIENT, CLINICIAN, SERVICE, CARD, BENCH])
@pytest.mark.parametrize("state", [1, 2])
@pytest.mark.parametrize("next_key", [None, b"\x78" * 32])
def test_a_sound_record_is_believed(device: Device, role: int, state: int, next_key: bytes | None) -> None:
    payload = slot_payload(KEY, role, state, "Ärztin".encode(), next_key)
    device.session.record(7)[4:90] = payload
    assert device.session.load(7) == role
    assert device.session.record(7)[4:90] == payload
    assert opens(device, KEY, 7, role)
    assert not device.session.used_next()
    assert (next_key is not None) == opens(device, b"\x78" * 32, 7 | 0x80, role)


SENSELESS = {
    "free": slot_payload(KEY, PATIENT, state=0),
    "state 3": slot_payload(KEY, PATIENT, state=3),
    "state 255": slot_payload(KEY, PATIENT, state=255),
    "no role": slot_payload(KEY, 0),
    "provisioning is no slot's": slot_payload(KEY, PROVISION),
    "role 255": slot_payload(KEY, 255),
    "no key": slot_payload(bytes(32), PATIENT),
    "next of all zeros": slot_payload(KEY, PATIENT, next_key=bytes(32)),
    "next maybe": slot_payload(KEY, PATIENT)[:52] + b"\x02\x00" + KEY,
    "blank memory": b"\xff" * 86,
    "zeros": bytes(86),
}


@pytest.mark.parametrize("payload", SENSELESS.values(), ids=SENSELESS.keys())
def test_a_senseless_record_is_free_and_wiped(device: Device, payload: bytes) -> None:
    device.session.record(7)[4:90] = payload
    assert device.session.load(7) == 0
    assert device.session.record(7)[4:90] == wiped(payload)
    assert not opens(device, KEY, 7, PATIENT)


def test_a_record_that_lies_there_is_not_believed_before_it_is_loaded(device: Device) -> None:
    device.session.record(7)[4:90] = slot_payload(KEY, PATIENT)
    assert not opens(device, KEY, 7, PATIENT)


@pytest.mark.parametrize("wire", [3, 7, 8, 0x0E, 0x0F, 0x10, 0x40, 0x7F, 0x80, 0x83, 0x87, 0x88, 0x8F, 0xC0, 0xFF])
def test_slot_bytes_that_name_no_key(device: Device, wire: int) -> None:
    for key in (bytes(32), device.keys[PATIENT]):
        for role in (0, PATIENT, PROVISION):
            assert not opens(device, key, wire, role)
    assert device.session.counts()[1:4] == (0, 6, 0)


def test_enrolling_draws_a_key_and_counts_generations(device: Device) -> None:
    keys = set()
    for generation in (1, 2, 3):
        assert device.session.fresh_key(5, SERVICE, b"service desk")
        record = bytes(device.session.record(5)[4:90])
        assert record[:2] == bytes([1, SERVICE]) and record[2:4] == generation.to_bytes(2, "little")
        assert record[4:20] == b"service desk\0\0\0\0" and record[52:] == bytes(34)
        keys.add(record[20:52])
        assert opens(device, record[20:52], 5, SERVICE)
    assert len(keys) == 3


def test_generations_wrap(device: Device) -> None:
    device.session.record(5)[4:90] = slot_payload(KEY, PATIENT)[:2] + b"\xff\xff" + slot_payload(KEY, PATIENT)[4:]
    assert device.session.load(5) == PATIENT and device.session.fresh_key(5, PATIENT, b"")
    assert device.session.record(5)[6:9] == b"\0\0\0", "the label is not touched by the carry"


@pytest.mark.parametrize("role, label", [(0, b""), (5, b""), (7, b""), (255, b""), (PATIENT, bytes(17))])
def test_a_refused_enrolment_changes_nothing(device: Device, role: int, label: bytes) -> None:
    before = bytes(device.session.record(0))
    assert not device.session.fresh_key(0, role, label)
    assert bytes(device.session.record(0)) == before
    assert opens(device, device.keys[PATIENT], 0, PATIENT)


def test_the_bench_s_role_is_in_no_release() -> None:
    release = Device(cls=bind(load(build_session(cflags="-O2 -g -DRELEVE_RELEASE=1"))))
    assert not release.session.fresh_key(5, BENCH, b"bench")
    release.session.record(5)[4:90] = slot_payload(KEY, BENCH)
    assert release.session.load(5) == 0 and not opens(release, KEY, 5, BENCH)
    assert Device(cls=session_class()).session.fresh_key(5, BENCH, b"bench")


def test_rotation_in_two_phases(device: Device) -> None:
    session, old = device.session, device.keys[PATIENT]
    assert not session.fresh_key(6, next=True), "a free slot has nothing to rotate"
    device.connect(device.programmer())
    assert session.fresh_key(0, next=True)
    assert session.live(device.now_us), "the session goes on"
    new = bytes(session.record(0)[58:90])
    assert opens(device, old, 0, PATIENT), "the old key holds until the new one is used"
    assert not session.promote(0)
    assert opens(device, new, 0x80, PATIENT) and session.used_next()
    assert session.promote(0) and not session.used_next()
    assert bytes(session.record(0)[24:56]) == new and session.record(0)[56:90] == bytes(34)
    assert session.record(0)[6:8] == b"\x02\x00"
    assert not session.promote(0)
    assert opens(device, new, 0, PATIENT)
    assert not opens(device, old, 0, PATIENT) and not opens(device, new, 0x80, PATIENT)


def test_a_next_key_that_has_gone_meanwhile_is_not_promoted(device: Device) -> None:
    assert device.session.fresh_key(0, next=True)
    assert opens(device, bytes(device.session.record(0)[58:90]), 0x80, PATIENT)
    device.session.record(0)[56:90] = bytes(34)  # storage read an older record in place
    before = bytes(device.session.record(0))
    assert not device.session.promote(0) and bytes(device.session.record(0)) == before


def test_without_random_numbers_nothing_is_rotated(device: Device) -> None:
    fresh = session_class()(device.schema_hash, 1)
    fresh.record(0)[4:90] = slot_payload(KEY, PATIENT)
    assert fresh.load(0) == PATIENT
    assert not fresh.fresh_key(0, next=True) and fresh.record(0)[4:90] == slot_payload(KEY, PATIENT)


def test_another_slots_session_promotes_no_next_key(device: Device) -> None:
    assert device.session.fresh_key(0, next=True)
    assert opens(device, bytes(device.session.record(0)[58:90]), 0x80, PATIENT)
    assert not device.session.promote(1) and device.session.used_next()
    device.connect(device.programmer(CLINICIAN))
    assert not device.session.promote(0)


def test_the_first_use_of_a_slot_is_noted_once(device: Device) -> None:
    assert device.session.fresh_key(5, PATIENT, b"")
    assert device.session.record(5)[4:5] == b"\x01"
    assert device.session.promote(5) and device.session.record(5)[4:5] == b"\x02"
    assert not device.session.promote(5) and not device.session.promote(6)


@pytest.mark.parametrize("how", ["wipe", "enrol", "load"])
def test_revoking_ends_the_slots_session_and_no_other(device: Device, how: str) -> None:
    programmer = device.connect(device.programmer())
    end = {
        "wipe": device.session.wipe,
        "enrol": lambda slot: device.session.fresh_key(slot, PATIENT, b"new"),
        "load": device.session.load,
    }[how]
    end(1)
    assert device.ask(programmer, b"still mine") == b"still mine"
    half_open = device.programmer()
    half_open.opened(device.accept(half_open.opening(device.hello()))[1])
    end(0)
    assert not device.session.live(device.now_us)
    for each in (programmer, half_open):
        assert device.open(7, 0x20, each.seal(7, 0x20, b"gone")) == NOT_OPEN
    assert opens(device, b"\x11" * 32, 0, PATIENT) == (how == "load")


def test_a_wiped_slot_opens_nothing(device: Device) -> None:
    before = bytes(device.session.record(0)[4:90])
    device.session.wipe(0)
    assert device.session.record(0)[4:90] == wiped(before) != bytes(86)
    assert device.accept(device.programmer().opening(device.hello()))[0] == REFUSED


def test_a_key_leaves_sealed_and_only_where_it_was_asked_for(device: Device) -> None:
    session = device.session
    clinician = device.connect(device.programmer(CLINICIAN))
    assert session.fresh_key(4, PATIENT, b"wrist") and session.fresh_key(0, next=True)
    wanted = {4: bytes(session.record(4)[24:56]), 0x80: bytes(session.record(0)[58:90])}
    for hand_out, key in wanted.items():
        assert device.open(7, 0x42, clinician.seal(7, 0x42, b"")) == 0
        sealed = device.seal(7, 0xC2, b"\x04" + bytes(32), hand_out=hand_out)
        assert key not in sealed
        assert clinician.read(7, 0xC2, sealed) == b"\x04" + key


@pytest.mark.parametrize("hand_out", [-2, 3, 7, 8, 0x0F, 0x81, 0x83, 0xFF, 256, 0x100, 0x180, 2**31 - 1])
def test_a_key_that_is_not_there_is_not_handed_out(device: Device, hand_out: int) -> None:
    clinician = device.connect(device.programmer(CLINICIAN))
    assert device.open(7, 0x42, clinician.seal(7, 0x42, b"")) == 0
    assert device.seal(7, 0xC2, bytes(32), hand_out=hand_out) == b""
    assert device.seal(7, 0xC2, bytes(31), hand_out=0) == b"", "there is no room for it"
    assert clinician.read(7, 0xC2, device.seal(7, 0xC2, bytes(32), hand_out=0)) == device.keys[PATIENT]
