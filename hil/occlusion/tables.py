"""The campaign's outcomes as figures: strokes, units and seconds to detection, confusion, judged against limits.

Implements: OCC-1, OCC-2, OCC-4, HIL-6
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from hil.limits import Limits
from hil.measurement import Measurement
from hil.occlusion.cases import RATES_MU_PER_H, TRUTH
from hil.occlusion.lives import Outcome

CLASSES = tuple(dict.fromkeys(TRUTH.values()))
U_PER_NL = 400 / 1_000_000  # U-400


def rate_name(rate_mu_per_h: int) -> str:
    """Return "0.2 U/h", or "bolus"."""
    return f"{rate_mu_per_h / 1000:g} U/h" if rate_mu_per_h else "bolus"


def percentile(values: Iterable[float], percent: float) -> float | None:
    """Return the least value that `percent` of all do not exceed (nearest rank); None of none."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    figures = {"median": percentile(values, 50), "p99": percentile(values, 99), "max": max(values, default=None)}
    return {name: None if value is None else round(value, 3) for name, value in figures.items()}


def detection(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return one row for each mechanism, fault and rate."""
    rows = []
    for mechanism in ("implant", "syringe_mock"):
        for truth in CLASSES:
            for rate in RATES_MU_PER_H:
                runs = [
                    each
                    for each in outcomes
                    if (each.mechanism, each.truth, each.rate_mu_per_h) == (mechanism, truth, rate)
                ]
                if not runs:
                    continue
                found = [each for each in runs if each.first != "none"]
                rows.append(
                    {
                        "mechanism": mechanism,
                        "fault": truth,
                        "rate": rate_name(rate),
                        "runs": len(runs),
                        "found": len(found),
                        "right": sum(each.verdict == each.truth for each in runs),
                        "strokes": _spread([each.strokes for each in found]),
                        "missed_u": _spread([each.missed_nl * U_PER_NL for each in found]),
                        "seconds": _spread([each.seconds for each in found]),
                    }
                )
    return rows


def confusion(outcomes: Sequence[Outcome], rate: int | None = None) -> dict[str, dict[str, int]]:
    """Return how often each fault of the implant was called what, at one rate or at all."""
    counts: Counter[tuple[str, str]] = Counter()
    for each in outcomes:
        if each.mechanism == "implant" and rate in (None, each.rate_mu_per_h):
            counts[each.truth, each.verdict] += 1
    names = [*CLASSES, "occlusion_cleared"]
    return {
        truth: {name: counts[truth, name] for name in names if counts[truth, name]}
        for truth in CLASSES
        if any(counts[truth, name] for name in names)
    }


def confused_percent(outcomes: Sequence[Outcome], rate: int | None = None) -> float | None:
    """Return how many percent of the implant's runs ended with another name than the fault's."""
    runs = [each for each in outcomes if each.mechanism == "implant" and rate in (None, each.rate_mu_per_h)]
    return 100 * sum(each.verdict != each.truth for each in runs) / len(runs) if runs else None


def judge(outcomes: Sequence[Outcome], limits: Limits) -> list[Measurement]:
    """Return what is judged of the campaign."""
    results = []
    for mechanism in ("implant", "syringe_mock"):
        for rate in RATES_MU_PER_H:
            closed = [
                each
                for each in outcomes
                if (each.mechanism, each.truth, each.rate_mu_per_h) == (mechanism, "occlusion", rate)
            ]
            beyond = [each.strokes - each.limit_strokes if each.strokes >= 0 else float("inf") for each in closed]
            name = f"detector.strokes_beyond_limit.{mechanism}.{rate_name(rate)}"
            results.append(limits["detector.strokes_beyond_limit"].judge(name, percentile(beyond, 99)))
            if mechanism == "implant":
                missed = [each.missed_nl * U_PER_NL if each.strokes >= 0 else float("inf") for each in closed]
                worst = max(missed, default=None)
                results.append(limits["detector.missed_u"].judge(f"detector.missed_u.{rate_name(rate)}", worst))
    scopes: tuple[int | None, ...] = (None, *RATES_MU_PER_H)
    for scope in scopes:
        name = "detector.confusion." + ("all" if scope is None else rate_name(scope))
        results.append(limits["detector.confusion"].judge(name, confused_percent(outcomes, scope)))
    implant = [each for each in outcomes if each.mechanism == "implant"]
    healthy = [each for each in implant if each.truth == "none"]
    called = sum(each.first != "none" for each in healthy) if healthy else None
    results.append(limits["detector.healthy_called"].judge("detector.healthy_called", called))
    released = [each for each in implant if each.truth == each.verdict == "occlusion"]
    errors = [abs(each.stated_released_nl - each.released_nl) * U_PER_NL for each in released]
    results.append(limits["detector.released_error"].judge("detector.released_error", percentile(errors, 95)))
    return results
