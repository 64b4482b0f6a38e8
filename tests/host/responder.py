"""The responder of Noise_NNpsk0_25519_ChaChaPoly_SHA256, written apart from host/session: its opposite in tests."""

from __future__ import annotations

import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Responder:
    """A device's end of one session: answer() the opening, then open() requests and seal replies."""

    def __init__(self, key: bytes, prologue: bytes, ephemeral: bytes | None = None) -> None:
        self._key, self._prologue = key, prologue
        self._own = X25519PrivateKey.from_private_bytes(ephemeral) if ephemeral else X25519PrivateKey.generate()
        self._counter = 0

    def answer(self, opening: bytes, payload: bytes) -> bytes:
        """The second message. Raises InvalidTag."""
        start = _hash(b"Noise_NNpsk0_25519_ChaChaPoly_SHA256")
        transcript = _hash(start, self._prologue)
        chain, mixed, _ = _split(start, self._key, 3)
        transcript = _hash(transcript, mixed)
        theirs, sealed = opening[:32], opening[32:]
        transcript = _hash(transcript, theirs)
        chain, cipher = _split(chain, theirs, 2)
        ChaCha20Poly1305(cipher).decrypt(bytes(12), sealed, transcript)
        transcript = _hash(transcript, sealed)
        own = self._own.public_key().public_bytes_raw()
        transcript = _hash(transcript, own)
        chain, _ = _split(chain, own, 2)
        chain, cipher = _split(chain, self._own.exchange(X25519PublicKey.from_public_bytes(theirs)), 2)
        answer = ChaCha20Poly1305(cipher).encrypt(bytes(12), payload, transcript)
        to_device, to_host = _split(chain, b"", 2)
        self._from_host, self._to_host = ChaCha20Poly1305(to_device), ChaCha20Poly1305(to_host)
        return own + answer

    def open(self, sequence: int, message_id: int, sealed: bytes) -> bytes:
        """The payload of a request. Raises InvalidTag."""
        data = struct.pack("<HB", sequence, message_id)
        return self._from_host.decrypt(bytes(4) + sealed[:4] + bytes(4), sealed[4:], data)

    def seal_reply(self, sequence: int, reply_id: int, request: int, payload: bytes) -> bytes:
        return self._seal(struct.pack("<HBI", sequence, reply_id, request), payload)

    def seal_telemetry(self, sequence: int, message_id: int, payload: bytes) -> bytes:
        return self._seal(struct.pack("<HB", sequence, message_id), payload)

    def _seal(self, data: bytes, payload: bytes) -> bytes:
        counter = struct.pack("<I", self._counter)
        self._counter += 1
        return counter + self._to_host.encrypt(bytes(4) + counter + bytes(4), payload, data)


def _hash(*parts: bytes) -> bytes:
    made = Hash(SHA256())
    for part in parts:
        made.update(part)
    return made.finalize()


def _split(chain: bytes, secret: bytes, count: int) -> list[bytes]:
    made = HKDF(SHA256(), 32 * count, chain, b"").derive(secret)
    return [made[at : at + 32] for at in range(0, len(made), 32)]
