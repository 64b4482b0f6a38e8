"""Rows of a log, and what the oracle finds wrong with them."""

from __future__ import annotations

from typing import Any

from hil.oracle.records import judge_log
from hil.scripts.script import Look, Run, Script
from tests.oracle.hand import EPOCH_S, H, Hand

END_US = 100 * H
Row = dict[str, Any]


def row(event: str, detail: int = 0, reason: int = 0, at_s: int = 0, **letters: int) -> Row:
    shown = {"event": event, "detail": detail, "reason": reason, "time_s": EPOCH_S + at_s}
    return shown | {letter: letters.get(letter, 0) for letter in "abcd"}


def found(hand: Hand, *rows: Row, looks: tuple[Look, ...] = ()) -> list[tuple[int, str, Any, Any]]:
    """What is wrong with this log of what the device has noted."""
    run = Run(Script(1, 500, 400, END_US, ()), looks=list(looks))
    run.log = [{**each, "number": number} for number, each in enumerate(rows, 1)]
    return [(each.at_us, each.what, each.expected, each.seen) for each in judge_log(hand.device, run)]


def whats(hand: Hand, *rows: Row, looks: tuple[Look, ...] = ()) -> list[str]:
    return [what for _, what, _, _ in found(hand, *rows, looks=looks)]


def noted(what: str, at_us: int = 0, **values: Any) -> Hand:
    hand = Hand()
    hand.device.advance(at_us)
    hand.device.pump.react = None  # what follows from it is another event
    hand.device.pump.note(what, **values)
    return hand
