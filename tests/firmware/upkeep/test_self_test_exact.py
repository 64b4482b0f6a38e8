"""Each check of the self-test at the edge of what passes, and the value that it tells."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from c_ext.host import Core
from firmware.drivers.pressure_sensor import PressureSensor
from firmware.upkeep import self_test
from firmware.upkeep.self_test import World
from tests.firmware.ram import RamNvm

pytestmark = pytest.mark.req("SELF-1")
LEFT_OUT = "left out"


def told(name: str, **world: Any) -> Any:
    """(passed, value) of one check in a world that has only this."""
    found = World()
    for each, value in world.items():
        setattr(found, each, value)
    results = self_test.run(found, (name,))
    return (results[0][1], results[0][2]) if results else LEFT_OUT


class Sensor:
    def __init__(self, pa: int, sound: bool = True) -> None:
        self._pa, self._sound = pa, sound

    def read_pa(self) -> int:
        return self._pa

    def in_range(self) -> bool:
        return self._sound


class Clock:
    """Gives these times, and how many were taken."""

    def __init__(self, *times_us: int) -> None:
        self.times_us = list(times_us)
        self.reads = 0

    def __call__(self) -> int:
        self.reads += 1
        return self.times_us.pop(0) if len(self.times_us) > 1 else self.times_us[0]


def test_a_world_without_anything_has_nothing_to_look_at_but_its_heap() -> None:
    assert [each[0] for each in self_test.run(World())] == ["ram"]
    assert World().clock_runs is True and World().image == "" and World().allocate is bytearray


@pytest.mark.parametrize("part", range(12))
def test_a_failed_check_is_its_own_bit(part: int) -> None:
    name = self_test.NAMES[part]
    results = [(each, each != name, 0) for each in self_test.NAMES]
    expected = 0 if name == "spared_parts" else 1 << part
    assert self_test.failed(results) == self_test.failed(results, ()) == expected
    assert self_test.mask((name,)) == 1 << part
    two = [(each, each not in self_test.NAMES[:2], 0) for each in self_test.NAMES]
    assert self_test.failed(two) == 3
    assert self_test.mask(self_test.NAMES) == 0xFFF and self_test.mask(()) == 0


def test_the_core_and_the_image() -> None:
    class Lying(Core):
        def resume(self, *arguments: int) -> int:
            return int(super().resume(*arguments)) ^ 1

    assert told("core_answers", core_class=Core) == (True, 0)
    assert told("core_answers", core_class=Lying) == (False, 1), "of all calls one resumes"
    assert told("native_core", native=True) == (True, 1)
    assert told("native_core", native=False) == (False, 0)
    digest = "00aa" + "0" * 60
    assert told("image", image="00aa", image_digest=lambda: digest) == (True, 4)
    assert told("image", image="5", image_digest=lambda: "5" * 64) == (True, 1)
    assert told("image", image="00ab", image_digest=lambda: digest) == (False, 4)
    assert told("image", image="0", image_digest=lambda: digest) == (False, 1)
    assert told("image", image="", image_digest=lambda: digest) == (False, 0)


class Forgetful(RamNvm):
    """Cells from `first` on keep what they have."""

    first = 1 << 20

    def write(self, address: int, data: bytes) -> None:
        before = bytes(self.cells)
        super().write(address, data)
        self.cells[self.first :] = before[self.first :]


def test_the_memory_is_tried_with_its_own_first_32_bytes_and_with_patterns_where_nobody_is() -> None:
    nvm = RamNvm(256, image=bytes(range(256)))
    assert told("memory", nvm=nvm, memory_usable=lambda: True, scratch_at=100) == (True, 0)
    assert [(at, set(data), len(data)) for at, data in nvm.writes] == [
        (0, set(range(32)), 32), (100, {0x55}, 32), (100, {0xAA}, 32),
    ]  # fmt: skip
    assert told("memory", nvm=nvm, memory_usable=lambda: False, scratch_at=100) == (False, 0)
    assert told("memory", nvm=RamNvm(256), memory_usable=lambda: True) == (True, 0)
    assert told("memory", nvm=RamNvm(256)) == told("memory", memory_usable=lambda: True) == LEFT_OUT
    broken = Forgetful(256)
    broken.first = 129
    assert told("memory", nvm=broken, memory_usable=lambda: True, scratch_at=100) == (False, 2 * 3)
    broken.cells[129] = 0xAA
    assert told("memory", nvm=broken, memory_usable=lambda: True, scratch_at=100) == (False, 2 * 3 - 1)


class Block(bytearray):
    """Its byte 7 never changes."""

    stuck_at = 0x55

    def __setitem__(self, place: Any, value: Any) -> None:
        super().__setitem__(place, value)
        super().__setitem__(7, self.stuck_at)


def test_a_kilobyte_of_the_heap_holds_two_patterns() -> None:
    assert told("ram") == (True, 0)
    assert told("ram", allocate=Block) == (False, 1)
    assert told("ram", allocate=type("Other", (Block,), {"stuck_at": 0xAA})) == (False, 1)
    asked: list[int] = []
    assert told("ram", allocate=lambda size: asked.append(size) or bytearray(size)) == (True, 0)
    assert asked == [1024]


@pytest.mark.parametrize(("off", "passed"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_stroke_sensor_may_be_off_by_one_and_is_low_at_rest(off: int, passed: bool) -> None:
    def counts() -> tuple[int, int]:
        return 100 + off, 100

    assert told("stroke_sensor", stroke_counts=counts) == (passed, off)
    assert told("stroke_sensor", stroke_counts=counts, sensor_line=lambda: False) == (passed, off)
    assert told("stroke_sensor", stroke_counts=counts, sensor_line=lambda: True) == (False, off)


@pytest.mark.parametrize(
    ("pa", "passed"), [(-20_001, False), (-20_000, True), (0, True), (140_000, True), (140_001, False)]
)
def test_a_pressure_is_one_that_the_sensor_can_show(pa: int, passed: bool) -> None:
    assert told("pressure_sensor", pressure_sensor=Sensor(pa)) == (passed, pa)
    assert told("pressure_sensor", pressure_sensor=Sensor(pa, False)) == (False, pa)
    assert told("pressure_sensor", pressure_sensor=PressureSensor(lambda: 512, 512, 39_063, 4095)) == (True, 0)


def test_the_clock_moves_and_never_back() -> None:
    clock = Clock(50, 50, 53, 60)
    assert told("clock", now_us=clock) == (True, 3) and clock.reads == 3, "it has moved"
    assert told("clock", now_us=Clock(50, 51)) == (True, 1)
    assert told("clock", now_us=Clock(50, 50, 45)) == (False, -5)
    standing = Clock(50)
    assert told("clock", now_us=standing) == (False, 0) and standing.reads == 1001
    standing = Clock(50)
    assert told("clock", now_us=standing, clock_runs=False) == (True, 0) and standing.reads == 11
    assert told("clock", now_us=Clock(50, 49), clock_runs=False) == (False, -1)


def test_the_two_clocks_went_equally_fast() -> None:
    assert told("clock_rate", elapsed=lambda: None) == LEFT_OUT
    assert told("clock_rate", elapsed=lambda: (20_000_000, 5)) == (True, 15)
    assert told("clock_rate", elapsed=lambda: (20_999_999, 4)) == (False, 16)
    assert told("clock_rate", elapsed=lambda: (20_000_000, 36)) == (False, -16)


def test_what_only_some_boards_can_tell() -> None:
    assert told("watchdog", watchdog=lambda: True) == (True, 1)
    assert told("watchdog", watchdog=lambda: False) == (False, 0)
    for failing in (0, 1, 16):
        spared = SimpleNamespace(failing=failing)
        assert told("spared_parts", spared=spared) == (failing == 0, failing)
    assert told("edges_forgiven", record=SimpleNamespace(edges_forgiven=9)) == (True, 9)
    assert told("watchdog", watchdog=lambda: 1 // 0) == (False, -1) and self_test.FAILED == -1
