"""A therapy script as data, and the records of playing it. Times are µs of the bench, which a power cut does not stop.
Times that the device reports are its own.

Implements: HIL-5
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Events of the world outside the pump. Any other step is the name of a message of the programmer link.
WORLD = ("power_cut", "clock_jump", "clock_lost", "clock_rate")
LOOK = "look"
AGAIN = "again"

ORDER_HOLDS_US = 10_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """At `at_us` the last byte of a request reaches the pump, or something happens to it.

    `what` is the name of a message, with its fields in `values` but without the order's header; an order holds for
    10 s unless `values` has `expires_after_us`. Or it is one of

    - "again" {of_us}: the very bytes of the request that arrived at `of_us` once more;
    - "look": the status and every question there is; it takes up to a second, then the programmer waits;
    - "power_cut" {off_s}: no power for so long; then the programmer says hello;
    - "clock_jump" {by_s}, "clock_lost", "clock_rate" {ppm}: what happens to the battery-backed clock.
    """

    at_us: int
    what: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Script:
    """`steps` ascend in time; the run ends at `end_us`. `seed` is the script's origin."""

    seed: int
    stroke_nl: int
    concentration_u_per_ml: int
    end_us: int
    steps: tuple[Step, ...]

    @property
    def stroke_uu(self) -> int:
        """Insulin in a stroke."""
        return self.stroke_nl * self.concentration_u_per_ml


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was refused: the code's name, the field at fault ("": none), value and limit as the pump sent."""

    code: str
    field: str
    value: int
    limit: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to step `step` of the script, which arrived at `asked_us`. Neither reply nor refusal means silence."""

    step: int
    asked_us: int
    name: str
    values: Mapping[str, Any]
    reply: Mapping[str, Any] | None
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that can be read, from `at_us` on. Enumerations by name; `deliveries` oldest first."""

    at_us: int
    status: Mapping[str, Any]
    time: Mapping[str, Any]
    procedure: Mapping[str, Any]
    reservoir: Mapping[str, Any]
    settings: Mapping[str, Any]
    diagnosis: Mapping[str, Any]
    alarms: tuple[Mapping[str, Any], ...]
    patterns: tuple[tuple[int, ...], ...]
    deliveries: tuple[Mapping[str, Any], ...]

    @property
    def limits(self) -> dict[str, int]:
        """The clinician limits, as the status shows them."""
        return {name: value for name, value in self.status.items() if name.startswith("max_")}


@dataclass(frozen=True, slots=True)
class Life:
    """One life, from power-up to power cut: when power came, and the device's time then."""

    start_us: int
    device_us: int


@dataclass(slots=True)
class Run:
    """Records of a run. `strokes_us` are the starts on the motor pins, `edges_us` the stroke sensor's edges. `log` has
    all events except those caused by reading the log; `console` is the board's other output. `late_us` are starts
    during the last look, which is after the script's end; at `renewed_us` a session began that was not a life's first.
    """

    script: Script
    strokes_us: list[int] = field(default_factory=list)
    edges_us: list[int] = field(default_factory=list)
    late_us: list[int] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    log: list[Mapping[str, Any]] = field(default_factory=list)
    console: str = ""
    renewed_us: list[int] = field(default_factory=list)

    def device_us(self, at_us: int) -> int:
        """The device's time at the bench's `at_us`."""
        life = max((each for each in self.lives if each.start_us <= at_us), key=lambda each: each.start_us)
        return at_us - life.start_us + life.device_us


def to_json(script: Script) -> str:
    """Return the script as text, one step a line."""
    head = {
        "seed": script.seed,
        "stroke_nl": script.stroke_nl,
        "concentration_u_per_ml": script.concentration_u_per_ml,
        "end_us": script.end_us,
    }
    steps = ",\n".join("  " + json.dumps([step.at_us, step.what, step.values]) for step in script.steps)
    return json.dumps(head)[:-1] + ', "steps": [\n' + steps + "\n]}\n"


def from_json(text: str) -> Script:
    """Read the text of to_json()."""
    data = json.loads(text)
    steps = tuple(Step(*each) for each in data.pop("steps"))
    return Script(**data, steps=steps)
