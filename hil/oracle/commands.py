"""The commands that the check of raw strokes reads, and the rates that follow from them.

The programmer's orders are translated into commands of the dose core's own kind, so that one check judges what the
bench saw of a whole pump and of the core alone.

Implements: DOSE-5, THER-3 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from hil.oracle.exact import NEVER_US, US_PER_MIN
from hil.oracle.programme import Programme, Temp

# For an accepted order that changes nothing that is programmed.
_OTHERS = "wake"
_PERCENT, _MODES = "percent", ("rate", "percent")


class Command(NamedTuple):
    """A command as the device accepted it, or an abandonment it recorded.

    Names and values: set_basal {rate_mu_per_h}, plan_basal {boundary_us, rate_mu_per_h}, temp_basal {mode: "rate" or
    "percent", value, duration_us}, cancel_temp, bolus {volume_mu, square_mu, duration_us; what is left out is 0},
    cancel_bolus, suspend {rate_mu_per_h: at which the next commands let it go on, 0 if left out}, resume; stop (a
    fault; for what is owed the same as suspend); withheld (a cap took the stroke due: a normal bolus ends there, else
    one basal or square stroke); wake (the device looked, and changed nothing).
    """

    at_us: int
    name: str
    values: Mapping[str, int | str] = {}


@dataclass
class Rates(Programme):
    """The programme as commands make it, with a rate that is planned for a boundary besides."""

    boundary: tuple[int, int] | None = None  # when it comes, and its rate

    @property
    def suspended(self) -> bool:
        """True while nothing is programmed."""
        return self.state != "running"

    def next_change_us(self, now_us: int) -> int:
        """When something changes by itself; NEVER_US: never."""
        ends_us = NEVER_US if self.temp is None else self.temp.until_us
        return ends_us if self.boundary is None else min(ends_us, self.boundary[0])

    def lapse(self, now_us: int) -> list[str]:
        """As Programme.lapse."""
        if self.boundary is not None and self.boundary[0] <= now_us:
            self.by_hand_mu_per_h, self.boundary = self.boundary[1], None
        return super().lapse(now_us)

    def carry_out(self, command: Command) -> bool:
        """Carry out a command if it changes the programme, else return False. Raises ValueError for an unknown mode."""
        at_us, name, values = command
        if name == "set_basal":
            self.by_hand_mu_per_h, self.boundary = int(values["rate_mu_per_h"]), None
        elif name == "plan_basal":
            self.boundary = (int(values["boundary_us"]), int(values["rate_mu_per_h"]))
        elif name == "temp_basal":
            mode = str(values["mode"])
            if mode not in _MODES:
                raise ValueError(f"temp_basal at {at_us} us: mode {mode!r}, must be 'rate' or 'percent'")
            self.temp = Temp(mode == _PERCENT, int(values["value"]), at_us + int(values["duration_us"]))
        elif name == "cancel_temp":
            self.temp = None
        elif name == "resume":
            self.state = "running"
        elif name in ("suspend", "stop"):
            self.state, self.temp = "stopped", None
        else:
            return False
        return True


class Orders:
    """Follows one pump through its orders and gives the commands that they stand for.

    A suspend ends all that runs, gives up whole strokes that wait, and goes on at the rate in the pump's answer. The
    check compares that rate with the one in force before; what is programmed meanwhile can only lower it.

    Patterns are not followed, because their boundaries depend on the wall clock: such an order is passed on by its own
    name, which the check refuses to judge.
    """

    def __init__(self) -> None:
        self._programme = Programme()

    def taken(self, at_us: int, name: str, values: Mapping[str, Any], reply: Mapping[str, Any]) -> list[Command]:
        """The commands that an order accepted at `at_us` stands for."""
        if name in ("select_pattern", "commit_pattern"):
            return [Command(at_us, name)]
        method = getattr(self, f"_{name}", None)
        if method is None:
            return [Command(at_us, _OTHERS)]
        self._programme.lapse(at_us)
        return [Command(at_us, *each) for each in method(at_us, values, reply)]

    def _set_basal(self, at_us: int, values: Mapping[str, Any], _: Any) -> list[tuple[str, dict[str, Any]]]:
        programme = self._programme
        programme.by_hand_mu_per_h = values["rate_mu_per_h"]
        rate = programme.in_force(at_us) if programme.state == "suspended" else programme.by_hand_mu_per_h
        return [("set_basal", {"rate_mu_per_h": rate})]

    def _temp_basal(self, at_us: int, values: Mapping[str, Any], _: Any) -> list[tuple[str, dict[str, Any]]]:
        duration_us = values["duration_min"] * US_PER_MIN
        self._programme.temp = Temp(bool(values["kind"]), values["value"], at_us + duration_us)
        mode = _MODES[bool(values["kind"])]
        return [("temp_basal", {"mode": mode, "value": values["value"], "duration_us": duration_us})]

    def _cancel_temp(self, *_: Any) -> list[tuple[str, dict[str, Any]]]:
        self._programme.temp = None
        return [("cancel_temp", {})]

    def _bolus(self, at_us: int, values: Mapping[str, Any], _: Any) -> list[tuple[str, dict[str, Any]]]:
        return [("bolus", {"volume_mu": values["volume_mu"]})]

    def _square_bolus(self, at_us: int, values: Mapping[str, Any], _: Any) -> list[tuple[str, dict[str, Any]]]:
        duration_us = values["duration_min"] * US_PER_MIN
        return [("bolus", {"square_mu": values["volume_mu"], "duration_us": duration_us})]

    def _dual_bolus(self, at_us: int, values: Mapping[str, Any], _: Any) -> list[tuple[str, dict[str, Any]]]:
        duration_us = values["duration_min"] * US_PER_MIN
        parts = {name: values[name] for name in ("volume_mu", "square_mu")}
        return [("bolus", parts | {"duration_us": duration_us})]

    def _cancel_bolus(self, *_: Any) -> list[tuple[str, dict[str, Any]]]:
        return [("cancel_bolus", {})]

    def _recommend_rate(
        self, at_us: int, values: Mapping[str, Any], reply: Mapping[str, Any]
    ) -> list[tuple[str, dict[str, Any]]]:
        back = {"boundary_us": reply["until_us"], "rate_mu_per_h": reply["programmed_mu_per_h"]}
        return [("set_basal", {"rate_mu_per_h": values["rate_mu_per_h"]}), ("plan_basal", back)]

    def _suspend(self, at_us: int, _: Any, reply: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        programme, temp = self._programme, self._programme.temp
        programme.lowered_percent = min(100, temp.value) if temp is not None and temp.percent else 100
        programme.state, programme.temp = "suspended", None
        programme.least_mu_per_h = reply["rate_mu_per_h"]
        least = {"rate_mu_per_h": reply["rate_mu_per_h"]}
        return [("suspend", least), ("set_basal", least), ("resume", {})]

    def _stop(self, *_: Any) -> list[tuple[str, dict[str, Any]]]:
        self._programme.state, self._programme.temp = "stopped", None
        return [("stop", {})]

    def _resume(self, *_: Any) -> list[tuple[str, dict[str, Any]]]:
        self._programme.state = "running"
        return [("resume", {}), ("set_basal", {"rate_mu_per_h": self._programme.by_hand_mu_per_h})]
