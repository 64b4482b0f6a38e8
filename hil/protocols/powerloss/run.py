"""Runs all cuts of a script on all cores and writes the combined results to one file."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from hil.protocols.powerloss.cuts import Cut, all_cuts, image, truth_at
from hil.protocols.powerloss.restart import Restarter
from hil.protocols.powerloss.script import SCRIPTS
from hil.protocols.powerloss.traced import Life, traced
from hil.protocols.said import failure
from hil.results.files import write_json

SHOWN = 20
EXPLAINED = 5  # cuts of which the results hold what the pump said
# Time without power between a cut during recovery and the restart after it.
AGAIN_OFF_US = 1_500_000
RECORD_BYTES_MIN = 100  # a longer write is a copy of the state record

_life: Life
_restarter: Restarter


def _begin(life: Life) -> None:
    global _life, _restarter
    _life, _restarter = life, Restarter(life)


def _judge(job: tuple[Cut, bool]) -> dict[str, Any]:
    cut, also_recovery = job
    truth = truth_at(_life, cut)
    cells = image(_life.cells, _life.writes, cut.writes, cut.torn_bytes)
    outcome = _restarter.judge(cells, cut, truth)
    found: dict[str, Any] = {
        "violations": [f"{cut.name}: {text}" for text in outcome.violations],
        "failures": [failure(cut.name, outcome.violations, outcome.said).as_dict()] if outcome.violations else [],
        "counted_more": [outcome.counted_more],
        "counted_more_twice": [],
        "recovery_cuts": 0,
    }
    if also_recovery:
        writes = _restarter.recovery_writes(cells, cut)
        last = max(index for index, write in enumerate(writes) if len(write.data) > RECORD_BYTES_MIN)
        for index, write in enumerate(writes):
            for torn_bytes in (0, len(write.data) // 2) if index else (len(write.data) // 2,):
                again = image(cells, writes, index, torn_bytes)
                # From within the second copy of the last record on, the new life may have written the permit of the
                # next stroke. After that record it only renews the seed of its random numbers.
                permits = 2 if index > last or (index == last and torn_bytes) else 1
                second = _restarter.judge(again, cut, truth, off_us=AGAIN_OFF_US, permits=permits)
                where = f"{cut.name}, then in recovery write {index + 1} after {torn_bytes} bytes"
                found["violations"] += [f"{where}: {text}" for text in second.violations]
                if second.violations:
                    found["failures"].append(failure(where, second.violations, second.said).as_dict())
                found["counted_more_twice"].append(second.counted_more)
                found["recovery_cuts"] += 1
    return found


def run(script: str, *, workers: int = 2, recovery_every: int = 1, stop_at_first: bool = False) -> dict[str, Any]:
    """Cut SCRIPTS[script] everywhere. After each `recovery_every`-th cut, cut its recovery as well.

    With `stop_at_first` the first violation ends the run.
    """
    start_s = time.monotonic()
    life = traced(SCRIPTS[script])
    cuts = list(all_cuts(life))
    jobs = [(cut, number % recovery_every == 0) for number, cut in enumerate(cuts)]
    with ProcessPoolExecutor(workers, initializer=_begin, initargs=(life,)) as pool:
        found = []
        for each in pool.map(_judge, jobs, chunksize=8):
            found.append(each)
            if stop_at_first and each["violations"]:
                pool.shutdown(cancel_futures=True)
                break
    violations = [text for each in found for text in each["violations"]]
    more = [each for one in found for each in one["counted_more"]]
    twice = [each for one in found for each in one["counted_more_twice"]]
    exchanges = len(life.times_us)
    strokes = len(life.strokes_us)
    return {
        "script": script,
        "simulated_s": round(life.times_us[-1] / 1e6),
        "strokes": strokes,
        "exchanges": exchanges,
        "writes": len(life.writes),
        "cut_points": len(more) + len(twice),
        "cut_points_at_exchanges": exchanges,
        "cut_points_in_writes": len(cuts) - exchanges,
        "cut_points_in_recovery": sum(each["recovery_cuts"] for each in found),
        "violations": len(violations),
        "violations_shown": violations[:SHOWN],
        "failures": [failed for each in found for failed in each["failures"]][:EXPLAINED],
        "strokes_counted_exactly": more.count(0) + twice.count(0),
        "strokes_counted_one_more": more.count(1) + twice.count(1),
        "strokes_counted_two_more_after_two_cuts": twice.count(2),
        "most_counted_more_after_one_cut": max(more),
        "most_counted_more_after_two_cuts": max(twice, default=0),
        "most_counted_fewer": max(0, -min(more + twice)),
        "most_writes_of_a_cell": life.writes_per_cell_max,
        "bytes_written_per_stroke": round(life.bytes_written / max(1, strokes), 1),
        "seconds": round(time.monotonic() - start_s, 1),
        "cores": os.cpu_count(),
    }


def report(figures: dict[str, Any], path: Path) -> str:
    """Write `figures` to `path` as JSON and return them as text for a person."""
    write_json(path, figures)
    shown = "".join(f"  {text}\n" for text in figures["violations_shown"])
    return (
        f"{figures['cut_points']} cuts of '{figures['script']}' ({figures['strokes']} strokes, simulated):"
        f" {figures['cut_points_at_exchanges']} at exchanges, {figures['cut_points_in_writes']} in"
        f" {figures['writes']} writes, {figures['cut_points_in_recovery']} in the recovery after them\n"
        f"{figures['violations']} violations; counted exactly {figures['strokes_counted_exactly']} times, one stroke"
        f" more {figures['strokes_counted_one_more']} times\n{shown}"
        f"{figures['seconds']} s; written to {path}"
    )
