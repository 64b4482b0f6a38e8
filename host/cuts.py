"""Whether a rolling cap must cut a basal rate or a pattern every day, shown with the question before an order.

The pump's reply says it too.

Implements: GUARD-1, THER-9
"""

from __future__ import annotations

from collections.abc import Sequence

from host.records import Limits
from host.texts.spoken import said

# The pump's windows are a little longer than an hour and a day, so a rate that exactly meets a cap is cut as well.
_HOUR_S, _DAY_S = (3603, 3600), (86403, 86400)
_TEXTS = {"hour": "the limit for one hour", "day": "the limit for 24 hours"}


def cut_by(rates_mu_per_h: Sequence[int], limits: Limits) -> str:
    """Which limit cuts `rates_mu_per_h`: "none", "hour" or "day". They are half-hourly rates, or one for the day."""
    rates = [min(rate, limits.max_basal_mu_per_h) for rate in rates_mu_per_h]
    hour_mu = max(rate + before for rate, before in zip(rates, [rates[-1], *rates], strict=False)) / 2
    if hour_mu * _HOUR_S[0] > limits.max_hour_mu * _HOUR_S[1]:
        return "hour"
    day_mu = 24 * sum(rates) / len(rates)
    return "day" if day_mu * _DAY_S[0] > limits.max_day_mu * _DAY_S[1] else "none"


def cut_text(found: str) -> str:
    """The warning to append after a sentence; empty if nothing is cut."""
    return "" if found == "none" else f" [bold red]Not all of it will be delivered: {_TEXTS[found]} cuts it.[/]"


def cut_note(found: str, language: str = "en") -> str:
    """The warning to append after a rate, within a line."""
    return "" if found == "none" else said(", [bold red]cut by {}[/]", language, said(_TEXTS[found], language))
