"""report.html: one self-contained page, made from results.json and, if there is one, edges.json. No script, no external
resource.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hil.report import charts, page
from hil.report.glance import glance
from hil.report.page import Head
from hil.report.published import BASAL, BOLUS
from hil.results.files import read_json, write_text
from hil.results.statistics import BIN_NAMES

LIMITED_WINDOW_MIN = 930


def _limits(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {limit["name"]: limit for limit in results["spec"]["limits"]}


def _boluses(results: dict[str, Any]) -> list[dict[str, Any]]:
    limits = _limits(results)
    rows = []
    for data in results["figures"]["bolus"]:
        limit = limits[f"delivery.bolus.{data['bolus_mu']}_mu"]
        rows.append(data | {"chart": charts.bolus_strip(data, limit["lower"], limit["upper"]), "limit": limit})
    return rows


def _longs(results: dict[str, Any]) -> list[dict[str, Any]]:
    limits = _limits(results)
    rows = []
    for data in results["figures"]["long"]:
        rate = data["rate_mu_per_h"] / 1000
        found = limits.get(f"delivery.trumpet_{LIMITED_WINDOW_MIN}_min.{data['rate_mu_per_h']}_mu_per_h")
        limit = (LIMITED_WINDOW_MIN, found["lower"], found["upper"]) if found else None
        rows.append(
            data
            | {
                "rate": rate,
                "trumpet_chart": charts.trumpet_chart(data["trumpet"]["ambulatory"], rate, limit),
                "hours_chart": charts.hours_chart(data["hours"], rate),
                "start_up_chart": charts.start_up_chart(data["start_up"], rate),
                "hours_within": sum(abs(row["error_percent"]) <= 15 for row in data["hours"]),
            }
        )
    return rows


def _basal(results: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a rate and pump, its hours side by side."""
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for data in results["figures"]["basal"]:
        key = (data["rate_mu_per_h"], data["pump"])
        row = rows.setdefault(key, {"rate": data["rate_mu_per_h"] / 1000, "pump": data["pump"], "hours": []})
        row["hours"].append(data)
    return list(rows.values())


def _edges(figures: dict[str, Any]) -> dict[str, Any]:
    """Return the loads with their verdicts, and two histograms of all their strokes."""
    loads = []
    totals: dict[str, dict[str, int]] = {"start": {}, "edge": {}}
    for load in figures["loads"]:
        name = load["load"].replace(", ", "-").replace(" ", "-")
        own = [each for each in figures["measurements"] if each["name"].split(".")[2] == name]
        passed = bool(own) and all(each["verdict"] == "pass" for each in own)
        wrong = abs(load["steps"] - load["steps_due"]) + load["short_strokes"]
        loads.append(load | {"verdict": "pass" if passed else "fail", "wrong": wrong})
        for kind, total in totals.items():
            for low, count in load[f"{kind}_histogram_us"].items():
                total[low] = total.get(low, 0) + count
    limits = {kind: _limit_of(figures, f"controller.{kind}.") for kind in totals}
    return {
        "image": figures["image"],
        "steps": figures["steps"],
        "not_modelled": figures["not_modelled"],
        "loads": loads,
        "start_chart": charts.histogram(totals["start"], "Starts of strokes after they are due", limits["start"]),
        "edge_chart": charts.histogram(totals["edge"], "Step edges off the exact ramp", limits["edge"]),
    }


def _limit_of(figures: dict[str, Any], prefix: str) -> tuple[float, float]:
    found = next(each for each in figures["measurements"] if each["name"].startswith(prefix))
    return found["lower"], found["upper"]


def render(results: dict[str, Any], edges: dict[str, Any] | None = None) -> str:
    """Return the page. `results` is the content of results.json, `edges` that of edges.json (None: not measured)."""
    measurements = results["measurements"]
    failed = [measurement for measurement in measurements if measurement["verdict"] == "fail"]
    rows = glance(measurements)
    return page.render(
        "accuracy.html.j2",
        _head(results, len(measurements), len(failed), with_edges=edges is not None),
        results["run"],
        results["failures"],
        spec=results["spec"],
        records=results["records"],
        measurements=measurements,
        information=results["information"],
        failed=failed,
        groups={kind: [row for row in rows if row.kind == kind] for kind in ("controller", "delivery")},
        bullet=charts.bullet,
        boluses=_boluses(results),
        bins=BIN_NAMES,
        basal=_basal(results),
        longs=_longs(results),
        priming=results["figures"]["priming"],
        intervals=results["figures"]["intervals"],
        stroke_volume=results["figures"].get("stroke_volume_nl"),
        published={"bolus": BOLUS, "basal": BASAL},
        edges=_edges(edges) if edges else None,
    )


def _head(results: dict[str, Any], judged: int, failed: int, *, with_edges: bool) -> Head:
    sections = [("glance", "At a glance"), ("bolus", "Boluses"), ("basal", "Basal totals"), ("long", "72 hours")]
    sections += [("strokes", "Strokes"), *([("edges", "Step edges")] if with_edges else [])]
    sections += [("published", "Beside other pumps"), ("model", "Model and assumptions"), ("all", "All measurements")]
    return Head(
        kind=f"accuracy run · {results['spec']['mechanism_title']}",
        question="Does the pump deliver what was programmed?",
        verdict="pass" if judged and not failed else "fail",
        sentence=f"{judged - failed} of {judged} judged measurements lie within their limits.",
        sections=sections,
        simulated="Firmware and dose core are the real ones; mechanism, catheter and balance are models, and the"
        " spread of the mechanism is an assumption.",
        notice="Methods are borrowed from published bench tests of insulin pumps; nothing here claims compliance with"
        " a standard.",
    )


def write_html(path: Path, results: dict[str, Any]) -> None:
    """Write the page to `path`. If `make edges` has left edges.json in the folder above, the page shows it too."""
    measured = path.resolve().parent.parent / "edges.json"
    edges = read_json(measured) if measured.is_file() else None
    write_text(path, render(results, edges))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write_html(folder / "report.html", read_json(folder / "results.json"))
