"""Compares each step edge that the bench I/O board captures with the edge that the emulator saw, both ways (BOARD-4).

Two emulated Picos are wired to each other. The pump doses at 35 U/h until a given number of steps has been made. The
emulator records the nanosecond of every change of the pump's pin. The image of the bench I/O board captures the edges
with its PIO and DMA and sends them over its line. The two records are compared edge by edge, in absolute time.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from hil.backends.desk import DeskBoard
from hil.backends.desk_lines import EmulatedLines
from hil.bench import Bench
from hil.errors import BenchError
from hil.plant import Plant, load_mechanism
from hil.protocols.edges.run import HARD_LIMITS
from hil.results.files import write_json

ERROR_NS_MAX = 1000
BASAL_MU_PER_H = 35_000
_CHUNK_S = 600
NOT_MODELLED = "the PIO's input synchronisers (16 ns); tolerance and drift of the bench I/O board's crystal; rise times"


def emulated_lines(board: DeskBoard) -> EmulatedLines:
    """Return the lines of an emulated desk. Raises BenchError on a real one: it has no true edges to compare with."""
    if not isinstance(board.lines, EmulatedLines):
        raise BenchError("only an emulated desk knows the true edges")
    return board.lines


def compare(board: DeskBoard) -> dict[str, Any]:
    """Compare the edges captured so far with the true ones."""
    lines = emulated_lines(board)
    start_ns = round(lines.order("info")["io"]["capture_start"])
    true_ns = lines.step_edges_ns()
    captured = board.edges_ns
    errors_ns = [start_ns + at_ns - true for (at_ns, _), true in zip(captured, true_ns, strict=False)]
    wrong_way = sum(rising != (number % 2 == 0) for number, (_, rising) in enumerate(captured))
    missing = len(true_ns) - len(captured)
    worst_ns = max((abs(each) for each in errors_ns), default=0)
    passed = not missing and not wrong_way and worst_ns <= ERROR_NS_MAX and bool(true_ns)
    return {
        "steps": len(true_ns) // 2,
        "edges": len(true_ns),
        "edges_captured": len(captured),
        "edges_lost": max(missing, 0),
        "edges_invented": max(-missing, 0),
        "edges_wrong_way": wrong_way,
        "error_ns": {"least": min(errors_ns, default=0), "greatest": max(errors_ns, default=0)},
        "error_ns_max": ERROR_NS_MAX,
        "verdict": "pass" if passed else "fail",
    }


def measure(steps: int, *, seed: int = 1) -> dict[str, Any]:
    """Dose until `steps` steps have been made, and compare."""
    wall_s = time.monotonic()
    bench = Bench(Plant(load_mechanism(), seed), kind="desk-emulated")
    board = bench.board
    try:
        bench.check_link()
        bench.programmer.set_limits(HARD_LIMITS)
        bench.programmer.set_basal(BASAL_MU_PER_H)
        while len(board.edges_ns) < 2 * steps:
            bench.run_for(seconds=_CHUNK_S)
        bench.programmer.stop()
        bench.run_for(seconds=1)
        figures = compare(board)
        status = bench.programmer.status()
        emulated_s = emulated_lines(board).now_ns / 1e9
        flagged = board.flagged()
    finally:
        board.kill()
    if flagged or status.strokes_commanded != len(board.stroke_starts_us):
        figures["verdict"] = "fail"
    return {
        "emulated": True,
        "not_modelled": NOT_MODELLED,
        **figures,
        "strokes": len(board.stroke_starts_us),
        "strokes_commanded": status.strokes_commanded,
        "strokes_delivered": status.strokes_delivered,
        "flagged": flagged,
        "emulated_s": round(emulated_s, 3),
        "wall_s": round(time.monotonic() - wall_s, 1),
    }


def report(figures: dict[str, Any], out: Path) -> str:
    """Write the figures to `out`; return them as a sentence."""
    write_json(out, figures)
    error = figures["error_ns"]
    captured = f"{figures['edges_captured']} of {figures['edges']} edges ({figures['steps']} steps) captured"
    return (
        f"{figures['verdict'].upper()}: {captured}, {error['least']:+d} to {error['greatest']:+d} ns off; "
        f"at most {ERROR_NS_MAX} ns allowed. Emulated; not modelled: {NOT_MODELLED}. "
        f"{figures['wall_s']} s; written to {out}"
    )
