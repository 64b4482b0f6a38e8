"""Write tests/vectors/dose_core.txt: random call sequences with their outcomes, each one judged by the exact model.

    python -m tests.vectors.generate

Seeded, so that the file can be made again to the byte; a test does so.
"""

import random
from pathlib import Path

from tests.core.checked import CheckedCore
from tests.core.model import BUSY_MAX_US
from tests.vectors.run_vectors import Runner

PATH = Path(__file__).with_name("dose_core.txt")
SEED = 20240229
SEQUENCES = 400
CALLS = 34
COMMANDED = 41  # in Core.state()
SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
REQUESTS = (
    *("set_basal", "set_basal", "plan_basal", "temp_basal", "bolus", "bolus", "bolus"),
    *("cancel_bolus", "cancel_temp", "suspend", "resume", "resume"),
)
RATES = (0, 50, 200, 350, 1000, 5000, 12_350, 34_950, 35_000, 35_001)
MOTORS = ((24, 400, 2000, 20_000), (96, 200, 2000, 8_000), (7, 100, 900, 1_000_000), (128, 1000, 20_000, 300_000))
HEAD = """\
# Made by tests/vectors/generate.py, seed {seed}: do not edit. Format: tests/vectors/run_vectors.py.
# Outcomes were judged by the exact model (tests/core/model.py) when they were written.
"""


class Writer:
    """One sequence in the making."""

    def __init__(self, number: int, rng: random.Random) -> None:
        self.rng = rng
        self.runner = Runner(CheckedCore)
        self.lines = [f"\n# {number}"]
        self.now_us = rng.choice((0, 0, rng.randrange(400 * 24 * HOUR_US), rng.randrange(87_000 * HOUR_US)))
        stroke_nl, concentration = rng.choice((500, 500, 125)), rng.choice((100, 200, 400, 400, 500))
        self.stroke_uu = stroke_nl * concentration
        self.spacing_us = rng.choice((0, 0, 2000, 3000)) * stroke_nl
        history = rng.choice((150_000_000, 500_000_000)) // self.stroke_uu
        motor = rng.choice(MOTORS)
        self.call("new", stroke_nl, concentration, self.spacing_us, *motor, history, self.now_us)
        self.permit_next()
        if rng.random() < 0.7:
            self.call("set_basal", self.now_us, rng.choice(RATES))

    @property
    def core(self) -> CheckedCore:
        return self.runner.core

    def call(self, name: str, *arguments: int) -> None:
        outcome = self.runner.call(name, list(arguments))
        self.lines.append(" ".join([name, *map(str, arguments), "=", *map(str, outcome)]))

    def permit_next(self) -> None:
        self.call("permit", self.core.state()[COMMANDED] + 1)

    def wait_us(self) -> int:
        rng = self.rng
        return rng.randrange(rng.choice((3, SECOND_US, 60 * SECOND_US, HOUR_US, HOUR_US, 5 * HOUR_US, 50 * HOUR_US)))

    def percent_or_rate(self) -> tuple[int, int]:
        rng = self.rng
        return rng.choice(((1, rng.choice(RATES)), (2, rng.choice((0, 33, 50, 110, 200, 201))), (rng.randrange(4), 50)))

    def spread_us(self) -> int:
        return self.rng.choice((HOUR_US // 2, HOUR_US, self.rng.randrange(HOUR_US // 2, 4 * HOUR_US), 24 * HOUR_US))

    def arguments(self, name: str) -> tuple[int, ...]:
        rng = self.rng
        ahead_us = rng.choice((0, rng.randrange(HOUR_US), rng.randrange(HOUR_US), 24 * HOUR_US, 24 * HOUR_US + 1))
        if name == "set_basal":
            return (rng.choice((*RATES, rng.randrange(35_001))),)
        if name == "plan_basal":
            return self.now_us + ahead_us, rng.choice(RATES)
        if name == "temp_basal":
            return *self.percent_or_rate(), ahead_us
        if name != "bolus":
            return ()
        normal = rng.choice((0, 1, 2, 7, 40, 200, 900))
        square = rng.choice((0, 0, 1, 5, 12, 60, 900))
        return normal, square, self.spread_us() if square or rng.random() < 0.05 else 0

    def request(self) -> None:
        rng = self.rng
        name = rng.choice(REQUESTS)
        # An old reading of the clock, as a turn may have it or older than that; or the time as it is.
        old = rng.randrange(1, 5 * SECOND_US), rng.randrange(BUSY_MAX_US - 1, 3 * BUSY_MAX_US)
        back_us = rng.choice(old) if rng.random() < 0.1 else 0
        old_us = self.core.pair.model.books_us - back_us
        at_us = min(self.now_us, old_us) if back_us and old_us >= 0 else self.now_us
        self.call(name, at_us, *self.arguments(name))

    def limits(self) -> None:
        rng = self.rng
        few_mu = rng.randrange(1, 12) * self.stroke_uu // 1000
        self.call(
            "set_limits",
            rng.choice((35_000, 35_000, 35_000, 1000, 35_001)),
            rng.choice((40_000, 40_000, 5_000, 40_001)),
            rng.choice((60_000, 30_000, few_mu, 60_001)),
            rng.choice((150_000, 500_000, few_mu, 500_001)),
        )

    def run(self) -> None:
        until_us = self.now_us + self.wait_us()
        self.call("run", self.now_us, until_us, self.rng.choice((1, 5, 30)))
        self.now_us = self.core.pair.now_us

    def wake(self) -> None:
        """The supervisor, mostly as it should: back before the next stroke or within the hour."""
        rng = self.rng
        self.now_us += rng.choice((0, 0, rng.randrange(SECOND_US), rng.randrange(HOUR_US)))
        self.call("settle", self.now_us)
        self.call("promise", self.now_us, self.now_us + rng.choice((0, SECOND_US, HOUR_US, HOUR_US, HOUR_US + 1)))

    def stroke(self) -> None:
        """One stroke with its sensor edges, sometimes none or two of them, sometimes late."""
        rng = self.rng
        due_us = self.core.next_us()
        if due_us >= 0:
            at_us = max(self.now_us, due_us) + rng.choice((0, 0, 0, 1, 49, SECOND_US, HOUR_US // 2))
            if rng.random() < 0.95:
                self.now_us = max(self.now_us, at_us - HOUR_US)
                if rng.random() < 0.7:
                    self.call("settle", self.now_us)
                self.call("promise", self.now_us, at_us)
            self.now_us = at_us
            self.call("service", self.now_us)
            for _ in range(rng.choice((0, 1, 1, 1, 1, 2))):
                self.call("confirmed")
            if rng.random() < 0.9:
                self.call("ended")
            if rng.random() < 0.9:
                self.permit_next()

    def odd(self) -> None:
        """What should not happen, and looks from outside."""
        rng = self.rng
        self.now_us += self.wait_us()
        what = rng.choice(("service", "settle", "alive", "confirmed", "ended", "permit", "used", "used", "stop"))
        if what in ("service", "settle", "alive"):
            self.call(what, self.now_us)
        elif what == "permit":
            self.call(what, rng.choice((0, 1, self.core.state()[COMMANDED] + rng.randrange(3), 2**32 - 1)))
        elif what == "used":
            self.call(what, self.now_us, rng.randrange(2))
        elif what == "stop":
            if rng.random() < 0.2:
                self.call(what, self.now_us, rng.choice((6, 7, 8, 9)))
        else:
            self.call(what)

    def write(self) -> list[str]:
        steps = [*[self.request] * 4, self.run, self.run, self.wake, self.stroke, self.stroke, self.odd]
        while len(self.lines) < CALLS:
            self.rng.choice(steps)()
            if self.rng.random() < 0.06:
                self.limits()
            self.call("next_us")
        self.call("state")
        return self.lines


def text() -> str:
    """The whole file."""
    rng = random.Random(SEED)
    lines = [HEAD.format(seed=SEED)]
    for number in range(SEQUENCES):
        lines += Writer(number, rng).write()
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
    print(f"{PATH.name}: {PATH.stat().st_size} bytes")
