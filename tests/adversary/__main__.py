"""Random scenarios from a seed on, as many as asked for: `make adversary`; figures: build/adversary.json.

What was done is kept, so that a run that was broken off goes on where it stopped; another firmware begins anew.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from hil.usage import count
from tests.adversary.play import play
from tests.adversary.scenario import Scenario, made, shrunk

ROOT = Path(__file__).resolve().parents[2]
_SOURCES = ("firmware", "host", "c_ext/session", "tests/adversary")
_CHUNK = 250


def fingerprint() -> str:
    """Return what the scenarios were played against."""
    digest = hashlib.sha256()
    for folder in _SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".c", ".h"):
                digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def chunk(job: tuple[int, int]) -> dict[str, Any]:
    """Play the scenarios of these seeds."""
    since_s = time.process_time()
    wrong = []
    for seed in range(*job):
        found = play(made(seed))
        if found:
            wrong.append(told(made(seed), found))
    return {"scenarios": job[1] - job[0], "processor_s": time.process_time() - since_s, "wrong": wrong}


def told(scenario: Scenario, found: list[str]) -> dict[str, Any]:
    """Return a violation with the fewest moves that make it."""
    kind = found[0].split(":")[0]
    least = shrunk(scenario, lambda each: any(what.startswith(kind) for what in play(each)))
    return {"seed": scenario.seed, "wrong": found, "moves": least.moves, "floods": least.floods}


def main() -> int:
    """Play them; 1 if something took effect that nobody confirmed, or the like."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenarios", type=count, default=100_000)
    parser.add_argument("--workers", type=count, default=2)
    parser.add_argument("--out", type=Path, default=Path("build/adversary.json"))
    asked = parser.parse_args()
    key = {"seed": asked.seed, "sources": fingerprint()}
    figures: dict[str, Any] = key | {"scenarios": 0, "processor_s": 0.0, "wall_s": 0.0, "wrong": []}
    if asked.out.exists():
        before = json.loads(asked.out.read_text(encoding="utf-8"))
        if {name: before.get(name) for name in key} == key:
            figures = before
    first = asked.seed + figures["scenarios"]
    last = asked.seed + asked.scenarios
    jobs = [(at, min(at + _CHUNK, last)) for at in range(first, last, _CHUNK)]
    print(
        f"seed {asked.seed}: scenarios {first} to {last - 1}" if jobs else f"seed {asked.seed}: done before", flush=True
    )
    begun_s, spent_s = time.monotonic(), figures["wall_s"]
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(asked.workers, initializer=gc.freeze) as pool:
        for result in pool.map(chunk, jobs):
            for name in ("scenarios", "processor_s", "wrong"):
                figures[name] += result[name]
            figures["wall_s"] = round(spent_s + time.monotonic() - begun_s, 1)
            asked.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    wrong = figures["wrong"]
    print(
        f"seed {asked.seed}: {figures['scenarios']} scenarios, {len(wrong)} violations,"
        f" {figures['wall_s']:.0f} s ({figures['processor_s']:.0f} s of processor); {asked.out}"
    )
    for each in wrong:
        print(f"WRONG seed {each['seed']}: {each['wrong'][0]}")
        for move in each["moves"]:
            print(f"    {move}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
