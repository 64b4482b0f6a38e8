"""Runs a function over many seeds in worker processes. Each worker and the device it starts share one core.

Implements: HIL-5, HIL-8
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.sharedctypes import Synchronized
from typing import Any, TypeVar

from hil.backends.pinning import pin
from hil.errors import EXIT_BENCH, BenchError

T = TypeVar("T")


def run(function: Callable[..., T], jobs: Sequence[tuple[Any, ...]], workers: int) -> list[T]:
    """Return the results of `function` for each of the argument lists `jobs`, in their order. `function` must be
    importable.

    Raises what it raises; BenchError if a worker has died.
    """
    if min(workers, len(jobs)) <= 1:
        pin()
        return [function(*job) for job in jobs]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), context, _pinned, (context.Value("i", 0),)) as pool:
        futures = [pool.submit(function, *job) for job in jobs]
        try:
            return [each.result() for each in futures]
        except BrokenProcessPool as error:
            raise BenchError("a worker process has died") from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def exit_code(main: Callable[[], int]) -> int:
    """Return the exit code of `main`, or that of a broken bench if it raises BenchError."""
    try:
        return main()
    except BenchError as error:
        print(f"bench error (this says nothing about dosing): {error}", file=sys.stderr)
        return EXIT_BENCH


def _pinned(counter: Synchronized[int]) -> None:
    with counter.get_lock():
        number = counter.value
        counter.value += 1
    pin(number)
