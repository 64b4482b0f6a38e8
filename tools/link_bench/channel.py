"""A line that turns bits over, loses bytes and doubles bytes, the same for everybody who has the same seed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Received(NamedTuple):
    """What arrives, and where the line was hit: positions in what was sent."""

    data: bytes
    hits: list[int]


def carry(sent: bytes, bit_error_rate: float, seed: int) -> Received:
    """Each bit is turned over with `bit_error_rate`; each byte is lost, and each is doubled, with the same rate."""
    random = np.random.default_rng(seed)
    data = np.frombuffer(sent, dtype=np.uint8)
    flips = np.packbits(random.random(len(data) * 8) < bit_error_rate)
    lost, doubled = (random.random(len(data)) < bit_error_rate for _ in range(2))
    arrived = np.repeat(data ^ flips, np.where(lost, 0, np.where(doubled, 2, 1)))
    return Received(arrived.tobytes(), np.flatnonzero((flips != 0) | lost | doubled).tolist())


def damage(sent: bytes, random: np.random.Generator) -> bytes:
    """Return the bytes with two to eight of them replaced by others."""
    data = np.frombuffer(sent, dtype=np.uint8).copy()
    where = random.choice(len(data), size=min(len(data), int(random.integers(2, 9))), replace=False)
    data[where] ^= random.integers(1, 256, size=len(where), dtype=np.uint8)
    return data.tobytes()
