"""All the faults of an order, an event or a start: an exception, a failed write or a power cut at each place of it.

A thing to do is a function of the device: an order, or living to an event. It is done once undisturbed, which tells its
places and its writes; then again with each of them gone wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.firmware.between.faulty import OFF_US, Faulty, FaultyEvent, differing, next_life_wrong, persistent
from tests.firmware.between.pump import Device, FaultyNvm
from tests.firmware.between.scenes import SCENES
from tests.firmware.between.sweep import each_line
from tests.firmware.hand import SECOND_US
from tests.firmware.ram import PowerCut, RamRtc

# What comes by itself while the board starts once more: a boundary, a stroke that a cap withholds.
_NEAR = {"patterned": ("in_force_mu_per_h",), "capped": ("alarm", "alarms", "alarms standing")}


def some(things: list[Any], stride: int, offset: int) -> list[Any]:
    """Every `stride`th of them."""
    return things[offset % stride :: stride]


def order_faults(scene: str, order: str, stride: int = 1, offset: int = 0) -> tuple[int, list[Any]]:
    """Exceptions, failed writes and power cuts of an order, each `stride`th: how many runs, those gone wrong."""
    reference = Faulty(scene, order).undisturbed()
    runs, wrong = _faults(lambda: Faulty(scene, order), reference, stride, offset)
    cuts = cut_everywhere(scene, order, stride, offset)
    return runs + len(some(list(range(reference.writes)), stride, offset)), wrong + [
        (f"cut in write {write} after {torn} bytes", "", found) for write, torn, found in cuts
    ]


def event_faults(event: str, stride: int = 1, offset: int = 0) -> tuple[int, list[Any]]:
    """The same of an event."""
    reference = FaultyEvent(event).undisturbed()
    runs, wrong = _faults(lambda: FaultyEvent(event), reference, stride, offset)
    for write in some(list(range(1, reference.writes + 1)), stride, offset):
        runs += 1
        run = FaultyEvent(event)
        after = run.cut(write, (0, 1, 9)[write % 3])
        counted = after.status()["strokes_commanded"]
        found = next_life_wrong(after, counted)
        if not run.made <= counted <= run.made + 1:
            found.append(f"{run.made} strokes were begun, {counted} are counted")
        if found:
            wrong.append((f"cut in write {write}", "", found))
    return runs, wrong


def _faults(make: Callable[[], Faulty], reference: Faulty, stride: int, offset: int) -> tuple[int, list[Any]]:
    runs, wrong = 0, []
    for place in some(each_line(reference.lines), stride, offset):
        run = make()
        run.raising(place, MemoryError("injected"))
        runs += 1
        if run.wrong:
            wrong.append((f"exception at {place}", run.where, run.wrong))
    failures = [(first, count) for first in range(1, reference.writes + 1) for count in (1, 2, 1000)]
    for first, count in some(failures, stride, offset):
        run = make()
        run.failing(first, count)
        runs += 1
        if run.wrong:
            wrong.append((f"{count} writes from {first} on fail", run.said, run.wrong))
    return runs, wrong


def start_faults(scene: str, stride: int = 1, offset: int = 0) -> tuple[int, list[Any]]:
    """An exception at each `stride`th line of a start-up, a cut in each write of it, a failed one: then the next."""
    before = Device()
    SCENES[scene](before)
    before.live(before.now_us + SECOND_US)
    made = before.moved()
    image, utc_s = bytes(before.memory.cells), before.rtc.now_s

    def start(act: Callable[[int], None] | None, memory: FaultyNvm) -> Device | None:
        try:
            return Device(memory, RamRtc(utc_s), act=act)
        except (MemoryError, PowerCut):
            return None

    def stored() -> FaultyNvm:
        memory = FaultyNvm()
        memory.cells[:] = image
        memory.orders = before.memory.orders  # type: ignore[attr-defined]
        return memory

    lines: list[str] = []
    memory = stored()
    reference = Device(memory, RamRtc(utc_s), act=lambda number: lines.append(str(number)))
    reference.act = None
    told = {name: value for name, value in persistent(reference).items() if name not in _NEAR.get(scene, ())}
    runs, wrong = 0, []

    def judge(what: str, memory: FaultyNvm, now: Device | None) -> None:
        if now is None:  # the board resets
            memory.dead, memory.cut_write = False, 0
            now = Device(memory, RamRtc(utc_s))
        now.act = None
        now.sensor_failed = before.sensor_failed
        memory.bad = lambda number: False
        counted = now.status()["strokes_commanded"]
        found = [] if made <= counted <= made + 1 else [f"{made} strokes were begun, {counted} are counted"]
        if not now.suspended:
            found += next_life_wrong(now, counted)
            if what.startswith("cut"):
                seen = persistent(now)
                apart = differing({name: seen[name] for name in told}, told)
                found += [f"{name} {each}" for name, each in apart.items()]
        if found:
            wrong.append((what, "", found))

    for place in some(list(range(1, len(lines) + 1)), stride, offset):
        memory = stored()

        def act(number: int, place: int = place) -> None:
            if number == place:
                raise MemoryError("injected")

        runs += 1
        judge(f"exception at {place}", memory, start(act, memory))
    for write in some(list(range(1, len(reference.memory.writes) + 1)), max(1, stride // 20), offset):
        for torn in (0, 1, 40):
            memory = stored()
            memory.cut_write, memory.cut_bytes = write, torn
            runs += 1
            judge(f"cut in write {write} after {torn} bytes", memory, start(None, memory))
        memory = stored()
        memory.bad = lambda number, write=write: number == write  # type: ignore[misc]
        runs += 1
        judge(f"write {write} fails", memory, start(None, memory))
    return runs, wrong


_ALARMS = {"alarm", "alarms", "alarms standing"}


def _either_way(scene: str, order: str) -> set[str]:
    """What a cut amid the order may leave as it is neither with the order nor without."""
    names = set()
    if scene == "capped":
        # A stroke that falls due in the dark may be withheld by the restart, and is told then.
        names |= _ALARMS
    if order == "set_time":
        # The battery-backed clock has the new time and the record has not: device time follows it (docs/adr/0011), and
        # with it the ends of what runs.
        names |= _ALARMS | {"in_force_mu_per_h"}
    return names


def cut_everywhere(scene: str, order: str, stride: int = 1, offset: int = 0, **seeded: Any) -> list[Any]:
    """Power cut at every write of an order: the next life has it wholly or not at all; (write, torn, what is wrong)."""
    reference = Faulty(scene, order, **seeded).undisturbed()
    told = reference.said
    done = persistent(reference.device.next_life(OFF_US))
    without = Faulty(scene, order, **seeded)
    undone = persistent(without.device.next_life(OFF_US))
    found: list[Any] = []
    sizes = [len(data) for _, data in reference.memory.writes[reference.written :]]
    for write, size in some(list(enumerate(sizes, 1)), stride, offset):
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
                least = min((differing(seen, other) for other in (done, undone)), key=len)
                if not set(least) <= _either_way(scene, order):
                    said = [f"{name} {each}" for name, each in least.items()]
                    wrong.append(f"{told}, then neither done nor undone: {said}")
            wrong += next_life_wrong(after, counted)
            if wrong:
                found.append((write, torn, wrong))
    return found
