"""A programmer's side of the session, written from the Noise specification on `cryptography`.

It shares no code with the device's. Whoever holds it may also do everything wrong on purpose.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

NAME = b"Noise_NNpsk0_25519_ChaChaPoly_SHA256"
LABEL = b"releve-session-1"
TELEMETRY = 0xFE


def hkdf(salt: bytes, secret: bytes, outputs: int) -> list[bytes]:
    key = hmac.digest(salt, secret, "sha256")
    found, block = [], b""
    for number in range(outputs):
        block = hmac.digest(key, block + bytes([number + 1]), "sha256")
        found.append(block)
    return found


class Handshake:
    """The initiator of NNpsk0. Give `secret` for a published vector; else it is random."""

    def __init__(self, psk: bytes, prologue: bytes, secret: bytes | None = None) -> None:
        self.own = X25519PrivateKey.from_private_bytes(secret) if secret else X25519PrivateKey.generate()
        self.psk = psk
        self.hash = self.chain = hashlib.sha256(NAME).digest()
        self.key = b""
        self._mix_hash(prologue)

    def _mix_hash(self, data: bytes) -> None:
        self.hash = hashlib.sha256(self.hash + data).digest()

    def _mix_ephemeral(self, public: bytes) -> None:
        self._mix_hash(public)
        self.chain, self.key = hkdf(self.chain, public, 2)

    def first(self, payload: bytes = b"", public: bytes | None = None) -> bytes:
        """Return the first message; `public` pretends another ephemeral key."""
        self.chain, mixed, self.key = hkdf(self.chain, self.psk, 3)
        self._mix_hash(mixed)
        public = public or self.own.public_key().public_bytes_raw()
        self._mix_ephemeral(public)
        sealed = ChaCha20Poly1305(self.key).encrypt(bytes(12), payload, self.hash)
        self._mix_hash(sealed)
        return public + sealed

    def second(self, message: bytes) -> bytes:
        """Read the device's message; return its payload. Raises InvalidTag."""
        self._mix_ephemeral(message[:32])
        shared = self.own.exchange(X25519PublicKey.from_public_bytes(message[:32]))
        self.chain, self.key = hkdf(self.chain, shared, 2)
        text = ChaCha20Poly1305(self.key).decrypt(bytes(12), message[32:], self.hash)
        self._mix_hash(message[32:])
        return text

    def split(self) -> list[bytes]:
        """Return the keys programmer -> device and device -> programmer."""
        return hkdf(self.chain, b"", 2)


def nonce(counter: int) -> bytes:
    return bytes(4) + struct.pack("<Q", counter)


class Programmer:
    """Opens a session with a device of tests/session/device.py, seals requests and opens replies."""

    def __init__(self, device: Any, key: bytes, slot: int, role: int, device_id: bytes | None = None) -> None:
        self.key, self.slot, self.role = key, slot, role
        self.schema_hash, self.suite = device.schema_hash, device.suite
        self.device_id = bytes(8) if role in (4, 5) else device_id or device.session.device_id()
        self.sent = 0
        self.number = self.device_us = 0
        self.send_key = self.receive_key = b""

    def prologue(self, challenge: bytes) -> bytes:
        whose = self.device_id + bytes([self.slot, self.role])
        return LABEL + bytes([self.suite]) + self.schema_hash + whose + challenge

    def opening(self, challenge: bytes, public: bytes | None = None) -> bytes:
        """Return the payload of `open`."""
        self.handshake = Handshake(self.key, self.prologue(challenge))
        return bytes([self.slot]) + self.handshake.first(public=public)

    def opened(self, reply: bytes) -> None:
        """Take the device's reply. Raises InvalidTag."""
        self.number, self.device_us, role = struct.unpack("<IQB", self.handshake.second(reply))
        assert role == self.role
        self.send_key, self.receive_key = self.handshake.split()
        self.sent = 0

    def seal(self, sequence: int, message_id: int, text: bytes, counter: int | None = None) -> bytearray:
        """Return the sealed payload of a request."""
        if counter is None:
            counter = self.sent
            self.sent += 1
        ad = struct.pack("<HB", sequence, message_id)
        sealed = ChaCha20Poly1305(self.send_key).encrypt(nonce(counter), text, ad)
        return bytearray(struct.pack("<I", counter) + sealed)

    def read(self, sequence: int, message_id: int, payload: bytes, request: int | None = None) -> bytes:
        """Open a reply to the request with counter `request` (the last), or telemetry. Raises InvalidTag."""
        ad = struct.pack("<HB", sequence, message_id)
        if message_id != TELEMETRY:
            ad += struct.pack("<I", self.sent - 1 if request is None else request)
        (counter,) = struct.unpack_from("<I", payload)
        return ChaCha20Poly1305(self.receive_key).decrypt(nonce(counter), bytes(payload[4:]), ad)


__all__ = ["Handshake", "InvalidTag", "Programmer", "hkdf", "nonce"]
