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


def _cut(device: Device, reason: str) -> int:
    programme = device.pump.programme
    waiting = device.pump.cut(reason)
    device.procedures.halted()
    programme.temp = None
    programme.recommended_until_us = NEVER_US
    return waiting


def suspend(device: Device) -> tuple[int, int]:
    """By a person; (strokes given up, rate from now on)."""
    pump = device.pump
    programme, temp = pump.programme, pump.programme.temp
    device.rate_before_suspend = pump.rate
    programme.lowered_percent = min(100, temp.value) if temp is not None and temp.percent else 100
    programme.state = "suspended"
    abandoned = _cut(device, "suspended")
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
    return device.pump.rate


class AutoOff(Watcher):
    """Stops a pump that runs when no person has done anything for so long (THER-3).

    Orders that were carried out count, acknowledgements too; a question, a refused or repeated order, a closed loop's
    recommendation does not.
    """

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
