"""Something comes between two lines of an order: how it went, and what was wrong with it.

An order is compared with the same order a moment before the instant and a moment after it. Wherever the instant falls,
the order must have gone as one of the two: the same answer, and the same pump, books, log and strokes a minute later.
What must hold at every moment is looked at besides (truths.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.firmware.between.asked import ORDERS, QUESTIONS, values_of
from tests.firmware.between.pump import LINE_US, Device, Reset
from tests.firmware.between.scenes import SCENES, instant_us
from tests.firmware.between.truths import in_force, moves_on, truths, view

APART_US = 50_000  # before and after the instant: no order takes so long
AFTERWARDS_US = 61_300_000
# Of a reply, what hangs on the microsecond, or on how far the books are when the event itself waits for its turn.
_OF_THE_MOMENT = (
    "value", "limit", "battery_used_nah", "battery_left_nah", "battery_left_s", "battery_mean_na", "newest_event",
    "newest_number", "records", "events", "checks", "duration_us", "wakes", "alarm", "alarms", "reservoir_mu",
    "left_mu",
    "strokes_abandoned", "empty_h",
)  # fmt: skip


def timeless(value: Any) -> Any:
    """A reply without its times."""
    if isinstance(value, dict):
        return {name: timeless(each) for name, each in value.items() if not name.endswith(("_us", "time_s", "utc_s"))}
    if isinstance(value, list | tuple):
        return [timeless(each) for each in value]
    return value


class Run:
    """One order, laid `place` places before an instant, or a reference (`place` None: `apart_us` from it)."""

    def __init__(
        self, scene: str, order: str, instant: str, place: int | None, apart_us: int = 0, **device: Any
    ) -> None:
        self.wrong: list[str] = []
        self.said = ""
        self.where = ""
        self.places = 0
        self.seen: dict[str, Any] = {}
        self.possible = False
        message, fields = (ORDERS | QUESTIONS)[order]
        pump = self.device = Device(**device)
        SCENES[scene](pump)
        at_us = instant_us(pump, instant)
        if at_us is None:
            return
        self.possible = True
        self.at_us = at_us
        asked = values_of(pump, fields)
        lines: list[str] = []
        arrives_us = at_us + apart_us if place is None else at_us - place * LINE_US

        def act(number: int) -> None:
            if place is not None and number in (place, place + 1):
                self.where = pump.place
            lines.append(pump.place)

        pump.live(arrives_us - 1)
        before = len(pump.bursts)
        pump.act = act
        try:
            self.reply = pump.ask(message, arrives_us, **asked)
            pump.act = None
            self.said = self.reply["refused"] or "accepted"
            self.places = len(lines)
            self.lines = lines
            self._judge(message, asked, before)
        except Reset as error:
            pump.act = None
            self.said = f"reset: {error}"
            self.places = len(lines)
            self.lines = lines

    def _judge(self, message: str, asked: dict[str, Any], before: int) -> None:
        pump = self.device
        since = len(pump.bursts)
        if self.said == "accepted" and message in {ORDERS[each][0] for each in ORDERS}:
            self.wrong += in_force(pump, message, asked, self.reply)
        self.wrong += truths(pump)
        try:
            pump.live(self.at_us + AFTERWARDS_US)
        except Reset as error:
            self.wrong.append(f"reset afterwards: {error}")
            return
        if self.said == "accepted":
            self.wrong += moves_on(pump, message, since)
        self.wrong += [f"a minute later: {each}" for each in truths(pump)]
        reply = {f"reply {name}": each for name, each in timeless(self.reply).items() if name not in _OF_THE_MOMENT}
        self.seen = view(pump) | reply


def in_any_order(value: Any) -> Any:
    """A list, sorted."""
    return sorted(value, key=repr) if isinstance(value, list) else value


def differences(run: Run, before: Run, after: Run, *, mixed: bool = False) -> list[str]:
    """In what `run` is like neither of its references; `mixed`: each thing may be like one or the other.

    So it is at a boundary of the programmed rate: an order amid which it comes may be booked on either side of it. And
    so with a stroke that a cap withholds: it may be due before the order and be told after it.
    """
    if run.said not in (before.said, after.said):
        return [f"said {run.said}, before {before.said}, after {after.said}"]
    others = [other for other in (before, after) if other.said == run.said]
    if mixed:
        names = [name for name in run.seen if name not in ("deliveries", "log", "reply abandoned_strokes")]
        return [
            f"{name}: {run.seen[name]}, else {others[0].seen.get(name)}"
            for name in names
            if in_any_order(run.seen[name]) not in [in_any_order(other.seen.get(name)) for other in others]
        ]
    found = [
        [
            f"{name}: {run.seen[name]}, else {other.seen.get(name)}"
            for name in run.seen
            if run.seen[name] != other.seen.get(name)
        ]
        for other in others
    ]
    return min(found, key=len)


def every(lines: list[str]) -> list[int]:
    """Every place there is."""
    return list(range(1, len(lines) + 1))


def each_line(lines: list[str]) -> list[int]:
    """The first place of each line of source."""
    return sorted({line: place for place, line in reversed(list(enumerate(lines, 1)))}.values())


def touches(lines: list[str]) -> list[int]:
    """After each call of the core's, each look at the clock and each stop of the motor: the firmware sees an interrupt
    by nothing else, so what comes between two of these comes as one (test_between_orders.py proves it on two orders).
    """
    return sorted({1, *(place for place, line in enumerate(lines, 1) if " after " in line)})


# Scenes in which something else comes with the stroke.
NEAR = ("patterned", "capped")  # a boundary of the pattern; a cap that withholds the stroke


def sweep(scene: str, order: str, instant: str, choose: Callable[[list[str]], list[int]], **device: Any) -> list[Any]:
    """Runs with `instant` at the places that `choose` takes; (place, line, what was wrong) of those gone wrong."""
    before = Run(scene, order, instant, None, -APART_US, **device)
    if not before.possible:
        return []
    after = Run(scene, order, instant, None, APART_US, **device)
    wrong: list[Any] = [(0, name, each.wrong) for name, each in (("before", before), ("after", after)) if each.wrong]
    for place in choose(before.lines):
        run = Run(scene, order, instant, place, **device)
        said = run.wrong + differences(run, before, after, mixed=instant == "deadline" or scene in NEAR)
        if said:
            wrong.append((place, run.where, said))
    return wrong
