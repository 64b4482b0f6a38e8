"""Base of the writers of random scripts. It chooses each step and its time and plays it at once, so that it can look at
the pump before choosing the next.

Implements: HIL-5
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware import protocol
from hil.scripts.play import HELLO_AFTER_US, LOOK_US, SLOT_US, US_PER_S, Player
from hil.scripts.script import Answer, Script, Step

US_PER_MIN = 60 * US_PER_S
US_PER_H = 60 * US_PER_MIN
_APART_US = 3 * SLOT_US  # least distance of two steps; a question for aiming fits in between
_BURST_US = 104_000
QUANTA_NL = (500, 125)
CONCENTRATIONS = (100, 200, 400, 500)
_HALF_HOUR_S = 1800
_NEVER_US = protocol.NEVER_US


@dataclass(frozen=True, slots=True)
class Wish:
    """Allowed content of a script; None: the seed decides. `hours` and `steps` are the ranges of its length."""

    cuts: bool | None = None
    clock: bool | None = None
    procedures: bool | None = None
    patterns: bool | None = None
    auto_off: bool = True
    hours: tuple[int, int] = (24, 72)
    steps: tuple[int, int] = (20, 70)


ANYTHING = Wish()


class Writer(ABC):
    """A script being written. Its possible steps are `acts()`, with their weights."""

    def __init__(self, seed: int, wish: Wish) -> None:
        self.wish = wish
        self.random = random.Random(seed)
        draw = self.random
        stroke_nl, per_ml = draw.choice(QUANTA_NL), draw.choice(CONCENTRATIONS)
        end_us = draw.randint(*wish.hours) * US_PER_H
        self.stroke_uu = stroke_nl * per_ml
        self.head = Script(seed, stroke_nl, per_ml, end_us, ())
        self.steps: list[Step] = []
        self.count = draw.randint(*wish.steps)
        self.cuts = draw.random() < 0.3 if wish.cuts is None else wish.cuts
        self.clock = draw.random() < 0.25 if wish.clock is None else wish.clock
        self.procedures = draw.random() < 0.35 if wish.procedures is None else wish.procedures
        self.patterns = draw.random() < 0.6 if wish.patterns is None else wish.patterns
        self.staged: dict[int, int] = {}  # fingerprints by pattern
        self.rate = draw.choice((0, 200, 500, 1000, 2500, 6000, 20000, 35000))  # roughly this patient's need

    # The frame: the next act and its time

    def write(self) -> Script:
        """Write the whole script. Raises DeviceLost if the board ends by itself."""
        acts = self.acts()
        names, weights = list(acts), [weight for weight, _ in acts.values()]
        with Player(self.head) as self.player:
            self.free_us = HELLO_AFTER_US + US_PER_S
            self.begin()
            while len(self.steps) < self.count and self.free_us < self.head.end_us:
                self._pass()
                acts[self.random.choices(names, weights)[0]][1]()
            self.player.run_until_us(max(self.free_us, self.player.now_us))
        head = self.head
        end_us = max(head.end_us, self.free_us + US_PER_S)
        return Script(head.seed, head.stroke_nl, head.concentration_u_per_ml, end_us, tuple(self.steps))

    @abstractmethod
    def acts(self) -> dict[str, tuple[int, Callable[[], object]]]:
        """Map each act's name to its weight and the method that puts its steps."""

    @abstractmethod
    def begin(self) -> None:
        """Put the first steps."""

    def _pass(self) -> None:
        """Let time pass until the next act: moments, minutes, hours, or up to an instant at which something happens."""
        draw = self.random
        if draw.random() < 0.25 and self._aim():
            return
        left_us = max(US_PER_S, self.head.end_us - self.free_us)
        usual_us = left_us // max(1, self.count - len(self.steps))
        gap_us = draw.choice((
            draw.randint(0, 5 * US_PER_S), draw.randint(US_PER_S, 2 * US_PER_MIN),
            draw.randint(US_PER_MIN, 40 * US_PER_MIN), draw.randint(0, 2 * usual_us), draw.randint(0, 4 * usual_us),
        ))  # fmt: skip
        self.free_us += gap_us

    def _aim(self) -> bool:
        status = self._status()
        if not status:
            return False
        draw = self.random
        device_us = status["now_us"]
        ahead_us = [
            status[name] - device_us
            for name in ("next_due_us", "temp_until_us", "recommended_until_us")
            if device_us < status[name] < _NEVER_US
        ]
        if status["utc_s"]:
            # The next half-hour of the clock, to the resolution of whole seconds.
            ahead_us.append((_HALF_HOUR_S - status["utc_s"] % _HALF_HOUR_S) * US_PER_S - device_us % US_PER_S)
        if not ahead_us:
            return False
        wait_us = draw.choice(ahead_us) + draw.choice(
            (-1, 0, 1, -1, 0, 1, 2, -50, 50, _BURST_US, _BURST_US - 1, 2_000_000)
        )
        at_us = self.free_us + wait_us
        if at_us - self.player.now_us < _APART_US or at_us >= self.head.end_us:
            return False
        self.free_us = at_us
        return True

    def _status(self) -> dict[str, Any]:
        """Return the status just before the next step. The question is not in the script."""
        self.free_us = max(self.free_us, self.player.now_us + 2 * SLOT_US)
        self.free_us += SLOT_US
        return self.player.ask(self.free_us - SLOT_US, "status")

    def put(self, what: str, **values: Any) -> Answer | None:
        """Append the next step to the script and play it at once."""
        at_us = max(self.free_us, self.player.now_us + SLOT_US)
        step = Step(at_us, what, values)
        self.steps.append(step)
        answer = self.player.take(step)
        self.free_us = max(at_us + _APART_US, self.player.now_us + SLOT_US)
        return answer

    def look(self) -> None:
        """Read everything that can be read."""
        self.put("look")
        self.free_us = max(self.free_us, self.steps[-1].at_us + LOOK_US)

    def _moment(self) -> int:
        """Return a time just before the next step, for a question that is not in the script."""
        at_us = max(self.free_us, self.player.now_us + SLOT_US)
        self.free_us = at_us + 2 * SLOT_US
        return at_us

    def wait(self, low_s: float, high_s: float) -> None:
        """Let some time pass before the next step."""
        self.free_us += self.random.randint(int(low_s * US_PER_S), int(high_s * US_PER_S))

    # Values

    def _rate(self) -> int:
        draw = self.random
        rate = draw.choice((self.rate, self.rate, self.rate * 2, self.rate // 2, draw.randint(0, 35000), 0, 35000))
        return min(35000, rate // 50 * 50)

    def _strokes_mu(self, strokes: int) -> int:
        """Return the volume of at least `strokes` strokes that is a whole number of mU."""
        while strokes * self.stroke_uu % 1000:
            strokes += 1
        return strokes * self.stroke_uu // 1000

    def _dose_mu(self) -> int:
        draw = self.random
        most = max(1, 40_000_000 // self.stroke_uu)
        strokes = draw.choice(
            (1, 2, draw.randint(1, 10), draw.randint(1, most), draw.randint(1, max(1, most // 4)), most)
        )
        return min(40_000, self._strokes_mu(strokes))
