"""The calls whose cost is measured: an opening, a forged one, frames; made with a programmer written for it."""

import hashlib
import hmac
import struct
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

SCHEMA, KEY, DEVICE_ID = bytes(8), b"\x11" * 32, bytes(8)
SLOT, PATIENT = 0, 1
NAME = b"Noise_NNpsk0_25519_ChaChaPoly_SHA256"


class Costs(NamedTuple):
    """The figures of budget.toml."""

    cycles: dict[str, int]
    stack_bytes: dict[str, int]


def _hkdf(salt: bytes, secret: bytes, outputs: int) -> list[bytes]:
    key, found, block = hmac.digest(salt, secret, "sha256"), [], b""
    for number in range(outputs):
        block = hmac.digest(key, block + bytes([number + 1]), "sha256")
        found.append(block)
    return found


def _mixed(running: bytes, data: bytes) -> bytes:
    return hashlib.sha256(running + data).digest()


def opening(challenge: bytes) -> tuple[bytes, Any]:
    """Return the payload of `open`, and a function from the reply to the key of requests."""
    own = X25519PrivateKey.from_private_bytes(b"\x42" * 32)
    public = own.public_key().public_bytes_raw()
    chain = hashlib.sha256(NAME).digest()
    running = _mixed(chain, b"releve-session-1\x01" + SCHEMA + DEVICE_ID + bytes([SLOT, PATIENT]) + challenge)
    chain, mixed, _ = _hkdf(chain, KEY, 3)
    running = _mixed(_mixed(running, mixed), public)
    chain, key = _hkdf(chain, public, 2)
    tag = ChaCha20Poly1305(key).encrypt(bytes(12), b"", running)

    def request_key(reply: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

        later, _ = _hkdf(chain, reply[:32], 2)
        later, _ = _hkdf(later, own.exchange(X25519PublicKey.from_public_bytes(reply[:32])), 2)
        return _hkdf(later, b"", 2)[0]

    return bytes([SLOT]) + public + tag, request_key


def _request(key: bytes, counter: int, n: int) -> bytearray:
    ad = struct.pack("<HB", 7, 0x20)
    sealed = ChaCha20Poly1305(key).encrypt(bytes(4) + struct.pack("<Q", counter), bytes(n), ad)
    return bytearray(struct.pack("<I", counter) + sealed)


def sessions(device: Any) -> Costs:
    """Return the costs of the calls on a class with the face of Session whose `processor` counts."""
    session, counted = device(SCHEMA, 1), device.processor
    session.record(SLOT)[4:90] = bytes([2, PATIENT]) + bytes(18) + KEY + bytes(34)
    assert session.load(SLOT) == PATIENT
    session.renew(b"")
    session.ready()
    cycles: dict[str, int] = {}
    stack: dict[str, int] = {}
    reply, now_us = bytearray(61), 1_000_000
    assert session.accept(now_us, False, False, opening(session.hello(now_us))[0][:-1] + b"\0", reply) == 0
    cycles["forged"] = counted.cycles
    for name, pair in (("opening_no_pair", False), ("opening", True)):
        if pair:
            assert session.spare()
            cycles["curve"] = counted.cycles
        now_us += 1_000_000
        payload, request_key = opening(session.hello(now_us))
        assert session.accept(now_us, False, False, payload, reply) == 1
        cycles[name] = counted.cycles
        stack["opening"] = max(counted.stack_bytes, stack.get("opening", 0))
    key = request_key(bytes(reply))
    for counter, n in enumerate((64, 227)):
        assert session.open(now_us, 7, 0x20, _request(key, counter, n)) == n
        cycles[f"frame_{n}"], most = counted.cycles, counted.stack_bytes
        assert session.seal(now_us, 7, 0xA0, bytearray(n + 20), n) == n + 20
        cycles[f"frame_{n}"] += counted.cycles
        stack[f"frame_{n}"] = max(most, counted.stack_bytes)
    del stack["frame_64"]
    return Costs(cycles, stack)
