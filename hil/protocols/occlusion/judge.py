"""Turns the campaign's outcomes into figures: strokes, units and seconds to detection, confusion, judged against
limits.

Implements: OCC-1, OCC-2, OCC-4, HIL-6
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from hil.protocols.occlusion.jobs import COARSE, FINE, RATES_MU_PER_H, TRUTH
from hil.protocols.occlusion.lives import Outcome
from hil.results.limits import Limits
from hil.results.measurement import Measurement

CLASSES = tuple(dict.fromkeys(TRUTH.values()))
# Groups judged separately: mechanism, stroke, and the group's name.
KINDS = (
    ("implant", COARSE.stroke_nl, "implant"),
    ("implant", FINE.stroke_nl, "implant_fine"),
    ("syringe_mock", COARSE.stroke_nl, "syringe_mock"),
)
U_PER_NL = 400 / 1_000_000  # U-400


def rate_name(rate_mu_per_h: int) -> str:
    """Return "0.2 U/h", or "bolus"."""
    return f"{rate_mu_per_h / 1000:g} U/h" if rate_mu_per_h else "bolus"


def percentile(values: Iterable[float], percent: float) -> float | None:
    """Return the least value that `percent` of all do not exceed (nearest rank), or None if there are no values."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    figures = {"median": percentile(values, 50), "p99": percentile(values, 99), "max": max(values, default=None)}
    return {name: None if value is None else round(value, 3) for name, value in figures.items()}


def _of(outcomes: Sequence[Outcome], mechanism: str, stroke_nl: int, rate: int | None = None) -> list[Outcome]:
    """Return the outcomes of one mechanism and stroke, at one rate or at all."""
    some = [each for each in outcomes if (each.mechanism, each.stroke_nl) == (mechanism, stroke_nl)]
    return [each for each in some if rate in (None, each.rate_mu_per_h)]


def detection(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return one row for each mechanism, stroke, fault and rate."""
    rows = []
    for (mechanism, stroke_nl, _), truth, rate in product(KINDS, CLASSES, RATES_MU_PER_H):
        runs = [each for each in _of(outcomes, mechanism, stroke_nl, rate) if each.truth == truth]
        if not runs:
            continue
        found = [each for each in runs if each.first != "none"]
        rows.append(
            {
                "mechanism": mechanism,
                "stroke_nl": stroke_nl,
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


def confusion(outcomes: Sequence[Outcome], stroke_nl: int, rate: int | None = None) -> dict[str, dict[str, int]]:
    """Return how often each fault of the implant got which diagnosis, at one rate or at all."""
    counts = Counter((each.truth, each.verdict) for each in _of(outcomes, "implant", stroke_nl, rate))
    names = [*CLASSES, "occlusion_cleared"]
    return {
        truth: {name: counts[truth, name] for name in names if counts[truth, name]}
        for truth in CLASSES
        if any(counts[truth, name] for name in names)
    }


def confused_percent(outcomes: Sequence[Outcome], stroke_nl: int, rate: int | None = None) -> float | None:
    """Return the percentage of the implant's runs that ended with a wrong diagnosis."""
    runs = _of(outcomes, "implant", stroke_nl, rate)
    return 100 * sum(each.verdict != each.truth for each in runs) / len(runs) if runs else None


def judge(outcomes: Sequence[Outcome], limits: Limits) -> list[Measurement]:
    """Return the campaign's measurements, judged against `limits`."""
    results = []
    for mechanism, stroke_nl, kind in KINDS:
        for rate in RATES_MU_PER_H:
            closed = [each for each in _of(outcomes, mechanism, stroke_nl, rate) if each.truth == "occlusion"]
            beyond = [each.strokes - each.limit_strokes if each.strokes >= 0 else float("inf") for each in closed]
            name = f"detector.strokes_beyond_limit.{kind}.{rate_name(rate)}"
            results.append(limits["detector.strokes_beyond_limit"].judge(name, percentile(beyond, 99)))
            if mechanism == "implant":
                missed = [each.missed_nl * U_PER_NL if each.strokes >= 0 else float("inf") for each in closed]
                worst = max(missed, default=None)
                results.append(limits["detector.missed_u"].judge(f"detector.missed_u.{kind}.{rate_name(rate)}", worst))
        if mechanism == "implant":
            results += _told_apart(outcomes, stroke_nl, kind, limits)
    return results


def _told_apart(outcomes: Sequence[Outcome], stroke_nl: int, kind: str, limits: Limits) -> list[Measurement]:
    results = []
    scopes: tuple[int | None, ...] = (None, *RATES_MU_PER_H)
    for scope in scopes:
        name = f"detector.confusion.{kind}." + ("all" if scope is None else rate_name(scope))
        results.append(limits["detector.confusion"].judge(name, confused_percent(outcomes, stroke_nl, scope)))
    implant = _of(outcomes, "implant", stroke_nl)
    healthy = [each for each in implant if each.truth == "none"]
    called = sum(each.first != "none" for each in healthy) if healthy else None
    results.append(limits["detector.healthy_called"].judge(f"detector.healthy_called.{kind}", called))
    released = [each for each in implant if each.truth == each.verdict == "occlusion"]
    errors = [abs(each.stated_released_nl - each.released_nl) * U_PER_NL for each in released]
    results.append(limits["detector.released_error"].judge(f"detector.released_error.{kind}", percentile(errors, 95)))
    return results
