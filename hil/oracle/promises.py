"""Would a bolus exceed a rolling cap, given all that is already promised?

GUARD-1: strokes of running boluses still to come count, and of a spread part what falls into the window, so that
nothing that was accepted is cut by a cap unless basal was raised meanwhile. The future is played forward on a fork of
the pump until all boluses have ended. If a stroke of a bolus is withheld there, the order must be refused, unless a cap
must cut basal anyway. The order may be refused if anything that is known to come, basal included, would reach a cap up
to a day later, by the safe side's measure.

Implements: GUARD-1 (the oracle's side)
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import numpy.typing as npt

from hil.oracle.accounts import NORMALS
from hil.oracle.caps import DAY, HOUR, Caps
from hil.oracle.exact import DAY_US, SAFE_SIDE_US, US_PER_H
from hil.oracle.pump import Pump, Seen
from hil.oracle.reasons import Reason

WAIT_STROKES = 4  # strokes owed together wait for each other: the safe side counts so many more
CODES = {HOUR: "hour_limit", DAY: "day_limit"}
SQUARES = ("square_bolus", "dual_square")
Times = npt.NDArray[np.int64]


def cap_reasons(
    pump: Pump, now_mu: int, spread_mu: int, over_us: int, *, refused: bool
) -> tuple[list[Reason], list[Reason]]:
    """Return the reasons for which a bolus of these parts must be refused, and those for which it may be.

    They have figures if it was `refused`.
    """
    parts = now_mu * 1000 // pump.quantum.uu, spread_mu * 1000 // pump.quantum.uu
    left = [bolus.left for bolus in (pump.normal, pump.square) if bolus is not None]
    cut: set[str] = set()
    if not _plainly_free(pump, sum(parts) + sum(left), over_us):
        cut = _withheld(_fork(pump, parts, over_us))
        if cut and _basal_is_cut(_fork(pump, (0, 0), 0, over_us)):
            cut = set()
    if not refused:
        return [Reason(CODES[name]) for name in cut], []
    must, may = [], []
    starts, first = _foreseen(pump, parts, over_us)
    for name, window_us, limit_uu in pump.caps.windows():
        delays_us = (sum(parts) + sum(left)) * pump.quantum.spacing_us
        most = _fullest(starts, first, window_us + 3 * SAFE_SIDE_US + delays_us)
        # All that is promised, laid on what was used: "the total that would have been reached".
        most = max(most, pump.caps.used(pump.bench_us, window_us)[1] + sum(parts) + sum(left))
        figures = range(limit_uu // 1000, pump.quantum.mu(most + WAIT_STROKES) + 1)
        reason = Reason(CODES[name], None, figures, limit_uu // 1000)
        if name in cut:
            must.append(reason)
        elif most * pump.quantum.uu > limit_uu:
            may.append(reason)
    return must, may


def lowest_reasons(pump: Pump, hour_mu: int, day_mu: int) -> list[Reason]:
    """Reasons for which new caps may be refused: they are lower than what running boluses have been promised."""
    if pump.normal is None and pump.square is None:
        return []
    starts, first = _foreseen(pump, (0, 0), 0)
    found = []
    for field, window_us, limit_mu in (("max_hour_mu", 0, hour_mu), ("max_day_mu", 1, day_mu)):
        most = _fullest(starts, first, pump.caps.windows()[window_us][1] + 2 * SAFE_SIDE_US)
        if pump.quantum.mu(most) > limit_mu:
            found.append(Reason("out_of_range", field, limit_mu))
    return found


def _plainly_free(pump: Pump, strokes: int, over_us: int) -> bool:
    """Is no cap near before all boluses have ended, whatever basal does? The common case, decided without a fork."""
    ends_us = [bolus.entry.start_us + bolus.over_us for bolus in (pump.normal, pump.square) if bolus is not None]
    horizon_us = max([over_us, *(end_us - pump.now_us for end_us in ends_us)]) + strokes * pump.quantum.spacing_us
    for _, window_us, limit_uu in pump.caps.windows():
        _, most = pump.caps.used(pump.bench_us, window_us)
        basal_us = min(window_us, 2 * horizon_us) + SAFE_SIDE_US
        basal_uu = _greatest_rate(pump) * 1000 * basal_us // US_PER_H
        if (most + strokes + 2) * pump.quantum.uu + basal_uu > limit_uu:
            return False
    return True


def _greatest_rate(pump: Pump) -> int:
    programme = pump.programme
    rates = programme.all_programmed()
    if programme.temp is not None:
        rates = rates + [programme.temp.of(rate) for rate in rates]
    return max([*rates, programme.recommended_mu_per_h, pump.rate])


def _fork(pump: Pump, parts: tuple[int, int], over_us: int, until_us: int = 0) -> Pump:
    """Play the pump on, with this bolus accepted and nothing more ordered, until all boluses have ended."""
    fork = pump.fork(Seen([]))
    fork.caps = Caps(pump.caps.stroke_uu, hour_mu=pump.caps.hour_mu, day_mu=pump.caps.day_mu, exact_only=True)
    fork.caps.starts_us = pump.caps.starts_us[bisect_left(pump.caps.starts_us, pump.bench_us - DAY_US) :]
    fork.caps.powered_us = list(fork.caps.starts_us)
    fork.follow()
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
    return {entry.reason for entry in fork.entries if entry.kind in NORMALS + SQUARES and entry.reason in CODES}


def _basal_is_cut(fork: Pump) -> bool:
    """Has a cap cut basal in the fork?"""
    return any(entry.abandoned and entry.kind not in NORMALS + SQUARES for entry in fork.entries)


def _foreseen(pump: Pump, parts: tuple[int, int], over_us: int) -> tuple[Times, int]:
    """Starts of the last day and of all that is known to come up to a day after the boluses; how many are past.

    Only time with power counts, as the safe side may reckon. A stroke to come is placed where it is owed; spacing
    delays it.
    """
    now_us = pump.bench_us - pump.caps.off_us
    past = [start - now_us for start in pump.caps.powered_us]
    coming = [0] * parts[0] + [-(-(place + 1) * over_us // parts[1]) for place in range(parts[1])]
    for bolus in (pump.normal, pump.square):
        if bolus is not None:
            coming += [each - pump.now_us for each in bolus.promised_us(pump.now_us, pump.quantum.spacing_us)]
    end_us = max([0, *coming]) + DAY_US + 10 * SAFE_SIDE_US
    stretches = [np.array(past, np.int64), np.sort(np.concatenate([np.array(coming, np.int64), _basal(pump, end_us)]))]
    return np.concatenate(stretches), len(past)


def _basal(pump: Pump, end_us: int) -> Times:
    """When basal strokes are owed up to `end_us` from now, as the programme stands."""
    fork = pump.fork(Seen([]))
    stroke_q, owed_q = pump.quantum.q, fork.basal.owed_q
    at_us, starts = fork.now_us, [np.zeros(0, np.int64)]
    while at_us < pump.now_us + end_us:
        rate = fork.programme.in_force(at_us)
        next_us = min(fork.programme.next_change_us(at_us), pump.now_us + end_us)
        if rate:
            due = (owed_q + rate * (next_us - at_us)) // stroke_q
            numbers = np.arange(1, due + 1, dtype=object)
            starts.append(
                np.array([at_us - pump.now_us + -(-(n * stroke_q - owed_q) // rate) for n in numbers], np.int64)
            )
            owed_q += rate * (next_us - at_us) - due * stroke_q
        at_us = next_us
        fork.programme.lapse(at_us)
    return np.concatenate(starts)


def _fullest(starts: Times, first: int, window_us: int) -> int:
    """Most strokes in any window that ends now or with a stroke to come."""
    if len(starts) == 0:
        return 0
    ends = np.arange(max(0, first - 1), len(starts))
    begins = np.searchsorted(starts, starts[ends] - window_us, side="left")
    return int((ends - begins).max()) + 1
