"""The rolling caps: what any 60 minutes and any 24 hours may bring, and what a bolus promises of it.

GUARD-1: the caps can never be exceeded; the method may err on the safe side by at most one minute's worth. So there are
three answers to whether a stroke may start: it must, it may be withheld, it must be withheld. Time without power cannot
be vouched for (THER-8), so the method may leave it out: then a start is as young as the time with power since says.

Implements: GUARD-1 (the oracle's side)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hil.oracle.exact import DAY_US, DEFAULT_DAY_MU, HARD_HOUR_MU, HOUR_US, SAFE_SIDE_US

GO, MAY, HOLD = "go", "may", "hold"
HOUR, DAY = "hour_cap", "day_cap"


@dataclass
class Caps:
    """Starts of all strokes that count, in the bench's time, and the clinician's limits."""

    stroke_uu: int
    starts_us: list[int] = field(default_factory=list)
    powered_us: list[int] = field(default_factory=list)  # the same, in time with power
    off_us: int = 0  # time without power so far
    hour_mu: int = HARD_HOUR_MU
    day_mu: int = DEFAULT_DAY_MU
    _from: dict[int, tuple[int, int]] = field(default_factory=dict)  # by window: the first starts in it
    exact_only: bool = False  # no safe side: where the future is played forward

    def windows(self) -> tuple[tuple[str, int, int], ...]:
        """Name, length and limit (µU) of each."""
        return (HOUR, HOUR_US, self.hour_mu * 1000), (DAY, DAY_US, self.day_mu * 1000)

    def count(self, at_us: int) -> None:
        """A stroke starts."""
        self.starts_us.append(at_us)
        self.powered_us.append(at_us - self.off_us)

    def without_power(self, length_us: int) -> None:
        """So long there was no power: starts that had left a window, by the safe side, may be in it again."""
        self.off_us += length_us
        self._from.clear()

    def not_after(self, at_us: int) -> None:
        """Power is back at `at_us`: a stroke that counts though it may not have been made was not made later."""
        if self.starts_us and self.starts_us[-1] > at_us:
            self.starts_us[-1] = at_us
            self.powered_us[-1] = at_us - self.off_us

    def used(self, at_us: int, window_us: int) -> tuple[int, int]:
        """Strokes in the window that ends now: exactly, and at most by the safe side. Time does not run back."""
        starts, powered = self.starts_us, self.powered_us
        end = len(starts)
        exact_from, most_from = self._from.get(window_us, (0, 0))
        oldest_us = at_us - window_us
        while exact_from < end and starts[exact_from] <= oldest_us:
            exact_from += 1
        oldest_us -= self.off_us + SAFE_SIDE_US
        while most_from < end and powered[most_from] < oldest_us:
            most_from += 1
        self._from[window_us] = exact_from, most_from
        return end - exact_from, end - min(exact_from, most_from)

    def verdict(self, at_us: int) -> tuple[str, tuple[str, ...]]:
        """May a stroke start at `at_us`, and which caps speak against it."""
        must, may = [], []
        for name, window_us, limit_uu in self.windows():
            exact, most = self.used(at_us, window_us)
            if (most + 1) * self.stroke_uu <= limit_uu:
                continue
            if (exact + 1) * self.stroke_uu > limit_uu:
                must.append(name)
            elif not self.exact_only:
                may.append(name)
        if must:
            return HOLD, tuple(must + may)
        return (MAY, tuple(may)) if may else (GO, ())
