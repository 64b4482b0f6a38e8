"""The handshake against published vectors, and against everything that is not what it should be."""

from __future__ import annotations

import pickle
import traceback

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from host.session.frames import MAX_FRAMES, MAX_SEALED_BYTES, Session
from host.session.key import Key
from host.session.noise import Cipher, Initiator
from host.session.plain import Forged
from tests.host.responder import Responder

pytestmark = pytest.mark.req("SEC-1")
# Noise_NNpsk0_25519_ChaChaPoly_SHA256 of the vectors that other implementations are tested with (Debian:
# golang-github-flynn-noise-dev 1.0.0, vectors.txt).
SECRET = b"!verysecretverysecretverysecret!"
OURS, THEIRS = bytes(range(0x20, 0x40)), bytes(range(0x41, 0x61))
OPENING = "358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254"
REPLY = "64b101b1d0be5a8704bd078f9895001fc03e8e9f9522f188dd128d9846d48466"
VECTORS = [  # prologue, payload and what follows the public key, of the first and of the second message
    (b"", b"", "e7136508cb8178281204abd62e9f2a3e", b"", "922f3b7824001193c077abd8b7a73030"),
    (b"notsecret", b"", "6e96a20116b68fd776478e81d11779ca", b"", "66f51bc44f88917daa53fb4529499b55"),
    (
        b"", b"test_msg_0", "7c78f22f8cea986f934a675201c7f431a539e50c9be46986fa89",
        b"test_msg_1", "6913ea64c74c2f63ee5e814fda25301b9508e4685ee02e9852fd",
    ),
    (
        b"notsecret", b"test_msg_0", "7c78f22f8cea986f934ab17c2484a24a990a6473d588a4f20e99",
        b"test_msg_1", "6913ea64c74c2f63ee5e32a5358320d459322d624c9ccc975fa0",
    ),
]  # fmt: skip
FRAMES = [  # ours, theirs
    (b"yellowsubmarine", "b349a522c145762c7c737ac1d1425ce1fb25c7cca626177ee4ceed3cd6fb3d"),
    (b"submarineyellow", "b41e24399dc3f1ad2faf82868700e4bf31bb89f6616e1d6a92802bb8ad80d6"),
]


@pytest.mark.parametrize(("prologue", "first", "first_sealed", "second", "second_sealed"), VECTORS)
def test_the_handshake_is_that_of_the_published_vectors(
    prologue: bytes, first: bytes, first_sealed: str, second: bytes, second_sealed: str
) -> None:
    ours = Initiator(Key(SECRET), prologue, OURS)
    assert ours.first(first).hex() == OPENING + first_sealed
    payload, to_device, to_host = ours.finish(bytes.fromhex(REPLY + second_sealed))
    assert payload == second
    assert to_device.seal(0, b"", FRAMES[0][0]).hex() == FRAMES[0][1]
    assert to_host.open(0, b"", bytes.fromhex(FRAMES[1][1])) == FRAMES[1][0]


def opened(key: bytes = SECRET, prologue: bytes = b"p") -> tuple[Session, Responder]:
    theirs = Responder(SECRET, b"p")
    ours = Initiator(Key(key), prologue)
    reply = theirs.answer(ours.first(), b"hello")
    payload, to_device, to_host = ours.finish(reply)
    assert payload == b"hello"
    return Session(1, 0, "patient", to_device, to_host), theirs


def test_every_bit_of_the_answer_matters() -> None:
    ours = Initiator(Key(SECRET), b"p", OURS)
    reply = Responder(SECRET, b"p", THEIRS).answer(ours.first(), b"hello")
    for place in range(8 * len(reply)):
        again = Initiator(Key(SECRET), b"p", OURS)
        again.first()
        flipped = bytearray(reply)
        flipped[place // 8] ^= 1 << place % 8
        if place == 255:  # the highest bit of a public key is not looked at (RFC 7748), but it is in the hash
            assert flipped[31] ^ reply[31] == 0x80
        with pytest.raises(Forged):
            again.finish(bytes(flipped))
    for length in range(len(reply)):
        again = Initiator(Key(SECRET), b"p", OURS)
        again.first()
        with pytest.raises(Forged):
            again.finish(reply[:length])


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"])
def test_a_point_of_small_order_is_refused(point: bytes) -> None:
    ours = Initiator(Key(SECRET), b"")
    ours.first()
    with pytest.raises(Forged):
        ours.finish(point + bytes(16))


def test_another_key_or_another_prologue_opens_nothing() -> None:
    for key, prologue in ((bytes(32), b"p"), (SECRET, b"q")):
        with pytest.raises(InvalidTag):  # by the device
            opened(key, prologue)


def test_two_openings_have_nothing_in_common() -> None:
    assert Initiator(Key(SECRET), b"").first() != Initiator(Key(SECRET), b"").first()


def test_a_reply_answers_its_own_request_only() -> None:
    session, device = opened()
    counter, sealed = session.seal(7, 2, b"question")
    assert (counter, sealed[:4]) == (0, bytes(4))
    assert device.open(7, 2, sealed) == b"question"
    reply = device.seal_reply(7, 0x82, 0, b"answer")
    assert session.open_reply(7, 0x82, 0, reply) == b"answer"
    assert session.open_reply(7, 0x82, 0, reply) == b"answer", "the device sends it again if it is asked again"
    for wrong in ((8, 0x82, 0), (7, 0x83, 0), (7, 0xFF, 0), (7, 0x82, 1)):
        with pytest.raises(Forged):
            session.open_reply(*wrong, reply)
    for place in range(8 * len(reply)):
        flipped = bytearray(reply)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(Forged):
            session.open_reply(7, 0x82, 0, bytes(flipped))
    for length in range(len(reply)):
        with pytest.raises(Forged):
            session.open_reply(7, 0x82, 0, reply[:length])


def test_what_is_reflected_or_of_another_session_is_refused() -> None:
    session, _ = opened()
    other, device = opened()
    _, sealed = session.seal(7, 0x82, b"mine")
    with pytest.raises(Forged):
        session.open_reply(7, 0x82, 0, sealed)
    with pytest.raises(Forged):
        session.open_reply(7, 0x82, 0, device.seal_reply(7, 0x82, 0, b"answer"))
    assert other.seal(0, 1, b"x") != session.seal(0, 1, b"x")


def test_telemetry_is_taken_once_and_in_its_order() -> None:
    session, device = opened()
    frames = [device.seal_telemetry(0, 0xFE, bytes([number])) for number in range(3)]
    assert session.open_telemetry(0, 0xFE, frames[0]) == b"\0"
    assert session.open_telemetry(0, 0xFE, frames[2]) == b"\2"
    for old in frames:
        with pytest.raises(Forged):
            session.open_telemetry(0, 0xFE, old)
    forged = frames[2][:4] + bytes(17)
    with pytest.raises(Forged):
        session.open_telemetry(0, 0xFE, b"\x09" + forged[1:])
    assert session.open_telemetry(0, 0xFE, device.seal_telemetry(0, 0xFE, b"new")) == b"new", "a forgery moves nothing"


def test_a_session_ends_with_its_counters() -> None:
    session, _ = opened()
    with pytest.raises(ValueError, match="payload has 228 bytes, limit 227 bytes"):
        session.seal(0, 1, bytes(MAX_SEALED_BYTES + 1))
    session._next = MAX_FRAMES - 1
    assert not session.used_up
    session.seal(0, 1, bytes(MAX_SEALED_BYTES))
    assert session.used_up
    with pytest.raises(AssertionError):
        session.seal(0, 1, b"")


def test_a_key_is_not_shown() -> None:
    key = Key(SECRET)
    assert key == Key(bytearray(SECRET)) and key != Key(bytes(32)) and key != SECRET and key.secret() == SECRET
    shown = [repr(key), str(key), f"{key}", repr([key]), repr({"key": key})]
    try:
        Initiator(key, None)  # type: ignore[arg-type]
    except TypeError as error:
        shown.append("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    assert len(shown) == 6 and "Key(…)" in shown[-1]
    for text in shown:
        assert "very" not in text and SECRET.hex() not in text
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(TypeError):
        hash(key)
    with pytest.raises(ValueError, match="a key has 32 bytes, not 31") as found:
        Key(SECRET[:31])
    assert "very" not in str(found.value)


def test_a_cipher_hides_its_key() -> None:
    assert "very" not in repr(Cipher(SECRET)) + repr(vars(Cipher(SECRET)))
    assert X25519PrivateKey.from_private_bytes(OURS).public_key().public_bytes_raw().hex() == OPENING
