"""The initiator's half of Noise_NNpsk0_25519_ChaChaPoly_SHA256 (the Noise Protocol Framework, revision 34).

One 256-bit key, known to both ends, authenticates; fresh key pairs of both ends keep recorded sessions secret even if
the key is found out later. The primitives are those of the package `cryptography`.

Implements: SEC-1
"""

from __future__ import annotations

import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from host.session.key import Key
from host.session.plain import Forged

PUBLIC_BYTES = 32
TAG_BYTES = 16
_NAME = b"Noise_NNpsk0_25519_ChaChaPoly_SHA256"


class Cipher:
    """A ChaCha20-Poly1305 key whose nonces are counters; a counter must seal once only."""

    def __init__(self, key: bytes) -> None:
        self._aead = ChaCha20Poly1305(key)

    def seal(self, counter: int, data: bytes, plaintext: bytes) -> bytes:
        """Return the ciphertext and its tag, which also covers `data`."""
        return self._aead.encrypt(_nonce(counter), plaintext, data)

    def open(self, counter: int, data: bytes, sealed: bytes) -> bytes:
        """Return the plaintext. Raises Forged."""
        try:
            return self._aead.decrypt(_nonce(counter), sealed, data)
        except InvalidTag as error:
            raise Forged from error


class Initiator:
    """One handshake: `first()` makes the message to send, `finish(reply)` takes the answer.

    `ephemeral` is the private key of this handshake, for tests with published vectors; else it is drawn.
    """

    def __init__(self, key: Key, prologue: bytes, ephemeral: bytes | None = None) -> None:
        self._hash = hashlib.sha256(_NAME).digest()  # the name has more than 32 bytes
        self._chain = self._hash
        self._key = b""  # of the message's payload; most keys of a handshake seal nothing
        self._counter = 0
        self._mix_hash(prologue)
        chain, told, cipher_key = _derive(self._chain, key.secret(), 3)
        self._chain = chain
        self._mix_hash(told)
        self._use(cipher_key)
        self._own = X25519PrivateKey.from_private_bytes(ephemeral) if ephemeral else X25519PrivateKey.generate()

    def first(self, payload: bytes = b"") -> bytes:
        """Return the opening: our public key, and the sealed payload. Its secrecy ends with that of the key."""
        public = self._own.public_key().public_bytes_raw()
        self._mix_public(public)
        return public + self._seal(payload)

    def finish(self, reply: bytes) -> tuple[bytes, Cipher, Cipher]:
        """Take the answer; return its payload, and the ciphers to seal with and to open with. Raises Forged."""
        if len(reply) < PUBLIC_BYTES + TAG_BYTES:
            raise Forged
        public = reply[:PUBLIC_BYTES]
        self._mix_public(public)
        try:
            shared = self._own.exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError as error:  # a point of small order: the shared secret would be nobody's
            raise Forged from error
        self._mix_key(shared)
        payload = self._open(reply[PUBLIC_BYTES:])
        ours, theirs = _derive(self._chain, b"", 2)
        return payload, Cipher(ours), Cipher(theirs)

    def _mix_hash(self, data: bytes) -> None:
        self._hash = hashlib.sha256(self._hash + data).digest()

    def _mix_key(self, secret: bytes) -> None:
        self._chain, cipher_key = _derive(self._chain, secret, 2)
        self._use(cipher_key)

    def _mix_public(self, public: bytes) -> None:
        self._mix_hash(public)
        self._mix_key(public)  # with a pre-shared key, as section 9.2 has it

    def _use(self, cipher_key: bytes) -> None:
        self._key, self._counter = cipher_key, 0

    def _seal(self, plaintext: bytes) -> bytes:
        sealed = Cipher(self._key).seal(self._counter, self._hash, plaintext)
        self._counter += 1
        self._mix_hash(sealed)
        return sealed

    def _open(self, sealed: bytes) -> bytes:
        plaintext = Cipher(self._key).open(self._counter, self._hash, sealed)
        self._counter += 1
        self._mix_hash(sealed)
        return plaintext


def _derive(chain: bytes, secret: bytes, count: int) -> list[bytes]:
    """Noise's HKDF: RFC 5869 with the chaining key as salt and no information."""
    pseudorandom = hmac.digest(chain, secret, "sha256")
    found = [b""]
    for number in range(1, count + 1):
        found.append(hmac.digest(pseudorandom, found[-1] + bytes([number]), "sha256"))
    return found[1:]


def _nonce(counter: int) -> bytes:
    return bytes(4) + struct.pack("<Q", counter)
