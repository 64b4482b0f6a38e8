"""The core on Cortex-M0, M3, M4 and M33 behaves as on the host, to the last bit of its state.

    python -m tools.core.target.gate [--volume N] [--seed S]

Every committed vector runs on each of the four in the emulator unicorn, as many as fit on each of four bare-metal
boards in QEMU, and N more vectors on M0 and M4 in unicorn. After every call the result and the whole raw state are
compared, including the rolling caps' history. Writes build/core/target.json; exit status 1 on any mismatch.
"""

import argparse
import importlib
import itertools
import json
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from tools.console import Problem, main_guard, say
from tools.core.target.blob import Blob
from tools.core.target.build import CORE_DIR, OUT, TARGETS, build
from tools.core.target.elf import Elf
from tools.core.target.layout import TargetTypes
from tools.core.target.machine import Machine, Mismatch
from tools.core.target.mirror import ArenaFull, Mirror, Sink, mirrored_core
from tools.core.target.qemu import play
from tools.core.target.vectors import committed, volume

RESULT = OUT / "target.json"
VOLUME = 10_000
VOLUME_TARGETS = ("m0", "m4")
# The largest stream for a board. The board's memory limits it as well.
BLOB_BYTES = 2_000_000
CHUNK = 250
PARTS = 4

Sequences = Iterable[tuple[str, list[str]]]


class Tally:
    """Counts of vectors (sequences) and calls played, and the texts of mismatches."""

    def __init__(self) -> None:
        self.vectors = self.calls = self.compared_bytes = 0
        self.mismatches: list[str] = []

    def add(self, other: "Tally") -> None:
        """Add the counts of another process."""
        self.vectors += other.vectors
        self.calls += other.calls
        self.compared_bytes += other.compared_bytes
        self.mismatches += other.mismatches

    def row(self) -> dict[str, Any]:
        """Return the counts for the report."""
        return {"vectors": self.vectors, "calls": self.calls, "mismatches": len(self.mismatches)}


def runner(images: Sequence[Elf], sinks: Sequence[Sink], arena: tuple[int, int]) -> tuple[Any, Mirror]:
    """Return the vector runner on the host's core, with `sinks` driven alongside."""
    # The vectors' runner finds the host's core by itself.
    vectors = importlib.import_module("tests.vectors.run_vectors")
    core = vectors.find_core()
    mirror = Mirror(core.module, [TargetTypes(elf.path) for elf in images], arena, sinks)
    return vectors.Runner(mirrored_core(core, mirror)), mirror


def emulate(targets: Sequence[str], sequences: Sequences, core_dir: Path = CORE_DIR) -> Tally:
    """Play sequences on the host and on all `targets` in unicorn at once."""
    machines = [Machine(Elf(build(target, core_dir).elf), target) for target in targets]
    player, mirror = runner([machine.elf for machine in machines], machines, machines[0].arena)
    tally = Tally()
    for name, lines in sequences:
        try:
            for line in lines:
                player.line(line)
        except Mismatch as mismatch:
            tally.mismatches.append(f"{name}: {mismatch}")
        tally.vectors += 1
    tally.mismatches += player.mismatches
    tally.calls = mirror.calls
    tally.compared_bytes = sum(machine.compared_bytes for machine in machines)
    return tally


def emulate_volume(seed: int, first: int, count: int) -> Tally:
    """Play a part of the volume, in one process."""
    return emulate(VOLUME_TARGETS, volume(seed, range(first, first + count)))


def on_board(target: str, core_dir: Path = CORE_DIR, sequences: Sequences | None = None) -> tuple[Tally, int]:
    """Play as many of `sequences` (all committed ones) as fit on the board of `target`. Also return the number left."""
    elf = Elf(build(target, core_dir).elf)
    blob = Blob(elf)
    player, _ = runner([elf], [blob], blob.arena)
    room = min(BLOB_BYTES, elf.addresses["vectors_bytes"])
    tally, left_out = Tally(), 0
    for _, lines in committed() if sequences is None else sequences:
        mark = blob.mark()
        try:
            for line in lines:
                player.line(line)
            blob.check_large()
            fits = 4 * (len(blob.words) + 1) <= room
        except ArenaFull:
            fits = False
        if fits:
            tally.vectors += 1
        else:
            blob.cut(mark)
            left_out += 1
    outcome = play(elf, target, blob.finish())
    if outcome.calls != blob.calls:
        raise Problem(f"{target}: {outcome.calls} of {blob.calls} calls were played:\n{outcome.output}")
    tally.calls = outcome.calls
    tally.mismatches = [f"{target}: {line}" for line in outcome.output.splitlines() if outcome.mismatches]
    return tally, left_out


def measure(count: int, seed: int) -> dict[str, Any]:
    """Run everything on all processors. Return the content of target.json."""
    for target in TARGETS:
        build(target)
    runner([], [], (0, 0))  # compiles the host's core once, before all the processes would
    start = time.monotonic()
    total = Tally()
    report: dict[str, Any] = {"seed": seed, "unicorn": {}, "qemu": {}}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        boards = {target: pool.submit(on_board, target) for target in TARGETS}
        files = [pool.submit(emulate_files, part) for part in range(PARTS)]
        parts = [
            pool.submit(emulate_volume, seed, first, min(CHUNK, count - first)) for first in range(0, count, CHUNK)
        ]
        for target in TARGETS:
            tally, left_out = boards[target].result()
            report["qemu"][target] = {"machine": TARGETS[target].machine, **tally.row(), "do_not_fit": left_out}
            total.add(tally)
        file_tally = Tally()
        for each in files:
            file_tally.add(each.result())
        report["unicorn"]["files"] = {"targets": list(TARGETS), **file_tally.row()}
        total.mismatches += file_tally.mismatches
        volume_tally = Tally()
        for each in parts:
            volume_tally.add(each.result())
        report["unicorn"]["volume"] = {"targets": list(VOLUME_TARGETS), **volume_tally.row()}
    total.mismatches += volume_tally.mismatches
    report["seconds"] = round(time.monotonic() - start, 1)
    report["vectors"] = {"count": file_tally.vectors + volume_tally.vectors, "mismatches": len(total.mismatches)}
    report["mismatches"] = total.mismatches[:20]
    return report


def emulate_files(part: int) -> Tally:
    """Play one of PARTS parts of the committed vectors, on all targets in unicorn."""
    return emulate(list(TARGETS), itertools.islice(committed(), part, None, PARTS))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compare the core on Cortex-M0, M3, M4 and M33 with the host.")
    parser.add_argument("--volume", type=int, default=VOLUME, help="vectors beyond the committed ones")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    report = measure(arguments.volume, arguments.seed)
    RESULT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for where in ("qemu", "unicorn"):
        for name, row in report[where].items():
            played = f"{row['vectors']} vectors, {row['calls']} calls, {row['mismatches']} mismatches"
            say(f"{where} {', '.join(row.get('targets', [name]))}: {played}")
    counts = report["vectors"]
    say(
        f"host = target: {counts['count']} vectors, {counts['mismatches']} mismatches, {report['seconds']} s ({RESULT})"
    )
    for text in report["mismatches"]:
        say(f"  {text}")
    if counts["mismatches"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main_guard(main)
