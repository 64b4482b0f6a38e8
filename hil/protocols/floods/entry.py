"""A programmer that opens a session while somebody floods the same line (SEC-4): how long it takes with presence.

The attacker fills the line; the programmer's frames come between two of his. Frames that collide are lost on any line,
which is jamming and no flood.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count
from typing import Any

from hil.bench import Bench, programmer_at
from hil.plant import Plant, load_mechanism
from hil.protocols.edges.loads import LINE_BYTES_PER_S
from hil.protocols.floods.attacks import FORGED, Attacker, listen
from host.errors import HostError

US_PER_S = 1_000_000
ENTRY_US_MAX = 2 * US_PER_S  # the requirement's
_GIVEN_UP_US = 10 * US_PER_S
_SLICE_US = 20_000


class Filled:
    """The line to `board`, this share of it filled with `frames`, which do not end. As a transport it lets frames of
    its own in between.
    """

    def __init__(self, board: Any, frames: Iterator[bytes], share: float) -> None:
        self._board = board
        self._frames = frames
        self._share = share
        self._filled_us = board.now_us  # until then there are bytes for the line
        self._heard = b""

    @property
    def now_us(self) -> int:
        """The board's time, by which the programmer ends its waits."""
        return int(self._board.now_us)

    def write(self, data: bytes) -> None:
        """Send a frame after what is on the line by now."""
        self._board.write(data)
        self._filled_us = max(self._filled_us, self._board.now_us) + len(data) * US_PER_S // LINE_BYTES_PER_S

    def read(self, timeout_s: float) -> bytes:
        """Return what the pump has sent, at the latest after `timeout_s`, with the line filled all the while."""
        end_us = self._board.now_us + round(timeout_s * US_PER_S)
        while not self._heard and self._board.now_us < end_us:
            self.run_for_us(min(_SLICE_US, end_us - self._board.now_us))
            self._heard = self._board.take_received()
        heard, self._heard = self._heard, b""
        return heard

    def run_for_us(self, us: int) -> None:
        """Let time pass."""
        end_us = self._board.now_us + us
        while self._filled_us < end_us:
            frame = next(self._frames)
            self._board.write(frame)
            taken_us = len(frame) * US_PER_S / LINE_BYTES_PER_S / self._share
            self._filled_us = max(self._filled_us, self._board.now_us) + round(taken_us)
        self._board.run_until_us(end_us)


def measure(
    times: int, share: float, *, bench_name: str = "emulated", presence: bool = True, seed: int = 1
) -> dict[str, Any]:
    """Fill this share of the line with forged openings, and have a programmer come in `times` times, each at an instant
    of its own. Return how long each took from its first byte to its first sealed answer.
    """
    draw = random.Random(f"entry {seed}")
    with Bench(Plant(load_mechanism(), seed), kind=bench_name) as bench:
        board = bench.board
        attacker = Attacker(FORGED, bench.programmer, listen(bench.programmer))
        line = Filled(board, map(attacker.frame, count(1)), share)
        board.presence = presence
        took_us = []
        for _ in range(times):
            line.run_for_us(draw.randrange(US_PER_S, 3 * US_PER_S))
            board.take_received()
            begun_us = board.now_us
            while board.now_us - begun_us < _GIVEN_UP_US:
                try:
                    programmer_at(line, first_sequence=draw.randrange(0x10000)).hello()
                    break
                except HostError:
                    continue
            took_us.append(board.now_us - begun_us)
        board.presence = False
    return {
        "line_percent": round(100 * share),
        "times": times,
        "greatest_ms": round(max(took_us) / 1000),
        "median_ms": round(sorted(took_us)[times // 2] / 1000),
        "late": sum(each > ENTRY_US_MAX for each in took_us),
        "took_ms": [round(each / 1000) for each in took_us],
    }
