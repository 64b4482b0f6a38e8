"""What a reset does: power goes, power comes, the device's time and the wall clock go on.

STORE-2: after it the counted volume is never below the delivered one and at most one stroke above; a bolus is ended,
not repeated. docs/memory.md: if the permitted stroke is due before the pump lives again it counts, at the time at which
it was due, and time without power programs nothing; otherwise basal goes on as if nothing had happened. STORE-5:
everything else is as before.

Implements: STORE-2, STORE-5 (the oracle's side)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.oracle.exact import NEVER_US, US_PER_S
from hil.oracle.pump import Pump, Watcher

if TYPE_CHECKING:
    from hil.oracle.device import Device


SECONDS_US = 1_500_000
# docs/adr/0011: 2 s and 500 ppm apart is no contradiction, and the record may be an hour old.
LATEST_US = 7 * US_PER_S
DRIFT = 2000


class BackedClock:
    """The battery-backed clock: it counts whole seconds of the bench. `lost`: it does not know the time."""

    def __init__(self, epoch_s: int) -> None:
        self.at_zero_s = epoch_s
        self.lost = False
        self.rate_known = True

    def utc_s(self, bench_us: int) -> int | None:
        """What it shows."""
        return None if self.lost else self.at_zero_s + bench_us // US_PER_S

    def set(self, bench_us: int, utc_s: int) -> None:
        """It shows `utc_s` now."""
        self.at_zero_s = utc_s - bench_us // US_PER_S
        self.lost = False


def may_begin(pump: Pump, true_us: int, device_us: int) -> bool:
    """May a life whose device time should begin at `true_us` begin at `device_us`?

    The battery-backed clock counts whole seconds, at both ends. Of a permitted stroke the pump must take the latest
    that the clock can mean (STORE-2), and one that counts was made when it was due: then time goes on from there.
    """
    if abs(device_us - true_us) <= SECONDS_US:
        return True
    latest_us = true_us + LATEST_US + (true_us - pump.recorded_us) // DRIFT
    return true_us < device_us <= latest_us and device_us in (pump.next_stroke_us(), pump.foreseen_stroke_us())


def restart(device: Device, bench_us: int, device_us: int, utc_s: int | None) -> None:
    """Power comes back at `bench_us`, when the device's own time is `device_us` and its clock shows `utc_s`."""
    pump = device.pump
    cut_us = pump.now_us
    recorded_bench_us = pump.recorded_us + pump.bench_offset_us
    rate_at_cut = pump.rate
    pump.dark = True
    doubt = _stroke_in_doubt(pump, device_us)
    ends_us = pump.now_us if doubt is None else doubt[0]
    for bolus in (pump.normal, pump.square):
        if bolus is not None:
            pump.drop(bolus, "reset")
            bolus.entry.end_from_us = pump.recorded_us
            bolus.entry.end_us = max(ends_us, device_us)
    entry = pump.basal_entry
    if entry is not None:
        entry.rate_at_end = rate_at_cut if doubt is None else 0
        entry.end_from_us = pump.recorded_us if doubt is None else ends_us
        pump.end_basal("reset")
        entry.end_us = ends_us
    if doubt is None and device_us < pump.now_us:
        pump.basal.owed_q -= pump.rate * (pump.now_us - device_us)
    elif doubt is None:
        _pass_by(pump, device_us)
    pump.dark = False
    pump.now_us = device_us
    # What the memory does not tell is not vouched for either.
    pump.caps.without_power(max(0, bench_us - recorded_bench_us))
    pump.bench_offset_us = bench_us - device_us
    pump.recorded_us = device_us
    programme = pump.programme
    if utc_s is None:
        programme.temp = None  # nobody knows how much of its time is over, nor whether the closed loop is still there
        if programme.recommended_until_us != NEVER_US:
            programme.recommended_until_us = device_us
        if programme.utc_at_zero_us is not None:
            lose_clock(device)
    else:
        programme.set_clock(device_us, utc_s)
    device.orders.staged.clear()
    device.resets += 1
    device.born_us = device_us
    pump.note("reset", doubt=doubt is not None and doubt[1], cut_us=cut_us)
    for what in programme.lapse(pump.now_us):
        if what == "recommendation":
            pump.note("rate_lapsed", a=programme.programmed(pump.now_us))
    pump.follow()


def _stroke_in_doubt(pump: Pump, device_us: int) -> tuple[int, bool] | None:
    """Count the stroke that was permitted and due by now, made or not: when it was due, whether it counts."""
    if pump.unconfirmed:
        start_us = pump.last_start_us
        pump.confirm()
        # Its record said that it was permitted; what came to be owed since its start is not known to the memory.
        pump.take_back(pump.rate * (pump.now_us - start_us))
        pump.recorded_us = start_us
        return start_us, True
    while True:
        due_us = pump.next_stroke_us()
        change_us = pump.programme.next_change_us(pump.now_us)
        if min(due_us, change_us) > device_us or min(due_us, change_us) == NEVER_US:
            return None
        if due_us <= change_us:
            pump.pass_time(due_us)
            return (due_us, pump.count_unmade())
        _pass_by(pump, change_us)
        pump.change()


def _pass_by(pump: Pump, to_us: int) -> None:
    """Time passes that no account shows, while what is owed goes on."""
    while True:
        change_us = pump.programme.next_change_us(pump.now_us)
        if change_us > to_us:
            break
        pump.pass_time(change_us)
        pump.change()
    pump.pass_time(to_us)


def lose_clock(device: Device) -> None:
    """The wall clock cannot be believed any more: alarm, lowest rate of the pattern, until the time is set (THER-8)."""
    pump = device.pump
    pump.programme.utc_at_zero_us = None
    device.alarms.latch("clock_lost", figure=None)
    pump.note("clock_lost")
    pump.follow()


class ClockLoss(Watcher):
    """The instants at which the pump has found, by what it shows later, that something was done to its clock."""

    def __init__(self, device: Device, at_us: list[int]) -> None:
        self.device = device
        self.at_us = sorted(at_us)
        self.armed = False  # something was done to it

    def next_us(self, pump: Pump) -> int:
        """As Watcher.next_us."""
        if not self.armed or pump.programme.utc_at_zero_us is None:
            return NEVER_US
        return next((at_us for at_us in self.at_us if at_us >= pump.now_us), NEVER_US)

    def act(self, pump: Pump) -> None:
        """As Watcher.act."""
        lose_clock(self.device)
