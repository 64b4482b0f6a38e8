"""Pins a bench and its device to one core. They run in turns; a switch costs 3 µs within a core, 80 µs across cores."""

from __future__ import annotations

import os


def pin(worker: int | None = None) -> None:
    """Pin this process and the devices it starts to one core, the `worker`th of the cores allowed.

    Without `worker` a pytest-xdist worker uses its own number, any other process 0. Does nothing on systems without
    pinning.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    if worker is None:
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[worker % len(cores)]})
