"""A desk: a pump board and a bench I/O board on real ports, or both emulated and wired to each other.

The bench's time is given by the time stamps of the bench I/O board. Its zero is the zero of the pump's clock, which is
derived from the edge of POWER with which the pump's life began. On real ports time passes by itself and `run_until_us`
waits. The plant learns of a stroke only when the bench has fetched its edges, so it merely keeps account of the
delivery. The bench I/O board plays the stroke sensor and the pressure, as programmed beforehand.

Implements: HIL-1 (desk), BOARD-4
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hil.backends.bench_file import BenchFile, load_bench
from hil.backends.desk_lines import EmulatedLines, Lines, SerialLines
from hil.backends.emulator_process import IMAGE
from hil.errors import BenchError
from hil.instruments.bench_io import BenchIo, Turn
from hil.keys import KEYS_AT

if TYPE_CHECKING:
    from hil.plant import Plant

NS_PER_US = 1000
# The bench I/O board keeps 4096 steps: 42 strokes of 96, which a bolus makes in 84 s.
_FETCH_EVERY_US = 20_000_000
# Longer than a step of the slowest motor: after such a gap the burst is over, or was cut short.
_SILENCE_NS = 20_000_000
_START_UP_US = 400_000
_LOOK_US = 20_000


class DeskBoard:
    """The pump on the desk that `bench` describes; `plant` keeps account of its delivery. Same interface as other
    backends.

    Times are microseconds of the pump's clock since power first came. `stroke_starts_us` are the starts that the bench
    I/O board saw, `bursts_ns` every step; `keys` are written into the memory of an emulated pump first. Raises
    BenchError and its subclasses.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        bench: BenchFile | None = None,
        stroke_nl: int = 500,
        concentration_u_per_ml: int = 400,
        image: Path | None = None,
        keys: bytes = b"",
    ) -> None:
        self._bench = bench or load_bench("desk-emulated")
        if self._bench.calibration is None:
            raise BenchError(f"bench {self._bench.name} is no desk")
        self.calibration = self._bench.calibration
        self.plant = plant
        self.stroke_uu = stroke_nl * concentration_u_per_ml
        self.start_tolerance_us = self.calibration.start_tolerance_us
        self.stroke_starts_us: list[int] = []
        self.bursts_ns: list[list[int]] = []
        self.edges_ns: list[tuple[int, bool]] = []
        self.short_bursts: list[tuple[int, int]] = []
        self.powered = False
        self._steps_per_stroke = int(plant.parameters["steps_per_stroke"])
        self._burst: list[int] = []
        self._zero_ns: int | None = None
        self._offset_us = 0
        self._latest_us = 0
        self._fetched_us = 0
        self.lines: Lines = self._open(image)
        try:
            if keys and isinstance(self.lines, EmulatedLines):
                self.lines.order("write", at=KEYS_AT, data=keys.hex())
            self.lines.wait_us(_START_UP_US)
            self.bench_io = BenchIo(self.lines.bench_io)
            self.bench_io.clear()
            self.set_pressure(int(plant.pressure_counts(0)))
            self.confirm_strokes()
            self.power_up()
            self.boot()
        except BaseException:
            self.lines.kill()
            raise

    def _open(self, image: Path | None) -> Lines:
        if self._bench.emulated_desk:
            return EmulatedLines(pump_image=image or IMAGE)
        return SerialLines(self._bench.pump_port, self._bench.bench_io_port)

    @property
    def now_us(self) -> int:
        """The pump's time, estimated without asking the board. It never runs back."""
        self._latest_us = max(self._latest_us, self.lines.now_us + self._offset_us)
        return self._latest_us

    @property
    def next_event_us(self) -> int:
        """Time to look again."""
        return self.now_us + _LOOK_US

    def boot(self) -> None:
        """Wait for the pump's start-up."""
        self.lines.wait_us(_START_UP_US)

    def run_until_us(self, end_us: int) -> None:
        """Let the board run up to `end_us` by the bench I/O board's clock, and fetch its steps."""
        while self.now_us < end_us:
            self.lines.wait_us(min(end_us - self.now_us, _FETCH_EVERY_US))
            self.fetch()

    def write(self, data: bytes) -> None:
        """Send bytes on the programmer link."""
        self.lines.pump.write(data)

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that the pump has sent; wait for them up to `timeout_s`."""
        data = self.lines.pump.read(timeout_s)
        if self.lines.now_us + self._offset_us > self._fetched_us + _FETCH_EVERY_US:
            self.fetch()
        return data

    def take_received(self) -> bytes:
        """Return the bytes that have arrived from the pump by now."""
        return self.lines.pump.read(0)

    def power_cut(self, at_us: int | None = None) -> None:
        """Cut the pump's power, now or at a time of the pump's clock. Returns when the power is gone."""
        if at_us is None:
            self.bench_io.switch_power(False)
        else:
            self.bench_io.switch_power(False, self._bench_us(at_us))
            self.run_until_us(at_us)
        while self.powered:
            self.fetch()

    def power_up(self) -> None:
        """Power the pump up. It starts, but has not booted yet."""
        self.bench_io.switch_power(True)
        while not self.powered:
            self.fetch()

    def confirm_strokes(self) -> None:
        """Have the stroke sensor confirm every whole stroke, as on a pump without fault."""
        self.play_sensor([self.confirmed()])

    def confirmed(self, *, late_us: int = 0) -> Turn:
        """Return the stroke sensor's confirmation of a whole stroke, `late_us` later than normal."""
        return Turn(self._steps_per_stroke, self.calibration.sensor_delay_us + late_us)

    def unseen(self) -> Turn:
        """Return a whole stroke that the sensor does not see."""
        return Turn(self._steps_per_stroke, 0, pulse=False)

    def play_sensor(self, turns: list[Turn], *, again: bool = False) -> None:
        """Have the stroke sensor play `turns` from the next step on (BenchIo.set_sensor)."""
        self.bench_io.set_sensor(turns, again=again)

    def set_pressure(self, adc_counts: int) -> None:
        """Make the pump's ADC read `adc_counts`."""
        self.bench_io.set_pressure(self.calibration.dac_counts(adc_counts))

    def play_pressure(self, profile: list[tuple[int, float]]) -> None:
        """Make the pump's ADC read each of `(at_us, counts)` from its time on. Replaces the entries still to come."""
        entries = [(self._bench_us(at_us), self.calibration.dac_counts(counts)) for at_us, counts in profile]
        self.bench_io.send_pressures(entries, anew=True)

    def flagged(self) -> list[str]:
        """Return what makes the run worthless: edges lost, frames dropped, a silent DAC, bugs of emulated chips."""
        status = self.bench_io.status()
        counters = {
            "edges lost before the ring": status.overflows,
            "frames dropped by the bench I/O board": status.frames_dropped,
            "errors on the DAC's bus": status.bus_errors,
        }
        return [f"{count} {what}" for what, count in counters.items() if count] + self.lines.flagged()

    def close(self) -> None:
        """Switch the pump off and leave the desk."""
        self.bench_io.switch_power(False)
        self.lines.close()

    def kill(self) -> None:
        """Leave the desk at once. On real ports the pump keeps its power."""
        self.lines.kill()

    def fetch(self) -> None:
        """Fetch the bench I/O board's edges and set the clock by its time."""
        sent_us = self.lines.now_us
        status = self.bench_io.status()
        came_us = self.lines.now_us
        for at_ns, rising in self.bench_io.take_edges("POWER"):
            self.powered = rising
            if self._zero_ns is None and rising:
                self._zero_ns = at_ns + self.calibration.pump_start_us * NS_PER_US
        if self._zero_ns is not None:
            # The board read its clock some time between the request and the reply.
            at_us = self._pump_ns(status.now_us * NS_PER_US) // NS_PER_US
            self._offset_us = at_us - (sent_us + came_us) // 2
            self._fetched_us = at_us
            self._take_steps(status.now_us * NS_PER_US)

    def _take_steps(self, now_ns: int) -> None:
        edges_ns = self.bench_io.take_edges("STEP")
        self.edges_ns += edges_ns
        for at_ns, rising in edges_ns:
            if rising:
                self._step(self._pump_ns(at_ns))
        if self._burst and self._pump_ns(now_ns) > self._burst[-1] + _SILENCE_NS:
            self._finish_burst()

    def _step(self, at_ns: int) -> None:
        if self._burst and at_ns > self._burst[-1] + _SILENCE_NS:
            self._finish_burst()
        if not self._burst:
            self.stroke_starts_us.append(at_ns // NS_PER_US)
        self._burst.append(at_ns)
        if len(self._burst) == self._steps_per_stroke:
            self._finish_burst()

    def _finish_burst(self) -> None:
        steps_ns, self._burst = self._burst, []
        self.bursts_ns.append(steps_ns)
        start_us = steps_ns[0] // NS_PER_US
        if len(steps_ns) < self._steps_per_stroke:
            self.short_bursts.append((start_us, len(steps_ns)))
        # The last step takes as long as the first, because the ramp down mirrors the ramp up (motion.h).
        last_ns = steps_ns[1] - steps_ns[0] if len(steps_ns) > 1 else NS_PER_US
        self.plant.stroke(start_us, len(steps_ns), max(1, (steps_ns[-1] + last_ns - steps_ns[0]) // NS_PER_US))

    def _pump_ns(self, bench_ns: int) -> int:
        """Convert a time of the bench I/O board to the pump's clock."""
        if self._zero_ns is None:
            raise BenchError("the pump has had no power yet")
        since_ns = bench_ns - self._zero_ns
        return since_ns + since_ns * self.calibration.pump_rate_ppb // 1_000_000_000

    def _bench_us(self, pump_us: int) -> int:
        """Convert a time of the pump's clock to the bench I/O board's."""
        if self._zero_ns is None:
            raise BenchError("the pump has had no power yet")
        since_us = pump_us - pump_us * self.calibration.pump_rate_ppb // 1_000_000_000
        return since_us + self._zero_ns // NS_PER_US
