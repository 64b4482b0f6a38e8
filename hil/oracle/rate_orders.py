"""The orders about rates: basal by hand, patterns, temporary rates and recommendations.

Implements: THER-1, THER-2, THER-7 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zlib import crc32

from hil.oracle.exact import NEVER_US, US_PER_MIN
from hil.oracle.programme import BY_HAND, HALF_HOURS, Temp
from hil.oracle.reasons import Reason

if TYPE_CHECKING:
    from hil.oracle.device import Device

Reply = dict[str, Any]
TEMP_PERCENT = 1


class RateOrders:
    """The part of Orders (orders.py) about rates."""

    device: Device
    staged: dict[int, list[int]]

    def _above_limit(self, rate: int, field: str) -> list[Reason]:
        limit = self.device.pump.programme.max_mu_per_h
        return [Reason("clinician_limit", field, rate, limit)] if rate > limit else []

    def _not_set_basal(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        must += self._above_limit(values["rate_mu_per_h"], "rate_mu_per_h")
        may += self._above_by_temp(values["rate_mu_per_h"])

    def _above_by_temp(self, rate: int) -> list[Reason]:
        """The rate that a running percentage makes of it may be above the limit: refused, or held to the limit."""
        programme = self.device.pump.programme
        made = programme.temp.of(rate) if programme.temp is not None else rate
        limit = programme.max_mu_per_h
        return [Reason("clinician_limit", None, made, limit)] if made > limit else []

    def _do_set_basal(self, values: Mapping[str, Any]) -> Reply:
        pump = self.device.pump
        programme = pump.programme
        old = programme.programmed(pump.now_us)
        programme.pattern = BY_HAND
        programme.by_hand_mu_per_h = values["rate_mu_per_h"]
        self._end_recommendation()
        pump.follow()
        return {"old_rate_mu_per_h": old, "new_rate_mu_per_h": values["rate_mu_per_h"]}

    def _not_select_pattern(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        greatest = max(self.device.pump.programme.rates[values["pattern"]])
        must += self._above_limit(greatest, "pattern")
        may += self._above_by_temp(greatest)

    def _do_select_pattern(self, values: Mapping[str, Any]) -> Reply:
        pump = self.device.pump
        old = pump.programme.pattern
        pump.programme.pattern = values["pattern"]
        self._end_recommendation()
        pump.follow()
        return {"old_pattern": old, "rate_mu_per_h": pump.programme.programmed(pump.now_us)}

    def _not_commit_pattern(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        staged = self.staged.get(values["pattern"])
        if staged is None:
            must.append(Reason("not_staged"))
        elif fingerprint(staged) != values["fingerprint"]:
            must.append(Reason("not_the_same"))
        elif max(staged) > self.device.pump.programme.max_mu_per_h:
            limit = self.device.pump.programme.max_mu_per_h
            must.append(Reason("clinician_limit", None, max(staged), limit))
        elif values["pattern"] == self.device.pump.programme.pattern:
            may += self._above_by_temp(max(staged))

    def _do_commit_pattern(self, values: Mapping[str, Any]) -> Reply:
        pump = self.device.pump
        rates = self.staged.pop(values["pattern"])
        pump.programme.rates[values["pattern"]] = rates
        pump.follow()
        return {"day_mu": day_mu(rates), "in_force_mu_per_h": pump.rate}

    def _not_stage_pattern(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        greatest = max(rates_of(values))
        limit = self.device.pump.programme.max_mu_per_h
        if greatest > limit:
            may.append(Reason("clinician_limit", None, greatest, limit))

    def _do_stage_pattern(self, values: Mapping[str, Any]) -> Reply:
        rates = rates_of(values)
        old = day_mu(self.device.pump.programme.rates[values["pattern"]])
        self.staged[values["pattern"]] = rates
        return {"fingerprint": fingerprint(rates), "day_mu": day_mu(rates), "old_day_mu": old}

    def _not_temp_basal(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        programme = self.device.pump.programme
        value = values["value"]
        if values["kind"] == TEMP_PERCENT:
            if value > 200:
                must.append(Reason("out_of_range", "value", value, 200))
                return
            temp = Temp(True, value, 0)
            must += self._above_limit(max(temp.of(rate) for rate in programme.all_programmed()), "value")
        else:
            if value % 50:
                must.append(Reason("not_multiple", "value", value, 50))
            must += self._above_limit(value, "value")

    def _do_temp_basal(self, values: Mapping[str, Any]) -> Reply:
        pump = self.device.pump
        until_us = pump.now_us + values["duration_min"] * US_PER_MIN
        self._end_recommendation()
        pump.end_basal("superseded")
        pump.programme.temp = Temp(values["kind"] == TEMP_PERCENT, values["value"], until_us)
        pump.follow()
        assert pump.basal_entry is not None
        return {"delivery_id": pump.basal_entry.id, "until_us": until_us, "in_force_mu_per_h": pump.rate}

    def _not_cancel_temp(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        if self.device.pump.programme.temp is None:
            must.append(Reason("no_temp_active"))

    def _do_cancel_temp(self, values: Mapping[str, Any]) -> Reply:
        pump = self.device.pump
        assert pump.basal_entry is not None
        number = pump.basal_entry.id
        pump.programme.temp = None
        pump.end_basal("cancelled")
        pump.follow()
        return {"delivery_id": number, "in_force_mu_per_h": pump.rate}

    def _not_recommend_rate(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        if self.device.pump.programme.temp is not None:
            must.append(Reason("temp_active"))
        must += self._above_limit(values["rate_mu_per_h"], "rate_mu_per_h")

    def _do_recommend_rate(self, values: Mapping[str, Any]) -> Reply:
        pump = self.device.pump
        until_us = pump.now_us + values["valid_min"] * US_PER_MIN
        pump.programme.recommended_mu_per_h = values["rate_mu_per_h"]
        pump.programme.recommended_until_us = until_us
        pump.follow()
        return {"until_us": until_us, "programmed_mu_per_h": pump.programme.programmed(pump.now_us)}

    def _end_recommendation(self) -> None:
        self.device.pump.programme.recommended_until_us = NEVER_US


def rates_of(values: Mapping[str, Any]) -> list[int]:
    """The 48 half-hour rates of a request, mU/h."""
    return [each["rate_mu_per_h"] for each in values["rates"]]


def day_mu(rates: list[int]) -> int:
    """The insulin of a day at these half-hour rates, mU, rounded down."""
    return sum(rates) * 24 // HALF_HOURS


def fingerprint(rates: list[int]) -> int:
    """CRC-32 of the rates, each as a little-endian u32."""
    return crc32(b"".join(rate.to_bytes(4, "little") for rate in rates))
