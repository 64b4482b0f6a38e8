"""Writes scripts of volleys: orders of every kind, a frame apart, in every state, some at the very µs of a stroke.
Limits and levels are set close to the values at which they would take effect. Refills come in the middle of procedures,
power cuts right after a volley.

hil/scripts/generate.py behaves as a patient does; this module tries what nobody would. Each seed gives one script, as
there.

Implements: HIL-5
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hil.scripts.generate import Therapy
from hil.scripts.play import SLOT_US
from hil.scripts.script import Answer, Script
from hil.scripts.writer import Wish

WISH = Wish(hours=(4, 12), steps=(40, 120))
_LARGEST = {"hour": 60_000, "day": 500_000}


def storms(seed: int, wish: Wish = WISH) -> Script:
    """Return the script of this seed. Raises DeviceLost if the board ends by itself while the script is written."""
    return _Storms(seed, wish).write()


class _Storms(Therapy):
    def acts(self) -> dict[str, tuple[int, Callable[[], object]]]:
        acts: dict[str, tuple[int, Callable[[], object]]] = {
            "storm": (10, self.storm), "state": (5, self.state), "procedure": (2, self.procedure),
            "basal": (1, self.basal), "resume": (2, self.resume), "select": (1, self.select),
            "pattern": (1, self.pattern),
        }  # fmt: skip
        if self.cuts:
            acts["cut"] = (2, self.cut)
        if self.clock and self.wish.clock is not False:
            acts["fault"] = (1, self.clock_fault)
        return acts

    def state(self) -> None:
        """Bring the pump into a state to begin with."""
        ways: list[Callable[[], object]] = [
            self.bolus, self.square, self.dual, self.temp, self.settings, self._little_left, self._limits_near,
            lambda: self.put("suspend"), lambda: self.put("stop"),
            lambda: self.put("recommend_rate", rate_mu_per_h=self._rate(), valid_min=self.random.choice((1, 5, 30))),
        ]  # fmt: skip
        for way in self.random.sample(ways, self.random.randint(1, 4)):
            way()

    def storm(self) -> None:
        """Send a volley."""
        draw = self.random
        orders: tuple[tuple[str, Callable[[], dict[str, Any]]], ...] = (
            ("set_basal", lambda: {"rate_mu_per_h": self._rate()}), ("bolus", lambda: {"volume_mu": self._dose_mu()}),
            ("square_bolus", lambda: {"volume_mu": self._dose_mu(), "duration_min": draw.choice((30, 31, 60))}),
            ("dual_bolus", lambda: {"volume_mu": self._dose_mu(), "square_mu": self._dose_mu(), "duration_min": 30}),
            ("temp_basal", lambda: {"kind": 1, "value": draw.choice((0, 1, 50, 100, 150, 200)), "duration_min": 30}),
            ("temp_basal", lambda: {"kind": 0, "value": self._rate(), "duration_min": 30}),
            ("cancel_temp", dict), ("cancel_bolus", dict), ("suspend", dict), ("stop", dict), ("resume", dict),
            ("resume", dict), ("recommend_rate", lambda: {"rate_mu_per_h": self._rate(), "valid_min": 1}),
            ("start_procedure", lambda: {"procedure": draw.randint(1, 5)}),
            ("select_pattern", lambda: {"pattern": draw.randint(0, 3)}),
        )  # fmt: skip
        others: list[Callable[[], object]] = [
            self.again, self._levels_near, self._offset, self._least, self._little_left, self._limits_near,
            self.acknowledge, self._answer, self.question, self.odd, self.late,
        ]  # fmt: skip
        if self.wish.clock is not False:
            others.append(self.set_time)
        if draw.random() < 0.6:
            self._aim()
        for _ in range(draw.randint(2, 6)):
            if draw.random() < 0.7:
                what, values = draw.choice(orders)
                self._at_once(what, **values())
            else:
                draw.choice(others)()
            chance = draw.random()
            if chance < 0.25:
                self._aim()
            elif chance < 0.4:
                self.free_us += draw.choice((104_000, 2_000_000, 1_896_000, 500_000, 26_000, 1))
            elif chance < 0.45:
                self.wait(0, 120)
        if draw.random() < 0.5:
            self.look()
        if self.cuts and draw.random() < 0.3:
            self.cut()

    def _at_once(self, what: str, **values: Any) -> Answer | None:
        """As put(), but the next step may follow a frame later."""
        answer = self.put(what, **values)
        self.free_us = max(self.steps[-1].at_us, self.player.now_us) + SLOT_US
        return answer

    def _little_left(self) -> None:
        self._refill(
            self.random.choice((200_000, 520_000, 600_000, 1_000_000, self.random.randint(100_000, 3_000_000)))
        )

    def _whole_mu(self, volume_mu: int) -> int:
        return volume_mu * 1000 // self.stroke_uu * self.stroke_uu // 1000

    def _limits_near(self) -> None:
        draw, status = self.random, self._status()
        if not status:
            return
        promised_mu = status["bolus_remaining_mu"] + status["square_remaining_mu"]
        caps = {}
        for name, most_mu in _LARGEST.items():
            near_mu = status[f"{name}_mu"] + promised_mu + draw.choice((-2, -1, 0, 1, 2, 10)) * self._strokes_mu(1)
            caps[name] = self._whole_mu(min(most_mu, max(0, near_mu)))
        self.put(
            "set_limits",
            max_basal_mu_per_h=draw.choice((35_000, status["in_force_mu_per_h"], status["basal_rate_mu_per_h"])),
            max_bolus_mu=draw.choice((40_000, self._dose_mu())),
            max_hour_mu=caps["hour"],
            max_day_mu=max(caps.values()),
        )

    def _changed(self, **changes: int) -> None:
        """Change these settings and leave the others."""
        now = self.player.ask(self._moment(), "read_settings")
        if now:
            self._at_once("set_settings", **(now | changes))

    def _levels_near(self) -> None:
        content, now = (self.player.ask(self._moment(), name) for name in ("read_reservoir", "read_settings"))
        if content and now:
            near_mu = content["left_mu"] + self.random.choice((-2, -1, 0, 1, 2, 5, 50)) * self._strokes_mu(1)
            stop_mu = self._whole_mu(min(6_000_000, max(0, near_mu)))
            empty_mu = max(stop_mu, now["reservoir_empty_mu"])
            low_mu = max(empty_mu, now["reservoir_low_mu"])
            self._changed(reservoir_stop_mu=stop_mu, reservoir_empty_mu=empty_mu, reservoir_low_mu=low_mu)

    def _offset(self) -> None:
        self._changed(utc_offset_min=self.random.choice((0, 30, 60, -30, 15, 840, -720)))

    def _least(self) -> None:
        auto_off_min = self.random.choice((0, 1, 2, 5)) if self.wish.auto_off else 0
        self._changed(suspend_rate_mu_per_h=self.random.choice((0, 50, 200, 1000)), auto_off_min=auto_off_min)
