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
from hil.oracle.pump import Pump
from hil.scripts.play import HELLO_AFTER_US

if TYPE_CHECKING:
    from hil.oracle.device import Device


SECONDS_US = 1_500_000
# docs/adr/0011: 2 s and 500 ppm apart is no contradiction, and the record may be an hour old.
LATEST_US = 7 * US_PER_S
DRIFT = 2000
NEXT_US = 2 * US_PER_S  # what the clock's seconds may mean at both ends


def may_begin(pump: Pump, true_us: int, device_us: int, unsure_us: int) -> bool:
    """May a life whose device time should begin at `true_us`, by a clock wrong by `unsure_us`, begin at `device_us`?

    The battery-backed clock counts whole seconds, at both ends. Of a permitted stroke the pump must take the latest
    that the clock can mean (STORE-2), and one that counts was made when it was due: then time goes on from there.
    """
    if abs(device_us - true_us) <= SECONDS_US + unsure_us:
        return True
    latest_us = true_us + LATEST_US + (true_us - pump.recorded_us) // DRIFT
    return true_us < device_us <= latest_us and device_us in (pump.next_stroke_us(), pump.foreseen_stroke_us())


def restart(
    device: Device, bench_us: int, device_us: int, utc_s: int | None, why: int = 0, *, counted: bool = True
) -> None:
    """Power comes back at `bench_us`, when the device's own time is `device_us` and its clock shows `utc_s`; None: no
    time that can be believed, and why. `counted`: where a cap may withhold the stroke in doubt or not, or the memory
    may know of it or not, did it count as one in doubt?
    """
    pump = device.pump
    cut_us, before = pump.now_us, len(pump.events)
    recorded_bench_us = pump.recorded_us + pump.bench_offset_us
    rate_at_cut = pump.rate
    programmed_q = pump.basal_entry.programmed_q if pump.basal_entry is not None else 0
    pump.dark = True
    if pump.unconfirmed and not counted and pump.recorded_us <= pump.last_start_us < pump.written_us:
        pump.recorded_us = pump.written_us  # what was written of a refusal told of the stroke too: nothing is in doubt
    known = bool(pump.unconfirmed) and pump.recorded_us > pump.last_start_us  # a record was taken since it began
    doubt = _stroke_in_doubt(pump, device_us, counted)
    ends_us = cut_us if doubt is None else doubt[0]
    records_us = _records_us(device)
    for bolus in (pump.normal, pump.square):
        if bolus is not None:
            pump.drop(bolus, "reset" if bolus.left else "completed")
            bolus.entry.ends_us = records_us | {device_us} | ({ends_us} if doubt is not None else set())
            bolus.entry.end_us = max(ends_us, device_us)
    if doubt is not None or utc_s is None:
        pump.give_up_waiting()
    entry = pump.basal_entry
    if entry is not None:
        entry.rate_at_end = rate_at_cut if doubt is None else 0
        entry.ends_us = records_us if doubt is None else frozenset((ends_us,))
        pump.end_basal("reset")
        entry.end_us = ends_us
        entry.steady_q = programmed_q + rate_at_cut * (ends_us - cut_us)
        if doubt is None:  # what the dark has programmed is another life's
            entry.programmed_q = programmed_q
    if doubt is None and device_us < pump.now_us:
        pump.basal.owed_q -= pump.rate * (pump.now_us - device_us)
    elif doubt is None:
        _pass_by(pump, device_us)
    pump.dark = False
    for latched in device.alarms.latched.values():
        if latched.must_us > cut_us:  # what happened in the dark is found when there is power
            latched.must_us = max(latched.must_us, device_us)
    for event in pump.events[before:]:
        event.bench_us = min(event.bench_us, bench_us)  # told now, whatever the device's time has jumped to
    pump.now_us = device_us
    # What the memory does not tell is not vouched for either.
    pump.caps.without_power(bench_us - recorded_bench_us)
    pump.caps.not_after(bench_us)
    pump.bench_offset_us = bench_us - device_us
    pump.recorded_us = device_us
    programme = pump.programme
    if utc_s is None:
        programme.temp = None  # nobody knows how much of its time is over, nor whether the closed loop is still there
        if programme.recommended_until_us != NEVER_US:
            programme.recommended_until_us = device_us
        programme.utc_at_zero_us = None
    else:
        programme.set_clock(device_us, utc_s)
    device.resets += 1
    device.born_us = device_us
    pump.note("reset", doubt=doubt is not None and doubt[1], known=known, cut_us=cut_us)
    for what in programme.lapse(pump.now_us):
        if what == "recommendation":
            pump.note("rate_lapsed", a=programme.programmed(pump.now_us))
    if utc_s is None:
        device.lose_clock(why)
    pump.follow()
    device.reservoir.look(0)  # a stroke that counts may have emptied it


def _records_us(device: Device) -> frozenset[int]:
    """When the memory may have taken its last record: where it must have, or with what was noted since."""
    pump = device.pump
    noted_us = {event.at_us for event in pump.events} | {device.born_us + HELLO_AFTER_US}
    return frozenset({each for each in noted_us if each > pump.recorded_us} | {pump.recorded_us})


def _stroke_in_doubt(pump: Pump, device_us: int, counted: bool) -> tuple[int, bool] | None:
    """Count the stroke that was permitted and due by now, made or not: when it was due, whether it counts."""
    if pump.unconfirmed and pump.recorded_us > pump.last_start_us:
        recorded_us = pump.recorded_us
        pump.confirm()
        pump.recorded_us = recorded_us
        if pump.next_stroke_us() <= device_us + NEXT_US:  # not permitted, but due: time without power programs nothing
            pump.take_back(pump.rate * (pump.now_us - recorded_us))
            return recorded_us, True
    elif pump.unconfirmed:
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
            return due_us, pump.count_unmade(counted)
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
