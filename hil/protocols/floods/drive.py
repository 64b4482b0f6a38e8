"""Floods the emulated Pico with one kind of frame after the other at line rate during a 40 U bolus (LINK-4, DOSE-6).

Each stroke of the bolus is due one spacing after the one before and must start within 50 µs of that, whatever arrives
on the programmer link. The pump must not reset. Both quanta are measured. The fine one also measures each turn of the
supervisor (turns.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from firmware import protocol
from hil.bench import Bench
from hil.protocols.edges.loads import LINE_BYTES_PER_S
from hil.protocols.floods.attacks import FORGED_PRESENCE, listen
from hil.protocols.floods.requests import SETUPS, Sender
from hil.protocols.floods.told import Told
from hil.protocols.floods.turns import Turns, open_pump
from host.api.client import MESSAGES, Programmer
from host.errors import HostError
from host.records import Limits

US_PER_S = 1_000_000
START_US_MAX = 50  # DOSE-6
SPACING_US = {500: 2_000_000, 125: 500_000}
BOLUS_MU = 40_000
QUANTA_NL = (500, 125)
_QUIET_S = 60
# The image's history holds 2,500 of the strokes that count towards the daily cap.
_LIMITS = {500: Limits(35_000, 40_000, 60_000, 500_000), 125: Limits(35_000, 40_000, 60_000, 120_000)}
# How long a turn of the supervisor may take during delivery. From a fine stroke's end to the next one's start are 460
# ms. Entering the stroke and writing the permit need 50 of them, and 60 are kept in reserve. An order without a look
# ahead takes 180 ms; the look ahead is cut off after 170 ms (firmware/therapy/forecast.py). docs/adr/0012.
TURN_US_MAX = 350_000
# From a plain answer to the fourth after it, SEC-4: a second, less what the first has waited for the line.
PLAIN_WITHIN_US_MIN = 950_000


def flood(bench: Bench, sender: Sender) -> None:
    """Half a second of flood; of sessions, one of them."""
    if sender.kind == SETUPS:
        sender.sent += 1
        bench.programmer.hello()
    else:
        bench.board.write(sender.frames(bench.now_us, LINE_BYTES_PER_S // 2))
        bench.run_for(seconds=0.5)


def measure(kind: str, stroke_nl: int, seconds: float, bench_name: str = "emulated") -> dict[str, Any]:
    """Run a bolus of 40 U under this flood for `seconds` and return the results."""
    wall_s = time.monotonic()
    bench = open_pump(stroke_nl, bench_name)
    board = bench.board
    try:
        programmer: Programmer = bench.programmer
        told = Told(programmer.link)
        heard = listen(programmer)
        programmer.set_limits(_LIMITS[stroke_nl])
        programmer.set_basal(0)
        first = len(board.stroke_starts_us)
        programmer.bolus(BOLUS_MU)
        now = programmer.read_time()
        before = programmer.status()
        programmer._exchange(MESSAGES["telemetry"], b"\x01" + (3600).to_bytes(4, "little"))
        turns = None if stroke_nl == 500 else Turns(board)
        if turns is not None:
            turns.forget()
        sender = Sender(kind, programmer, now.life, now.now_us - bench.now_us, heard)
        resets = len(board.info()["ready"])
        begun_us = bench.now_us
        if kind == FORGED_PRESENCE:
            board.presence = True
        while bench.now_us < begun_us + seconds * US_PER_S:
            flood(bench, sender)
            told.take(board.take_timed())
        board.presence = False
        for each in programmer.link.told:
            told.tell(each)
        lived_us = bench.now_us - begun_us
        for _ in range(_QUIET_S):
            if told.latest:
                break
            bench.run_for(seconds=1)  # telemetry that is ordered repeatedly restarts each time
            told.take(board.take_timed())
        resets = len(board.info()["ready"]) - resets
        turn_us = None if turns is None else turns.worst_us
    finally:
        board.kill()
    spacing_us = SPACING_US[stroke_nl]
    whole = BOLUS_MU * 500 // 200 // stroke_nl
    strokes_us = board.stroke_starts_us[first : first + whole]
    off_us = [later - each - spacing_us for each, later in zip(strokes_us, strokes_us[1:], strict=False)]
    late_us = [each - strokes_us[0] - place * spacing_us for place, each in enumerate(strokes_us)]
    late = max(late_us, default=0)
    due = min(lived_us // spacing_us, whole - 1)
    failed = told.latest.get("internal_errors", 0) - before.internal_errors
    state = protocol.STATES[told.latest["state"]] if told.latest else "silent"
    passed = late <= START_US_MAX and len(strokes_us) >= due and resets == failed == 0 and state == "running"
    within_us = None if kind == FORGED_PRESENCE else told.plain_within_us  # with presence hello is always answered
    passed = passed and not told.unlike and (within_us is None or within_us >= PLAIN_WITHIN_US_MIN)
    return {
        "kind": kind,
        "stroke_nl": stroke_nl,
        "seconds": seconds,
        "requests": sender.sent,
        "received_bytes": told.received,
        "strokes": len(strokes_us),
        "strokes_due": due,
        "greatest_off_us": max((abs(each) for each in off_us), default=0),
        "greatest_late_us": late,
        "worst_turn_us": turn_us,
        "resets": resets,
        "state": state,
        "internal_errors": failed,
        "telemetry_late_us": told.late_us,
        "plain_answers": len(told.plain_us),
        "five_plain_within_us": told.plain_within_us,
        "worst_late_us": told.latest.get("worst_late_us"),
        "wall_s": round(time.monotonic() - wall_s, 1),
        "passed": passed and (turn_us is None or turn_us <= TURN_US_MAX),
    }


def orders() -> tuple[dict[str, int], int]:
    """Measure the longest turn (µs) of each order that looks far ahead, accepted or refused during a fine bolus.

    Also return the greatest lateness of the bolus's strokes (µs).
    """
    bench = open_pump(125)
    board, programmer = bench.board, bench.programmer
    # All but 9 U of the daily limit is committed, so the check whether a square bolus fits has to look closely.
    rates = [3_000 - 50 * (place % 2) for place in range(protocol.HALF_HOURS)]
    asked: dict[str, Callable[[], Any]] = {
        "stage_pattern": lambda: programmer.stage_pattern("A", rates),
        "commit_pattern": lambda: programmer.commit_pattern("A", programmer.stage_pattern("A", rates).fingerprint),
        "select_pattern": lambda: programmer.select_pattern("A"),
        "square_bolus that does not fit": lambda: programmer.square_bolus(10_000, 480),
        "square_bolus": lambda: programmer.square_bolus(8_000, 480),
        "temp_basal": lambda: programmer.temp_basal("percent", 90, 1440),
        "set_limits": lambda: programmer.set_limits(Limits(35_000, 40_000, 60_000, 99_900)),
        "set_basal": lambda: programmer.set_basal(3_000),
        "status": programmer.status,
    }
    turns_us = {}
    try:
        bench.check_link()
        programmer.set_limits(Limits(35_000, 40_000, 60_000, 100_000))
        programmer.set_time(1_767_225_600)
        first = len(board.stroke_starts_us)
        programmer.bolus(BOLUS_MU // 2)
        turns = Turns(board)
        for name, ask in asked.items():
            bench.run_for(seconds=0.6)
            turns.forget()
            why = ""
            try:
                ask()
            except HostError as error:
                why = f": {error}"
            turns_us[name + why] = turns.worst_us
        bench.run_for(seconds=1)
    finally:
        board.kill()
    strokes_us = board.stroke_starts_us[first:]
    late_us = [each - strokes_us[0] - place * SPACING_US[125] for place, each in enumerate(strokes_us)]
    return turns_us, max(late_us)
