"""Would a bolus pass a rolling cap, with all that is already promised?

GUARD-1: strokes of running boluses still to come count, and of a spread part what falls into the window, so that
nothing that was accepted is cut by a cap unless basal was raised meanwhile. The future is played forward on a fork of
the pump: if a bolus stroke is withheld in it, the order must be refused; if one would be by the safe side's measure,
with the greatest basal that may come, it may be.

Implements: GUARD-1 (the oracle's side)
"""

from __future__ import annotations

from bisect import bisect_left

from hil.oracle.caps import DAY, HOUR, Caps
from hil.oracle.exact import DAY_US, NEVER_US, SAFE_SIDE_US, US_PER_H
from hil.oracle.pump import NORMALS, Pump, Seen, Stroke
from hil.oracle.reasons import Reason

CODES = {HOUR: "hour_limit", DAY: "day_limit"}
SQUARES = ("square_bolus", "dual_square")


def cap_reasons(
    pump: Pump, now_mu: int, spread_mu: int, over_us: int, *, refused: bool
) -> tuple[list[Reason], list[Reason]]:
    """(reasons that demand a refusal, reasons that allow one) for a bolus of these parts; figures if `refused`."""
    strokes = (now_mu + spread_mu) * 1000 // pump.quantum.uu
    left = [bolus.left for bolus in (pump.normal, pump.square) if bolus is not None]
    if _plainly_free(pump, strokes + sum(left), over_us):
        return [], []
    must, may = [], []
    cut = _withheld(_fork(pump, now_mu, spread_mu, over_us, pump.caps))
    if not refused:
        return [Reason(CODES[name]) for name in cut], []
    free = Caps(pump.quantum.uu, hour_mu=NO_CAP_MU, day_mu=NO_CAP_MU)
    future = _fork(pump, now_mu, spread_mu, over_us, free, greatest=True)
    for name, window_us, limit_uu in pump.caps.windows():
        most = _fullest(pump, future.strokes, window_us + SAFE_SIDE_US, powered=True)
        # All that is promised, laid on what was used: "the total that would have been reached".
        at_once = pump.caps.used(pump.bench_us, window_us)[1] + strokes + sum(left)
        figures = range(limit_uu // 1000, pump.quantum.mu(max(most, at_once)) + 1)
        reason = Reason(CODES[name], None, figures, limit_uu // 1000)
        if name in cut:
            must.append(reason)
        elif most * pump.quantum.uu > limit_uu or at_once * pump.quantum.uu > limit_uu:
            may.append(reason)
    return must, may


NO_CAP_MU = 1 << 40


def _plainly_free(pump: Pump, strokes: int, over_us: int) -> bool:
    """No cap is near before all boluses have ended, whatever basal does: the common case, without a fork."""
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


def _fork(pump: Pump, now_mu: int, spread_mu: int, over_us: int, caps: Caps, *, greatest: bool = False) -> Pump:
    """What comes if the bolus is taken and nobody orders anything more, until all boluses have ended."""
    fork = pump.fork(Seen([]))
    fork.caps = Caps(caps.stroke_uu, hour_mu=caps.hour_mu, day_mu=caps.day_mu)
    fork.caps.starts_us = pump.caps.starts_us[bisect_left(pump.caps.starts_us, pump.bench_us - DAY_US) :]
    fork.caps.powered_us = list(fork.caps.starts_us)
    fork.caps.exact_only = True
    programme = fork.programme
    if greatest:
        programme.pattern, programme.by_hand_mu_per_h = 255, _greatest_rate(pump)
        programme.temp, programme.recommended_until_us = None, NEVER_US
    fork.follow()
    if now_mu:
        fork.begin("normal_bolus", now_mu * 1000 // pump.quantum.uu)
    if spread_mu:
        fork.begin("square_bolus", spread_mu * 1000 // pump.quantum.uu, over_us)
    while fork.normal is not None or fork.square is not None:
        fork.advance(fork.next_stroke_us())
    return fork


def _withheld(fork: Pump) -> set[str]:
    """The caps that have cut a bolus in the fork."""
    return {entry.reason for entry in fork.entries if entry.kind in NORMALS + SQUARES and entry.reason in CODES}


def _fullest(pump: Pump, strokes: list[Stroke], window_us: int, *, powered: bool = False) -> int:
    """Most strokes in any window that ends with a stroke of the future; with `powered` in time with power."""
    past, off_us = (pump.caps.powered_us, pump.caps.off_us) if powered else (pump.caps.starts_us, 0)
    now_us = pump.bench_us - off_us
    starts = past[bisect_left(past, now_us - window_us) :]
    first = len(starts)
    most = first
    starts += [stroke.bench_us - off_us for stroke in strokes]
    for place in range(first, len(starts)):
        most = max(most, place + 1 - bisect_left(starts, starts[place] - window_us))
    return most
