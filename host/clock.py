"""The pump's local clock, by which a person is told when something was or will be.

Implements: HOST-4
"""

from __future__ import annotations

from dataclasses import dataclass

from host.api.client import Programmer
from host.errors import HostError
from host.options import Options
from host.text import Text
from host.units import local, uptime


@dataclass(frozen=True, slots=True)
class Clock:
    """What a pump's clocks showed at one instant; `utc_s` is None if its wall clock is lost or could not be asked."""

    now_us: int
    utc_s: int | None
    offset_min: int

    def text(self, at_us: int) -> str:
        """Return a device time as date and time of the pump's local clock; without one, as the device time it is."""
        if self.utc_s is None:
            return Text("device time {}", uptime(at_us))
        seconds = self.utc_s + at_us // 1_000_000 - self.now_us // 1_000_000
        return local(max(0, seconds), self.offset_min).partition(" UTC")[0]

    @property
    def zone(self) -> str:
        """The name of the zone of the times that text() returns."""
        return "device time, the clock is lost" if self.utc_s is None else local(0, self.offset_min)[20:]


def clock_of(pump: Programmer) -> Clock:
    """Ask a pump for its clocks. Raises what the programmer raises."""
    found = pump.read_time()
    return Clock(found.now_us, found.utc_s, pump.read_settings().utc_offset_min)


def told(pump: Programmer, options: Options) -> Clock:
    """Return the clock by which to tell an order that was carried out: one that cannot be read hides no outcome."""
    if not options.as_json:
        try:
            return clock_of(pump)
        except HostError:
            pass
    return Clock(0, None, 0)
