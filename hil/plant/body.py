"""The effects of one patient's body on the pressure at the tip and on the sensor, drawn as they are needed.

Times passed in must not run back. Coughs, jumps, changes of posture and stays at altitude are events on a time line,
each drawn from a stream of its own. Breathing and the temperature of the day are sines. Everything follows from the
seed.

Implements: HIL-3, OCC-3
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from functools import lru_cache
from math import log, pi, sin
from pathlib import Path

from hil.plant.parameters import Table, load_table
from hil.plant.randomness import normal, stream

_FILE = Path(__file__).with_name("body.toml")
US_PER_H = 3_600_000_000
_US_PER_DAY = 24 * US_PER_H
_RAMP_US = 20_000
_DRAWS = 1024
_NEVER_US = 1 << 62


@lru_cache(maxsize=1)
def load_body() -> Table:
    """Return the table of body parameters."""
    return load_table(_FILE)


class _Draw:
    """Uniform numbers from one named stream, in blocks."""

    def __init__(self, seed: int, name: str, life: str) -> None:
        self._source = stream(seed, name, life)
        self._block: list[float] = []

    def between(self, low: float, high: float) -> float:
        if not self._block:
            self._block = ((self._source.random_raw(_DRAWS) >> 11) * 2.0**-53).tolist()
        return low + (high - low) * self._block.pop()

    def wait_us(self, per_day: float) -> int:
        """Return the time to the next of random events, `per_day` on average."""
        return round(-log(1.0 - self.between(0, 1)) * _US_PER_DAY / per_day)


def _single_coughs(draw: _Draw, table: Table) -> Iterator[tuple[int, int, float]]:
    now_us, per_day = 0, table["coughs_per_day"]
    while True:
        now_us += draw.wait_us(per_day)
        yield now_us, *_cough(draw, table)


def _bouts(draw: _Draw, table: Table) -> Iterator[tuple[int, int, float]]:
    now_us, per_day = 0, table["bouts_per_day"]
    while True:
        now_us += draw.wait_us(per_day)
        for _ in range(round(draw.between(5, 20))):
            yield now_us, *_cough(draw, table)
            now_us += round(draw.between(400_000, 1_200_000))


def _cough(draw: _Draw, table: Table) -> tuple[int, float]:
    return round(table["cough_us"] * draw.between(0.7, 1.0)), table["cough_pa"] * draw.between(0.7, 1.3)


def _jumps(draw: _Draw, table: Table) -> Iterator[tuple[int, int, float]]:
    now_us, per_day = 0, table["jump_sessions_per_day"]
    length_us, pa = int(table["jump_us"]), table["jump_pa"]
    while True:
        now_us += draw.wait_us(per_day)
        for _ in range(round(draw.between(20, 100))):
            yield now_us, length_us, pa * draw.between(0.5, 1.0)
            now_us += round(draw.between(350_000, 800_000))


class _Step:
    """A value that changes in ramps, such as posture or altitude."""

    def __init__(self, changes: Iterator[tuple[int, float]], ramp_us: int) -> None:
        self._changes = changes
        self._ramp_us = ramp_us
        self._from = self._to = 0.0
        self._since_us = -ramp_us
        self.next_us, self._next = next(changes)

    def at(self, now_us: int) -> float:
        while now_us >= self.next_us:
            self._from, self._to = self._to, self._next
            self._since_us = self.next_us
            self.next_us, self._next = next(self._changes)
        part = (now_us - self._since_us) / self._ramp_us
        return self._to if part >= 1 else self._from + (self._to - self._from) * part


def _postures(draw: _Draw, table: Table) -> Iterator[tuple[int, float]]:
    now_us, up = 0, False
    while True:
        # A change that begins before the last is over would jump, so changes keep a minimum distance.
        now_us += draw.wait_us(table["posture_changes_per_day"]) + 2 * int(table["posture_ramp_us"])
        up = not up
        yield now_us, table["upright_pa"] * draw.between(0.5, 1.5) if up else 0.0


def _altitudes(draw: _Draw, table: Table) -> Iterator[tuple[int, float]]:
    now_us, ramp_us = 0, int(table["altitude_ramp_us"])
    while True:
        now_us += draw.wait_us(table["flights_per_year"] / 365.25) + 2 * ramp_us
        yield now_us, table["altitude_pa"] * table["altitude_share"]
        now_us += ramp_us + round(draw.between(2, 12) * US_PER_H)
        yield now_us, 0.0


class Body:
    """One patient. `base_pa` is the resting pressure lying down, `tip_pa(t)` the pressure on the tip, `sensor_pa(t)`
    the error that the body adds to the sensor.
    """

    def __init__(self, seed: int, life: str = "", table: Table | None = None) -> None:
        table = table or load_body()
        draw = _Draw(seed, "body", life)
        spread_pa = table["patient_spread_pa"]
        self.base_pa = table["supine_pa"] + max(-3 * spread_pa, min(3 * spread_pa, normal(draw._source, spread_pa)))
        self._breath_pa = table["breath_pa"] * draw.between(0.5, 1.5)
        self._breath_per_us = 2 * pi / (table["breath_us"] * draw.between(0.8, 1.25))
        self._breath_phase = draw.between(0, 2 * pi)
        self._posture = _Step(_postures(_Draw(seed, "posture", life), table), int(table["posture_ramp_us"]))
        self._altitude = _Step(_altitudes(_Draw(seed, "altitude", life), table), int(table["altitude_ramp_us"]))
        self._peaks = heapq.merge(
            _single_coughs(_Draw(seed, "coughs", life), table),
            _bouts(_Draw(seed, "bouts", life), table),
            _jumps(_Draw(seed, "jumps", life), table),
        )
        self._waiting = next(self._peaks)
        self._running: list[tuple[int, int, float]] = []
        self._warm_c = (table["temperature_high_c"] - table["temperature_low_c"]) / 2
        self._mean_c = (table["temperature_high_c"] + table["temperature_low_c"]) / 2
        self._day_phase = draw.between(0, 2 * pi)
        self._sensor_pa_per_c = table["sensor_pa_per_c"]
        self._viscosity_per_c = table["viscosity_percent_per_c"] / 100

    def temperature_c(self, now_us: int) -> float:
        """Body temperature, °C."""
        return self._mean_c + self._warm_c * sin(2 * pi * now_us / _US_PER_DAY + self._day_phase)

    def viscosity_factor(self, now_us: int) -> float:
        """Ratio of the viscosity now to that at 37 °C."""
        return 1 + self._viscosity_per_c * (self.temperature_c(now_us) - 37)

    def tip_pa(self, now_us: int) -> float:
        """Pressure at the tip above ambient, Pa."""
        pa = self.base_pa + self._breath_pa * sin(self._breath_per_us * now_us + self._breath_phase)
        pa += self._posture.at(now_us)
        if now_us >= self._waiting[0] or self._running:
            pa += self._peak_pa(now_us)
        return pa

    def sensor_pa(self, now_us: int) -> float:
        """Pressure that temperature and altitude add to the reading, Pa."""
        return self._sensor_pa_per_c * (self.temperature_c(now_us) - 37) + self._altitude.at(now_us)

    def _peak_pa(self, now_us: int) -> float:
        """Pressure of a cough or jump at this time. Two at once do not add up."""
        while now_us >= self._waiting[0]:
            if now_us < self._waiting[0] + self._waiting[1]:
                self._running.append(self._waiting)
            self._waiting = next(self._peaks)
        pa = 0.0
        self._running = [each for each in self._running if now_us < each[0] + each[1]]
        for start_us, length_us, height_pa in self._running:
            edge_us = min(now_us - start_us, start_us + length_us - now_us)
            pa = max(pa, height_pa * min(1.0, edge_us / _RAMP_US))
        return pa
