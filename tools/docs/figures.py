"""Set figures into pages: each stands between marks that name its place in docs/figures, and is never typed.
`budget` are the budgets of the boards, which tools/board_size.py writes, and `available` what they have; `heap` is
boards/heap.toml.

    <!--=life.strokes-->584,961<!--/-->

`make figures` runs what is quick to run, keeps its figures in docs/figures, and rewrites the pages; `python -m
tools.docs.figures speed turns` keeps those of runs that were made before (KEPT). With `python -m tools.docs.figures`
the pages alone are rewritten; a test compares them with the files.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from firmware.storage import event_log, memory_map, state_record, stroke_starts
from firmware.storage.slots import OVERHEAD_BYTES
from hil.protocols.edges.run import table as edges_table
from hil.protocols.occlusion import page as occlusion
from hil.report.page import commit_text

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "figures"
# The life for which docs/memory.md works out its figures, and the bus.
DAYS = 2922
STROKES_OF_A_DAY = 2500  # the most, whose starts the memory keeps
STROKES_OF_40_U = 200
EVENTS_A_DAY = 170
EVENTS_OF_A_SIMPLE_DAY = 30
US_A_BYTE = 22.5  # I2C at 400 kHz
MARK = re.compile(r"<!--=([\w.]+)-->(.*?)<!--/-->", re.S)


def _life(data: dict[str, Any]) -> dict[str, Any]:
    """The figures that a life with the same seed gives again; how long it takes is the machine's business."""
    single = ("years", "strokes", "violations", "u_per_day", "worst_lateness_us", "worst_refill_accuracy_tenths")
    return {key: data[key] for key in (*single, "heap_bytes", "memory", "battery")}


def _accuracy(data: dict[str, Any]) -> dict[str, Any]:
    """How many measurements were judged, and how finely some were weighed (expanded uncertainty, %)."""
    finely = {each["name"]: each["uncertainty"] for each in data["measurements"]}
    bolus = {f"bolus_{row['bolus_mu']}_mu": max(row["uncertainty_percent"]) for row in data["figures"]["bolus"]}
    total = "delivery.basal_total.35000_mu_per_h.12_h.typical"
    weighed = bolus | {"long_200_mu_per_h": finely["delivery.long_total.200_mu_per_h"], "basal_35000": finely[total]}
    return {"judged": len(finely), "weighed_percent": {name: round(value, 1) for name, value in weighed.items()}}


def _start_up(data: dict[str, Any]) -> dict[str, Any]:
    """The processor times of the programmer's start, and the machine that they are of."""
    return {name: data[name]["median"] for name in ("help_s", "status_s")} | {"machine": data["machine"]}


def _speed(data: dict[str, Any]) -> dict[str, Any]:
    """How fast a virtual pump runs, and where a stroke's time goes (µs)."""
    return {
        "million_x_real_time": round(data["x_real_time"] / 1e6, 1),
        "eight_years_s": round(data["eight_years_s"]),
        "us_per_stroke": {name: round(value) for name, value in data["us_per_stroke"].items()},
        "machine": data["machine"],
    }


def _day(data: dict[str, Any]) -> dict[str, Any]:
    """A day of 5 U/h and a bolus of 30 U on an emulated board."""
    return {name: data[name] for name in ("wall_s", "x_real_time", "strokes", "worst_late_us", "violations")}


def _awake(data: dict[str, Any]) -> dict[str, Any]:
    """Instructions, and ms awake, of a stroke under each load (mU/h)."""
    return {str(each["rate_mu_per_h"]): each for each in data["loads"]}


def _turns(data: dict[str, Any]) -> dict[str, Any]:
    """The longest turn of each kind of request (ms), as a table: those that are equal in one line."""
    longest: dict[int, list[str]] = {}
    for each in data["results"]:
        longest.setdefault(round(each["worst_turn_us"] / 1000), []).append(each["kind"])
    lines = [f"| {', '.join(sorted(kinds))} | {turn_ms} |" for turn_ms, kinds in sorted(longest.items(), reverse=True)]
    head = ["", "| kind of request, at line rate | longest turn, ms |", "|---|---|"]
    return {"seconds": data["seconds"], "longest_ms": max(longest), "table": "\n".join([*head, *lines, ""])}


def _edges(data: dict[str, Any]) -> dict[str, Any]:
    """Starts and step edges under each load, as the command prints them."""
    return {"steps": data["steps"], "table": f"\n{edges_table(data)}\n"}


def _occlusion(data: dict[str, Any]) -> dict[str, Any]:
    """The tables of the faults, as docs/occlusion.md has them."""
    return {name: f"\n{table(data)}\n" for name, table in occlusion.TABLES.items()}


def _occlusion_nightly(data: dict[str, Any]) -> dict[str, Any]:
    """The false alarms of a thousand patient-years."""
    return {"healthy": f"\n{occlusion.healthy(data)}\n"}


def _emulated(data: dict[str, Any]) -> dict[str, Any]:
    """What the suite measures of the image on an emulated Pico; of several tests the greatest."""
    found: dict[str, float] = {}
    for each in data["results"]:
        for name, value in each["figures"].items():
            if isinstance(value, int | float):
                found[name] = max(value, found.get(name, value))
    return {name: round(value, 2) for name, value in sorted(found.items())}


def memory() -> dict[str, Any]:
    """What the map of the memory makes of its sizes: computed from the sources, no run."""
    layouts = {f"{kib}_kib": memory_map.Layout(kib * 1024, STROKES_OF_A_DAY) for kib in (32, 128, 512)}
    events = {name: each.events - event_log.SPARE for name, each in layouts.items()}
    blocks = layouts["512_kib"].blocks
    record = state_record.PAYLOAD_BYTES + OVERHEAD_BYTES
    stroke = 2 * record + stroke_starts.BLOCK_BYTES // stroke_starts.STROKES
    strokes = STROKES_OF_40_U * DAYS
    return {
        "record_bytes": record,
        "stroke_bytes": stroke,
        "stroke_i2c_ms": round(stroke * US_A_BYTE / 1000),
        "strokes": strokes,
        "state_writes": strokes + DAYS * (60 + 24),
        "blocks": blocks,
        "history_writes": round(strokes / (blocks * stroke_starts.STROKES)),
        "events_writes": round(DAYS * EVENTS_A_DAY / events["512_kib"]),
        "events": events,
        "days": {name: round(each / EVENTS_A_DAY, 1) for name, each in events.items()},
        "days_simple": {name: round(each / EVENTS_OF_A_SIMPLE_DAY) for name, each in events.items()},
    }


def _session_proofs(data: dict[str, Any]) -> dict[str, Any]:
    """How many attacks both provers exclude, and in how many broken models they find one."""
    return {key: data[key] for key in ("attacks_excluded", "honest_runs", "broken_models", "ways_to_break")}


def _link_bench(data: dict[str, Any]) -> dict[str, Any]:
    """The links as a table: overhead of each payload, and the rest with payloads of 64 bytes."""
    rows = [
        "",
        "| link | bytes over a payload of 16, 64, 181 | wrong, of damaged frames | frames lost per hit |"
        " bytes until the next good frame | B/s at 10⁻⁵ | 10⁻⁴ | 10⁻³ |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, link in data["links"].items():
        noise = {(each["payload_bytes"], each["bit_error_rate"]): each for each in link["noise"]}
        overhead = ", ".join(f"{noise[size, 1e-5]['overhead_bytes']:g}" for size in (16, 64, 181))
        wrong = f"{link['damaged']['wrong']} of {link['damaged']['frames']:,}"
        middle = noise[64, 1e-4]
        goodput = " | ".join(f"{noise[64, rate]['goodput_bytes_per_s']:,}" for rate in (1e-5, 1e-4, 1e-3))
        rows.append(
            f"| {name} | {overhead} | {wrong} | {middle['lost_per_hit']} | {middle['resync_bytes']} | {goodput} |"
        )
    session = {"session_bytes": data["session_bytes"], "corrupted": data["corrupted"]}
    wrong_in_noise = {name: sum(each["wrong"] for each in link["noise"]) for name, link in data["links"].items()}
    return session | {"wrong_in_noise": sum(wrong_in_noise.values()), "table": "\n".join([*rows, ""])}


def _same_strokes(data: dict[str, Any]) -> dict[str, Any]:
    """Strokes under all kinds of flood against those of a silent line, on a virtual board."""
    return {name: data[name] for name in ("seconds", "kinds", "frames", "strokes", "greatest_off_us")}


def _flood_cost(data: dict[str, Any]) -> dict[str, Any]:
    """What a flood of forged openings costs, and the programmers that came in amid it, as a table."""
    names = ("ms_unlooked", "ms_looked_at", "looks_a_day", "looks_awake_s_a_day", "awake_percent", "boards")
    lines = ["", "| forged openings, part of the line rate | in after at most | later than 2 s |", "|---|---|---|"]
    for each in data["entries"]:
        late = f"{each['late']} of {each['times']}"
        lines.append(f"| {each['line_percent']} % | {each['greatest_ms'] / 1000:.1f} s | {late} |")
    return {name: data[name] for name in names} | {"table": "\n".join([*lines, ""])}


# The file of results of each run, and what is kept of it.
KEPT: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "life": ("build/life/summary.json", _life),
    "accuracy": ("build/bench/results.json", _accuracy),
    "start_up": ("build/start-up.json", _start_up),
    "speed": ("build/speed.json", _speed),
    "day_emulated": ("build/day-emulated.json", _day),
    "day_emulated_stm32": ("build/day-emulated-stm32.json", _day),
    "awake": ("build/awake.json", _awake),
    "turns": ("build/turns.json", _turns),
    "edges": ("build/edges.json", _edges),
    "occlusion": ("build/occlusion.json", _occlusion),
    "occlusion_nightly": ("build/occlusion-nightly.json", _occlusion_nightly),
    "emulated": ("build/hil-emulated.json", _emulated),
    "link_bench": ("build/link-bench.json", _link_bench),
    "session_proofs": ("build/session-proofs.json", _session_proofs),
    "same_strokes": ("build/same-strokes-virtual.json", _same_strokes),
    "flood_cost": ("build/flood-cost.json", _flood_cost),
}


def keep(name: str, root: Path = ROOT) -> dict[str, Any]:
    """Return what is kept of a run, and the commit that it is of. Raises ValueError for a run that did not pass."""
    source, kept = KEPT[name]
    data = json.loads((root / source).read_text(encoding="utf-8"))
    verdicts = {data["verdict"]} if "verdict" in data else {each["verdict"] for each in data["measurements"]}
    if verdicts != {"pass"}:
        raise ValueError(f"{source} did not pass: its figures are not for a page")
    run = data["run"]
    return {"commit": commit_text(run["tested"]), "command": run["command"], "seed": run["seed"]} | kept(data)


def known(folder: Path = FOLDER) -> dict[str, Any]:
    """Return all figures by name of their file, the boards' budgets, and what the memory's map makes."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    budgets = sorted((ROOT / "boards").glob("*/budget.toml"))
    boards = {path.parent.name: tomllib.loads(path.read_text()) for path in budgets}
    return found | {
        "memory": memory(),
        "budget": {name: each["budget"] for name, each in boards.items()},
        "available": {name: each["available"] for name, each in boards.items()},
        "heap": tomllib.loads((ROOT / "boards" / "heap.toml").read_text())["in_use_bytes"],
    }


def with_figures(text: str, figures: Mapping[str, Any]) -> str:
    """Return `text` with every marked figure as its file has it. Raises KeyError for one that no file has."""
    return MARK.sub(lambda found: f"<!--={found[1]}-->{_shown(found[1], figures)}<!--/-->", text)


def _shown(place: str, figures: Mapping[str, Any]) -> str:
    value: Any = figures
    for key in place.split("."):
        if key not in value:
            raise KeyError(f"no figure {place} in docs/figures")
        value = value[key]
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def pages() -> list[Path]:
    """Return the pages that may hold figures."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def main(names: list[str]) -> None:
    """Keep the figures of the runs `names`, and rewrite all pages."""
    for name in names:
        FOLDER.mkdir(exist_ok=True)
        text = json.dumps(keep(name), indent=1, ensure_ascii=False) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")
    figures = known()
    for path in pages():
        before = path.read_text(encoding="utf-8")
        after = with_figures(before, figures)
        if after != before:
            path.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
