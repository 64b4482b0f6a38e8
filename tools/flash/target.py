"""A board that an image can be written to now, whichever way it is reached."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol


class Target(NamedTuple):
    """One board in reach."""

    name: str  # what a person calls it, and can give as --target
    how: str  # what will be done, for a person
    write: Callable[[Path], None]  # writes the image that lies in build/BOARD; raises Problem


class Way(Protocol):
    """A way to reach boards of a family."""

    def find(self, facts: dict[str, Any]) -> list[Target]:
        """The boards in reach this way; none if its program is not installed. `facts`: board.toml."""

    def absent(self, facts: dict[str, Any]) -> str:
        """What a person must do for a board to be found this way."""
