"""Something comes between two lines of an order: how it went, and what was wrong with it.

An order is compared with the same order a moment before the instant and a moment after it. Wherever the instant
falls, the
order must have gone as one of the two: the same answer, and the same pump, books, log and strokes a minute later. What
must hold at every moment is looked at besides (`truths`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware import dose_codes as code
from firmware import protocol
from firmware.protocol.alarms import BY_NUMBER
from tests.firmware.between.pump import LINE_US, Device, Reset
from tests.firmware.between.scenes import ORDERS, QUESTIONS, SCENES, instant_us, values_of
from tests.firmware.hand import SECOND_US

APART_US = 50_000  # before and after the instant: no order takes so long
AFTERWARDS_US = 61_300_000
# Of the status, what hangs on the microsecond or says when it was asked.
_TIMES = (
    "now_us", "utc_s", "temp_until_us", "recommended_until_us", "next_due_us", "newest_event", "pressure_pa",
    "basal_rate_mu_per_h",
)  # fmt: skip
# Of a reply, what hangs on the microsecond, or on how far the books are when the event itself waits for its turn.
_OF_THE_MOMENT = (
    "value", "limit", "battery_used_nah", "battery_left_nah", "battery_left_s", "battery_mean_na", "newest_event",
    "newest_number", "records", "events", "checks", "duration_us", "wakes", "alarm", "alarms", "reservoir_mu",
    "left_mu",
    "strokes_abandoned", "empty_h",
)  # fmt: skip
_DELIVERS = (protocol.STATE_RUNNING, protocol.STATE_SUSPENDED, protocol.STATE_PROCEDURE)
STRETCHES = (protocol.KIND_BASAL, protocol.KIND_TEMP_BASAL)


def timeless(value: Any) -> Any:
    """A reply without its times."""
    if isinstance(value, dict):
        return {name: timeless(each) for name, each in value.items() if not name.endswith(("_us", "time_s", "utc_s"))}
    if isinstance(value, list | tuple):
        return [timeless(each) for each in value]
    return value


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


class Run:
    """One order, laid `place` places before an instant, or a reference (`place` None: `apart_us` from it)."""

    def __init__(
        self, scene: str, order: str, instant: str, place: int | None, apart_us: int = 0, **device: Any
    ) -> None:
        self.wrong: list[str] = []
        self.said = ""
        self.where = ""
        self.places = 0
        self.seen: dict[str, Any] = {}
        self.possible = False
        message, fields = (ORDERS | QUESTIONS)[order]
        pump = self.device = Device(**device)
        SCENES[scene](pump)
        at_us = instant_us(pump, instant)
        if at_us is None:
            return
        self.possible = True
        self.at_us = at_us
        asked = values_of(pump, fields)
        lines: list[str] = []
        arrives_us = at_us + apart_us if place is None else at_us - place * LINE_US

        def act(number: int) -> None:
            if place is not None and number in (place, place + 1):
                self.where = pump.place
            lines.append(pump.place)

        pump.live(arrives_us - 1)
        before = len(pump.bursts)
        pump.act = act
        try:
            self.reply = pump.ask(message, arrives_us, **asked)
            pump.act = None
            self.said = self.reply["refused"] or "accepted"
            self.places = len(lines)
            self.lines = lines
            self._judge(message, asked, before)
        except Reset as error:
            pump.act = None
            self.said = f"reset: {error}"
            self.places = len(lines)
            self.lines = lines

    def _judge(self, message: str, asked: dict[str, Any], before: int) -> None:
        pump = self.device
        since = len(pump.bursts)
        if self.said == "accepted" and message in {ORDERS[each][0] for each in ORDERS}:
            self.wrong += in_force(pump, message, asked, self.reply)
        self.wrong += truths(pump)
        try:
            pump.live(self.at_us + AFTERWARDS_US)
        except Reset as error:
            self.wrong.append(f"reset afterwards: {error}")
            return
        if self.said == "accepted":
            self.wrong += moves_on(pump, message, since)
        self.wrong += [f"a minute later: {each}" for each in truths(pump)]
        reply = {f"reply {name}": each for name, each in timeless(self.reply).items() if name not in _OF_THE_MOMENT}
        self.seen = view(pump) | reply


def in_any_order(value: Any) -> Any:
    """A list, sorted."""
    return sorted(value, key=repr) if isinstance(value, list) else value


def differences(run: Run, before: Run, after: Run, *, mixed: bool = False) -> list[str]:
    """In what `run` is like neither of its references; `mixed`: each thing may be like one or the other.

    So it is at a boundary of the programmed rate: an order amid which it comes may be booked on either side of it. And
    so with a stroke that a cap withholds: it may be due before the order and be told after it.
    """
    if run.said not in (before.said, after.said):
        return [f"said {run.said}, before {before.said}, after {after.said}"]
    others = [other for other in (before, after) if other.said == run.said]
    if mixed:
        names = [name for name in run.seen if name not in ("deliveries", "log", "reply abandoned_strokes")]
        return [
            f"{name}: {run.seen[name]}, else {others[0].seen.get(name)}"
            for name in names
            if in_any_order(run.seen[name]) not in [in_any_order(other.seen.get(name)) for other in others]
        ]
    found = [
        [
            f"{name}: {run.seen[name]}, else {other.seen.get(name)}"
            for name in run.seen
            if run.seen[name] != other.seen.get(name)
        ]
        for other in others
    ]
    return min(found, key=len)


def every(lines: list[str]) -> list[int]:
    """Every place there is."""
    return list(range(1, len(lines) + 1))


def each_line(lines: list[str]) -> list[int]:
    """The first place of each line of source."""
    return sorted({line: place for place, line in reversed(list(enumerate(lines, 1)))}.values())


def touches(lines: list[str]) -> list[int]:
    """After each call of the core's, each look at the clock and each stop of the motor: the firmware sees an interrupt
    by nothing else, so what comes between two of these comes as one (test_between_orders.py proves it on two orders).
    """
    return sorted({1, *(place for place, line in enumerate(lines, 1) if " after " in line)})


# Scenes in which something else comes with the stroke.
NEAR = ("patterned", "capped")  # a boundary of the pattern; a cap that withholds the stroke


def sweep(scene: str, order: str, instant: str, choose: Callable[[list[str]], list[int]], **device: Any) -> list[Any]:
    """Runs with `instant` at the places that `choose` takes; (place, line, what was wrong) of those gone wrong."""
    before = Run(scene, order, instant, None, -APART_US, **device)
    if not before.possible:
        return []
    after = Run(scene, order, instant, None, APART_US, **device)
    wrong: list[Any] = [(0, name, each.wrong) for name, each in (("before", before), ("after", after)) if each.wrong]
    for place in choose(before.lines):
        run = Run(scene, order, instant, place, **device)
        said = run.wrong + differences(run, before, after, mixed=instant == "deadline" or scene in NEAR)
        if said:
            wrong.append((place, run.where, said))
    return wrong
