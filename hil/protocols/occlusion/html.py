"""occlusion.html: what was judged, how each fault was found, what was confused. Made from the file of results alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hil.protocols.occlusion.page import duration
from hil.report.figures import Table, plain
from hil.report.glance import number
from hil.report.listed import listed
from hil.report.page import Head, render

_CONFUSED_SHOWN = 40


def page(results: dict[str, Any]) -> str:
    """Return the page."""
    run = listed("occlusion")
    measurements = results["measurements"]
    good = sum(each["verdict"] == "pass" for each in measurements)
    confused = results["confused_runs"]
    wrong = [f"the whole firmware differs: {each}" for each in results["whole_firmware"]["differ"]]
    return render(
        "figures.html.j2",
        Head(
            kind="occlusion campaign",
            question=run.question,
            verdict=results["verdict"],
            sentence=f"{good} of {len(measurements)} judged measurements lie within their limits.",
            sections=[*([("wrong", "What went wrong")] if wrong else []), ("judged", "Judged"), ("figures", "Figures")],
            simulated=run.simulated,
        ),
        results["run"],
        wrong=wrong,
        measurements=sorted(measurements, key=lambda each: each["verdict"]),
        figures=_figures(results, len(confused)),
        tables=[_detection(results), *_confusion(results), _confused(confused)],
    )


def _figures(results: dict[str, Any], confused: int) -> list[tuple[str, str]]:
    pairs = [
        ("lives with a fault", number(results["spec"]["runs"])),
        ("of these confused", number(confused)),
        ("lives through the whole firmware too", number(results["whole_firmware"]["runs"])),
    ]
    for name, lived in results["false_alarms"].items():
        found = f"{lived['found']} findings in {number(lived['patient_years'])} patient-years"
        named = ", ".join(f"{plain(each)} {count}" for each, count in lived["found_by_name"].items())
        pairs.append((f"without a fault, {name} strokes", f"{found}, {number(lived['strokes'])} strokes. {named}"))
    return pairs


def _detection(results: dict[str, Any]) -> Table:
    rows = [
        [
            plain(row["fault"]),
            row["mechanism"],
            f"{row['stroke_nl']} nL",
            str(row["rate"]),
            f"{row['right']} of {row['runs']}",
            ", ".join(_each(row["strokes"][name], number) for name in ("median", "p99", "max")),
            ", ".join(_each(row["missed_u"][name], "{:.2f} U".format) for name in ("median", "max")),
            ", ".join(_each(row["seconds"][name], duration) for name in ("median", "max")),
        ]
        for row in results["detection"]
    ]
    names = ["Fault", "Mechanism", "Stroke", "Rate", "Rightly named", "Strokes: median, 99 %, most"]
    return Table("How each fault was found", [*names, "Missed: median, most", "Time: median, most"], rows)


def _each(value: float | None, told: Callable[[float], str]) -> str:
    """A figure of a fault that no life had found has no value."""
    return "none" if value is None else told(value)


def _confusion(results: dict[str, Any]) -> list[Table]:
    tables = []
    for kind, rates in results["confusion"].items():
        matrix = rates["all"]
        found = [*matrix, *sorted({name for row in matrix.values() for name in row} - set(matrix))]
        rows = [[plain(truth), *(str(row.get(name, "·")) for name in found)] for truth, row in matrix.items()]
        title = f"Confusion: {plain(kind)}, all rates. A line is the truth, a column what was found"
        tables.append(Table(title, ["", *(plain(name) for name in found)], rows))
    return tables


def _confused(runs: list[dict[str, Any]]) -> Table:
    """The lives that were named wrongly, each with all that makes it again."""
    names = list(dict.fromkeys(key for each in runs for key in each))
    rows = [[str(each.get(name, "")) for name in names] for each in runs[:_CONFUSED_SHOWN]]
    more = f", the first {_CONFUSED_SHOWN} of {len(runs)}" if len(runs) > _CONFUSED_SHOWN else ""
    return Table(f"Lives that were named wrongly{more}", [plain(name) for name in names], rows)
