"""The stepper's driver and the stroke sensor. Steps are gathered into bursts, and a burst is reported when it is over.

A burst is over with its last step. It was cut short if no step has come for longer than the slowest motor takes for
one. A step while the driver is disabled moves nothing and is counted separately.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hil.emulator_stm32.device import Device, cycles_of
from hil.emulator_stm32.pins import OUTPUT

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

# The slowest start is 20 Hz (motion.h), but this motor starts at 400: 2.5 ms.
_SILENCE = cycles_of(20_000_000)
# The sensor's light barrier stays open while one tooth passes (assumption).
_PULSE = cycles_of(2_000_000)


class Motor(Device):
    """`on_burst(edges)` is told the edges of a burst that is over (cycles), and says when the sensor sees it, or 0."""

    def __init__(self, chip: Chip, pins: dict[str, int], steps: int, on_burst: Callable[[list[int]], int]) -> None:
        self._chip, self._pins, self._steps, self._on_burst = chip, pins, steps, on_burst
        self.edges: list[int] = []
        self.steps = 0
        self.idle_steps = 0
        self._silent_at: int | None = None
        self._sensor_at: int | None = None
        chip.timers.on_edge = self._step
        chip.plug(self)

    @property
    def enabled(self) -> bool:
        """ENABLE is active low with a pull-up at the driver: an undriven pin leaves the motor off."""
        pin, exti = self._pins["MOTOR_ENABLE"], self._chip.exti
        return exti.mode(pin) == OUTPUT and not exti.levels[pin]

    def _step(self, now: int) -> None:
        self.steps += 1
        self._chip.timers.edges.clear()
        self._chip.touch()
        if not self.enabled:
            self.idle_steps += 1
            return
        self.edges.append(now)
        if len(self.edges) == self._steps:
            self.finish()
        else:
            self._silent_at = now + _SILENCE

    def finish(self) -> None:
        """End the burst; also called when the chip loses power."""
        self._silent_at = None
        if self.edges:
            edges, self.edges = self.edges, []
            self._sensor_at = self._on_burst(edges) or None

    def next(self) -> int | None:
        """As Device.next."""
        return min((each for each in (self._silent_at, self._sensor_at) if each is not None), default=None)

    def step(self) -> None:
        """As Device.step."""
        now = self._chip.now
        if self._silent_at is not None and now >= self._silent_at:
            self.finish()
        if self._sensor_at is not None and now >= self._sensor_at:
            pin, exti = self._pins["STROKE_SENSOR"], self._chip.exti
            high = not exti.inputs[pin]
            exti.drive(pin, high)
            self._sensor_at = now + _PULSE if high else None
