"""What makes no sense in the pump's present state, found before a question is asked that would lead nowhere.

The pump judges every order by itself; these are its own rules as far as its status shows them. A test compares them.

Implements: HOST-1, THER-9
"""

from __future__ import annotations

from host.console import NotNow
from host.records import Status
from host.units import amount

_WAYS_OUT = {
    "stopped": "the pump is stopped: pump resume",
    "suspended": "the pump is suspended: pump resume",
    "procedure": "the pump is in a procedure: pump procedure show",
    "fault": "the pump has latched a fault: pump status",
    "running": "the pump is running already",
}


def need_state(now: Status, *states: str) -> None:
    """Raise NotNow unless the pump is in one of `states`."""
    if now.state not in states:
        raise NotNow(_WAYS_OUT[now.state])


def need_rate(now: Status, rate_mu_per_h: int) -> None:
    """Raise NotNow if a basal rate is above the clinician's limit."""
    if rate_mu_per_h > now.max_basal_mu_per_h:
        limit = amount(now.max_basal_mu_per_h, "mU/h")
        raise NotNow(f"{amount(rate_mu_per_h, 'mU/h')} is beyond the clinician's limit of {limit}: pump limits")


def need_bolus(now: Status, at_once_mu: int, spread_mu: int) -> None:
    """Raise NotNow if the pump would not begin this bolus."""
    need_state(now, "running")
    if at_once_mu and now.bolus_remaining_mu:
        raise NotNow(f"a bolus is running, with {amount(now.bolus_remaining_mu, 'mU')} to come: wait, or pump cancel")
    if spread_mu and now.square_remaining_mu:
        left = amount(now.square_remaining_mu, "mU")
        raise NotNow(f"a square bolus is running, with {left} to come: wait, or pump cancel")
    whole_mu = at_once_mu + spread_mu
    if whole_mu > now.max_bolus_mu:
        limit = amount(now.max_bolus_mu, "mU")
        raise NotNow(f"{amount(whole_mu, 'mU')} is beyond the clinician's limit of {limit} for a bolus: pump limits")
    if at_once_mu > now.max_hour_mu or whole_mu > now.max_day_mu:
        hour, day = amount(now.max_hour_mu, "mU"), amount(now.max_day_mu, "mU")
        raise NotNow(
            f"{amount(whole_mu, 'mU')} is beyond the limits of {hour} in 60 min and {day} in 24 h: pump limits"
        )


def programme(now: Status) -> tuple[object, ...]:
    """Return what a question about delivery rests on, apart from what passes by itself."""
    deliveries = (now.bolus_id, now.square_id, now.temp_until_us)
    return (now.state, now.fault, now.basal_rate_mu_per_h, now.pattern, now.limits, *deliveries)
