"""Two scripts that differ in one thing, and what two runs may not differ in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from firmware import protocol
from hil.scripts.play import LOOK_US, SLOT_US
from hil.scripts.script import LOOK, Look, Run, Script, Step

_COUNTED = {field.name for field in protocol.COUNTERS}
# What no therapy depends on: the link's counters, the log's length, the battery's account.
NO_MATTER = frozenset(_COUNTED | {"newest_event", "life"})  # a life tells orders apart and nothing else
_NO_THERAPY = ("read_energy", "self_test")


@dataclass(frozen=True, slots=True)
class Difference:
    """What the two runs differ in: `where`, the same for the same kind of difference, and `text` for a person."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The run without and the run with: `common` steps, and those that only one of the two has."""

    common: Script
    only_without: tuple[Step, ...]
    only_with: tuple[Step, ...]

    @property
    def without(self) -> Script:
        """The script without it."""
        return merged(self.common, self.only_without)

    @property
    def with_it(self) -> Script:
        """The script with it."""
        return merged(self.common, self.only_with)

    @property
    def from_us(self) -> int:
        """When the two first differ."""
        return min(step.at_us for step in self.only_without + self.only_with)


def merged(script: Script, steps: Iterable[Step]) -> Script:
    """`script` with `steps` in their places."""
    return replace(script, steps=tuple(sorted((*script.steps, *steps), key=lambda step: step.at_us)))


def last_cut_us(script: Script) -> int:
    """When power last came in the script. From the last record that it has stored a pump works out what time it is when
    power comes, in whole seconds: another record before that, and its own time is another.
    """
    cuts = [step.at_us + _off_us(step) for step in script.steps if step.what == "power_cut"]
    return max(cuts, default=0)


def _off_us(step: Step) -> int:
    return round(float(step.values["off_s"]) * 1_000_000)


def busy(script: Script, from_us: int = 0) -> list[tuple[int, int]]:
    """The times at which no other request may arrive, ascending: (from, to), µs. Before `from_us` none may."""
    spans = [(-1 << 62, from_us + 5 * SLOT_US), (script.end_us - SLOT_US, 1 << 62)]
    for step in script.steps:
        length_us = LOOK_US if step.what == LOOK else SLOT_US
        if step.what == "power_cut":
            length_us = _off_us(step) + 5 * SLOT_US
        spans.append((step.at_us - SLOT_US, step.at_us + length_us))
    return sorted(spans)


def is_free(spans: list[tuple[int, int]], at_us: int, length_us: int = SLOT_US) -> bool:
    """Is the line free for a request that arrives at `at_us`, and for what follows up to `length_us` later?"""
    return not any(start_us < at_us + length_us and at_us < end_us for start_us, end_us in spans)


# Comparisons. Each yields what differs, nothing if nothing does.


def strokes(without: Run, with_it: Run) -> Iterable[Difference]:
    """The same strokes at the same microseconds."""
    if without.strokes_us == with_it.strokes_us:
        return
    at = _first_apart(without.strokes_us, with_it.strokes_us)
    mine, other = (run.strokes_us[at : at + 1] for run in (without, with_it))
    yield Difference("strokes", f"stroke {at + 1} at {mine or 'never'} µs without it, at {other or 'never'} µs with it")


def answers(without: Run, with_it: Run, only: Iterable[Step]) -> Iterable[Difference]:
    """The same answers to the steps that both have."""
    apart = {step.at_us for step in only}
    mine = [each for each in without.answers if each.asked_us not in apart]
    other = [each for each in with_it.answers if each.asked_us not in apart]
    for one, two in zip(mine, other, strict=True):
        if one.refusal != two.refusal:
            kind = f"answer {one.name}: {_verdict(one.refusal)} / {_verdict(two.refusal)}"
            yield Difference(kind, f"{one.name} at {one.asked_us} µs: {one.refusal} without it, {two.refusal} with it")
        elif one.name not in _NO_THERAPY:
            yield from fields(f"answer {one.name}", one.asked_us, one.reply or {}, two.reply or {})


def looks(without: Run, with_it: Run, ignore: frozenset[str] = NO_MATTER) -> Iterable[Difference]:
    """Everything that can be asked is the same, at the looks that both have."""
    others = {look.at_us: look for look in with_it.looks}
    for look in without.looks:
        other = others.get(look.at_us)
        if other is not None:
            yield from same_look(look, other, ignore)


def same_look(one: Look, two: Look, ignore: frozenset[str] = NO_MATTER) -> Iterable[Difference]:
    """The same things shown."""
    for name in ("status", "time", "procedure", "reservoir", "settings", "diagnosis"):
        yield from fields(name, one.at_us, getattr(one, name), getattr(two, name), ignore)
    for name in ("alarms", "patterns", "deliveries"):
        mine, other = getattr(one, name), getattr(two, name)
        if mine != other:
            at = _first_apart(mine, other)
            yield Difference(
                name, f"{name} at {one.at_us} µs: {mine[at : at + 1]} without it, {other[at : at + 1]} with it"
            )


def fields(
    what: str, at_us: int, one: Mapping[str, Any], two: Mapping[str, Any], ignore: frozenset[str] = NO_MATTER
) -> Iterable[Difference]:
    """The same value in every field."""
    for name in sorted(one.keys() | two.keys()):
        if name not in ignore and one.get(name) != two.get(name):
            text = f"{what}.{name} at {at_us} µs: {one.get(name)} without it, {two.get(name)} with it"
            yield Difference(f"{what}.{name}", text)


def logs(
    without: Run, with_it: Run, passed_over: Callable[[Mapping[str, Any]], bool] = lambda event: False
) -> Iterable[Difference]:
    """The same events but for those that `passed_over` says, whose numbers are left out of account."""
    mine, other = ([_event(each) for each in run.log if not passed_over(each)] for run in (without, with_it))
    if mine != other:
        at = _first_apart(mine, other)
        one, two = mine[at : at + 1], other[at : at + 1]
        names = " / ".join(each[0]["event"] if each else "end" for each in (one, two))
        yield Difference(f"log {names}", f"the log has {one} without it, {two} with it")


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "number"}


def _verdict(refusal: Any) -> str:
    return refusal.code if refusal else "accepted"


def _first_apart(one: Any, two: Any) -> int:
    for place, (mine, other) in enumerate(zip(one, two, strict=False)):
        if mine != other:
            return place
    return min(len(one), len(two))
