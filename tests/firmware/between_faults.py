"""An exception, a failed write or a power cut at a place of an order, an event or a start; and the next life.

A thing to do is a function of the device: an order, or living to an event. It is done once undisturbed, which tells its
places and its writes; then again with each of them gone wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware import dose_codes as code
from firmware import protocol
from firmware.alarms.table import BY_NUMBER
from firmware.pump import EXCEPTIONS
from tests.firmware.between import Device, FaultyNvm, Reset
from tests.firmware.between_scenes import SCENES, do, instant_us, values_of
from tests.firmware.between_sweep import ORDERS, QUESTIONS, in_force, truths, view
from tests.firmware.hand import SECOND_US
from tests.firmware.ram import PowerCut, RamRtc

MINUTE_US = 60 * SECOND_US
OFF_US = 20 * SECOND_US
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
            self.reply = self.device.ask(self.message, **self.asked)
            self.said = self.reply["refused"] or "accepted"
        except Reset:
            self.said = "reset"
        except PowerCut:
            self.said = "cut"
        finally:
            self.device.act = None

    def undisturbed(self) -> Faulty:
        """The reference."""
        self.run(lambda number: None)
        self.writes = len(self.memory.writes) - self.written
        return self

    def standing(self) -> list[str]:
        """The names of the latched alarms."""
        with self.device.still():
            records = self.device.pump.alarms.read_alarms(0)["records"]
        return [BY_NUMBER[each["alarm"]].name for each in records]

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
        self.wrong += _but_exceptions(truths(device))
        with device.still():
            log = device.pump.reports.read_log(0, 1000)["events"]
        noted = any(each["event"] == protocol.EVENT_EXCEPTION and each["detail"] == kind for each in log)
        if device.pump.last_error is None and device.commands.last_error is None:
            return  # it hit nothing that matters: somebody there expects just this
        if not noted and device.pump.upkeep.passed:
            self.wrong.append("an exception, and the log does not say so")
        order = self.message in {ORDERS[each][0] for each in ORDERS}
        if order and self.said == "internal_error":
            if "system_error" not in self.standing():
                self.wrong.append(f"internal_error, alarms {self.standing()}")
            if not device.suspended:
                self.wrong.append("internal_error, and the core delivers")
        since = len(device.bursts)
        device.live(device.now_us + 70 * SECOND_US)
        still = device.suspended
        if still and len(device.bursts) != since:
            self.wrong.append(f"stopped, then {len(device.bursts) - since} strokes")
        if order and self.said == "accepted" and not still:
            self.wrong += in_force(device, self.message, self.asked, self.reply)
        self.wrong += [f"later: {each}" for each in _but_exceptions(truths(device))]
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
            self.wrong += [f"memory_failed, and {each}" for each in _differing(persistent(self.device), self.before)]
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
        if not made <= counted <= made + 1:  # one that waited in the hardware when the motor was stopped counts
            self.wrong.append(f"the next life counts {counted} strokes, {made} were begun")
        found = after.status()
        self.wrong += [f"next life: {each}" for each in next_life_wrong(after, counted)]
        if exact:
            for name in ("state", "in_force_mu_per_h", "pattern", "max_bolus_mu"):
                if found[name] != told[name]:
                    self.wrong.append(f"next life: {name} is {found[name]}, was {told[name]}")
            if not 0 <= told["reservoir_mu"] - found["reservoir_mu"] <= 200:  # the stroke that is in doubt
                self.wrong.append(f"next life: {found['reservoir_mu']} mU are left, were {told['reservoir_mu']}")


def _but_exceptions(wrong: list[str]) -> list[str]:
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


def persistent(device: Device) -> dict[str, Any]:
    """What of a pump's view a reset leaves as it is."""
    seen = view(device)
    return {name: value for name, value in seen.items() if name not in _OF_A_RESET + _ENDED_BY_IT}


def cut_everywhere(scene: str, order: str, **seeded: Any) -> list[Any]:
    """Power cut at every write of an order: the next life has it wholly or not at all; (write, torn, what is wrong)."""
    reference = Faulty(scene, order, **seeded).undisturbed()
    told = reference.said
    done = persistent(reference.device.next_life(OFF_US))
    without = Faulty(scene, order, **seeded)
    undone = persistent(without.device.next_life(OFF_US))
    found: list[Any] = []
    sizes = [len(data) for _, data in reference.memory.writes[reference.written :]]
    for write, size in enumerate(sizes, 1):
        for torn in sorted({0, 1, size // 2, size - 1, size}):
            run = Faulty(scene, order, **seeded)
            after = run.cut(write, torn)
            made = run.made
            counted = after.status()["strokes_commanded"]
            wrong = []
            if not made <= counted <= made + 1:
                wrong.append(f"{made} strokes were begun, {counted} are counted")
            seen = persistent(after)
            if seen not in (done, undone):
                least = min((_differing(seen, other) for other in (done, undone)), key=len)
                wrong.append(f"{told}, then neither done nor undone: {least}")
            wrong += next_life_wrong(after, counted)
            if wrong:
                found.append((write, torn, wrong))
    return found


def _differing(seen: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [f"{name} {seen[name]}, not {other.get(name)}" for name in seen if seen[name] != other.get(name)]


__all__ = ["Faulty", "RamRtc", "cut_everywhere", "do", "instant_us"]
