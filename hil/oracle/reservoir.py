"""The reservoir: its content, the alarms that follow from it, and refills by weight.

THER-4, THER-5, docs/procedures.md: volume = weight / 1.005 g/ml; content = volume after the latest refill less every
stroke since, of whatever ledger.

Implements: THER-4, THER-5 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hil.oracle import states
from hil.oracle.exact import DAY_US, LOOK_US, NEVER_US, US_PER_S
from hil.oracle.pump import Pump, Watcher
from hil.oracle.reasons import Reason

if TYPE_CHECKING:
    from hil.oracle.device import Device

DENSITY_MG_PER_UL = Fraction(1005, 1000)
NL_PER_UL = 1000
CAPACITY_NL = 15_000_000
FLAGGED_PERCENT = 15
UNSURE_NL = 700_000  # more than readings and dead volume can be unsure by
SECONDS_PER_DAY = 86_400
SECONDS_APART = 2  # the battery-backed clock and device time, by whole seconds


class RefillDue(Watcher):
    """The insulin has reached the end of its time in use."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def next_us(self, pump: Pump) -> int:
        """As Watcher.next_us: by running time or by the wall clock, whichever comes first."""
        due_us = min(self.device.reservoir.due_us, self.device.reservoir.due_by_clock_us)
        return NEVER_US if "refill_due" in self.device.alarms.latched else max(due_us, pump.now_us)

    def act(self, pump: Pump) -> None:
        """As Watcher.act."""
        self.device.alarms.latch("refill_due", figure=None, late_us=SECONDS_APART * US_PER_S)


class Reservoir:
    """The computed content. `filled_nl` 0: never filled, so the content is unknown."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.filled_nl = 0
        self.filled_strokes = 0  # the pump's count of strokes then
        self.filled_utc_s = 0
        self.latest_level = "enough"
        self.filled_us = 0  # the device's time then: due dates follow running time (THER-8)

    @property
    def known(self) -> bool:
        """Was it ever filled?"""
        return self.filled_nl > 0

    @property
    def since(self) -> int:
        """Strokes since the latest refill."""
        return self._since()

    def _since(self, begun: int = 0) -> int:
        return max(0, self.device.pump.confirmed + begun - self.filled_strokes)

    def left_nl(self, strokes: int | None = None) -> int:
        """Return the volume left after so many strokes since the refill; None: all of them."""
        since = self.since if strokes is None else strokes
        return max(0, self.filled_nl - since * self.device.pump.quantum.nl)

    @property
    def left_mu(self) -> int:
        """The volume left in whole milliunits; 0: unknown."""
        return self._left_mu() if self.known else 0

    def _left_mu(self, begun: int = 0) -> int:
        return self.left_nl(self._since(begun)) * self.device.concentration // 1000

    @property
    def level(self) -> str:
        """enough, low, empty, stop: which of the settings' levels the content has reached."""
        return self._level()

    def _level(self, begun: int = 0) -> str:
        if self.known:
            left_mu = self._left_mu(begun)
            for name in ("stop", "empty", "low"):
                if left_mu <= self.device.settings[f"reservoir_{name}_mu"]:
                    return name
        return "enough"

    def below(self, alarm: str) -> bool:
        """Is the content below the level of this alarm?"""
        return self.known and self.left_mu <= self.device.settings[f"reservoir_{alarm.split('_', maxsplit=1)[0]}_mu"]

    def look(self, late_us: int, begun: int = 0) -> None:
        """Latch the alarms that the content calls for; at *stop* the pump stops. `begun` strokes count as made."""
        alarms, level = self.device.alarms, self._level(begun)
        was, self.latest_level = self.latest_level, level
        if level == "enough":
            return
        if level == "low":
            alarms.latch("low_reservoir", figure=None, late_us=late_us)
        else:  # the specific wins over the vague: *low* need not be there beside *empty*
            alarms.latch("low_reservoir", figure=None, late_us=NEVER_US)
            alarms.latch("empty_reservoir", figure=None, late_us=late_us if level == "empty" else NEVER_US)
        # A procedure may begin below the level, and ends with the pump stopped: only reaching the level stops it.
        stops = ("running", "suspended") if was == "stop" else ("running", "suspended", "procedure")
        if level == "stop" and self.device.pump.state in stops:
            states.stop(self.device, "reservoir")

    def look_amid_stroke(self) -> None:
        """Look while a stroke is in progress: the volume ordered has left the reservoir (THER-4)."""
        begun = len(self.device.pump.unconfirmed)
        if begun:
            self.look(0, begun)

    def bolus_reasons(self, volume_mu: int, must: list[Reason], may: list[Reason]) -> None:
        """A bolus larger than what is left above the stop may be refused, or ends with the reason *reservoir*."""
        above = self.left_mu - self.device.settings["reservoir_stop_mu"]
        pump = self.device.pump
        promised = sum(bolus.left for bolus in (pump.normal, pump.square) if bolus is not None)
        if self.known and volume_mu + pump.quantum.mu(promised) + pump.quantum.mu(2) > above:
            may += [Reason(code) for code in ("reservoir_low", "out_of_range", "reservoir", "reservoir_limit")]

    @property
    def due_us(self) -> int:
        """When the next refill is due by running time; NEVER_US before the first."""
        return self.filled_us + self.device.settings["in_use_days"] * DAY_US if self.known else NEVER_US

    @property
    def due(self) -> bool:
        """Is the insulin's time in use over?"""
        return self.device.pump.now_us >= min(self.due_us, self.due_by_clock_us)

    @property
    def due_by_clock_us(self) -> int:
        """When it is due by the wall clock, in the device's time; NEVER_US without a clock."""
        at_zero_us = self.device.pump.programme.utc_at_zero_us
        if not self.filled_utc_s or at_zero_us is None:
            return NEVER_US
        return (self.filled_utc_s + self._in_use_s) * US_PER_S - at_zero_us

    @property
    def due_utc_s(self) -> set[int]:
        """The due date as it may be shown: by the clock at the refill or by the present one; 0: unknown."""
        utc_us = self.device.pump.programme.utc_us(self.device.pump.now_us)
        if not self.known or utc_us is None:
            return {0} if not self.filled_utc_s else {0, self.filled_utc_s + self._in_use_s}
        second = (utc_us + self.due_us - self.device.pump.now_us) // US_PER_S
        shown = {second, second + 1}
        return shown | ({self.filled_utc_s + self._in_use_s} if self.filled_utc_s else {0})

    @property
    def _in_use_s(self) -> int:
        return self.device.settings["in_use_days"] * SECONDS_PER_DAY

    # A refill

    def refill_reasons(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        """Refuse an impossible refill: less put in than taken back, more drawn than it can hold, or too full."""
        filled_nl, drawn_nl = _weighed_nl(values)
        if self.device.procedures.name in ("refill", "rinse"):
            must.append(Reason("wrong_state"))
        if not 0 < filled_nl <= CAPACITY_NL:
            must.append(Reason("out_of_range"))
        elif self.known and drawn_nl > self.filled_nl:
            sure = drawn_nl > self.filled_nl + UNSURE_NL  # more than was ever in it, whatever the readings
            (must if sure else may).append(Reason("out_of_range", None, drawn_nl, self.filled_nl))
        elif not 0 <= drawn_nl <= CAPACITY_NL:
            may.append(Reason("out_of_range"))

    def record(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Record a refill by weight; return the reply's plain figures."""
        filled_nl, residual_nl = _weighed_nl(values)
        found = self.fill(filled_nl, residual_nl, self.device.pump.commanded)
        return {"filled_nl": filled_nl, "residual_nl": residual_nl, **found}

    def fill(self, filled_nl: int, residual_nl: int, strokes: int, *, whole: bool = True) -> dict[str, Any]:
        """Record that it was refilled; return the volume that is gone and was not delivered, and what was delivered
        since the refill before (both 0 at the first).

        `strokes` had been ordered when it was drawn. Not `whole`: it had been emptied before, so nothing is compared.

        THER-5: a difference beyond 15 % is flagged, by its kind and not only by its share. Insulin missing by more than
        the readings' uncertainty is `over_delivery`, which stops the pump at once. Between the two the pump's verdict
        is taken.
        """
        pump = self.device.pump
        delivered_nl = (strokes - self.filled_strokes) * pump.quantum.nl
        compared = self.known and whole
        missing_nl = self.filled_nl - residual_nl - delivered_nl if compared else 0
        flagged = 100 * missing_nl > FLAGGED_PERCENT * delivered_nl
        sure = flagged and 100 * (missing_nl - UNSURE_NL) > FLAGGED_PERCENT * delivered_nl
        over = sure or (flagged and self.device.seen_over)
        self.filled_nl = filled_nl
        self.filled_strokes = pump.commanded  # one in progress is not since
        self.filled_utc_s = pump.programme.utc_s(pump.now_us)
        self.filled_us = pump.now_us
        if over:
            self.device.alarms.latch("over_delivery", figure=None)
            if pump.state in ("running", "suspended", "procedure"):
                states.stop(self.device, "fault")
            pump.finish_stroke()
        self.look(LOOK_US)
        self.device.alarms.relent()
        return {"missing_nl": missing_nl, "delivered_nl": delivered_nl if compared else 0}


def _weighed_nl(values: Mapping[str, Any]) -> tuple[int, int]:
    """Return the volume put in, less what was taken back, and the volume drawn out."""
    put_nl = _nl(values["put_before_mg"] - values["put_after_mg"])
    return put_nl - values["taken_back_nl"], _nl(values["drawn_after_mg"] - values["drawn_before_mg"])


def _nl(weight_mg: int) -> int:
    return round(Fraction(weight_mg) * NL_PER_UL / DENSITY_MG_PER_UL)
