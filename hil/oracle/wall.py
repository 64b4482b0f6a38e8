"""The wall clock as the pump keeps it beside the battery-backed one: believed, put right, or lost.

docs/adr/0011: every hour of its life the pump looks at the battery-backed clock. Apart by more than 2 s and 500 ppm of
the time since they were last brought together, the time is lost; by less it follows. One that is silent goes on by
device time for a day. After a reset a time before that of the last record, or more than a day after it, is none.

Implements: THER-8, STORE-5 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hil.oracle import states
from hil.oracle.exact import DAY_US, LOOK_US, US_PER_S
from hil.oracle.pump import Pump, Watcher

if TYPE_CHECKING:
    from hil.oracle.device import Device

# Why it is lost, as the log tells it.
SILENT, BEHIND, AHEAD, DISAGREES, LOST_BEFORE = range(1, 6)
SLACK_S = 2
DRIFT = 2000
BEHIND_S = 4
EARLIEST_S, LATEST_S = 1_577_836_800, 4_102_444_799  # 2020 to 2099
FAR_OFF_PPM = 10_000
LOOKS_MAX = 5  # docs/adr/0011: 2 % stops within four hours, whole ones that nothing else disturbs
RATE_EVERY_US = 600 * US_PER_S  # the bench moves a clock that runs fast or slow so often


BATTERY = ("pump_low_battery", "depleted_battery")


class BackedClock:
    """The battery-backed clock: it counts whole seconds of the bench. `lost`: it does not know the time."""

    def __init__(self, epoch_s: int) -> None:
        self.at_zero_s = epoch_s
        self.lost = False
        self.changes = 0  # jumps, settings, losses and changes of its rate
        self._ppm = 0
        self._from_us = 0

    @property
    def far_off(self) -> bool:
        """Does it go at a rate that no quartz has?"""
        return abs(self._ppm) >= FAR_OFF_PPM and not self.lost

    def utc_s(self, bench_us: int) -> int | None:
        """What it shows."""
        self._run(bench_us)
        return None if self.lost else self.at_zero_s + bench_us // US_PER_S

    def set(self, bench_us: int, utc_s: int) -> None:
        """It shows `utc_s` now."""
        self._run(bench_us)
        self.at_zero_s = utc_s - bench_us // US_PER_S
        self.lost = False
        self.changes += 1

    def lose(self) -> None:
        """It has forgotten the time."""
        self.lost = True
        self.changes += 1

    def jump(self, by_s: int) -> None:
        """It shows another time."""
        self.changes += 1
        if not self.lost:
            self.at_zero_s += by_s

    def run_fast(self, bench_us: int, ppm: int) -> None:
        """It goes at another rate from now on."""
        self._run(bench_us)
        self._ppm, self._from_us = ppm, bench_us
        self.changes += 1

    def _run(self, bench_us: int) -> None:
        while self._ppm and self._from_us + RATE_EVERY_US <= bench_us:
            self._from_us += RATE_EVERY_US
            if not self.lost:
                self.at_zero_s += round(self._ppm * RATE_EVERY_US / US_PER_S / US_PER_S)


class Wall(Watcher):
    """The pump's look every hour; `told(what)` says whether the log tells of it at this second.

    How rates are told from jumps is the pump's own affair (a failed self-test), and so is the battery's account.
    """

    def __init__(self, device: Device, clock: BackedClock, told: Callable[[str], bool]) -> None:
        self.device = device
        self.clock = clock
        self.told = told
        self.look_us = LOOK_US
        self.silent = False
        self._met_us = 0  # when the two were last brought together
        self._heard_us = 0
        self.overlooked_us = 0  # when it should have found that the two go at two rates; 0: not at all
        self._disturbed = 0  # of the clock's changes those that it has looked past
        self._looks = 0  # at a clock that was far off all the while

    def next_us(self, pump: Pump) -> int:
        """As Watcher.next_us."""
        return self.look_us

    def act(self, pump: Pump) -> None:
        """As Watcher.act."""
        self.look_us = pump.now_us + LOOK_US
        was_silent = self.silent
        why = self._look()
        if why:
            self.device.lose_clock(why)
        elif self.silent and not was_silent:
            pump.note("clock_silent")
        pump.follow()
        self.device.reservoir.look_amid_stroke()
        for name in BATTERY:
            if self.told(name):
                self.device.alarms.latch(name, figure=None)
        self.test()
        self._count_looks()
        pump.recorded_us = pump.now_us

    def _count_looks(self) -> None:
        """How often has it looked at a clock whose rate it must find?"""
        undisturbed = self.clock.far_off and self._disturbed == self.clock.changes
        self._disturbed = self.clock.changes
        if self._looks < 0:
            return
        if not undisturbed:
            self._looks = 0
        else:
            self._looks += 1
            if self._looks > LOOKS_MAX and not self.overlooked_us:
                self.overlooked_us = self.device.pump.bench_us

    def test(self) -> bool:
        """The self-test, as it has come out; a pump whose clocks go at two rates stops."""
        failed = self.told("self_test")
        if failed:
            self._looks = -1  # a pump that has failed its self-test, asked for or not, tells of it once in a life
            self.device.pump.note("self_test")
            self.device.alarms.latch("self_test_fail", figure=None)
            self.device.pump.finish_stroke()
            if self.device.pump.state in ("running", "suspended", "procedure"):
                states.stop(self.device, "fault")
        return failed

    def begin(self) -> None:
        """A life begins; the clock has been read."""
        self.look_us = self.device.pump.now_us + LOOK_US
        self.silent = False
        self._looks = 0
        self._met()

    def before_set(self) -> None:
        """A person is about to set it: a clock that goes wrong is told all the same."""
        if self.device.pump.programme.utc_at_zero_us is not None and (why := self._look()):
            self.device.lose_clock(why)

    def set(self, utc_s: int) -> None:
        """A person has set it."""
        self.clock.set(self.device.pump.bench_us, utc_s)
        self.silent = False
        self._met()

    def _met(self) -> None:
        self._met_us = self._heard_us = self.device.pump.now_us

    def _look(self) -> int:
        """Compare; why the time is lost by that, 0: it is not, or was."""
        pump = self.device.pump
        programme, now_us = pump.programme, pump.now_us
        known = programme.utc_at_zero_us is not None
        backed_s = self.clock.utc_s(pump.bench_us)
        self.silent = backed_s is None
        if backed_s is None:
            return SILENT if known and now_us - self._heard_us >= DAY_US else 0
        self._heard_us = now_us
        if not known:
            return 0
        apart_s = abs(backed_s - programme.utc_s(now_us))
        possible = EARLIEST_S <= backed_s <= LATEST_S
        if not possible or apart_s > SLACK_S + (now_us - self._met_us) // US_PER_S // DRIFT:
            return DISAGREES
        if apart_s > 1:
            programme.set_clock(now_us, backed_s)
            self._met_us = now_us
        return 0

    def after_reset(self, bench_us: int) -> tuple[int | None, frozenset[int]]:
        """UTC as the battery-backed clock has it when power comes, and why it may be lost (0: it need not be).

        The memory's last record may be from any time between what it must have recorded and the cut.
        """
        pump = self.device.pump
        backed_s = self.clock.utc_s(bench_us)
        if backed_s is None or not EARLIEST_S <= backed_s <= LATEST_S:
            return None, frozenset((SILENT,))
        if pump.programme.utc_at_zero_us is None:
            return None, frozenset((LOST_BEFORE,))
        reasons: list[int] = []
        for record_us in (pump.recorded_us, pump.now_us):
            gone_s = backed_s - pump.programme.utc_s(record_us)
            reasons.append(BEHIND if gone_s < -BEHIND_S else AHEAD if gone_s > DAY_US // US_PER_S else 0)
        return backed_s, frozenset(reasons)
