"""The keys that the bench gives a simulated pump before it starts, as provisioning would: the card's and its own.

The bench's own key has the role *bench*, which may do everything; only a development image knows it. The records have
the layout of docs/memory.md; a test lets the firmware read them.

Implements: HIL-1
"""

from __future__ import annotations

import hashlib
import struct
from binascii import crc32

from firmware import protocol
from host.session.key import Key
from host.session.keyring import Keyring
from host.session.keys import Identity

KEYS_AT = 64
_SLOTS_AT = 168
_PAIR_BYTES = 188
_END = 1672  # of the slots
_CARD_SLOT, _BENCH_SLOT = 0, 1


class Provisioned:
    """What a pump made from `seed` knows: `cells` are to lie at KEYS_AT of its memory. `bench` and `card` hold keys."""

    def __init__(self, seed: int = 0) -> None:
        drawn = [hashlib.sha256(f"releve bench {seed} {name}".encode()).digest() for name in ("seed", "card", "bench")]
        device_id = hashlib.sha256(f"releve bench {seed} device".encode()).digest()[:8]
        self.card = Identity("card", bytes(8), _CARD_SLOT, "card", "card", 1, Key(drawn[1]))
        self.bench = Identity("play", device_id, _BENCH_SLOT, "bench", "bench", 1, Key(drawn[2]))
        cells = bytearray(_END - KEYS_AT)
        _put(cells, KEYS_AT, drawn[0] + device_id + bytes(4))
        for slot, role, label, key in (
            (_CARD_SLOT, protocol.ROLE_CARD, b"card", drawn[1]),
            (_BENCH_SLOT, protocol.ROLE_BENCH, b"bench", drawn[2]),
        ):
            head = struct.pack("<BBH16s", protocol.SLOT_IN_USE, role, 1, label)
            _put(cells, _SLOTS_AT + slot * _PAIR_BYTES, head + key + bytes(34))
        self.cells = bytes(cells)


class RepeatedKeys(Keyring):
    """The bench's key to a simulated pump. Its handshakes are the same in every run, so that equal runs are equal to
    the byte; a simulation has no secrets.
    """

    def __init__(self, made: Provisioned) -> None:
        super().__init__(identity=made.bench)
        self._opened = 0

    def ephemeral(self) -> bytes:
        """As Keyring.ephemeral."""
        self._opened += 1
        return hashlib.sha256(f"releve bench handshake {self._opened}".encode()).digest()


def _put(cells: bytearray, at: int, payload: bytes) -> None:
    """Two copies of a record (firmware/storage/slots.py)."""
    size = len(payload) + 8
    body = struct.pack("<I", 1) + payload
    for copy in range(2):
        start = at - KEYS_AT + copy * size
        cells[start : start + size] = body + struct.pack("<I", crc32(body, at))
