"""A board that an image can be written to now, however it is reached."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol


class Target(NamedTuple):
    """One reachable board."""

    name: str  # the name for people, usable as --target
    how: str  # what will be done, in words
    write: Callable[[Path], None]  # writes the image in build/BOARD; raises Problem


class Way(Protocol):
    """A way to reach boards of a family."""

    def find(self, facts: dict[str, Any]) -> list[Target]:
        """Return the boards reachable this way; none if its program is not installed. `facts`: board.toml."""

    def absent(self, facts: dict[str, Any]) -> str:
        """Return what a person must do for a board to be found this way."""
