"""All that a person can see of a pump, what must hold of it at every moment, and after an order it has accepted."""

from __future__ import annotations

from typing import Any

from firmware import dose_codes as code
from firmware import protocol
from firmware.protocol.alarms import BY_NUMBER
from tests.firmware.between.pump import Device
from tests.firmware.hand import SECOND_US

# Of the status, what hangs on the microsecond or says when it was asked.
_TIMES = (
    "now_us", "utc_s", "temp_until_us", "recommended_until_us", "next_due_us", "newest_event", "pressure_pa",
    "basal_rate_mu_per_h",
)  # fmt: skip
_DELIVERS = (protocol.STATE_RUNNING, protocol.STATE_SUSPENDED, protocol.STATE_PROCEDURE)
STRETCHES = (protocol.KIND_BASAL, protocol.KIND_TEMP_BASAL)


def view(device: Device) -> dict[str, Any]:
    """All that a person can see, times aside."""
    pump = device.pump
    with device.still():
        status = {name: value for name, value in pump.status().items() if name not in _TIMES}
        deliveries = [
            (
                protocol.KINDS[each["kind"]],
                0 if each["kind"] in STRETCHES else each["programmed_mu"],
                each["commanded_strokes"],
                each["delivered_strokes"],
                each["abandoned_strokes"],
                protocol.REASONS[each["reason"]],
            )
            for each in pump.reports.read_deliveries(0, 1000)["records"]
        ]
        log = pump.reports.read_log(0, 1000)["events"]
        alarms = [(BY_NUMBER[each["alarm"]].name, each["detail"]) for each in pump.alarms.read_alarms(0)["records"]]
        return {
            **status,
            "deliveries": deliveries,
            "alarms standing": alarms,
            "settings": pump.patterns.read_settings(),
            "procedure": pump.clinic.read_procedure(),
            # What was told of a delivery that was ending just then is told once more, with its end.
            "log": sorted(
                (protocol.EVENTS[each["event"]], each["detail"], each["reason"])
                for each in log
                if each["event"] != protocol.EVENT_DELIVERY_SO_FAR
            ),
            "strokes": len(device.bursts),
            "motor stopped": device.halted,
        }


def truths(device: Device, made: int = 0) -> list[str]:
    """What is not true of a pump between two turns of its main loop; `made`: strokes of its lives before."""
    pump = device.pump
    wrong = []
    with device.still():
        device.core.settle(device.now_us)  # as the next turn would begin
        state, status = device.core.state(), pump.status()
        log = pump.reports.read_log(0, 1000)["events"]
        records = pump.reports.read_deliveries(0, 1000)["records"]
        due_us = device.core.next_us()
    if status["strokes_commanded"] != made + len(device.bursts):
        wrong.append(
            f"status says {status['strokes_commanded']} strokes, the motor was told {made + len(device.bursts)}"
        )
    delivers = not state[code.SUSPENDED]
    if delivers != (status["state"] in _DELIVERS):
        wrong.append(
            f"status says {protocol.STATES[status['state']]}, the core {'delivers' if delivers else 'is still'}"
        )
    if not delivers and due_us >= 0:
        wrong.append("suspended, and a stroke is armed")
    if [each["number"] for each in log] != list(range(1, len(log) + 1)):
        wrong.append("the log's numbers have gaps")
    if pump.failures.last_error is not None or device.commands.last_error is not None:
        wrong.append(f"exception: {pump.failures.last_error or device.commands.last_error!r}")
    logged = {
        each["a"]: (each["c"], each["d"], each["reason"])
        for each in log
        if protocol.EVENTS[each["event"]] == "delivery_ended"
    }
    ended = {
        each["id"]: (each["delivered_strokes"], each["abandoned_strokes"], each["reason"])
        for each in records
        if each["reason"] != protocol.REASON_RUNNING
    }
    # What ended before a reset is in the log only.
    logs = status["memory"] < protocol.MEMORY_WRITE_FAILED  # else it waits until memory takes it
    if logs and len(records) < 32 and not ended.items() <= logged.items():
        wrong.append(f"deliveries ended {ended}, in the log {logged}")
    running = sum(each["commanded_strokes"] for each in records if each["reason"] == protocol.REASON_RUNNING)
    if logs and log and log[0]["number"] == 1 and not device.sensor_failed:
        told = running + sum(each[0] for each in logged.values())
        if told != status["strokes_commanded"]:
            wrong.append(f"log and deliveries have {told} strokes, the status {status['strokes_commanded']}")
        if not device.playing and not state[code.IN_FLIGHT]:
            seen = sum(each["delivered_strokes"] for each in records if each["reason"] == protocol.REASON_RUNNING)
            seen += sum(each[0] for each in logged.values())
            if not device.moved() + made <= seen <= status["strokes_commanded"]:
                wrong.append(f"log and deliveries have {seen} delivered, the motor made {device.moved() + made}")
    if status["state"] == protocol.STATE_RUNNING and not status["fault"] and not state[code.TEMP] and delivers:
        limit = status["max_basal_mu_per_h"]
        recommended = status["recommended_until_us"] != protocol.NEVER_US
        with device.still():
            wanted = min(pump.therapy.programme.wanted(device.now_us)[0], limit)
        if state[code.RATE_MU_PER_H] != wanted:
            wrong.append(f"the core's rate is {state[code.RATE_MU_PER_H]}, programmed {wanted}, loop {recommended}")
    return wrong + too_close(device)


def too_close(device: Device) -> list[str]:
    """Strokes that are too near to each other."""
    starts = device.strokes_us
    near = [after - before for before, after in zip(starts, starts[1:], strict=False) if after - before < 2 * SECOND_US]
    return [f"strokes {near[0]} µs apart"] if near else []


# What an acknowledged order must have made true, by its message; the names of what may not come any more.
_STILL = {
    "stop": (code.KIND_BASAL, code.KIND_TEMP, code.KIND_NORMAL, code.KIND_SQUARE),
    "suspend": (code.KIND_TEMP, code.KIND_NORMAL, code.KIND_SQUARE),
    "cancel_bolus": (code.KIND_NORMAL, code.KIND_SQUARE),
    "interrupt_procedure": (code.KIND_BASAL, code.KIND_TEMP, code.KIND_NORMAL, code.KIND_SQUARE),
    "cancel_temp": (code.KIND_TEMP,),
}


def in_force(device: Device, message: str, asked: dict[str, Any], reply: dict[str, Any]) -> list[str]:
    """What an accepted order has not made true, just after its answer."""
    status = device.status()
    with device.still():
        device.core.settle(device.now_us)
        core = device.core.state()
        settings = device.pump.patterns.read_settings()
    wrong = []

    def need(name: str, value: Any, wanted: Any) -> None:
        if value != wanted:
            wrong.append(f"{message} accepted, {name} is {value}, not {wanted}")

    if message == "set_basal":
        need("programmed rate", status["basal_rate_mu_per_h"], asked["rate_mu_per_h"])
        if status["state"] == protocol.STATE_RUNNING:
            need("the core's rate", core[code.RATE_MU_PER_H], asked["rate_mu_per_h"])
    elif message == "temp_basal":
        need("the core's temporary rate", core[code.TEMP_VALUE], asked["value"])
    elif message == "cancel_temp":
        need("the core's temporary rate", core[code.TEMP], 0)
    elif message == "recommend_rate":
        need("the core's rate", core[code.RATE_MU_PER_H], asked["rate_mu_per_h"])
    elif message in ("stop", "suspend"):
        need("state", protocol.STATES[status["state"]], {"stop": "stopped", "suspend": "suspended"}[message])
        need("bolus to come", status["bolus_remaining_mu"] + status["square_remaining_mu"], 0)
        need("temporary rate", core[code.TEMP], 0)
        if message == "suspend":
            need("rate in force", status["in_force_mu_per_h"], reply["rate_mu_per_h"])
    elif message == "resume":
        need("state", protocol.STATES[status["state"]], "running")
        need("rate in force", status["in_force_mu_per_h"], reply["rate_mu_per_h"])
    elif message == "cancel_bolus":
        need("bolus to come", status["bolus_remaining_mu"] + status["square_remaining_mu"], 0)
    elif message == "set_limits":
        for name in ("max_basal_mu_per_h", "max_bolus_mu", "max_hour_mu", "max_day_mu"):
            need(name, status[name], asked[name])
    elif message == "set_settings":
        need("settings", settings, {name: asked[name] for name in settings})
    elif message == "select_pattern":
        need("pattern", status["pattern"], asked["pattern"])
    elif message == "clear_fault":
        need("fault", status["fault"], 0)
    return wrong


def moves_on(device: Device, message: str, since: int) -> list[str]:
    """Strokes since the answer, which was at stroke `since`, of kinds that the order has ended."""
    kinds = [each.kind for each in device.bursts[since:] if each.kind in _STILL.get(message, ())]
    return [f"{message} accepted, then {len(kinds)} strokes more of kinds {sorted(set(kinds))}"] if kinds else []
