"""What crosses the link before there is a session, and the pump's one plain word after: that there is none.

Kept apart from the ciphers, which take a while to load.

Implements: LINK-1, SEC-1
"""

from __future__ import annotations

from firmware import protocol

HELLO_ID = 0x01
OPEN_ID = 0x05
PLAIN = (HELLO_ID, OPEN_ID)
VERSION = 1  # of the session
SUITE = 1  # Noise_NNpsk0_25519_ChaChaPoly_SHA256
DEVELOPMENT = 0x80  # in the suite: the pump runs a development image
HASH_BYTES = 8
CHALLENGE_BYTES = 8
OFFER_BYTES = HASH_BYTES + 2 + CHALLENGE_BYTES  # of a hello's reply: hash, version, suite, challenge
_REFUSAL_BYTES = 19


def schema() -> bytes:
    """Return this programmer's schema hash as it crosses the link: all of a hello, and the beginning of its reply."""
    return bytes(protocol.SCHEMA_HASH.to_bytes(HASH_BYTES, "little"))


class Forged(Exception):
    """A message that the holder of the key has not made, or not for this place."""


def is_not_open(payload: bytes) -> bool:
    """Whether this is the pump's plain refusal: it has no such session. Anybody can say so; it is never an outcome."""
    return len(payload) == _REFUSAL_BYTES and payload[1] == protocol.NOT_OPEN
