"""What each order does, when it must be refused, and what its reply says.

`Orders.why_not` gives the reasons that demand a refusal and those that only allow one (GUARD-1's minute, figures that
the pump may round or refuse: THER-9); `Orders.do` carries the order out and returns the reply's figures.

Implements: THER-1 ... THER-4, THER-7 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from zlib import crc32

from firmware import protocol
from hil.oracle import states
from hil.oracle.alarms import NAMES
from hil.oracle.boluses import spread
from hil.oracle.exact import HARD_BOLUS_MU, LOOK_US, NEVER_US, US_PER_MIN
from hil.oracle.programme import BY_HAND, HALF_HOURS, Temp
from hil.oracle.promises import CODES, cap_reasons, lowest_reasons
from hil.oracle.reasons import BOLUSES, IN_STATES, STATES, Reason, of_table
from hil.oracle.settings import LIMITS

if TYPE_CHECKING:
    from hil.oracle.device import Device

Reply = dict[str, Any]
TEMP_PERCENT = 1
OF_A_STEP = ("start_procedure", "answer_procedure", "interrupt_procedure")  # the procedure or step may be what is wrong
ENDLESS_US = 10 * US_PER_MIN  # LINK-2: no order holds longer


class Orders:
    """The orders to one device."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.staged: dict[int, list[int]] = {}

    def why_not(self, name: str, values: Mapping[str, Any], code: str = "") -> tuple[list[Reason], list[Reason]]:
        """(reasons that demand a refusal, reasons that allow one); `code` is that of the refusal, "": accepted."""
        must = of_table(name, values)
        may: list[Reason] = []
        state = self.device.pump.state
        if name in IN_STATES and state not in IN_STATES[name]:
            value = None if name in OF_A_STEP else STATES.index(state)
            must.append(Reason("wrong_state", None, value))
        special: Callable[..., None] | None = getattr(self, f"_not_{name}", None)
        if special is not None and not must:
            special(values, must, may)
        if name in BOLUSES:
            self._not_any_bolus(name, values, must, may, code)
        return must, may

    def do(self, name: str, values: Mapping[str, Any]) -> Reply:
        """Carry it out."""
        effect: Callable[[Mapping[str, Any]], Reply] = getattr(self, f"_do_{name}")
        return effect(values)

    # Rates

    def _above_limit(self, rate: int, field: str) -> list[Reason]:
        limit = self.device.pump.programme.max_mu_per_h
        return [Reason("clinician_limit", field, rate, limit)] if rate > limit else []

    def _not_set_basal(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        must += self._above_limit(values["rate_mu_per_h"], "rate_mu_per_h")
        may += self._above_by_temp(values["rate_mu_per_h"])

    def _above_by_temp(self, rate: int) -> list[Reason]:
        """What a percentage that runs makes of it: refused, or held to the limit."""
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

    # Boluses

    def _not_any_bolus(
        self, name: str, values: Mapping[str, Any], must: list[Reason], may: list[Reason], code: str
    ) -> None:
        pump = self.device.pump
        now_mu = values["volume_mu"] if name != "square_bolus" else 0
        spread_mu = (
            values["square_mu"] if name == "dual_bolus" else values["volume_mu"] if name == "square_bolus" else 0
        )
        whole = True
        for part in ("volume_mu", "square_mu"):
            if part in values and pump.quantum.strokes(values[part]) is None:
                must.append(Reason("not_whole_strokes", part, values[part], pump.quantum.least_mu))
                whole = False
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
        if whole and not must:
            over_us = values.get("duration_min", 0) * US_PER_MIN
            if code in ("", *CODES.values()):  # the dear one: the future is played
                cap_must, cap_may = cap_reasons(pump, now_mu, spread_mu, over_us, refused=bool(code))
                must += cap_must
                may += cap_may
            self.device.reservoir.bolus_reasons(total, must, may)

    def _do_bolus(self, values: Mapping[str, Any]) -> Reply:
        return self._begin_at_once("normal_bolus", values["volume_mu"])

    def _begin_at_once(self, kind: str, volume_mu: int) -> Reply:
        pump = self.device.pump
        strokes = volume_mu * 1000 // pump.quantum.uu
        return {"delivery_id": pump.begin(kind, strokes).id, "strokes": strokes}

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
            # One whose last stroke is in progress may be over or not.
            reply |= told if bolus or not entry else {name: {0, value} for name, value in told.items()}
            if bolus is not None:
                pump.drop(bolus, "cancelled")
        return reply

    # States

    def _do_suspend(self, values: Mapping[str, Any]) -> Reply:
        abandoned, rate = states.suspend(self.device)
        return {"abandoned_strokes": abandoned, "rate_mu_per_h": rate}

    def _do_stop(self, values: Mapping[str, Any]) -> Reply:
        return {"abandoned_strokes": states.stop(self.device, "suspended")}

    def _not_resume(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        if not self.device.procedures.fit:
            must.append(Reason("unfit"))
        if self.device.reservoir.level == "stop":
            must.append(Reason("reservoir", None, None, self.device.settings["reservoir_stop_mu"]))
        if "self_test_fail" in self.device.alarms.latched:  # a test that has passed since does not clear it
            may.append(Reason("self_test_failed"))

    def _do_resume(self, values: Mapping[str, Any]) -> Reply:
        return {"rate_mu_per_h": states.resume(self.device)}

    # Limits, settings, clock

    def _not_set_limits(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        pump = self.device.pump
        if values["max_basal_mu_per_h"] < pump.rate:
            must.append(Reason("out_of_range", "max_basal_mu_per_h"))
            must.append(Reason("clinician_limit", "max_basal_mu_per_h"))
        elif values["max_basal_mu_per_h"] < max(pump.programme.all_programmed()):
            may.append(Reason("out_of_range", "max_basal_mu_per_h"))
        if values["max_day_mu"] < values["max_hour_mu"]:
            must.append(Reason("out_of_range"))
        may += lowest_reasons(pump, values["max_hour_mu"], values["max_day_mu"])
        for name in LIMITS[1:]:
            if pump.quantum.strokes(values[name]) is None:
                may += [Reason(code, name) for code in ("not_whole_strokes", "not_multiple", "out_of_range")]

    def _do_set_limits(self, values: Mapping[str, Any]) -> Reply:
        settings = self.device.settings
        reply = {f"old_{name}": settings.limits[name] for name in LIMITS}
        settings.limits.update({name: values[name] for name in LIMITS})
        self.device.take_limits()
        return reply | {f"new_{name}": settings.limits[name] for name in LIMITS}

    def _not_set_settings(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        low, empty, stop = (values[f"reservoir_{name}_mu"] for name in ("low", "empty", "stop"))
        if not low >= empty >= stop:
            must.append(Reason("out_of_range"))
        for name in ("low", "empty", "stop"):
            if self.device.pump.quantum.strokes(values[f"reservoir_{name}_mu"]) is None:
                may += [Reason(code) for code in ("not_whole_strokes", "not_multiple", "out_of_range")]

    def _do_set_settings(self, values: Mapping[str, Any]) -> Reply:
        names = self.device.settings.values
        names.update({name: values[name] for name in names})
        self.device.take_settings()
        self.device.reservoir.look(LOOK_US)
        self.device.alarms.relent()
        return {}

    def _do_set_time(self, values: Mapping[str, Any]) -> Reply:
        pump = self.device.pump
        old = pump.programme.utc_s(pump.now_us)
        if self.device.wall is not None:
            self.device.wall.before_set()
            self.device.wall.set(values["utc_s"])
        pump.programme.set_clock(pump.now_us, values["utc_s"])
        pump.note("clock_set", a=old, b=values["utc_s"])
        pump.follow()
        return {"old_utc_s": old, "new_utc_s": values["utc_s"]}

    # Alarms

    def _not_acknowledge_alarm(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        self.device.alarms.why_not(values["alarm"], must, may)

    def _do_acknowledge_alarm(self, values: Mapping[str, Any]) -> Reply:
        alarms = self.device.alarms
        there = alarms.cause_there(NAMES.get(values["alarm"], ""))
        alarms.acknowledge(values["alarm"])
        return {"alarms": alarms.open_count(), "cause_there": {True, False} if there is None else there}

    # Refill and procedures

    def _not_record_refill(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        self.device.reservoir.refill_reasons(values, must, may)

    def _do_record_refill(self, values: Mapping[str, Any]) -> Reply:
        return self.device.reservoir.record(values)

    def _not_start_procedure(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        self.device.procedures.not_start(values, must, may)

    def _do_start_procedure(self, values: Mapping[str, Any]) -> Reply:
        return self.device.procedures.start(values)

    def _not_answer_procedure(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        self.device.procedures.not_answer(values, must, may)

    def _do_answer_procedure(self, values: Mapping[str, Any]) -> Reply:
        return self.device.procedures.answer(values)

    def _not_interrupt_procedure(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        self.device.procedures.not_interrupt(values, must, may)

    def _do_interrupt_procedure(self, values: Mapping[str, Any]) -> Reply:
        return self.device.procedures.interrupt(values)

    # Service: nothing in a script makes them possible

    def _not_clear_fault(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        must.append(Reason("no_fault"))

    def _not_initialise_memory(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        must.append(Reason("memory_good"))


def rates_of(values: Mapping[str, Any]) -> list[int]:
    """The 48 rates of a request."""
    return [each["rate_mu_per_h"] for each in values["rates"]]


def day_mu(rates: list[int]) -> int:
    """What they make in a day: half an hour each."""
    return sum(rates) * 24 // HALF_HOURS


def fingerprint(rates: list[int]) -> int:
    """CRC-32 of the rates, each as u32."""
    return crc32(b"".join(rate.to_bytes(4, "little") for rate in rates))


ORDERS = tuple(message.name for message in protocol.MESSAGES if message.changes_delivery)
