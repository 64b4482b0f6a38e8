"""The handshake against the published vectors and an initiator of another make."""

from __future__ import annotations

from typing import Any

import pytest

from c_ext.host.session_face import OPENED, REFUSED
from tests.session.device import CARD, CLINICIAN, PATIENT, PROVISION, Device, session_class
from tests.session.programmer import Handshake, InvalidTag, nonce
from tests.session.test_primitives import VECTORS

pytestmark = pytest.mark.req("SEC-1", "SEC-4")


@pytest.mark.parametrize("case", VECTORS["noise"]["cases"])
def test_published_vectors(case: dict[str, Any]) -> None:
    c = session_class().module
    noise, pair = c.ffi.new("noise_t *"), c.ffi.new("noise_pair_t *")
    texts = [bytes.fromhex(each["payload"]) for each in case["messages"]]
    sealed = [bytes.fromhex(each["ciphertext"]) for each in case["messages"]]
    psk, prologue = bytes.fromhex(case["psk"]), bytes.fromhex(case["prologue"])
    first = c.ffi.new("uint8_t[]", sealed[0])
    mixed = c.ffi.new("noise_psk_t *")
    c.lib.noise_mix(mixed, psk)
    assert c.lib.noise_read(noise, mixed, prologue, len(prologue), first, len(sealed[0]))
    assert bytes(c.ffi.buffer(first)[32 : 32 + len(texts[0])]) == texts[0]
    c.ffi.memmove(pair.secret, bytes.fromhex(case["responder_secret"]), 32)
    c.lib.noise_complete(pair)
    second = c.ffi.new("uint8_t[]", bytes(32) + texts[1] + bytes(16))
    assert c.lib.noise_write(noise, pair, second, len(sealed[1]))
    assert bytes(c.ffi.buffer(second)[: len(sealed[1])]) == sealed[1]
    keys = c.ffi.new("uint8_t[32]"), c.ffi.new("uint8_t[32]")
    c.lib.noise_split(noise, *keys)
    assert bytes(c.ffi.buffer(noise)) == bytes(c.ffi.sizeof("noise_t"))
    for key, text, expected in zip(keys, texts[2:], sealed[2:], strict=True):
        body, tag = c.ffi.new("uint8_t[]", text), c.ffi.new("uint8_t[16]")
        c.lib.primitive_seal(key, nonce(0), c.ffi.NULL, 0, body, len(text), tag)
        assert bytes(c.ffi.buffer(body, len(text))) + bytes(tag) == expected


@pytest.mark.parametrize("case", VECTORS["noise"]["cases"])
def test_the_tests_own_initiator_meets_them_too(case: dict[str, Any]) -> None:
    psk, prologue = bytes.fromhex(case["psk"]), bytes.fromhex(case["prologue"])
    mine = Handshake(psk, prologue, bytes.fromhex(case["initiator_secret"]))
    assert mine.first(bytes.fromhex(case["messages"][0]["payload"])).hex() == case["messages"][0]["ciphertext"]
    assert mine.second(bytes.fromhex(case["messages"][1]["ciphertext"])).hex() == case["messages"][1]["payload"]


@pytest.mark.parametrize("role", [PATIENT, CLINICIAN, CARD])
def test_a_session_opens_and_answers(role: int) -> None:
    device = Device()
    programmer = device.connect(device.programmer(role))
    assert (device.session.role(), device.session.slot()) == (role, programmer.slot)
    assert programmer.number == device.session.number() != 0
    assert programmer.device_us == device.now_us
    assert device.ask(programmer, b"") == b""
    assert device.ask(programmer, bytes(227)) == bytes(227)
    assert device.session.counts() == (1, 1, 0, 0, 0, 0, 0, 0)


def test_with_and_without_a_spare_key_pair() -> None:
    device = Device()
    assert device.session.spare() and not device.session.spare()
    first = device.accept(device.programmer().opening(device.hello()))
    assert device.session.spare()
    second = device.accept(device.programmer().opening(device.hello()))
    assert first[0] == second[0] == OPENED
    assert first[1][:32] != second[1][:32]


def test_the_key_that_everybody_knows_opens_only_where_provisioning_is_allowed() -> None:
    device = Device()
    assert device.accept(device.programmer(PROVISION).opening(device.hello()))[0] == REFUSED
    device.connect(device.programmer(PROVISION), provisioning=True)
    assert (device.session.role(), device.session.slot()) == (PROVISION, 0x0F)


@pytest.mark.parametrize("field", ["key", "slot", "role", "schema_hash", "suite", "device_id"])
def test_both_sides_must_agree_on_everything(field: str) -> None:
    device = Device()
    programmer = device.programmer()
    wrong = {"key": b"\x12" * 32, "slot": 1, "role": 2, "schema_hash": bytes(8), "suite": 0x81, "device_id": bytes(8)}
    setattr(programmer, field, wrong[field])
    assert device.accept(programmer.opening(device.hello()))[0] == REFUSED
    assert device.session.counts()[1:3] == (0, 1)
    device.connect(device.programmer())


def test_a_card_knows_no_device() -> None:
    device = Device()
    card = device.programmer(CARD)
    assert card.device_id == bytes(8)
    device.connect(card)


@pytest.mark.parametrize("point", VECTORS["small_order"]["points"])
def test_an_ephemeral_key_of_small_order_is_refused_even_from_a_key_holder(point: str) -> None:
    device = Device()
    opening = device.programmer().opening(device.hello(), bytes.fromhex(point))
    result, _ = device.accept(opening)
    assert result == REFUSED and device.session.counts()[1:3] == (0, 1)
    device.connect(device.programmer())


def test_every_flipped_byte_of_an_opening_is_refused_and_then_the_right_one_accepted() -> None:
    device = Device()
    programmer = device.programmer()
    opening = programmer.opening(device.hello())
    for at in range(len(opening)):
        for flip in (1, 0x80, 0xFF):
            flipped = bytearray(opening)
            flipped[at] ^= flip
            assert device.accept(bytes(flipped), presence=True)[0] in (REFUSED, -1)
    result, reply = device.accept(opening)
    assert result == OPENED
    for at in range(len(reply)):
        damaged = bytearray(reply)
        damaged[at] ^= 1
        handshake = Handshake(programmer.key, b"")
        handshake.__dict__.update(programmer.handshake.__dict__)
        # The top bit of a point does not count on the curve (RFC 7748, 5), but it is hashed.
        with pytest.raises(InvalidTag):
            handshake.second(bytes(damaged))
    programmer.opened(reply)


@pytest.mark.parametrize("length", [0, 1, 48, 50, 200])
def test_an_opening_of_another_length_is_refused(length: int) -> None:
    device = Device()
    opening = device.programmer().opening(device.hello())
    assert device.accept((opening + bytes(200))[:length])[0] == REFUSED
    assert device.accept(opening)[0] == OPENED
