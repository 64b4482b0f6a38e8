"""Opens a session: hello has brought a challenge, `open` proves the key to the device and the device's to us.

Implements: SEC-1
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from host.errors import BadReply
from host.session.frames import Session
from host.session.key import Key
from host.session.keys import ROLES, Identity
from host.session.noise import Initiator
from host.session.plain import DEVELOPMENT, HASH_BYTES, OFFER_BYTES, SUITE, VERSION, Forged, schema
from host.text import Text

_LABEL = b"releve-session-1"
_TOLD = struct.Struct("<IQB")  # session number, device time in µs, role


@dataclass(frozen=True)
class Offer:
    """What a pump with sessions answers to hello: its suite as it was sent, and a challenge to open one with."""

    suite: int
    challenge: bytes

    @property
    def development(self) -> bool:
        """The pump runs a development image."""
        return bool(self.suite & DEVELOPMENT)


def offer_of(hello: bytes) -> Offer:
    """Return the offer in a reply to hello. Raises BadReply for another one, or a session that is not known here."""
    if len(hello) != OFFER_BYTES:
        text = "the pump's answer to hello has {} bytes, an offer of a session {}"
        raise BadReply(Text(text, len(hello), OFFER_BYTES))
    version, suite = hello[HASH_BYTES : HASH_BYTES + 2]
    if version != VERSION or suite & ~DEVELOPMENT != SUITE:
        text = (
            "the pump offers version {}, suite {} of the session; this programmer has version {}, suite {}. Use the"
            " programmer that belongs to this firmware"
        )
        raise BadReply(Text(text, version, suite & ~DEVELOPMENT, VERSION, SUITE))
    return Offer(suite, hello[HASH_BYTES + 2 :])


class Opening:
    """One try: `request` is the payload to send, finish() takes the reply's."""

    def __init__(self, offer: Offer, identity: Identity, slot: int, key: Key, ephemeral: bytes | None = None) -> None:
        self._role = ROLES.index(identity.role)
        prologue = b"".join(
            (
                _LABEL, bytes([offer.suite]), schema(), identity.device_id,
                bytes([slot, self._role]), offer.challenge,
            )
        )  # fmt: skip
        self._initiator = Initiator(key, prologue, ephemeral)
        self.request = bytes([slot]) + self._initiator.first()

    def finish(self, reply: bytes) -> Session:
        """Return the session. Raises Forged."""
        told, ours, theirs = self._initiator.finish(reply)
        if len(told) != _TOLD.size:
            raise Forged
        number, opened_us, role = _TOLD.unpack(told)
        if role != self._role:
            raise Forged
        return Session(number, opened_us, ROLES[role], ours, theirs)
