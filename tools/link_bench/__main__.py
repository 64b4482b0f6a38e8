"""Compare the programmer link with MAVLink 2 and MCUmgr SMP, and write build/link-bench.json.

    python -m tools.link_bench [--seed 1] [--corrupted 100000] [--damaged 20000]

All links have the same payloads and the same noise. Errors: Problem if a sealed frame that was damaged is taken.
"""

import argparse
import json
import time
from typing import Any

from hil.results.tested import Run
from tools.console import BUILD, Problem, main_guard, say
from tools.link_bench.links import LINKS, Sealed
from tools.link_bench.measure import PAYLOADS_BYTES, RATES, corrupted, damaged, noisy

OUT = BUILD / "link-bench.json"


def measure(seed: int, corrupted_frames: int, damaged_frames: int, scale: float = 1.0) -> dict[str, Any]:
    """Return the figures of build/link-bench.json. `scale`: of the bytes sent through the noise."""
    links: dict[str, Any] = {}
    for kind in LINKS:
        start = time.monotonic()
        links[kind.name] = {
            "noise": [
                noisy(kind(), payload_bytes, rate, int(scale * sent_bytes), seed)
                for rate, sent_bytes in RATES.items()
                for payload_bytes in PAYLOADS_BYTES
            ],
            "damaged": damaged(kind(), damaged_frames, seed),
        }
        say(f"{kind.name}: {time.monotonic() - start:.0f} s")
    ours = corrupted(corrupted_frames, seed)
    wrong = ours["tag_let_through"] + links[Sealed.name]["damaged"]["wrong"]
    wrong += sum(each["wrong"] for each in links[Sealed.name]["noise"])
    return {
        "verdict": "fail" if wrong else "pass",
        "session_bytes": Sealed().opening_bytes,
        "corrupted": ours,
        "links": links,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compare the programmer link with MAVLink 2 and MCUmgr SMP.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corrupted", type=int, default=100_000, help="damaged sealed frames")
    parser.add_argument("--damaged", type=int, default=20_000, help="damaged frames of each link")
    options = parser.parse_args()
    run = Run()
    figures = measure(options.seed, options.corrupted, options.damaged)
    nightly = "-nightly" if options.corrupted > 1_000_000 else ""
    command = f"make link-bench{nightly} SEED={options.seed}"
    facts = run.facts(board="", bench="", seed=options.seed, command=command)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"run": facts} | figures, indent=1) + "\n", encoding="utf-8")
    if figures["verdict"] != "pass":
        raise Problem(f"a damaged sealed frame was taken; see {OUT}")
    say(f"{options.corrupted} corrupted sealed frames, none taken; a session costs {figures['session_bytes']} bytes")


if __name__ == "__main__":
    main_guard(main)
