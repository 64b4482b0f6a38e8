"""The sealed frames of one session, on the programmer's side.

A sealed payload is `counter u32 | ciphertext | tag 16`. Each direction has its own key and counter. A request's tag
also covers its sequence number and id; a reply's those of its own and the counter of the request that it answers, so
that a late reply is never taken for another's; telemetry's its sequence number and id.

Implements: SEC-1, LINK-1
"""

from __future__ import annotations

from firmware.protocol import MAX_PAYLOAD_BYTES
from host.session.noise import TAG_BYTES, Cipher
from host.session.plain import Forged

COUNTER_BYTES = 4
SEAL_BYTES = COUNTER_BYTES + TAG_BYTES
MAX_SEALED_BYTES = MAX_PAYLOAD_BYTES - SEAL_BYTES  # 227: what a sealed frame carries
MAX_FRAMES = 1 << 20  # of either direction; then a session must be opened anew


class Session:
    """A session with one device: its number, when the device opened it (µs of device time), the role it gives."""

    def __init__(self, number: int, opened_us: int, role: str, ours: Cipher, theirs: Cipher) -> None:
        self.number = number
        self.opened_us = opened_us
        self.role = role
        self._ours = ours
        self._theirs = theirs
        self._next = 0
        self._told = -1  # the counter of the latest telemetry

    @property
    def used_up(self) -> bool:
        """No more requests can be sealed."""
        return self._next >= MAX_FRAMES

    def seal(self, sequence: int, message_id: int, payload: bytes) -> tuple[int, bytes]:
        """Return the request's counter and its sealed payload, to be sent again as it is if no reply comes.

        Raises ValueError for a payload above 227 bytes.
        """
        if len(payload) > MAX_SEALED_BYTES:
            raise ValueError(f"payload has {len(payload)} bytes, limit {MAX_SEALED_BYTES} bytes")
        assert not self.used_up
        counter, self._next = self._next, self._next + 1
        sealed = self._ours.seal(counter, _place(sequence, message_id), payload)
        return counter, _u32(counter) + sealed

    def open_reply(self, sequence: int, reply_id: int, request: int, sealed: bytes) -> bytes:
        """Return the payload of the reply to the request with the counter `request`. Raises Forged."""
        return self._open(sealed, _place(sequence, reply_id) + _u32(request))

    def open_telemetry(self, sequence: int, message_id: int, sealed: bytes) -> bytes:
        """Return the payload of telemetry. Raises Forged, also for a frame that came before."""
        counter = int.from_bytes(sealed[:COUNTER_BYTES], "little")
        if counter <= self._told:
            raise Forged
        payload = self._open(sealed, _place(sequence, message_id))
        self._told = counter
        return payload

    def _open(self, sealed: bytes, data: bytes) -> bytes:
        if len(sealed) < SEAL_BYTES:
            raise Forged
        return self._theirs.open(int.from_bytes(sealed[:COUNTER_BYTES], "little"), data, sealed[COUNTER_BYTES:])


def _place(sequence: int, message_id: int) -> bytes:
    return sequence.to_bytes(2, "little") + bytes([message_id])


def _u32(number: int) -> bytes:
    return number.to_bytes(COUNTER_BYTES, "little")
