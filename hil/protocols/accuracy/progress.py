"""Progress display while the protocol runs: a bar on a terminal, one line a job elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from hil.protocols.accuracy.jobs import US_PER_H, Job
from hil.protocols.accuracy.record import Record


class Progress(Protocol):
    """Context manager around the run, notified of its progress."""

    def __enter__(self) -> Self:
        """The run begins."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The run has ended, well or not."""

    def begin(self, jobs: Sequence[Job]) -> None:
        """These jobs will run."""

    def finished(self, job: Job, record: Record) -> None:
        """A job is done."""


def _summary(record: Record) -> str:
    hours = (record.end_us - record.start_us) / US_PER_H
    return f"{hours:6.1f} h simulated, {len(record.stroke_starts_us):5d} strokes, {record.wall_s:6.2f} s"


class Silence:
    """Says nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def begin(self, jobs: Sequence[Job]) -> None:
        """Print nothing."""

    def finished(self, job: Job, record: Record) -> None:
        """Print nothing."""


class Lines(Silence):
    """One plain line a job, for logs."""

    def __init__(self) -> None:
        self._total = self._done = 0

    def begin(self, jobs: Sequence[Job]) -> None:
        """Print the number of jobs."""
        self._total = len(jobs)
        print(f"accuracy protocol: {self._total} jobs", flush=True)

    def finished(self, job: Job, record: Record) -> None:
        """Print the finished job."""
        self._done += 1
        print(f"[{self._done:2d}/{self._total}] {job.name:32s} {_summary(record)}", flush=True)


class Bar:
    """A progress bar, with the finished jobs listed above it."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(
            TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        )
        self._task = self._rich.add_task("accuracy protocol", total=None)

    def __enter__(self) -> Self:
        self._rich.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._rich.stop()

    def begin(self, jobs: Sequence[Job]) -> None:
        """Set the bar's length."""
        self._rich.update(self._task, total=len(jobs))

    def finished(self, job: Job, record: Record) -> None:
        """Move the bar on."""
        self._rich.console.print(f"  {job.name:32s} [dim]{_summary(record)}")
        self._rich.advance(self._task)


def default_progress() -> Progress:
    """Return a bar on a terminal and lines elsewhere."""
    return Bar() if sys.stdout.isatty() else Lines()
