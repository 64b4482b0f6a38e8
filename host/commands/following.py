"""Follows a bolus to its end, for `pump bolus --wait`.

Implements: HOST-1
"""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.progress import Progress

from host.api.client import Programmer
from host.console import CutShort
from host.options import Options
from host.records import Status
from host.telling import Screen
from host.units import amount

_POLL_S = 0.5
_LAST_STROKE_US = 3_000_000  # from its start until it is confirmed or known to be lost


def follow(pump: Programmer, options: Options, bolus_id: int, square_id: int, volume_mu: int) -> None:
    """Show how much of a bolus has come until it is over: `bolus_id` and `square_id` are its parts, 0 for one that it
    has not. Raises CutShort if it ends before all of it was delivered; what the programmer raises.
    """
    if options.as_json:
        _wait(pump, bolus_id, square_id, volume_mu, None)
        return
    screen = Screen(stderr=True)
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task("bolus", total=volume_mu)
        delivered_mu = _wait(
            pump,
            bolus_id,
            square_id,
            volume_mu,
            lambda mu: progress.update(task, completed=mu, description=f"{amount(mu, 'mU')} delivered"),
        )
    Screen().print(f"Completed: {amount(delivered_mu, 'mU')} delivered.")


def _wait(pump: Programmer, bolus_id: int, square_id: int, volume_mu: int, tell: Callable[[int], object] | None) -> int:
    ended_us: int | None = None
    while True:
        now = pump.status()
        delivered_mu, coming_mu = _parts(now, bolus_id, square_id)
        if tell is not None:
            tell(delivered_mu)
        if delivered_mu >= volume_mu:
            return delivered_mu
        if not coming_mu and ended_us is None:
            ended_us = now.now_us  # its last stroke may be under way
        if ended_us is not None and now.now_us - ended_us >= _LAST_STROKE_US:
            whole = amount(volume_mu, "mU")
            raise CutShort(
                f"the bolus ended early: {amount(delivered_mu, 'mU')} of {whole} delivered; the pump is {now.state},"
                " see pump deliveries and pump alarms"
            )
        time.sleep(_POLL_S)


def _parts(now: Status, bolus_id: int, square_id: int) -> tuple[int, int]:
    """(mU delivered, mU to come) of the parts."""
    delivered_mu = coming_mu = 0
    if bolus_id and now.bolus_id == bolus_id:
        delivered_mu += now.bolus_delivered_mu
        coming_mu += now.bolus_remaining_mu
    if square_id and now.square_id == square_id:
        delivered_mu += now.square_delivered_mu
        coming_mu += now.square_remaining_mu
    return delivered_mu, coming_mu
