"""The cost gate: instructions of every public function on Cortex-M0+, measured ≤ static worst case ≤ budget.

    python -m tools.core.cost.gate [--raise-budget]

Static: longest path over the control-flow graph (graph.py). Measured: the maximum over the vectors on an emulated M0
(meter.py). Budget: tools/core/cost/budget.toml. `--raise-budget` writes today's static figures there, which is how to
change them on purpose. The *paths* declared there, sequences of calls that must be cheap together, such as the
interrupt that starts a stroke, are checked too, and on a Cortex-M33 as well. There functions have no budget of their
own, but none may take more than its worst case. Writes build/core/cost.json; exit status 1 if a figure is above its
budget.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

from tools.console import Problem, main_guard, say
from tools.core.cost.graph import Graphs
from tools.core.cost.meter import Meter
from tools.core.target.build import BUDGET, CORE_DIR, OUT, budget, build, compiler_version
from tools.core.target.elf import Elf
from tools.core.target.gate import Sequences, runner
from tools.core.target.layout import TargetTypes
from tools.core.target.vectors import committed, few_motors, volume

RESULT = OUT / "cost.json"
TARGET = "m0"
OTHER_TARGET = "m33"
VOLUME = 200
SEED = 1
TABLE = "instructions"


def public_functions(types: TargetTypes, core_dir: Path = CORE_DIR) -> list[str]:
    """Return the functions that the core's headers declare."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(core_dir.glob("*.h")))
    declared = set(re.findall(r"^\w[\w *]*?(\w+)\([^;{]*\);", text, re.MULTILINE))
    return sorted(declared & set(types.signatures))


def sequences() -> Sequences:
    """Return the measured sequences: the committed vectors, and some more; each motor's burst plan once."""
    yield from few_motors(committed())
    yield from volume(SEED, range(VOLUME))


def static_costs(
    core_dir: Path = CORE_DIR, limits: dict[str, Any] | None = None, target: str = TARGET
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the worst case of every public function and every declared path. Raises Unbounded without a bound."""
    limits = limits if limits is not None else budget()
    elf = Elf(build(target, core_dir).elf)
    graphs = Graphs(elf, limits["loops"])
    functions = {name: graphs.cost(name).instructions for name in public_functions(TargetTypes(elf.path), core_dir)}
    paths = {
        name: sum(graphs.cost(step["function"], step.get("without", ())).instructions for step in path["steps"])
        for name, path in limits["paths"].items()
    }
    return functions, paths


def measured_costs(limits: dict[str, Any], played: Sequences, target: str = TARGET) -> tuple[Meter, dict[str, int]]:
    """Return the meter after all vectors, and the maximum of each declared path."""
    elf = Elf(build(target).elf)
    types = TargetTypes(elf.path)
    graphs = Graphs(elf, limits["loops"])
    meter = Meter(elf, target, graphs, types, public_functions(types))
    player, _ = runner([elf], [meter], meter.arena)
    for _, lines in played:
        for line in lines:
            player.line(line)
    paths = {}
    for name, path in limits["paths"].items():
        total = 0
        for step in path["steps"]:
            results = [most for (function, result), most in meter.most_with.items()
                       if function == step["function"] and result == step.get("result", result)]  # fmt: skip
            total += max(results, default=0)
        paths[name] = total
    return meter, paths


def judge(rows: dict[str, dict[str, int]], what: str) -> list[str]:
    """Return the errors in a table of {static, measured, budget}."""
    wrong = []
    for name, row in rows.items():
        if row["budget"] < 0:
            wrong.append(f"{what} {name}: no budget in {BUDGET.name}")
        elif row["static"] > row["budget"]:
            wrong.append(f"{what} {name}: {row['static']} instructions at worst, its budget is {row['budget']}")
        if row["measured"] > row["static"]:
            wrong.append(
                f"{what} {name}: measured {row['measured']}, more than the {row['static']} said to be the most"
            )
        if row["measured"] == 0:
            wrong.append(f"{what} {name}: no vector calls it")
    return wrong


def beyond_aim(paths: dict[str, dict[str, int]], limits: dict[str, Any]) -> list[str]:
    """Return the paths that cost more than the specification allows, whatever their budget."""
    return [
        f"path {name}: {row['static']} instructions at worst, the specification allows {limits['paths'][name]['aim']}"
        for name, row in paths.items()
        if row["static"] > limits["paths"][name]["aim"]
    ]


def other_paths(limits: dict[str, Any], played: Sequences) -> tuple[dict[str, dict[str, int]], list[str]]:
    """Return the paths on OTHER_TARGET, and what is wrong there: a function may not take more than its worst case."""
    functions, most = static_costs(limits=limits, target=OTHER_TARGET)
    meter, measured = measured_costs(limits, played, OTHER_TARGET)
    table = {
        name: {"static": most[name], "measured": measured[name], "budget": path[f"budget_{OTHER_TARGET}"]}
        for name, path in limits["paths"].items()
    }
    beyond = [
        f"{name} on {OTHER_TARGET}: measured {meter.most[name]}, more than the {static} said to be the most"
        for name, static in functions.items()
        if meter.most.get(name, 0) > static
    ]
    return table, judge(table, f"on {OTHER_TARGET}, path") + beyond


def report(limits: dict[str, Any]) -> dict[str, Any]:
    """Return everything measured and judged: the content of cost.json."""
    functions, paths = static_costs(limits=limits)
    meter, measured_paths = measured_costs(limits, sequences())
    others, wrong = other_paths(limits, sequences())
    table = {
        name: {"static": most, "measured": meter.most.get(name, 0), "budget": limits[TABLE].get(name, -1)}
        for name, most in functions.items()
    }
    path_table = {
        name: {"static": most, "measured": measured_paths[name], "budget": limits["paths"][name]["budget"]}
        for name, most in paths.items()
    }
    gone = [f"budget for {name}, but there is no such function" for name in limits[TABLE] if name not in table]
    return {
        "compiler": compiler_version(),
        "flags": limits["build"]["flags"],
        "worst_case_instructions": table,
        "paths": path_table,
        f"paths_{OTHER_TARGET}": others,
        "called_alone": sorted(meter.probed),
        "loop_rounds": {name: [meter.rounds.get(name, 0), bound] for name, bound in limits["loops"].items()},
        "wrong": [
            *judge(table, "function"),
            *judge(path_table, "path"),
            *beyond_aim(path_table, limits),
            *wrong,
            *gone,
        ],
    }


def raise_budget(found: dict[str, Any], path: Path = BUDGET) -> None:
    """Write the static figures into the file as its budgets. Aims stay as they are."""
    text = path.read_text(encoding="utf-8")
    rows = "".join(f"{name} = {row['static']}\n" for name, row in found["worst_case_instructions"].items())
    text, count = re.subn(rf"(?m)(^\[{TABLE}\]\n(?:#.*\n)*)(?:^\w+ = \d+\n)*", lambda m: m[1] + rows, text)
    if count != 1:
        raise Problem(f"{path} has no section [{TABLE}]")
    for name, row in found["paths"].items():
        pattern = rf"(?ms)(^\[paths\.{name}\]$.*?^budget = )\d+"
        text = re.sub(pattern, rf"\g<1>{row['static']}", text, count=1)
        pattern = rf"(?ms)(^\[paths\.{name}\]$.*?^budget_{OTHER_TARGET} = )\d+"
        text = re.sub(pattern, rf"\g<1>{found[f'paths_{OTHER_TARGET}'][name]['static']}", text, count=1)
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compare the core's cost in instructions with its budget.")
    parser.add_argument("--raise-budget", action="store_true", help="make today's figures the budget")
    arguments = parser.parse_args()
    found = report(budget())
    if arguments.raise_budget:
        raise_budget(found)
        budget.cache_clear()
        found = report(budget())
    RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for name, row in found["worst_case_instructions"].items():
        say(f"{name}: measured {row['measured']} ≤ worst {row['static']} ≤ budget {row['budget']}")
    for name, row in found["paths"].items():
        aim = budget()["paths"][name]["aim"]
        say(f"path {name}: measured {row['measured']} ≤ worst {row['static']} ≤ budget {row['budget']}; aim {aim}")
        other = found[f"paths_{OTHER_TARGET}"][name]
        say(f"  on {OTHER_TARGET}: measured {other['measured']} ≤ worst {other['static']} ≤ budget {other['budget']}")
    if found["wrong"]:
        raise Problem("\n  ".join(["cost:", *found["wrong"]]))


if __name__ == "__main__":
    main_guard(main)
