"""What is measured of a link: its overhead, what noise costs, and what damage gets through."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np

from host.api.link import decode_frame
from tools.link_bench.channel import carry, damage
from tools.link_bench.links import FLUSH, MESSAGE, SEALED_BYTES, Link, Sealed

PAYLOADS_BYTES = (16, 64, 181)
# Of bits; and the bytes sent at each, so that there are hits enough.
RATES = {1e-5: 2_000_000, 1e-4: 400_000, 1e-3: 100_000}
BYTES_PER_S = 11_520  # 115,200 baud, ten bits a byte
CHUNK = 256
SESSION_FRAMES = 1_000_000  # a session ends after 2^20


def noisy(link: Link, payload_bytes: int, rate: float, sent_bytes: int, seed: int) -> dict[str, Any]:
    """Send `sent_bytes` through the noise. Return what was lost, what was wrong, and how soon it goes on."""
    random = np.random.default_rng([seed, payload_bytes])
    told: dict[Any, int] = {}
    starts: list[int] = []
    line = bytearray()
    while len(line) < sent_bytes:
        message, wire = link.send(random.bytes(payload_bytes))
        told[message] = len(starts)
        starts.append(len(line))
        line += wire
    received = carry(bytes(line), rate, seed)
    taken = []
    for at in range(0, len(received.data), CHUNK):
        taken += link.feed(received.data[at : at + CHUNK])
    taken += link.feed(FLUSH)
    good = sorted({told[each] for each in taken if each in told})
    good_starts = [starts[each] for each in good]
    nexts = [(bisect_left(good_starts, hit + 1), hit) for hit in received.hits]
    resync = [good_starts[each] - hit for each, hit in nexts if each < len(good_starts)]
    hits = len(received.hits)
    return {
        "payload_bytes": payload_bytes,
        "bit_error_rate": rate,
        "frames": len(starts),
        "overhead_bytes": round(len(line) / len(starts) - payload_bytes, 2),
        "hits": hits,
        "lost_per_hit": round((len(starts) - len(good)) / hits, 3) if hits else 0.0,
        "resync_bytes": round(sum(resync) / len(resync), 1) if resync else 0.0,
        "wrong": sum(each not in told for each in taken),
        "goodput_bytes_per_s": round(BYTES_PER_S * len(good) * payload_bytes / len(line)),
    }


def damaged(link: Link, frames: int, seed: int, payload_bytes: int = 64) -> dict[str, Any]:
    """Damage each of `frames` frames by itself. Return how many messages the receiver took that nobody sent."""
    random = np.random.default_rng(seed)
    wrong = 0
    for _ in range(frames):
        message, wire = link.send(random.bytes(payload_bytes))
        taken = [*link.feed(damage(wire, random)), *link.feed(FLUSH)]
        wrong += sum(each != message for each in taken)
    return {"frames": frames, "wrong": wrong}


def corrupted(frames: int, seed: int, payload_bytes: int = 64, session_frames: int = SESSION_FRAMES) -> dict[str, int]:
    """Damage sealed frames, whole and behind the CRC. Return how many each of CRC and tag let through.

    Behind the CRC means: as if an attacker, or the one case in 2^32, had made the CRC right again. After
    `session_frames` another session is opened. Raises ValueError if one does not go on after the damage.
    """
    random = np.random.default_rng(seed)
    crc = tag = 0
    for at in range(0, frames, session_frames):
        link = Sealed()
        for _ in range(min(session_frames, frames - at)):
            _, wire = link.send(random.bytes(payload_bytes))
            crc += decode_frame(damage(wire[:-1], random)) is not None
            true = decode_frame(wire[:-1])
            if true is None or len(true[2]) != payload_bytes + SEALED_BYTES:
                raise ValueError("that was no sealed frame")
            forged = bytearray(damage(true[2], random))
            tag += link.device.open(0, true[0], MESSAGE, forged) >= -1  # a new request, or the last one again
        message, wire = link.send(b"still here")
        if link.feed(wire) != [message]:
            raise ValueError("the session does not go on after the damage")
    return {"frames": frames, "crc_let_through": crc, "tag_let_through": tag}
