"""The interface of every board of a bench, between the suite and the backends."""

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
        """Time of the next event, or time to look again."""

    def run_until_us(self, end_us: int) -> None:
        """Let the board run up to `end_us`."""

    def write(self, data: bytes) -> None:
        """Send bytes on the programmer link."""

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that the board has sent; wait for them up to `timeout_s` of its time."""

    def take_received(self) -> bytes:
        """Return the bytes that have arrived by now."""

    def close(self) -> None:
        """Shut the board down cleanly."""

    def kill(self) -> None:
        """Kill the board at once."""
