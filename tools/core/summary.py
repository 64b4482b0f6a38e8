"""Collect the figures of the dose core's gates into build/core/summary.json, and print them in a few lines.

    python -m tools.core.summary

Each gate writes its own file into build/core; nothing is computed again. A figure whose gate has not run is null and
named, and the exit code is then 1: a summary with gaps proves nothing.
"""

import json
from pathlib import Path
from typing import Any

from tools.console import BUILD, Problem, main_guard, say

OUT = BUILD / "core"
SUMMARY = OUT / "summary.json"
MUTANTS = ("killed", "survived", "equivalent", "crashed", "timeout")


def _read(name: str) -> dict[str, Any]:
    path = OUT / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _vectors(target: dict[str, Any]) -> dict[str, int] | None:
    """Return the sum of all runs on emulated processors: vectors played, and calls whose outcome or state differed."""
    if not target:
        return None
    runs = [*target["unicorn"].values(), *target["qemu"].values()]
    return {
        "count": sum(run["vectors"] for run in runs),
        "mismatches": sum(run["mismatches"] for run in runs),
    }


def gather() -> dict[str, Any]:
    """Return the summary: every figure, null where its gate has not run."""
    coverage, proofs, mutation, size = _read("coverage"), _read("proofs"), _read("mutation"), _read("size")
    return {
        "mcdc_pct": coverage.get("mcdc_pct"),
        "branch_pct": coverage.get("branch_pct"),
        "proof_goals": proofs.get("proof_goals"),
        "mutants": {name: mutation[name] for name in (*MUTANTS, "what")} if mutation else None,
        "vectors": _vectors(_read("target")),
        "worst_case_instructions": _read("cost").get("worst_case_instructions"),
        "stack_bytes": size.get("stack_bytes"),
        "text_bytes_m0plus": size.get("text_bytes_m0plus"),
        "ram_bytes": size.get("ram_bytes"),
    }


def write(summary: dict[str, Any], path: Path = SUMMARY) -> None:
    """Write the summary. Raises Problem afterwards if a figure is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    for name, value in summary.items():
        if name == "worst_case_instructions" and value is not None:
            most = max(each["static"] for each in value.values())
            say(f"{name}: {len(value)} functions, the largest bound {most}")
        else:
            say(f"{name}: {value}")
    missing = [name for name, value in summary.items() if value is None]
    if missing:
        raise Problem(f"no figure for {', '.join(missing)}: its gate has not run. Run 'make core'.")


def main() -> None:
    """Collect and print. Raises Problem unless every gate has left its figure."""
    write(gather())


if __name__ == "__main__":
    main_guard(main)
