"""What boards in an emulator share: their lines' bytes, the record of the motor pins, what the plant answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hil.plant import Plant

NS_PER_US = 1000
# A paced run polls its ports at this interval: an emulator cannot tell when its board will next do something.
_LOOK_US = 2_000
# 3.0 V through a divider of two, 3.3 V full scale (assumption: boards/RPI_PICO/README.md, boards/STM32L4/parts.toml).
_BATTERY_COUNTS = 1862


class Emulation(ABC):
    """A board in an emulator, coupled to `plant`. `pins`: the numbers of the board's pins by name.

    `stroke_starts_us` is the raw record of the motor pins, `bursts_ns` every step edge of every burst.
    """

    start_tolerance_us = 50  # DOSE-6

    def __init__(self, plant: Plant, stroke_nl: int, concentration_u_per_ml: int, pins: Mapping[str, int]) -> None:
        self.plant = plant
        self.stroke_uu = stroke_nl * concentration_u_per_ml
        self.stroke_starts_us: list[int] = []
        self.bursts_ns: list[list[int]] = []
        self.short_bursts: list[tuple[int, int]] = []  # (start, steps) of the bursts that were cut short
        self.pressure_reads = 0
        self.console = bytearray()
        self._pins = pins
        self._steps_per_stroke = int(plant.parameters["steps_per_stroke"])
        self._from_device: deque[tuple[int, bytes]] = deque()

    @property
    @abstractmethod
    def now_us(self) -> int:
        """The bench's time, µs."""

    @abstractmethod
    def run_until_us(self, end_us: int, *, stop_at_uart: bool = False) -> None:
        """Let the board run up to `end_us`; with `stop_at_uart` at most to its first bytes on the UART."""

    @abstractmethod
    def info(self) -> dict[str, Any]:
        """Return the emulator's counters, "faults" and "violations" among them."""

    @property
    def next_event_us(self) -> int:
        """Time to look again. Only a virtual board can tell its next event."""
        return self.now_us + _LOOK_US

    def read(self, timeout_s: float) -> bytes:
        """Return the board's output. Lets the board run until there is some or `timeout_s` of its time is over."""
        deadline_us = self.now_us + round(timeout_s * 1_000_000)
        while not self._from_device and self.now_us < deadline_us:
            self.run_until_us(deadline_us, stop_at_uart=True)
        return self._from_device.popleft()[1] if self._from_device else b""

    def take_received(self) -> bytes:
        """Return the bytes that have arrived from the board's UART by now, without letting time pass."""
        data = b"".join(piece for _, piece in self._from_device)
        self._from_device.clear()
        return data

    def take_timed(self) -> list[tuple[int, bytes]]:
        """Return the same bytes in pieces, each with a time (µs): its begin on the Pico, its end on the STM32."""
        pieces = list(self._from_device)
        self._from_device.clear()
        return pieces

    def take_console(self) -> bytes:
        """Return the board's console output since the last call."""
        data = bytes(self.console)
        self.console.clear()
        return data

    def flagged(self) -> list[str]:
        """Return events that would be bugs on silicon: faults, and devices used as they must not be."""
        info = self.info()
        return [*info["faults"], *info["violations"]]

    def _stroke_started(self, first_ns: float) -> int:
        start_us = round(first_ns) // NS_PER_US
        if not self.stroke_starts_us or self.stroke_starts_us[-1] != start_us:
            self.stroke_starts_us.append(start_us)
        return start_us

    def _counts(self, pin: int, at_us: int) -> int:
        """What a conversion at this pin finds."""
        if pin == self._pins["PRESSURE"]:
            self.pressure_reads += 1
            return int(self.plant.pressure_counts(at_us))
        return _BATTERY_COUNTS if pin == self._pins["BATTERY"] else 0

    def _burst_is_over(self, edges_ns: list[int]) -> int | None:
        """Pass a finished burst to the plant. Return when the stroke sensor will see it (µs), if at all."""
        start_us = self._stroke_started(edges_ns[0])
        # The last step takes as long as the first, because the ramp down mirrors the ramp up (motion.h).
        last_ns = edges_ns[1] - edges_ns[0] if len(edges_ns) > 1 else NS_PER_US
        duration_us = (edges_ns[-1] + last_ns - edges_ns[0] + NS_PER_US // 2) // NS_PER_US
        self.bursts_ns.append(edges_ns)
        if len(edges_ns) < self._steps_per_stroke:
            self.short_bursts.append((start_us, len(edges_ns)))
        return self.plant.stroke(start_us, len(edges_ns), duration_us)
