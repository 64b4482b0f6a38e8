"""An ideal pump on a plant: strokes at the very microsecond they are owed, no firmware. To test protocols with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from types import SimpleNamespace, TracebackType
from typing import Any

from hil.oracle.commands import Command
from hil.plant import Plant
from host.records import Limits

STROKE_UU = 200_000
SPACING_US = 2_000_000
BURST_US = 180_000
STEPS = 96
US_PER_H = 3_600_000_000
LINK_US = 1_500  # how long a command takes to arrive


@dataclass
class IdealBench:
    """The part of a bench that the accuracy protocol uses."""

    plant: Plant
    slowness_us: int = 0
    drop_every: int = 0
    refuse: Callable[[str], Exception | None] = lambda name: None
    now_us: int = 0
    start_tolerance_us: int = 0
    stroke_starts_us: list[int] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.programmer = self
        self._rate_mu_per_h = 0
        self._owed_uu = Fraction(0)
        self._since_us = 0
        self._bolus_left = 0
        self._slot_us = 0
        self._count = 0

    def __enter__(self) -> IdealBench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def _next_us(self) -> int | None:
        if self._bolus_left:
            return max(self._slot_us, self.now_us)
        if not self._rate_mu_per_h:
            return None
        missing = STROKE_UU - self._owed_uu
        due = self._since_us - (-missing * 3_600_000 // self._rate_mu_per_h)
        return max(int(due), self._slot_us) + self.slowness_us

    def _accrue(self, at_us: int) -> None:
        self._owed_uu += Fraction(self._rate_mu_per_h * (at_us - self._since_us), 3_600_000)
        self._since_us = at_us

    def run_until_us(self, t_us: int) -> None:
        while (due_us := self._next_us()) is not None and due_us <= t_us:
            if self._bolus_left:
                self._bolus_left -= 1
            else:
                self._accrue(due_us)
                self._owed_uu -= STROKE_UU
            self.now_us = due_us
            self._slot_us = due_us + SPACING_US
            self._count += 1
            if self.drop_every and self._count % self.drop_every == 0:
                continue
            self.plant.stroke(due_us, STEPS, BURST_US)
            self.stroke_starts_us.append(due_us)
        self.now_us = t_us

    def _accept(self, name: str, **values: int) -> int:
        error = self.refuse(name)
        if error is not None:
            raise error
        self.run_until_us(self.now_us + LINK_US)
        self.commands.append(Command(self.now_us, name, values))
        return self.now_us

    def hello(self) -> Any:
        return SimpleNamespace(
            board="IDEAL", firmware_version="0", core_version="0", stroke_uu=STROKE_UU, stroke_nl=500,
            concentration_u_per_ml=400, image="",
        )  # fmt: skip

    def status(self) -> Any:
        return SimpleNamespace(
            state="running", fault=0, in_force_mu_per_h=self._rate_mu_per_h, reservoir_mu=6_000_000, memory="whole",
            now_us=self.now_us, diagnosis="none", resets=1,
        )  # fmt: skip

    def read_alarms(self) -> list[Any]:
        return []

    def events(self, since_number: int = 0) -> list[Any]:
        return []

    def set_limits(self, limits: Limits) -> Any:
        return SimpleNamespace(at_us=self._accept("set_limits", max_day_mu=limits.max_day_mu))

    def set_basal(self, rate_mu_per_h: int) -> Any:
        at_us = self._accept("set_basal", rate_mu_per_h=rate_mu_per_h)
        self._accrue(at_us)
        self._rate_mu_per_h = rate_mu_per_h
        return SimpleNamespace(at_us=at_us)

    def bolus(self, volume_mu: int) -> Any:
        at_us = self._accept("bolus", volume_mu=volume_mu)
        self._bolus_left = volume_mu * 1000 // STROKE_UU
        return SimpleNamespace(at_us=at_us, delivery_id=len(self.commands), strokes=self._bolus_left)


def open_ideal(plant: Plant) -> IdealBench:
    """A perfect pump."""
    return IdealBench(plant)


def open_dropping(plant: Plant) -> IdealBench:
    """A pump that forgets every 20th stroke."""
    return IdealBench(plant, drop_every=20)


def open_late(plant: Plant) -> IdealBench:
    """A pump whose basal strokes start 1 µs after they are due."""
    return IdealBench(plant, slowness_us=1)
