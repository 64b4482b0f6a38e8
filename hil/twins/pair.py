"""A pair of scripts that differ in one thing, and the comparisons of their two runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from firmware import protocol
from hil.scripts.play import LOOK_US, SLOT_US
from hil.scripts.script import LOOK, Answer, Look, Run, Script, Step

_COUNTED = {field.name for field in protocol.COUNTERS}
# Values on which no therapy depends: the link's counters, the log's length, the battery's account.
NO_MATTER = frozenset(_COUNTED | {"newest_event", "life"})  # `life` only tells orders of different lives apart
_NO_THERAPY = ("read_energy", "self_test")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between two runs. `where` is equal for differences of the same kind; `text` is for a person."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The runs without and with the one thing: the `common` steps, and the steps that only one of the two has."""

    common: Script
    only_without: tuple[Step, ...]
    only_with: tuple[Step, ...]

    @property
    def without(self) -> Script:
        """The script without the one thing."""
        return merged(self.common, self.only_without)

    @property
    def with_it(self) -> Script:
        """The script with the one thing."""
        return merged(self.common, self.only_with)

    @property
    def from_us(self) -> int:
        """The time at which the two first differ."""
        return min(step.at_us for step in self.only_without + self.only_with)


def merged(script: Script, steps: Iterable[Step]) -> Script:
    """Return `script` with `steps` inserted in order of time."""
    return replace(script, steps=tuple(sorted((*script.steps, *steps), key=lambda step: step.at_us)))


def last_cut_us(script: Script) -> int:
    """Time at which power last came in the script. At power-up a pump computes its time, in whole seconds, from the
    last record that it has stored. With another record before that, its own time differs.
    """
    cuts = [step.at_us + off_us(step) for step in script.steps if step.what == "power_cut"]
    return max(cuts, default=0)


def off_us(step: Step) -> int:
    """How long a power cut lasts."""
    return round(float(step.values["off_s"]) * 1_000_000)


def busy(script: Script, from_us: int = 0) -> list[tuple[int, int]]:
    """Return the times closed to other requests, ascending: (from, to), µs. All before `from_us` is closed."""
    spans = [(-1 << 62, from_us + 5 * SLOT_US), (script.end_us - SLOT_US, 1 << 62)]
    for step in script.steps:
        length_us = LOOK_US if step.what == LOOK else SLOT_US
        if step.what == "power_cut":
            length_us = off_us(step) + 5 * SLOT_US
        spans.append((step.at_us - SLOT_US, step.at_us + length_us))
    return sorted(spans)


def is_free(spans: list[tuple[int, int]], at_us: int, length_us: int = SLOT_US) -> bool:
    """True if the line is free for a request that arrives at `at_us` and for `length_us` after it."""
    return not any(start_us < at_us + length_us and at_us < end_us for start_us, end_us in spans)


# Comparisons. Each yields the differences it finds.


def strokes(without: Run, with_it: Run) -> Iterable[Difference]:
    """Compare the strokes: they must start at the same microseconds."""
    if without.strokes_us == with_it.strokes_us:
        return
    at = _first_apart(without.strokes_us, with_it.strokes_us)
    mine, other = (run.strokes_us[at : at + 1] for run in (without, with_it))
    yield Difference("strokes", f"stroke {at + 1} at {mine or 'never'} µs without it, at {other or 'never'} µs with it")


def answers(without: Run, with_it: Run, only: Iterable[Step]) -> Iterable[Difference]:
    """Compare the answers to the steps that both runs have."""
    for one, two in same_asked(without, with_it, only):
        if one_forgot(one, two):
            continue
        if one.refusal != two.refusal:
            kind = f"answer {one.name}: {_verdict(one.refusal)} / {_verdict(two.refusal)}"
            yield Difference(kind, f"{one.name} at {one.asked_us} µs: {one.refusal} without it, {two.refusal} with it")
        elif one.name not in _NO_THERAPY:
            yield from fields(f"answer {one.name}", one.asked_us, one.reply or {}, two.reply or {})


def same_asked(without: Run, with_it: Run, only: Iterable[Step]) -> Iterable[tuple[Answer, Answer]]:
    """Both answers to each step that both runs have; `only` are the others."""
    apart = {step.at_us for step in only}
    mine, other = ([each for each in run.answers if each.asked_us not in apart] for run in (without, with_it))
    return zip(mine, other, strict=True)


def one_forgot(one: Answer, two: Answer) -> bool:
    """True if an order came once more after its expiry and only one pump still knew its outcome. Every order takes the
    place of an outcome that can come no more (LINK-2).
    """
    expired = any(each.refusal is not None and each.refusal.code == "expired" for each in (one, two))
    return "of_us" in one.values and expired and one.refusal != two.refusal


def looks(without: Run, with_it: Run, ignore: frozenset[str] = NO_MATTER) -> Iterable[Difference]:
    """Compare everything that was read, at the looks that both runs have."""
    others = {look.at_us: look for look in with_it.looks}
    for look in without.looks:
        other = others.get(look.at_us)
        if other is not None:
            yield from same_look(look, other, ignore)


def same_look(one: Look, two: Look, ignore: frozenset[str] = NO_MATTER) -> Iterable[Difference]:
    """Compare two looks."""
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
    """Compare the values of every field."""
    for name in sorted(one.keys() | two.keys()):
        if name not in ignore and one.get(name) != two.get(name):
            text = f"{what}.{name} at {at_us} µs: {one.get(name)} without it, {two.get(name)} with it"
            yield Difference(f"{what}.{name}", text)


def logs(
    without: Run, with_it: Run, passed_over: Callable[[Mapping[str, Any]], bool] = lambda event: False
) -> Iterable[Difference]:
    """Compare the events, except those for which `passed_over` is true. The numbers of events are not compared."""
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
