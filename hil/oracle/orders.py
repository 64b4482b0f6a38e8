"""What each order does, when it must be refused, and what its reply says.

`Orders.why_not` gives the reasons for which an order must be refused, and those for which it may be (GUARD-1's minute;
figures that the pump may round or refuse, THER-9). `Orders.do` carries the order out and returns the figures of its
reply. The orders about rates and boluses stand in rate_orders.py and bolus_orders.py.

Implements: THER-1 ... THER-4, THER-7 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from firmware import protocol
from hil.oracle import states
from hil.oracle.alarms import NAMES
from hil.oracle.bolus_orders import BolusOrders
from hil.oracle.exact import LOOK_US
from hil.oracle.promises import lowest_reasons
from hil.oracle.rate_orders import RateOrders
from hil.oracle.reasons import BOLUSES, IN_STATES, STATES, Reason, of_table
from hil.oracle.settings import LIMITS

if TYPE_CHECKING:
    from hil.oracle.device import Device

Reply = dict[str, Any]
OF_A_STEP = ("start_procedure", "answer_procedure", "interrupt_procedure")  # the procedure or its step may be wrong


class Orders(RateOrders, BolusOrders):
    """The orders to one device. Order NAME has its reasons in `_not_NAME` and its effect in `_do_NAME`."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.staged: dict[int, list[int]] = {}

    def why_not(self, name: str, values: Mapping[str, Any], code: str = "") -> tuple[list[Reason], list[Reason]]:
        """Return the reasons for which the order must be refused, and those for which it may be.

        `code` is that of the pump's refusal, "" if it accepted the order.
        """
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
        """Carry out the order; return the figures of its reply."""
        effect: Callable[[Mapping[str, Any]], Reply] = getattr(self, f"_do_{name}")
        return effect(values)

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
        if "self_test_fail" in self.device.alarms.latched:  # and a later test that passes does not clear it
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

    # Service: no script makes these possible

    def _not_clear_fault(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        must.append(Reason("no_fault"))

    def _not_initialise_memory(self, values: Mapping[str, Any], must: list[Reason], may: list[Reason]) -> None:
        must.append(Reason("memory_good"))


ORDERS = tuple(message.name for message in protocol.MESSAGES if message.changes_delivery)
