"""Would a bolus exceed a rolling cap, given all that is already promised?

GUARD-1: strokes of running boluses still to come count, and of a spread part what falls into the window, so that
nothing that was accepted is cut by a cap unless basal was raised meanwhile. The future is played forward on a fork of
the pump until all boluses have ended. If a stroke of a bolus is withheld there, the order must be refused, unless a cap
must cut something without it too. The order may be refused if anything that is known to come, basal included, would
reach a cap up to a day later, by the safe side's measure.

Implements: GUARD-1 (the oracle's side)
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import numpy.typing as npt

from hil.oracle.accounts import NORMALS
from hil.oracle.caps import DAY, HOUR, Caps
from hil.oracle.exact import DAY_US, HOUR_US, SAFE_SIDE_US, up
from hil.oracle.pump import Pump, Seen
from hil.oracle.reasons import Reason

WAIT_STROKES = 4  # strokes owed together wait for each other: the safe side counts so many more
CODES = {HOUR: "hour_limit", DAY: "day_limit"}
SQUARES = ("square_bolus", "dual_square")
NOTHING = (0, 0)  # strokes at once, strokes spread
Times = npt.NDArray[np.int64]


def cap_reasons(
    pump: Pump, parts: tuple[int, int], over_us: int, *, refused: bool
) -> tuple[list[Reason], list[Reason]]:
    """Return the reasons for which a bolus must be refused, and those for which it may be.

    Its parts are the strokes at once, and those spread over `over_us`. The reasons have figures if it was `refused`.
    """
    promised = sum(parts) + sum(bolus.left for bolus in (pump.normal, pump.square) if bolus is not None)
    cut: set[str] = set()
    if not _plainly_free(pump, promised):
        cut = _withheld(_fork(pump, parts, over_us))
        if cut and _fork(pump, until_us=over_us).withheld:
            cut = set()
    if not refused:
        return [Reason(CODES[name]) for name in cut], []
    must, may = [], []
    starts = _foreseen(pump, parts, over_us)
    for name, window_us, limit_uu in pump.caps.windows():
        fullest = _fullest(starts, window_us + 3 * SAFE_SIDE_US + promised * pump.quantum.spacing_us)
        # The figure: "the total that would have been reached", perhaps of all that is promised, laid on what was used.
        used = pump.caps.used(pump.bench_us, window_us)[1]
        most = max(fullest, used + promised)
        figures = range(limit_uu // 1000, pump.quantum.mu(most + WAIT_STROKES) + 1)
        reason = Reason(CODES[name], None, figures, limit_uu // 1000)
        if name in cut:
            must.append(reason)
        elif fullest * pump.quantum.uu > limit_uu:
            may.append(reason)
    return must, may


def lowest_reasons(pump: Pump, hour_mu: int, day_mu: int) -> list[Reason]:
    """Reasons for which new caps may be refused: they are lower than what running boluses have been promised."""
    if pump.normal is None and pump.square is None:
        return []
    starts = _foreseen(pump)
    found = []
    for field, window_us, limit_mu in (("max_hour_mu", HOUR_US, hour_mu), ("max_day_mu", DAY_US, day_mu)):
        if pump.quantum.mu(_fullest(starts, window_us + 2 * SAFE_SIDE_US)) > limit_mu:
            found.append(Reason("out_of_range", field, limit_mu))
    return found


def _plainly_free(pump: Pump, strokes: int) -> bool:
    """Is there room for all that is promised, waits, and comes of basal at its greatest, in any window?

    Then no future needs to be played; this is the common case.
    """
    strokes += pump.basal.waiting(pump.quantum.q)
    for _, window_us, limit_uu in pump.caps.windows():
        _, used = pump.caps.used(pump.bench_us, window_us)
        basal = up(_greatest_rate(pump) * window_us, pump.quantum.q)
        if (used + strokes + basal) * pump.quantum.uu > limit_uu:
            return False
    return True


def _greatest_rate(pump: Pump) -> int:
    programme = pump.programme
    rates = programme.all_programmed()
    if programme.temp is not None:
        rates = rates + [programme.temp.of(rate) for rate in rates]
    return max([*rates, pump.rate])


def _fork(pump: Pump, parts: tuple[int, int] = NOTHING, over_us: int = 0, until_us: int = 0) -> Pump:
    """Play the pump on, with this bolus accepted and nothing more ordered, until all boluses have ended.

    And at least for `until_us`.
    """
    fork = pump.fork(Seen([]))
    for entry in fork.entries:
        entry.withheld_by = ""
    fork.caps = Caps(pump.caps.stroke_uu, hour_mu=pump.caps.hour_mu, day_mu=pump.caps.day_mu, exact_only=True)
    fork.caps.starts_us = pump.caps.starts_us[bisect_left(pump.caps.starts_us, pump.bench_us - DAY_US) :]
    fork.caps.powered_us = list(fork.caps.starts_us)
    if parts[0]:
        fork.begin("normal_bolus", parts[0])
    if parts[1]:
        fork.begin("square_bolus", parts[1], over_us)
    while fork.normal is not None or fork.square is not None:
        fork.advance(fork.next_stroke_us())
    fork.advance(max(fork.now_us, pump.now_us + until_us))
    return fork


def _withheld(fork: Pump) -> set[str]:
    """The caps that have cut a bolus in the fork."""
    return {entry.withheld_by for entry in fork.entries if entry.kind in NORMALS + SQUARES and entry.withheld_by}


def _foreseen(pump: Pump, parts: tuple[int, int] = NOTHING, over_us: int = 0) -> Times:
    """Starts of the last day and of all that is known to come up to a day after the boluses, from now, in order.

    Only time with power counts, as the safe side may reckon. A stroke to come is placed where it is owed; spacing
    delays it.
    """
    now_us = pump.bench_us - pump.caps.off_us
    coming = [0] * parts[0] + [up((place + 1) * over_us, parts[1]) for place in range(parts[1])]
    for bolus in (pump.normal, pump.square):
        if bolus is not None:
            coming += [max(each - pump.now_us, 0) for each in bolus.promised_us(pump.now_us, pump.quantum.spacing_us)]
    coming += _basal(pump, max(coming) + DAY_US + 10 * SAFE_SIDE_US)
    return np.array([start - now_us for start in pump.caps.powered_us] + sorted(coming), np.int64)


def _basal(pump: Pump, end_us: int) -> list[int]:
    """When basal strokes are owed up to `end_us` from now, as the programme stands; those that wait, now."""
    fork = pump.fork(Seen([]))
    programme, basal, stroke_q = fork.programme, fork.basal, pump.quantum.q
    at_us, starts = 0, []
    while at_us < end_us:
        rate = programme.in_force(pump.now_us + at_us)
        next_us = min(programme.next_change_us(pump.now_us + at_us) - pump.now_us, end_us)
        while (due_us := basal.ready_us(at_us, rate, stroke_q)) <= next_us:
            starts.append(due_us)
            basal.owed_q += rate * (due_us - at_us) - stroke_q
            at_us = due_us
        basal.owed_q += rate * (next_us - at_us)
        at_us = next_us
        programme.lapse(pump.now_us + at_us)
    return starts


def _fullest(starts: Times, window_us: int) -> int:
    """Most strokes in any window that ends now or with a stroke to come."""
    ends_us = np.maximum(starts, 0)
    begins = np.searchsorted(starts, ends_us - window_us, side="left")
    return int((np.searchsorted(starts, ends_us, side="right") - begins).max())
