"""The pump's upkeep: the self-test at power-on and every day, and the account of its battery.

A pump whose self-test has failed never doses: delivery stops, and cannot be resumed before a test has passed.

Implements: SELF-1, PWR-1
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.compat import roomy
from firmware.errors import Refused
from firmware.upkeep import self_test
from firmware.upkeep.energy import CAPACITY_NAH, DEPLETED, Energy
from firmware.upkeep.parts import BATTERY


class Means:
    """The means of a board for the self-test and the battery's account; None for those that it lacks.

    `image_digest()`, `sensor_line()` and `watchdog()` are as in self_test.World; `clock_runs`: its clock moves while
    the processor is busy; `watchdog_reset`: the cause of the last reset, if not a power cut (c_ext/board/start.h);
    `currents` as energy.FIGURES; `battery_nah`: the battery's capacity, if it is not the cell of PWR-1; `entropy()`:
    32 unpredictable bits; `counter_us()`: the counter behind the clock, which waits for nothing; `crashed`:
    PC, LR, xPSR and fault status of the processor if a HardFault was that cause.
    """

    def __init__(
        self,
        currents,
        clock_runs=True,
        image_digest=None,
        sensor_line=None,
        watchdog=None,
        watchdog_reset=None,
        battery_nah=None,
        entropy=None,
        counter_us=None,
        crashed=None,
    ):
        self.currents = currents
        self.battery_nah = CAPACITY_NAH if battery_nah is None else battery_nah
        self.clock_runs = clock_runs
        self.image_digest = image_digest
        self.sensor_line = sensor_line
        self.watchdog = watchdog
        self.watchdog_reset = watchdog_reset
        self.entropy = entropy
        self.counter_us = counter_us
        self.crashed = crashed


_RATES = ("clock_rate",)
# Attributes that not every board has.
_OPTIONAL = (
    "image_digest", "sensor_line", "watchdog_on", "watchdog_reset", "BATTERY_NAH", "entropy", "counter_us",
    "crashed",
)  # fmt: skip


def means_of(board):
    """The Means of a board."""
    return Means(board.CURRENTS, board.CLOCK_RUNS, *[getattr(board, name, None) for name in _OPTIONAL])


def world_of(core, clock, wall, identity, memory, pressure_sensor, means, spared):
    """The World that the self-test of a pump with these parts looks at."""
    world = self_test.World()
    world.core_class = type(core)
    world.native = identity["native_core"]
    world.image = identity["image"]
    world.image_digest = means.image_digest
    world.nvm = memory.nvm
    world.memory_usable = lambda: memory.usable
    world.scratch_at = memory.scratch_at
    world.record = memory.record
    world.stroke_counts = lambda: _stroke_counts(core.state())
    world.delivering = lambda: not core.state()[code.SUSPENDED]
    world.sensor_line = means.sensor_line
    world.pressure_sensor = pressure_sensor
    world.now_us = means.counter_us or clock.now_us
    world.clock_runs = means.clock_runs
    world.elapsed = wall.elapsed
    world.watchdog = means.watchdog
    world.spared = spared
    return world


def _stroke_counts(state):
    # A stroke in progress that has not been seen yet is not missing.
    return state[code.GUARD_COMMANDED] - state[code.UNCONFIRMED], state[code.GUARD_CONFIRMED]


class Upkeep:
    """The upkeep of one pump: `clock` and `books` are its parts, `world` is the self-test's World, `currents` and
    `battery_nah` are the board's, for the energy ledger.
    """

    def __init__(self, clock, books, world, currents, battery_nah=CAPACITY_NAH):
        self.passed = False
        self._failed = 0  # bit n: check n has not passed
        self._results = []
        self._duration_us = 0
        self.energy = Energy(currents, battery_nah)
        self._clock = clock
        self._books = books
        self._world = world
        self._since_us = clock.now_us()
        self._written_bytes = 0  # bytes written since the reset that are in the account already
        roomy(self)

    def begin(self):
        """After a reset: load the battery's account and test everything. Memory has been opened."""
        self.energy.unpack(self._books.memory.energy)
        self._since_us = self._clock.now_us()
        return self.test()

    def test(self, daily=False, quick=False):
        """Run the whole self-test, the daily one, or all but its slow check; returns self_test.failed()."""
        names = self_test.DAILY if daily else self_test.QUICK if quick else self_test.NAMES
        required = self_test.REQUIRED_DAILY if daily else self_test.REQUIRED
        start_us = self._world.now_us()
        self._results = self_test.run(self._world, names)
        self._duration_us = self._world.now_us() - start_us
        failed = self_test.failed(self._results, required)
        # A check that this run leaves out keeps its result from the run before.
        self._failed = failed | (self._failed & ~self_test.mask(names))
        self.passed = not self._failed
        if failed:
            self._books.memory.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_SELF_TEST, 0, 0, (failed,))
        return failed

    def rates(self):
        """Compare the two clocks' rates, more often than daily: the pump doses wrongly until a wrong clock is found.

        Returns the failed check as test() does, but only the first time.
        """
        results = self_test.run(self._world, _RATES) if self.passed else []  # one check, if the board can do it
        failed = 0
        if results and not results[0][1]:
            failed = self_test.mask(_RATES)
            self.passed = False
            self._books.memory.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_SELF_TEST, 0, 0, (failed,))
        return failed

    def need_passed(self):
        """Raises Refused after a failed self-test."""
        if not self.passed:
            raise Refused(protocol.SELF_TEST_FAILED)

    def account(self):
        """Bring the battery's account up to date and store it; returns its level."""
        self._reckon()
        self.energy.pack_into(self._books.memory.energy)
        self._books.memory.store_energy()
        return self.energy.level()

    def battery_level(self):
        """The battery's level, a place in energy.LEVELS; the worst if the account fails."""
        level = self._world.spared.run(BATTERY, self.energy.level)
        return DEPLETED if level is None else level

    def linked(self, count):
        """The programmer link has carried `count` bytes, either way."""
        self.energy.linked(self._clock.now_us(), count)

    def _reckon(self):
        now_us, written_bytes = self._clock.now_us(), self._books.memory.nvm.written_bytes
        self.energy.lived(now_us - self._since_us)
        self.energy.wrote(written_bytes - self._written_bytes)
        self._since_us, self._written_bytes = now_us, written_bytes

    def test_now(self):
        """As test(), on demand. While strokes may come due the image check is left out: each stroke must be stored in
        time for the next.
        """
        return self.test(quick=self._world.delivering())

    def results(self):
        """The self_test reply's fields, of the latest test."""
        checks = [
            {"check": self_test.NAMES.index(name), "ok": bool(ok), "value": int(value)}
            for name, ok, value in self._results
        ]
        return {"passed": self.passed, "duration_us": self._duration_us, "checks": checks}

    def read_energy(self):
        """The read_energy reply's fields."""
        self._reckon()
        report = self.energy.report()
        for name in report:
            report[name] = min(report[name], 0xFFFFFFFF)
        return report
