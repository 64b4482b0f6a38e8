"""The tables of docs/occlusion.md, which tools/docs/figures.py sets into it.

That of false alarms comes from the nightly run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

SEEN = ("occlusion", "partial_occlusion", "air_lock", "backflow", "motor_stall", "sensor_stuck", "sensor_range")


def closed(results: dict[str, Any]) -> str:
    """Return the table of closed catheters by mechanism and rate."""
    lines = [
        "| mechanism | stroke | rate | runs | strokes to it: median, 99 %, most | missed: median, most "
        "| time: median, most |",
        "|---|---:|---|---:|---:|---:|---:|",
    ]
    for row in results["detection"]:
        if row["fault"] == "occlusion":
            strokes, missed, seconds = row["strokes"], row["missed_u"], row["seconds"]
            lines.append(
                f"| {row['mechanism']} | {row['stroke_nl']} nL | {row['rate']} | {row['runs']} "
                f"| {strokes['median']}, {strokes['p99']}, {strokes['max']} "
                f"| {missed['median']:.2f} U, {missed['max']:.2f} U "
                f"| {duration(seconds['median'])}, {duration(seconds['max'])} |"
            )
    return "\n".join(lines)


def others(results: dict[str, Any], stroke_nl: int = 500) -> str:
    """Return the table of the other faults, all rates of the implant together."""
    lines = [
        "| fault | runs | rightly named | strokes to the finding: median over the rates, most | missed by then, most |",
        "|---|---:|---:|---:|---:|",
    ]
    for fault in (*SEEN, "sensor_drift"):
        those = ("implant", stroke_nl, fault)
        rows = [row for row in results["detection"] if (row["mechanism"], row["stroke_nl"], row["fault"]) == those]
        medians = sorted(row["strokes"]["median"] for row in rows)
        lines.append(
            f"| {fault} | {sum(row['runs'] for row in rows)} | {sum(row['right'] for row in rows)} "
            f"| {medians[len(medians) // 2]}, {max(row['strokes']['max'] for row in rows)} "
            f"| {max(row['missed_u']['max'] for row in rows):.2f} U |"
        )
    return "\n".join(lines)


def confusion(results: dict[str, Any], kind: str = "implant") -> str:
    """Return the confusion matrix of the implant at all rates. Only diagnoses that occur have a column."""
    matrix = results["confusion"][kind]["all"]
    names = [*matrix, *sorted({name for row in matrix.values() for name in row} - set(matrix))]
    lines = ["| truth \\ found | " + " | ".join(names) + " |", "|---" + "|---:" * len(names) + "|"]
    for truth, row in matrix.items():
        lines.append(f"| {truth} | " + " | ".join(str(row.get(name, "·")) for name in names) + " |")
    return "\n".join(lines)


def healthy(results: dict[str, Any]) -> str:
    """Return the results of the patient-years without a fault."""
    lines = []
    for name, stroke in (("coarse", "500 nL"), ("fine", "125 nL")):
        alarms = results["false_alarms"][name]
        below = alarms["per_patient_year_below_at_95_percent"]
        text = f"- {stroke}: {alarms['patient_years']:,} patient-years, {alarms['strokes']:,} strokes in "
        text += f"{alarms['lives']:,} lives, {alarms['readings_per_stroke']:.2f} readings a stroke: "
        text += f"{alarms['found']} findings"
        lines.append(text + (f" (below {below:.4f} a patient-year with 95 % confidence)." if below else "."))
    return "\n".join(lines)


def thresholds(results: dict[str, Any]) -> str:
    """Return the table of thresholds that follow for both mechanisms."""
    each = results["spec"]["thresholds"]
    lines = ["| threshold | implant | implant, 125 nL | syringe mock |", "|---|---:|---:|---:|"]
    for name, value in each["implant"].items():
        if name != "looks_us":
            lines.append(f"| `{name}` | {value} | {each['implant_fine'][name]} | {each['syringe_mock'][name]} |")
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Return a duration in units that suit a reader."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "closed": closed,
    "others": others,
    "others_fine": partial(others, stroke_nl=125),
    "confusion": confusion,
    "confusion_fine": partial(confusion, kind="implant_fine"),
    "thresholds": thresholds,
}
