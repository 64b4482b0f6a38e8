"""Errors of the bench itself. None of them says anything about the pump's dosing: they end a run with exit code 4."""

from __future__ import annotations

EXIT_BENCH = 4


class BenchError(Exception):
    """The bench cannot go on: infrastructure, never product failure."""


class DeviceMissing(BenchError):
    """The board's program is not there."""


class DeviceLost(BenchError):
    """The board went away, did not start, or broke the bench link's rules. Carries its last words."""


class LinkSilent(BenchError):
    """The board runs, but does not answer on the programmer link."""
