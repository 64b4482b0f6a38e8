"""From the programmer's orders to what they mean for the dose core, as the check of raw strokes reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hil.checks.schedule import Command

US_PER_MIN = 60_000_000
# In force, but nothing that is programmed changes.
_OTHERS = "wake"


class Orders:
    """Follows one pump through its orders: the rate set by hand, and at how much it is suspended, if it is.

    THER-3 and DOSE-5, by themselves: a suspend ends all, gives up whole strokes that wait, and goes on at the rate that
    the pump has answered, which the check holds against what was in force before. A rate set by hand meanwhile can
    only lower it.

    Patterns are not followed, their boundaries belong to the wall clock: such an order is passed on by its own name,
    which the check refuses to judge.
    """

    def __init__(self) -> None:
        self._by_hand_mu_per_h = 0
        self._suspended_mu_per_h: int | None = None

    def taken(self, at_us: int, name: str, values: Mapping[str, Any], reply: Mapping[str, Any]) -> list[Command]:
        """The commands that an order accepted at `at_us` stands for."""
        if name in ("select_pattern", "commit_pattern"):
            return [Command(at_us, name)]
        method = getattr(self, f"_{name}", None)
        if method is None:
            return [Command(at_us, _OTHERS)]
        return [Command(at_us, *each) for each in method(values, reply)]

    def _set_basal(self, values: Mapping[str, Any], _: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        self._by_hand_mu_per_h = values["rate_mu_per_h"]
        rate_mu_per_h = self._by_hand_mu_per_h
        if self._suspended_mu_per_h is not None:
            rate_mu_per_h = min(rate_mu_per_h, self._suspended_mu_per_h)
        return [("set_basal", {"rate_mu_per_h": rate_mu_per_h})]

    def _temp_basal(self, values: Mapping[str, Any], _: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        mode = "percent" if values["kind"] else "rate"
        duration_us = values["duration_min"] * US_PER_MIN
        return [("temp_basal", {"mode": mode, "value": values["value"], "duration_us": duration_us})]

    def _cancel_temp(self, *_: Any) -> list[tuple[str, dict[str, Any]]]:
        return [("cancel_temp", {})]

    def _bolus(self, values: Mapping[str, Any], _: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        return [("bolus", {"volume_mu": values["volume_mu"]})]

    def _square_bolus(self, values: Mapping[str, Any], _: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        duration_us = values["duration_min"] * US_PER_MIN
        return [("bolus", {"square_mu": values["volume_mu"], "duration_us": duration_us})]

    def _dual_bolus(self, values: Mapping[str, Any], _: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        duration_us = values["duration_min"] * US_PER_MIN
        parts = {name: values[name] for name in ("volume_mu", "square_mu")}
        return [("bolus", parts | {"duration_us": duration_us})]

    def _cancel_bolus(self, *_: Any) -> list[tuple[str, dict[str, Any]]]:
        return [("cancel_bolus", {})]

    def _recommend_rate(self, values: Mapping[str, Any], reply: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        back = {"boundary_us": reply["until_us"], "rate_mu_per_h": reply["programmed_mu_per_h"]}
        return [("set_basal", {"rate_mu_per_h": values["rate_mu_per_h"]}), ("plan_basal", back)]

    def _suspend(self, _: Mapping[str, Any], reply: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        least = {"rate_mu_per_h": reply["rate_mu_per_h"]}
        self._suspended_mu_per_h = reply["rate_mu_per_h"]
        return [("suspend", least), ("set_basal", least), ("resume", {})]

    def _stop(self, *_: Any) -> list[tuple[str, dict[str, Any]]]:
        self._suspended_mu_per_h = None
        return [("stop", {})]

    def _resume(self, *_: Any) -> list[tuple[str, dict[str, Any]]]:
        self._suspended_mu_per_h = None
        return [("resume", {}), ("set_basal", {"rate_mu_per_h": self._by_hand_mu_per_h})]
