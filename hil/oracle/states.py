"""What stops and starts the pump: suspend, stop, resume, auto-off, an alarm that stops.

DOSE-5, THER-3: the stroke in progress is completed, whole strokes that wait are given up, the fraction stays; what is
delivered while suspended is never more than was in force before.

Implements: DOSE-5, THER-3 (the oracle's side)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.oracle.exact import NEVER_US, US_PER_MIN
from hil.oracle.pump import Pump, Watcher

if TYPE_CHECKING:
    from hil.oracle.device import Device


def _cut(device: Device, reason: str, *, rate_stays: bool = False) -> int:
    programme = device.pump.programme
    waiting = device.pump.cut(reason, rate_stays=rate_stays)
    programme.temp = None
    programme.recommended_until_us = NEVER_US
    return waiting


def suspend(device: Device) -> tuple[int, int]:
    """By a person; (strokes given up, rate from now on)."""
    pump = device.pump
    device.rate_before_suspend = pump.rate
    least = min(device.settings["suspend_rate_mu_per_h"], pump.rate)
    abandoned = _cut(device, "suspended", rate_stays=least == pump.rate and pump.programme.temp is None)
    pump.programme.state = "suspended"
    device.take_settings()
    device.alarms.latch("pump_suspended")
    return abandoned, pump.rate


def stop(device: Device, reason: str) -> int:
    """By a person ("suspended") or an alarm ("fault"); strokes given up."""
    abandoned = _cut(device, reason)
    device.pump.programme.state = "stopped"
    device.pump.follow()
    device.alarms.latch("pump_stopped")
    return abandoned


def resume(device: Device) -> int:
    """Therapy runs again; the rate from now on."""
    device.pump.programme.state = "running"
    for name in ("pump_suspended", "pump_stopped", "auto_off"):
        device.alarms.clear(name)
    device.pump.follow()
    return device.pump.programme.programmed(device.pump.now_us)


class AutoOff(Watcher):
    """Stops a pump that runs when no person has done anything for so long (THER-3)."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.act_us = 0  # the latest act of a person

    def next_us(self, pump: Pump) -> int:
        """As Watcher.next_us."""
        minutes = self.device.settings["auto_off_min"]
        if not minutes or pump.state != "running":
            return NEVER_US
        return max(self.act_us + minutes * US_PER_MIN, pump.now_us)

    def act(self, pump: Pump) -> None:
        """As Watcher.act."""
        self.device.alarms.latch("auto_off")
        stop(self.device, "fault")
