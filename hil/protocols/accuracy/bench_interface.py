"""The interface that this protocol needs of a bench. It runs on any bench that offers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from hil.plant import Plant


class AccuracyBench(Protocol):
    """A bench with a pump in logical or real time."""

    stroke_starts_us: list[int]
    start_tolerance_us: int

    @property
    def now_us(self) -> int:
        """Device time."""

    @property
    def programmer(self) -> Any:
        """Return a `host.api.client.Programmer` or an object that behaves like one."""

    @property
    def commands(self) -> Sequence[Any]:
        """The accepted commands, as `hil.oracle.commands.Command`."""

    def run_until_us(self, t_us: int) -> None:
        """Let the pump run until device time `t_us`."""


class OwedReport(Protocol):
    """Outcome of the independent check."""

    min_owed_uu: Any
    max_owed_uu: Any
    worst_lateness_us: Any
    violations: list[str]
    violation_count: int


BenchFactory = Callable[[Plant], AbstractContextManager[AccuracyBench]]
OwedCheck = Callable[..., OwedReport]


def project_owed_check() -> OwedCheck:
    """Return the project's independent check of raw strokes. It is imported late: reading results does not need it."""
    from hil.oracle.strokes import check

    return check
