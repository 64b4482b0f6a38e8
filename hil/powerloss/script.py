"""What happens in the life that is cut: a list of steps, each at its second; extend it here.

A step is a time and something to do with the bench. What the pump must remember of it is asked of the pump after each
step, so a new kind of step needs no more than its line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hil.bench import Bench
from host.records import Limits

MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Step:
    """At second `at_s` of the life, `do`."""

    at_s: float
    name: str
    do: Callable[[Bench], object]


class _Blind:
    """The plant with a stroke sensor that sees nothing from now on."""

    def __init__(self, bench: Bench) -> None:
        plant = bench.plant
        self.pressure_counts = plant.pressure_counts
        self.abort = plant.abort
        self._stroke = plant.stroke

    def stroke(self, start_us: int, steps: int, duration_us: int) -> int:
        """The stroke is made, and nobody sees it."""
        self._stroke(start_us, steps, duration_us)
        return 0


def _blind(bench: Bench) -> None:
    bench.board.plant = _Blind(bench)


HOUR = (
    Step(1, "limits", lambda bench: bench.programmer.set_limits(Limits(30_000, 20_000, 40_000, 120_000))),
    Step(2, "basal", lambda bench: bench.programmer.set_basal(3_000)),
    Step(5 * MINUTE_S, "bolus, all of it", lambda bench: bench.programmer.bolus(1_600)),
    Step(13 * MINUTE_S, "bolus", lambda bench: bench.programmer.bolus(3_000)),
    Step(13 * MINUTE_S + 9, "cancelled", lambda bench: bench.programmer.cancel_bolus()),
    Step(20 * MINUTE_S, "basal changed", lambda bench: bench.programmer.set_basal(1_200)),
    Step(24 * MINUTE_S, "clock set", lambda bench: bench.programmer.set_time(1_767_229_000)),
    Step(27 * MINUTE_S, "bolus again", lambda bench: bench.programmer.bolus(2_000)),
    Step(27 * MINUTE_S + 7, "stopped", lambda bench: bench.programmer.stop()),
    Step(33 * MINUTE_S, "resumed", lambda bench: bench.programmer.resume()),
    Step(40 * MINUTE_S, "basal high", lambda bench: bench.programmer.set_basal(30_000)),
    Step(43 * MINUTE_S, "basal low again", lambda bench: bench.programmer.set_basal(800)),
    Step(50 * MINUTE_S, "sensor blind", _blind),
    Step(51 * MINUTE_S, "bolus that ends in a fault", lambda bench: bench.programmer.bolus(1_000)),
    Step(60 * MINUTE_S, "end", lambda bench: None),
)

# For `make test`.
SHORT = (
    Step(1, "basal", lambda bench: bench.programmer.set_basal(30_000)),
    Step(30, "bolus", lambda bench: bench.programmer.bolus(1_000)),
    Step(35, "stopped", lambda bench: bench.programmer.stop()),
    Step(40, "resumed", lambda bench: bench.programmer.resume()),
    Step(45, "bolus again", lambda bench: bench.programmer.bolus(600)),
    Step(55, "end", lambda bench: None),
)
SCRIPTS = {"hour": HOUR, "short": SHORT}
