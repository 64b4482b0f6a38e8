"""One core for a bench and its device: they run in turns, and a switch within a core costs 3 µs, across cores 80 µs."""

from __future__ import annotations

import os


def pin(worker: int | None = None) -> None:
    """Pin this process, and the devices it starts, to one core: the `worker`th of those it may use.

    Without `worker` a pytest-xdist worker takes its own number, anything else 0. Does nothing where the system cannot.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    if worker is None:
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[worker % len(cores)]})
