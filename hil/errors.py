"""Errors of the bench itself. They say nothing about the pump's dosing. They end a run with exit code 4."""

from __future__ import annotations

EXIT_BENCH = 4


class BenchError(Exception):
    """The bench cannot go on. This is an infrastructure error, never a product failure."""


class DeviceMissing(BenchError):
    """The board's program is missing."""


class DeviceLost(BenchError):
    """The board went away, did not start, or broke the bench link's rules. Carries its last output."""


class LinkSilent(BenchError):
    """The board runs but does not answer on the programmer link."""
