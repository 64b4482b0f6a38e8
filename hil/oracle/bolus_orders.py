"""The orders about boluses: normal, square and dual ones, and cancelling them.

Implements: THER-2, GUARD-1 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hil.oracle.boluses import spread
from hil.oracle.exact import HARD_BOLUS_MU, US_PER_MIN
from hil.oracle.promises import CODES, cap_reasons
from hil.oracle.reasons import Reason

if TYPE_CHECKING:
    from hil.oracle.device import Device

Reply = dict[str, Any]


class BolusOrders:
    """The part of Orders (orders.py) about boluses."""

    device: Device

    def _not_any_bolus(
        self, name: str, values: Mapping[str, Any], must: list[Reason], may: list[Reason], code: str
    ) -> None:
        pump = self.device.pump
        now_mu = values["volume_mu"] if name != "square_bolus" else 0
        spread_mu = (
            values["square_mu"] if name == "dual_bolus" else values["volume_mu"] if name == "square_bolus" else 0
        )
        for part in ("volume_mu", "square_mu"):
            if part in values and pump.quantum.strokes(values[part]) is None:
                must.append(Reason("not_whole_strokes", part, values[part], pump.quantum.least_mu))
        total = now_mu + spread_mu
        if total > HARD_BOLUS_MU:
            must.append(Reason("hard_limit", None, total, HARD_BOLUS_MU))
        limit = self.device.settings.limits["max_bolus_mu"]
        if total > limit:
            must.append(Reason("clinician_limit", None, total, limit))
        in_last = [pump.in_last_stroke(entry) for entry in (pump.normal_entry, pump.square_entry)]
        if (now_mu and (pump.normal is not None or in_last[0])) or (
            spread_mu and (pump.square is not None or in_last[1])
        ):
            must.append(Reason("bolus_active"))
        if not must:
            over_us = values.get("duration_min", 0) * US_PER_MIN
            if code in ("", *CODES.values()):  # slow: plays the future forward
                parts = self._strokes(now_mu), self._strokes(spread_mu)
                cap_must, cap_may = cap_reasons(pump, parts, over_us, refused=bool(code))
                must += cap_must
                may += cap_may
            self.device.reservoir.bolus_reasons(total, must, may)

    def _do_bolus(self, values: Mapping[str, Any]) -> Reply:
        return self._begin_at_once("normal_bolus", values["volume_mu"])

    def _strokes(self, volume_mu: int) -> int:
        """How many make a volume of whole strokes."""
        return volume_mu * 1000 // self.device.pump.quantum.uu

    def _begin_at_once(self, kind: str, volume_mu: int) -> Reply:
        strokes = self._strokes(volume_mu)
        return {"delivery_id": self.device.pump.begin(kind, strokes).id, "strokes": strokes}

    def _begin_spread(self, kind: str, volume_mu: int, minutes: int) -> Reply:
        pump = self.device.pump
        strokes, over_us = spread(pump.quantum, volume_mu, minutes)
        return {"delivery_id": pump.begin(kind, strokes, over_us).id, "strokes": strokes}

    def _do_square_bolus(self, values: Mapping[str, Any]) -> Reply:
        return self._begin_spread("square_bolus", values["volume_mu"], values["duration_min"])

    def _do_dual_bolus(self, values: Mapping[str, Any]) -> Reply:
        normal = self._begin_at_once("dual_normal", values["volume_mu"])
        square = self._begin_spread("dual_square", values["square_mu"], values["duration_min"])
        strokes = normal["strokes"] + square["strokes"]
        return {"delivery_id": normal["delivery_id"], "square_id": square["delivery_id"], "strokes": strokes}

    def _not_cancel_bolus(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        pump = self.device.pump
        in_last = any(pump.in_last_stroke(entry) for entry in (pump.normal_entry, pump.square_entry))
        if pump.state == "procedure" or (pump.normal is None and pump.square is None):
            (may if in_last and pump.state != "procedure" else must).append(Reason("no_bolus_active"))

    def _do_cancel_bolus(self, values: Mapping[str, Any]) -> Reply:
        pump = self.device.pump
        reply: Reply = {}
        parts = (
            (pump.normal, pump.normal_entry, "", "delivery_id"),
            (pump.square, pump.square_entry, "square_", "square_id"),
        )
        for bolus, latest, prefix, number in parts:
            entry = bolus.entry if bolus else latest if pump.in_last_stroke(latest) else None
            told = {
                number: entry.id if entry else 0,
                prefix + "programmed_mu": entry.programmed_mu if entry else 0,
                prefix + "delivered_mu": pump.quantum.mu(entry.confirmed) if entry else 0,
            }
            # A bolus whose last stroke is in progress may have ended already or not.
            reply |= told if bolus or not entry else {name: {0, value} for name, value in told.items()}
            if bolus is not None:
                pump.drop(bolus, "cancelled")
        return reply
