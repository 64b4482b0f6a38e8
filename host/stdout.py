"""That there is a stdout at all: print() to a closed one writes nothing, without a word."""

from __future__ import annotations

import errno
import sys


def ensure_stdout() -> None:
    """Raise OSError if stdout is closed."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "stdout is closed")
