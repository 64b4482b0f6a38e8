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

if TYPE_CHECKING:
    from hil.oracle.device import Device
    from hil.oracle.pump import Pump


class BackedClock:
    """The battery-backed clock: it counts whole seconds of the bench. `lost`: it does not know the time."""

    def __init__(self, epoch_s: int) -> None:
        self.at_zero_s = epoch_s
        self.lost = False

    def utc_s(self, bench_us: int) -> int | None:
        """What it shows."""
        return None if self.lost else self.at_zero_s + bench_us // US_PER_S

    def set(self, bench_us: int, utc_s: int) -> None:
        """It shows `utc_s` now."""
        self.at_zero_s = utc_s - bench_us // US_PER_S
        self.lost = False


def restart(device: Device, bench_us: int, device_us: int, utc_s: int | None) -> None:
    """Power comes back at `bench_us`, when the device's own time is `device_us` and its clock shows `utc_s`."""
    pump = device.pump
    cut_us = pump.now_us
    doubt = _stroke_in_doubt(pump, device_us)
    for bolus in (pump.normal, pump.square):
        if bolus is not None:
            pump.drop(bolus, "reset")
            bolus.entry.end_from_us = pump.recorded_us
            bolus.entry.end_us = max(bolus.entry.end_us, device_us)
    if pump.basal_entry is not None:
        pump.basal_entry.rate_at_end = pump.rate
        pump.basal_entry.end_from_us = pump.recorded_us
        pump.end_basal("reset")
    if doubt is None and device_us < pump.now_us:
        pump.basal.owed_q -= pump.rate * (pump.now_us - device_us)
    elif doubt is None:
        _pass_by(pump, device_us)
    pump.now_us = device_us
    pump.bench_offset_us = bench_us - device_us
    pump.recorded_us = device_us
    programme = pump.programme
    if utc_s is None:
        programme.utc_at_zero_us = None
        device.alarms.latch("clock_lost", figure=None)
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
        pump.basal.owed_q -= pump.rate * (pump.now_us - start_us)
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
