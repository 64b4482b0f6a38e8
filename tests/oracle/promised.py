"""A pump of the oracle that is asked by hand whether a bolus would exceed a rolling cap."""

from __future__ import annotations

from hil.oracle.exact import Quantum
from hil.oracle.promises import cap_reasons
from hil.oracle.pump import Pump, Seen
from hil.oracle.reasons import Reason
from tests.oracle.hand import EDGE_US, H

DAY_US = 24 * H
FREE: tuple[list[Reason], list[Reason]] = ([], [])


def pump(rate_mu_per_h: int = 0, hour_mu: int = 60_000, day_mu: int = 150_000, stroke_nl: int = 500) -> Pump:
    made = Pump(Quantum(stroke_nl, 400), EDGE_US, Seen([]))
    made.programme.by_hand_mu_per_h = rate_mu_per_h
    made.caps.hour_mu, made.caps.day_mu = hour_mu, day_mu
    made.follow()
    return made


def made_before(made: Pump, *ago_us: int) -> Pump:
    """Strokes were made so long ago; it is 30 h."""
    made.pass_time(30 * H)
    made.basal.owed_q = 0
    for each in ago_us:
        made.caps.count(30 * H - each)
    return made


def parts(made: Pump, now_mu: int, spread_mu: int) -> tuple[int, int]:
    """In strokes."""
    return now_mu * 1000 // made.quantum.uu, spread_mu * 1000 // made.quantum.uu


def by_pattern(*rates: int) -> Pump:
    """By the pattern from midnight on, the last rate for the rest of the day."""
    made = pump()
    made.programme.rates[0] = [*rates, *[rates[-1]] * (48 - len(rates))]
    made.programme.pattern = 0
    made.programme.set_clock(0, 0)
    made.follow()
    return made


def demanded(made: Pump, now_mu: int, spread_mu: int = 0, over_us: int = 0) -> set[str]:
    """Of an order that was accepted: what it should have been refused for."""
    must, may = cap_reasons(made, parts(made, now_mu, spread_mu), over_us, refused=False)
    assert may == [] and all(each == Reason(each.code) for each in must)
    return {each.code for each in must}


def told(made: Pump, now_mu: int, spread_mu: int = 0, over_us: int = 0) -> tuple[list[Reason], list[Reason]]:
    return cap_reasons(made, parts(made, now_mu, spread_mu), over_us, refused=True)
