"""Write tests/vectors/dose_core.txt: random call sequences with their outcomes, each one judged by the exact model.

    python -m tests.vectors.generate

Seeded, so that the file can be made again to the byte; a test does so.
"""

import random
from pathlib import Path

from tests.core.checked import CheckedCore
from tests.vectors.run_vectors import Runner

PATH = Path(__file__).with_name("dose_core.txt")
SEED = 20240229
SEQUENCES = 400
CALLS = 32
SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
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
        self.call("permit", self.core.state()[18] + 1)

    def wait_us(self) -> int:
        rng = self.rng
        longest_us = rng.choice((3, SECOND_US, 60 * SECOND_US, HOUR_US, HOUR_US, 30 * HOUR_US, 400 * 24 * HOUR_US))
        return rng.randrange(longest_us)

    def request(self) -> None:
        rng = self.rng
        name = rng.choice(("set_basal", "set_basal", "bolus", "bolus", "cancel_bolus", "suspend", "resume", "resume"))
        extra = {
            "set_basal": rng.choice((*RATES, rng.randrange(35_001))),
            "bolus": rng.choice((0, 1, 2, 7, 40, 200, 900)),
        }
        arguments = [extra[name]] if name in extra else []
        back_us = rng.randrange(1, 5 * SECOND_US) if rng.random() < 0.05 else 0
        # Back beyond what the core has seen for certain, or not at all.
        at_us = min(self.now_us, max(0, self.core.pair.model.last_us - back_us)) if back_us else self.now_us
        self.call(name, at_us, *arguments)

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
        limit = self.rng.choice((1, 5, 30))
        before_us = self.now_us
        self.call("run", before_us, until_us, limit)
        due_us = self.core.next_us()
        at_us = self.core.pair.now_us
        self.now_us = max(at_us, until_us) if due_us < 0 or due_us > until_us else max(at_us, before_us)

    def stroke(self) -> None:
        """One stroke with its sensor edges, sometimes none or two of them, sometimes late."""
        rng = self.rng
        due_us = self.core.next_us()
        if due_us >= 0:
            self.now_us = max(self.now_us, due_us) + rng.choice((0, 0, 0, 1, 49, SECOND_US, HOUR_US))
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
        what = rng.choice(("service", "service", "confirmed", "ended", "permit", "used", "used", "stop"))
        if what == "service":
            self.call(what, self.now_us)
        elif what == "permit":
            self.call(what, rng.choice((0, 1, self.core.state()[18] + rng.randrange(3), 2**32 - 1)))
        elif what == "used":
            self.call(what, self.now_us, rng.randrange(2))
        elif what == "stop":
            if rng.random() < 0.2:
                self.call(what, self.now_us, rng.choice((6, 7, 8)))
        else:
            self.call(what)

    def write(self) -> list[str]:
        steps = [self.request, self.request, self.request, self.run, self.run, self.stroke, self.stroke, self.odd]
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
