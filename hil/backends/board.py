"""What every board of a bench can do, whatever it is: the seam between the suite and the backends."""

from __future__ import annotations

from typing import Protocol

from hil.plant import Plant


class Board(Protocol):
    """A pump board coupled to a plant. Times are microseconds since power first came."""

    plant: Plant
    stroke_starts_us: list[int]
    stroke_uu: int

    @property
    def now_us(self) -> int:
        """The bench's time."""

    @property
    def next_event_us(self) -> int:
        """When something will happen next, or when to look again."""

    def run_until_us(self, end_us: int) -> None:
        """Let the board live up to `end_us`."""

    def write(self, data: bytes) -> None:
        """Bytes onto the programmer link."""

    def read(self, timeout_s: float) -> bytes:
        """What the board has sent; waits for it up to `timeout_s` of its time."""

    def take_received(self) -> bytes:
        """What has arrived by now."""

    def close(self) -> None:
        """End it cleanly."""

    def kill(self) -> None:
        """End it at once."""
