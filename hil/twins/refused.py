"""A refused order has no effect except the record of its refusal in the log.

Implements: GUARD-1, THER-9, LOG-2
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from firmware import protocol
from hil.scripts.script import Answer, Run, Script, Step
from hil.scripts.writer import Wish
from hil.twins import pair
from hil.twins.pair import Difference, Pair

WISHES = (Wish(),)
INDEPENDENT = False
_TRIES = 4


def pairs(script: Script, run: Run, draw: random.Random) -> Iterable[Pair]:
    """Add one order to the script, of any kind, at any time, sometimes at the microsecond of a stroke."""
    spans = pair.busy(script, pair.last_cut_us(script))
    for _ in range(_TRIES):
        at_us = draw.randint(0, script.end_us)
        if run.strokes_us and draw.random() < 0.5:
            at_us = draw.choice(run.strokes_us) + draw.choice((-1, 0, 1, 104_000))
        if draw.random() < 0.5 and script.steps:
            at_us = draw.choice(script.steps).at_us + draw.choice((100_000, 1_100_000, 30_000_000))
        if pair.is_free(spans, at_us):
            what, values = _order(draw, script)
            yield Pair(script, (), (Step(at_us, what, values),))


def judge(twins: Pair, without: Run, with_it: Run) -> Iterable[Difference]:
    """Yield nothing if the order was accepted; otherwise all must be the same."""
    added = [each for each in with_it.answers if each.asked_us == twins.from_us]
    if not added or added[0].refusal is None:
        return
    name = f"{added[0].name} {added[0].refusal.code}"
    for each in _differences(twins, added[0], without, with_it):
        yield Difference(f"{name}: {each.where}", f"after {name} at {twins.from_us} µs: {each.text}")


def _differences(twins: Pair, added: Answer, without: Run, with_it: Run) -> Iterable[Difference]:
    assert added.refusal is not None
    if added.refusal.code == "internal_error":
        yield Difference("internal_error", str(added))
    yield from pair.strokes(without, with_it)
    yield from pair.answers(without, with_it, twins.only_with)
    yield from pair.looks(without, with_it)
    told = _refusal_of(added, without, with_it)
    forgot = any(pair.one_forgot(one, two) for one, two in pair.same_asked(without, with_it, twins.only_with))
    yield from pair.logs(without, with_it, lambda event: event is told or (forgot and _too_late(event)))


def _refusal_of(added: Answer, without: Run, with_it: Run) -> Mapping[str, Any] | None:
    """Return the event that records the refusal: the first refused order that only one of the logs has."""
    refused = [{**each, "number": 0} for each in without.log if each["event"] == "refused"]
    for event in with_it.log:
        if event["event"] == "refused":
            if not refused or {**event, "number": 0} != refused[0]:
                return event
            del refused[0]
    return None


def _too_late(event: Mapping[str, Any]) -> bool:
    return event["event"] == "refused" and protocol.CODES[event["reason"]] == "expired"


def _order(draw: random.Random, script: Script) -> tuple[str, dict[str, Any]]:
    """Return an order that is likely to be refused."""
    message = draw.choice([each for each in protocol.MESSAGES if each.changes_delivery])
    values: dict[str, Any] = {}
    for field in message.request[len(protocol.ORDER) :]:
        step = field.step
        low, high = field.low, field.high
        choice = draw.choice((low, high, draw.randint(low, high), high + step, low - step, draw.randint(low, high)))
        values[field.name] = choice if field.kind == "bool" else _within_type(field.kind, choice // step * step)
        if field.kind == "bool":
            values[field.name] = bool(choice % 2)
    if message.name in ("bolus", "square_bolus", "dual_bolus"):
        for name in ("volume_mu", "square_mu"):
            if name in values and draw.random() < 0.7:
                values[name] = draw.randint(1, 40) * 1000
    if message.name == "set_settings":
        values["auto_off_min"] = 0
    if draw.random() < 0.1:
        values["expires_after_us"] = draw.choice((-1, -1_000_000, 3_600_000_000))
    return message.name, values


_LARGEST = {"u8": 0xFF, "u16": 0xFFFF, "u32": 0xFFFFFFFF, "u64": protocol.NEVER_US, "i32": 0x7FFFFFFF}


def _within_type(kind: str, value: int) -> int:
    low = -0x80000000 if kind == "i32" else 0
    return max(low, min(value, _LARGEST[kind]))
