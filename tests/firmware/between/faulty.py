"""One order or event with a fault in it, and its judge: what it said, what is true then, and of the next life.

The fault is an exception at a place, a write that fails, or a power cut in a write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware import dose_codes as code
from firmware import protocol
from firmware.protocol.alarms import BY_NUMBER
from firmware.upkeep.failures import EXCEPTIONS
from tests.firmware.between.asked import ORDERS, QUESTIONS, values_of
from tests.firmware.between.events import BOLUS_US, EVENTS
from tests.firmware.between.pump import Device, FaultyNvm, Reset
from tests.firmware.between.scenes import LIMITS, SCENES, SETTINGS, do, instant_us
from tests.firmware.between.sweep import NEAR
from tests.firmware.between.truths import in_force, truths, view
from tests.firmware.hand import SECOND_US
from tests.firmware.ram import PowerCut

MINUTE_US = 60 * SECOND_US
OFF_US = 20 * SECOND_US
# Of a procedure: what goes with how many strokes are counted.
_BY_STROKES = ("procedure_strokes_left", "catheter_buffer_nl", "catheter_naoh_nl", "until_insulin_nl")
# What a reset itself changes. How many strokes are counted is judged by itself; one copy of a record is as good as two.
_OF_A_RESET = (
    "resets", "log", "strokes", "motor stopped", "hour_mu", "day_mu", "deliveries", "bolus_id", "square_id", "memory",
    "strokes_commanded", "strokes_delivered", "strokes_abandoned", "square_commanded_mu", "reservoir_mu",
)  # fmt: skip
_ENDED_BY_IT = (
    "bolus_programmed_mu", "bolus_commanded_mu", "bolus_delivered_mu", "bolus_remaining_mu", "square_programmed_mu",
    "square_delivered_mu", "square_remaining_mu",
)  # fmt: skip


class Faulty:
    """One order in a scene, undisturbed or with a fault. `said`: the answer, "reset" or "cut"."""

    def __init__(self, scene: str, order: str, **seeded: Any) -> None:
        self.wrong: list[str] = []
        self.where = ""
        self.said = ""
        self.lines: list[str] = []
        self.message, fields = (ORDERS | QUESTIONS)[order]
        self.scene = scene
        self.device = Device(**seeded)
        SCENES[scene](self.device)
        self.asked = values_of(self.device, fields)
        self.before = persistent(self.device)
        self.memory: FaultyNvm = self.device.memory  # type: ignore[assignment]
        self.tried = self.memory.tried
        self.written = len(self.memory.writes)

    def run(self, act: Callable[[int], None]) -> None:
        """Give the order; `act` at every place."""

        def noted(number: int) -> None:
            self.lines.append(self.device.place)
            act(number)

        self.device.act = noted
        try:
            self._do()
        except Reset:
            self.said = "reset"
        except PowerCut:
            self.said = "cut"
        finally:
            self.device.act = None

    def _do(self) -> None:
        self.reply = self.device.ask(self.message, **self.asked)
        self.said = self.reply["refused"] or "accepted"

    def undisturbed(self) -> Faulty:
        """The reference."""
        self.run(lambda number: None)
        self.writes = len(self.memory.writes) - self.written
        return self

    def standing(self) -> set[str]:
        """The names of the latched alarms."""
        return standing(self.device)

    # An exception.

    def raising(self, place: int, error: Exception) -> None:
        """Raise `error` at `place`, and judge."""

        def act(number: int) -> None:
            if number == place:
                self.where = self.device.place
                raise error

        self.run(act)
        if self.said == "reset":
            self._judge_next_life()
            return
        self._judge_failure(EXCEPTIONS.index(type(error)))

    def _judge_failure(self, kind: int) -> None:
        device = self.device
        self.wrong += but_exceptions(truths(device))
        with device.still():
            log = device.pump.reports.read_log(0, 1000)["events"]
        noted = any(each["event"] == protocol.EVENT_EXCEPTION and each["detail"] == kind for each in log)
        if device.pump.failures.last_error is None and device.commands.last_error is None:
            return  # it hit nothing that matters: somebody there expects just this
        takes = device.status()["memory"] < protocol.MEMORY_WRITE_FAILED
        if not noted and takes and device.pump.upkeep.passed:
            self.wrong.append("an exception, and the log does not say so")
        order = self.message in {ORDERS[each][0] for each in ORDERS}
        spared = "communication_error" in self.standing()
        if not self.message and not spared and not ("system_error" in self.standing() and device.suspended):
            self.wrong.append(f"an exception, and alarms {self.standing()}")
        if order and self.said == "internal_error":
            if "system_error" not in self.standing():
                self.wrong.append(f"internal_error, alarms {self.standing()}")
            if not device.suspended:
                self.wrong.append("internal_error, and the core delivers")
        since, still = len(device.bursts), device.suspended
        device.live(device.now_us + 70 * SECOND_US)
        if still and len(device.bursts) != since:
            self.wrong.append(f"stopped, then {len(device.bursts) - since} strokes")
        if order and self.said == "accepted" and not device.suspended and self.scene not in NEAR:
            self.wrong += in_force(device, self.message, self.asked, self.reply)
        self.wrong += [f"later: {each}" for each in but_exceptions(truths(device))]
        self._judge_next_life()

    # A failed write.

    def failing(self, first: int, count: int) -> None:
        """`count` writes from the order's `first` on fail, then the memory is well again."""
        low, high = self.tried + first, self.tried + first + count
        self.memory.bad = lambda number: low <= number < high
        self.run(lambda number: None)
        if self.said == "reset":
            self.wrong.append("a failed write has reset the pump")
            return
        self.wrong += truths(self.device)
        if self.said == "accepted" and not self.device.suspended:
            self.wrong += in_force(self.device, self.message, self.asked, self.reply)
        if self.said == "memory_failed" and not self.device.suspended:
            # It could not even be written down: then nothing has become of it.
            apart = differing(persistent(self.device), self.before)
            self.wrong += [f"memory_failed, and {name} {each}" for name, each in apart.items()]
        since, still = len(self.device.bursts), self.device.suspended
        self.device.live(self.device.now_us + 70 * SECOND_US)
        if still and len(self.device.bursts) != since:
            self.wrong.append(f"stopped, then {len(self.device.bursts) - since} strokes")
        self.memory.bad = lambda number: False
        self.device.live(self.device.now_us + 70 * SECOND_US)
        self.wrong += [f"later: {each}" for each in truths(self.device)]
        if self.device.status()["memory"] == protocol.MEMORY_WRITE_FAILED:
            self.wrong.append("the memory is well, the status says write_failed")
        self._judge_next_life(exact=True)

    # A power cut.

    def cut(self, write: int, torn: int) -> Device:
        """Power goes in the order's `write`, of which `torn` bytes are made; the next life."""
        self.memory.cut_write, self.memory.cut_bytes = self.written + write, torn
        self.run(lambda number: None)
        self.made = self.device.moved()
        return self.device.next_life(OFF_US)

    def _judge_next_life(self, exact: bool = False) -> None:
        device = self.device
        # A burst that plays when the board resets ends by itself; power takes it away.
        told = device.status()
        made = device.moved()
        after = device.next_life()
        counted = after.status()["strokes_commanded"]
        # One that waited in the hardware when the motor was stopped counts, and one that the order may have asked for.
        if not made <= counted <= told["strokes_commanded"] + 1:
            self.wrong.append(f"the next life counts {counted} strokes, {made} were begun")
        found = after.status()
        self.wrong += [f"next life: {each}" for each in next_life_wrong(after, counted)]
        if exact and standing(after) <= standing(device):  # or the difference is an alarm
            for name in ("state", "in_force_mu_per_h", "pattern", "max_bolus_mu"):
                if found[name] != told[name]:
                    self.wrong.append(f"next life: {name} is {found[name]}, was {told[name]}")
            if not 0 <= told["reservoir_mu"] - found["reservoir_mu"] <= 200:  # the stroke that is in doubt
                self.wrong.append(f"next life: {found['reservoir_mu']} mU are left, were {told['reservoir_mu']}")


class FaultyEvent(Faulty):
    """The same for what comes by itself, amid a bolus where there is one."""

    def __init__(self, event: str, **seeded: Any) -> None:
        self.wrong = []
        self.where = ""
        self.said = "done"
        self.lines = []
        self.message = self.scene = ""
        self.device = device = Device(**seeded)
        self.event_us = FAULTY_EVENTS[event](device)
        device.live(self.event_us - 1_000)
        self.memory: FaultyNvm = device.memory  # type: ignore[assignment]
        self.tried = self.memory.tried
        self.written = len(self.memory.writes)

    def _do(self) -> None:
        self.device.live_turns(self.event_us + 5_000)


def _amid_a_bolus(event: str) -> Callable[[Device], int]:
    def prepare(device: Device) -> int:
        do(device, "set_limits", **LIMITS)
        event_us = EVENTS[event](device)
        device.live(event_us - BOLUS_US)
        do(device, "bolus", volume_mu=12_000)
        if event == "auto_off":
            do(device, "set_settings", at_us=event_us - MINUTE_US, **SETTINGS | {"auto_off_min": 1})
        return event_us

    return prepare


def _of_a_stroke(scene: str, instant: str, more_us: int = 0) -> Callable[[Device], int]:
    def prepare(device: Device) -> int:
        SCENES[scene](device)
        at_us = instant_us(device, instant)
        assert at_us is not None
        return at_us + more_us

    return prepare


def memory_comes_back(device: Device) -> int:
    """It took nothing from amid a bolus on; the next round is the first to succeed."""
    do(device, "set_limits", **LIMITS)
    do(device, "set_basal", rate_mu_per_h=6_000)
    do(device, "bolus", volume_mu=12_000)
    memory: FaultyNvm = device.memory  # type: ignore[assignment]
    memory.bad = lambda number: True
    device.live(device.now_us + 10 * SECOND_US)  # a stroke whose permit cannot be written stops the pump
    device.live(device.pump.rounds.due_us - SECOND_US)
    memory.bad = lambda number: False
    return device.pump.rounds.due_us + device._now_us - device._seen_us  # its clock waits for the permit


FAULTY_EVENTS: dict[str, Callable[[Device], int]] = {
    **{event: _amid_a_bolus(event) for event in EVENTS},
    "memory comes back": memory_comes_back,
    "withheld": _of_a_stroke("capped", "armed"),
    "fault": _of_a_stroke("blind", "armed", 2 * SECOND_US),  # the second one that the sensor has not seen
    "stroke over": _of_a_stroke("bolus", "over"),
    "last stroke over": _of_a_stroke("last_stroke", "over"),
    "stroke of a procedure over": _of_a_stroke("procedure", "over"),
}


def but_exceptions(wrong: list[str]) -> list[str]:
    return [each for each in wrong if not each.startswith("exception")]


def next_life_wrong(after: Device, counted: int) -> list[str]:
    """What is wrong with a life that has just begun with `counted` strokes, and a minute later."""
    wrong = truths(after, counted)
    status = after.status()
    if status["memory"] not in (protocol.MEMORY_WHOLE, protocol.MEMORY_MENDED):
        wrong.append(f"memory {protocol.MEMORIES[status['memory']]}")
    if status["bolus_remaining_mu"] or status["square_remaining_mu"]:
        wrong.append("a bolus goes on")
    state = after.core_state()
    if state[code.GUARD_COMMANDED] != state[code.GUARD_CONFIRMED] and not after.sensor_failed:
        wrong.append("commanded and confirmed differ")
    after.live(after.now_us + MINUTE_US)
    kinds = {each.kind for each in after.bursts}
    if kinds & {code.KIND_NORMAL, code.KIND_SQUARE}:
        wrong.append("strokes of a bolus after a reset")
    return wrong + [f"a minute later: {each}" for each in truths(after, counted)]


def standing(device: Device) -> set[str]:
    """The names of the latched alarms."""
    with device.still():
        records = device.pump.alarms.read_alarms(0)["records"]
    return {BY_NUMBER[each["alarm"]].name for each in records}


def persistent(device: Device) -> dict[str, Any]:
    """What of a pump's view a reset leaves as it is."""
    seen = view(device)
    seen["procedure"] = {name: value for name, value in seen["procedure"].items() if name not in _BY_STROKES}
    return {name: value for name, value in seen.items() if name not in _OF_A_RESET + _ENDED_BY_IT}


def differing(seen: dict[str, Any], other: dict[str, Any]) -> dict[str, str]:
    """What is not the same, and how, by its name."""
    return {name: f"{seen[name]}, not {other.get(name)}" for name in seen if seen[name] != other.get(name)}
