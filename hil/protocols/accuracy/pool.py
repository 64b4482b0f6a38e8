"""Runs the jobs on worker processes and keeps their order. Each worker and the device it starts share one core."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing.sharedctypes import Synchronized

from hil.backends.pinning import pin
from hil.errors import BenchError
from hil.protocols.accuracy.drive import Setting, live
from hil.protocols.accuracy.jobs import Job
from hil.protocols.accuracy.progress import Progress
from hil.protocols.accuracy.record import Record
from host.errors import HostError


def _pin(counter: Synchronized[int]) -> None:
    """Pin this worker to one of the allowed cores. The device it starts inherits the pinning, so neither migrates."""
    with counter.get_lock():
        number = counter.value
        counter.value += 1
    pin(number)


def _live_named(job: Job, setting: Setting) -> Record:
    """Run a job. Any error names the job and can be passed between processes."""
    try:
        return live(job, setting)
    except BenchError as error:
        raise BenchError(f"{job.name}: {error}") from error
    except HostError as error:
        raise BenchError(f"{job.name}: the programmer failed: {error}") from error


def run_jobs(jobs: Sequence[Job], setting: Setting, workers: int, progress: Progress) -> list[Record]:
    """Return the records of `jobs`, in their order. The first bench error ends the run and propagates."""
    if workers <= 1:
        return [_run_here(job, setting, progress) for job in jobs]
    context = multiprocessing.get_context("spawn")
    records: dict[str, Record] = {}
    with ProcessPoolExecutor(workers, context, _pin, (context.Value("i", 0),)) as pool:
        futures: dict[Future[Record], Job] = {
            pool.submit(_live_named, job, setting): job for job in sorted(jobs, key=lambda job: -job.cost)
        }
        try:
            for future in as_completed(futures):
                job = futures[future]
                records[job.name] = future.result()
                progress.finished(job, records[job.name])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [records[job.name] for job in jobs]


def _run_here(job: Job, setting: Setting, progress: Progress) -> Record:
    record = _live_named(job, setting)
    progress.finished(job, record)
    return record
