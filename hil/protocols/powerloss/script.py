"""The steps of the life that is cut, each at its second. Extend the list here.

A step is a time and an action on the bench. After each step the pump is asked for the state it must remember, so a new
kind of step needs only its own line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.backends.backed import EPOCH_S
from hil.bench import Bench
from host.errors import Refused
from host.records import Limits

MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Step:
    """An action `do` at second `at_s` of the life."""

    at_s: float
    name: str
    do: Callable[[Bench], object]


class Blind:
    """The plant with a stroke sensor that sees nothing from then on."""

    def __init__(self, bench: Bench) -> None:
        plant = bench.plant
        self.pressure_counts = plant.pressure_counts
        self.abort = plant.abort
        self._stroke = plant.stroke

    def stroke(self, start_us: int, steps: int, duration_us: int) -> int:
        """Make the stroke without the sensor seeing it."""
        self._stroke(start_us, steps, duration_us)
        return 0


def _blind(bench: Bench) -> None:
    bench.board.plant = Blind(bench)


# 3 U/h, and 6 U/h from half past midnight on. The boundary lies in the middle of the hour, which begins at midnight.
PATTERN_MU_PER_H = (3_000, 6_000)


def _pattern(bench: Bench) -> None:
    programmer = bench.programmer
    staged = programmer.stage_pattern("A", [PATTERN_MU_PER_H[0], *[PATTERN_MU_PER_H[1]] * 47])
    programmer.commit_pattern("A", staged.fingerprint)


def _refill(bench: Bench) -> None:
    """Fill in 15 ml of insulin, plus 2 ml that are taken back."""
    bench.programmer.record_refill(40_000, 40_000 - 17_085, 2_000_000, 9_000, 9_001)


def _acknowledge(bench: Bench) -> None:
    """Try to acknowledge the catheter's alarms. The pump refuses, because their cause is still there."""
    for alarm in bench.programmer.read_alarms():
        try:
            bench.programmer.acknowledge_alarm(alarm.alarm)
        except Refused:
            continue


HOUR = (
    Step(1, "limits", lambda bench: bench.programmer.set_limits(Limits(30_000, 20_000, 40_000, 120_000))),
    Step(2, "a pattern is set", _pattern),
    Step(3, "and runs", lambda bench: bench.programmer.select_pattern("A")),
    Step(5 * MINUTE_S, "bolus, all of it", lambda bench: bench.programmer.bolus(1_600)),
    Step(9 * MINUTE_S, "refill", _refill),
    Step(13 * MINUTE_S, "bolus", lambda bench: bench.programmer.bolus(3_000)),
    Step(13 * MINUTE_S + 9, "cancelled", lambda bench: bench.programmer.cancel_bolus()),
    Step(
        15 * MINUTE_S,
        "temporary basal over the boundary",
        lambda bench: bench.programmer.temp_basal("percent", 150, 30),
    ),
    Step(16 * MINUTE_S, "square bolus", lambda bench: bench.programmer.square_bolus(1_600, 30)),
    Step(24 * MINUTE_S, "clock set", lambda bench: bench.programmer.set_time(EPOCH_S + 24 * MINUTE_S + 20)),
    Step(27 * MINUTE_S, "bolus beside it", lambda bench: bench.programmer.bolus(2_000)),
    Step(46 * MINUTE_S + 30, "dual bolus", lambda bench: bench.programmer.dual_bolus(600, 1_000, 30)),
    Step(49 * MINUTE_S, "suspended", lambda bench: bench.programmer.suspend()),
    Step(50 * MINUTE_S, "resumed", lambda bench: bench.programmer.resume()),
    Step(51 * MINUTE_S, "stopped", lambda bench: bench.programmer.stop()),
    Step(53 * MINUTE_S, "resumed", lambda bench: bench.programmer.resume()),
    Step(54 * MINUTE_S, "basal high", lambda bench: bench.programmer.set_basal(30_000)),
    Step(56 * MINUTE_S, "basal low again", lambda bench: bench.programmer.set_basal(800)),
    Step(56 * MINUTE_S + 10, "sensor blind", _blind),
    Step(57 * MINUTE_S, "bolus that ends in an alarm", lambda bench: bench.programmer.bolus(1_000)),
    Step(58 * MINUTE_S, "acknowledged", _acknowledge),
    Step(60 * MINUTE_S, "end", lambda bench: None),
)

# For `make test`.
SHORT = (
    Step(1, "basal", lambda bench: bench.programmer.set_basal(30_000)),
    Step(2, "a pattern is set", _pattern),
    Step(3, "refill", _refill),
    Step(20, "square bolus", lambda bench: bench.programmer.square_bolus(1_000, 30)),
    Step(30, "bolus", lambda bench: bench.programmer.bolus(1_000)),
    Step(35, "stopped", lambda bench: bench.programmer.stop()),
    Step(40, "resumed", lambda bench: bench.programmer.resume()),
    Step(45, "bolus again", lambda bench: bench.programmer.bolus(600)),
    Step(55, "end", lambda bench: None),
)
SCRIPTS = {"hour": HOUR, "short": SHORT}
