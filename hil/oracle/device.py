"""The device as a whole: the pump, its settings and limits, reservoir, alarms, procedures, auto-off, orders.

Implements: THER-3, THER-4 (the oracle's side)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.oracle.alarms import Alarms
from hil.oracle.caps import DAY, HOUR
from hil.oracle.exact import NEVER_US, Quantum
from hil.oracle.orders import Orders
from hil.oracle.procedures import Procedures
from hil.oracle.pump import Pump, Seen
from hil.oracle.reservoir import RefillDue, Reservoir
from hil.oracle.settings import Settings
from hil.oracle.states import AutoOff

if TYPE_CHECKING:
    from hil.oracle.wall import Wall

CAP_ALARMS = {HOUR: "hourly_maximum_exceeded", DAY: "daily_maximum_exceeded"}


class Device:
    """A new device, at its time 0."""

    def __init__(self, stroke_nl: int, concentration_u_per_ml: int, edge_us: int, seen: Seen) -> None:
        self.concentration = concentration_u_per_ml
        self.pump = Pump(Quantum(stroke_nl, concentration_u_per_ml), edge_us, seen)
        self.settings = Settings()
        self.alarms = Alarms(self)
        self.reservoir = Reservoir(self)
        self.procedures = Procedures(self)
        self.auto_off = AutoOff(self)
        self.orders = Orders(self)
        self.rate_before_suspend = 0
        self._in_force = dict(self.settings.values)  # the settings
        self.seen_over = False  # the pump has judged the refill at hand as over-delivery
        self.resets = 0
        self.born_us = 0  # when its present life began
        self.wall: Wall | None = None  # compares the wall clock with the battery-backed one
        self.pump.watchers = [self.auto_off, RefillDue(self)]
        self.pump.react = self.react

    def advance(self, to_us: int) -> None:
        """Advance to `to_us` and do what is due by then."""
        self.pump.advance(to_us)

    def react(self, what: str, values: dict[str, object]) -> None:
        """Do what follows at once from an event."""
        if what == "withheld":
            caps = values["caps"]
            assert isinstance(caps, tuple)
            for cap in caps:  # where both caps withhold it, either alarm may be latched
                late_us = 0 if len(caps) == 1 else NEVER_US
                self.alarms.latch(CAP_ALARMS[cap], figure=range(1, self.pump.withheld + 1), late_us=late_us)
        elif what == "rate_lapsed":  # the closed loop has fallen silent
            self.alarms.latch("communication_error", figure=None)
        elif what == "counted":  # a stroke in doubt, at a reset
            self.procedures.confirmed()
        elif what == "confirmed":
            self.procedures.confirmed()
            if not self.pump.dark:
                self.reservoir.look(0)

    def lose_clock(self, why: int) -> None:
        """The wall clock is lost: alarm; from the next follow() on the pattern's lowest rate is in force (THER-8)."""
        self.pump.programme.utc_at_zero_us = None
        self.alarms.latch("clock_lost", figure=None)
        self.pump.note("clock_lost", why=why)

    def take_limits(self) -> None:
        """Put the limits in force."""
        limits = self.settings.limits
        self.pump.programme.max_mu_per_h = limits["max_basal_mu_per_h"]
        self.pump.caps.hour_mu = limits["max_hour_mu"]
        self.pump.caps.day_mu = limits["max_day_mu"]
        self.pump.follow()

    def take_settings(self) -> None:
        """Put the settings in force and note each change; a suspended pump never delivers more than before."""
        for place, (name, now) in enumerate(self.settings.values.items()):
            if now != self._in_force[name]:
                self.pump.note("setting_changed", place=place, before=self._in_force[name], now=now)
        self._in_force = dict(self.settings.values)
        programme = self.pump.programme
        programme.offset_min = self.settings["utc_offset_min"]
        programme.least_mu_per_h = min(self.settings["suspend_rate_mu_per_h"], self.rate_before_suspend)
        self.pump.follow()
