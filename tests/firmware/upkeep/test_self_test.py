"""The self-test: a sound world passes, each broken one fails exactly the check that looks at it."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from c_ext.host import Core
from firmware.drivers.pressure_sensor import PressureSensor
from firmware.upkeep import known_answers, self_test
from firmware.upkeep.image import image_digest
from firmware.upkeep.parts import Spared
from firmware.upkeep.self_test import World
from tests.core.pair import Pair
from tests.firmware.ram import RamNvm
from tools.ports.image import digest_of

pytestmark = pytest.mark.req("SELF-1")
IMAGE = "0123456789abcdef"
SCRATCH = 32_000


class Steps:
    """A clock that moves a little with each look."""

    def __init__(self, step_us: int = 3) -> None:
        self.us = 1 << 40
        self.step_us = step_us

    def __call__(self) -> int:
        self.us += self.step_us
        return self.us


def sound() -> World:
    world = World()
    world.core_class = Core
    world.native = True
    world.image = IMAGE
    world.image_digest = lambda: IMAGE + "ff" * 24
    world.nvm = RamNvm(image=random.Random(1).randbytes(32_768))
    world.memory_usable = lambda: True
    world.scratch_at = SCRATCH
    world.stroke_counts = lambda: (7, 7)
    world.sensor_line = lambda: False
    world.pressure_sensor = PressureSensor(lambda: 700, 512, 39_063, 4095)
    world.now_us = Steps()
    world.elapsed = lambda: (86_400_000_000, 86_401)
    world.watchdog = lambda: True
    world.spared = Spared(lambda part, error: None)
    world.record = SimpleNamespace(edges_forgiven=3)
    return world


def test_a_sound_world_passes_every_check() -> None:
    results = self_test.run(sound())
    assert [name for name, _, _ in results] == list(self_test.NAMES)
    assert self_test.failed(results) == 0
    daily = self_test.run(sound(), self_test.DAILY)
    assert [name for name, _, _ in daily] == list(self_test.DAILY)
    assert not self_test.failed(daily, self_test.REQUIRED_DAILY)
    assert self_test.failed(daily) == 1 << self_test.NAMES.index("native_core"), "the daily part is not the whole"


# Broken worlds: what is broken, and how


class DeafCore(Core):
    """One that forgets the fraction owed at a rate change."""

    def set_basal(self, now_us: int, rate_mu_per_h: int) -> int:
        super().suspend(now_us)
        result = super().set_basal(now_us, rate_mu_per_h)
        super().resume(now_us)
        return result + (0 if now_us == 0 else 1)


class StuckNvm(RamNvm):
    """One cell that never changes; the present content is taken well."""

    def write(self, address: int, data: bytes) -> None:
        super().write(address, data)
        self.cells[SCRATCH + 5] = 0x55


class StuckRam(bytearray):
    def __setitem__(self, place: Any, value: Any) -> None:
        super().__setitem__(place, value)
        super().__setitem__(100, self[100] | 1)


def failing() -> int:
    raise OSError(5)


def with_nvm(nvm: RamNvm) -> Callable[[World], None]:
    return lambda world: setattr(world, "nvm", nvm)


def put(name: str, value: Any) -> Callable[[World], None]:
    return lambda world: setattr(world, name, value)


def dead_nvm() -> RamNvm:
    nvm = RamNvm()
    nvm.failing = True
    return nvm


BROKEN = [
    ("core_answers", "a core that errs", put("core_class", DeafCore)),
    ("core_answers", "a core that raises", put("core_class", failing)),
    ("native_core", "a core in Python", put("native", False)),
    ("image", "a bit of the flash has turned", put("image_digest", lambda: "f" + IMAGE[1:])),
    ("image", "flash that cannot be read", put("image_digest", failing)),
    ("image", "no digest in the image", put("image", "")),
    ("image", "a digest of zeros", put("image", "0" * 16)),
    ("memory", "no answer", with_nvm(dead_nvm())),
    ("memory", "a stuck cell", with_nvm(StuckNvm())),
    ("memory", "content that cannot be believed", put("memory_usable", lambda: False)),
    ("memory", "scratch beyond its end", put("scratch_at", 32_768)),
    ("ram", "a stuck bit", put("allocate", StuckRam)),
    ("ram", "no room", put("allocate", lambda size: failing())),
    ("stroke_sensor", "two strokes not seen", put("stroke_counts", lambda: (9, 7))),
    ("stroke_sensor", "two strokes too many", put("stroke_counts", lambda: (7, 9))),
    ("stroke_sensor", "light barrier blocked at rest", put("sensor_line", lambda: True)),
    ("pressure_sensor", "open", put("pressure_sensor", PressureSensor(lambda: 4095, 512, 39_063, 4095))),
    ("pressure_sensor", "shorted", put("pressure_sensor", PressureSensor(lambda: 0, 512, 39_063, 4095))),
    ("pressure_sensor", "cannot be", put("pressure_sensor", PressureSensor(lambda: 4000, 0, 39_063, 4095))),
    ("pressure_sensor", "no answer", put("pressure_sensor", PressureSensor(failing, 512, 39_063, 4095))),
    ("clock", "stands", put("now_us", Steps(0))),
    ("clock", "runs back", put("now_us", Steps(-1))),
    ("clock_rate", "fast by a hundredth", put("elapsed", lambda: (87_264_000_000, 86_400))),
    ("clock_rate", "slow by a hundredth", put("elapsed", lambda: (85_536_000_000, 86_400))),
    ("watchdog", "off", put("watchdog", lambda: False)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "what", "breaks"), BROKEN, ids=[f"{name}: {what}" for name, what, _ in BROKEN])
def test_a_broken_world_fails_exactly_that_check(name: str, what: str, breaks: Callable[[World], None]) -> None:
    world = sound()
    breaks(world)
    results = self_test.run(world)
    assert self_test.failed(results) == 1 << self_test.NAMES.index(name)
    assert len(results) == len(self_test.NAMES)
    assert self_test.failed(results, ()), "optional or not: what failed has failed"


def test_every_check_has_a_broken_world() -> None:
    assert {name for name, _, _ in BROKEN} == set(self_test.NAMES) - {"spared_parts", "edges_forgiven"}


@pytest.mark.req("THER-10")
def test_a_part_that_therapy_does_not_need_fails_its_item_and_not_the_test() -> None:
    world = sound()
    world.spared.failed(2, OSError())
    results = self_test.run(world)
    assert ("spared_parts", False, 4) in results
    assert self_test.failed(results) == self_test.failed(results, ()) == 0


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("core_answers", "core_class"),
        ("native_core", "native"),
        ("memory", "nvm"),
        ("memory", "memory_usable"),
        ("stroke_sensor", "stroke_counts"),
        ("pressure_sensor", "pressure_sensor"),
        ("clock", "now_us"),
        ("image", "image_digest"),
        ("watchdog", "watchdog"),
        ("clock_rate", "elapsed"),
    ],
)
def test_a_check_left_out_is_not_a_check_passed(name: str, without: str) -> None:
    world = sound()
    setattr(world, without, None)
    results = self_test.run(world)
    assert name not in [each for each, _, _ in results]
    assert bool(self_test.failed(results)) == (name in self_test.REQUIRED)


def test_nothing_is_no_self_test() -> None:
    assert self_test.failed([])


def test_one_stroke_of_disagreement_is_the_guard_s_own() -> None:
    for off in (-1, 1):
        world = sound()
        world.stroke_counts = lambda off=off: (7 + off, 7)
        assert not self_test.failed(self_test.run(world))


def test_logical_time_stands_while_the_processor_is_busy() -> None:
    world = sound()
    world.now_us, world.clock_runs = Steps(0), False
    assert not self_test.failed(self_test.run(world))


def test_the_memory_is_as_it_was_and_may_lose_power_anywhere() -> None:
    world = sound()
    before = bytes(world.nvm.cells)
    self_test.run(world)
    after = bytes(world.nvm.cells)
    assert before[:SCRATCH] == after[:SCRATCH]
    assert before[SCRATCH + 32 :] == after[SCRATCH + 32 :]
    for address, data in world.nvm.writes:
        assert address == SCRATCH or before[address : address + len(data)] == data


def test_the_answers_are_the_exact_model_s() -> None:
    for stroke_nl, concentration, calls in known_answers.SCRIPTS:
        pair = Pair(Core, stroke_nl, concentration, 0, 32, 0, known_answers._MOTOR)  # asserts at every step
        for name, arguments, answer in calls:
            before = len(pair.model.starts_us)
            if name in ("run", "idle", "blind"):
                start_us, until_us = arguments
                if name == "idle":
                    pair.settle(until_us)
                    pair.promise(until_us, until_us)
                elif name == "run":
                    pair.settle(start_us)
                    pair.permit(before + 1)
                    pair.run(until_us)
                else:
                    blind(pair, until_us)
                found = tuple(pair.model.starts_us[before:])
                if pair.model.fault:
                    found += (-pair.now_us,)
                assert found == answer, (name, arguments)
            elif name == "set_limits":
                assert pair.set_limits(*arguments) == answer
            else:
                assert pair.request(name, *arguments) == answer


def blind(pair: Pair, until_us: int) -> None:
    while not pair.model.fault:
        pair.permit(len(pair.model.starts_us) + 1)
        pair.promise(pair.now_us, until_us)
        pair.service(max(pair.now_us, pair.core.next_us()))
        if not pair.model.fault:
            pair.ended()
            pair.settle(pair.now_us)


def test_every_answer_counts() -> None:
    class Lying(Core):
        def bolus(self, *arguments: int) -> int:
            return super().bolus(*arguments) ^ 1

    assert known_answers.wrong_answers(Core) == 0
    assert known_answers.wrong_answers(Lying) > 5


@pytest.mark.parametrize("place", [0, 4096, 5000, 9_968])
def test_the_image_s_digest_is_the_build_s(place: int) -> None:
    image = random.Random(place).randbytes(10_000)
    assert image_digest(memoryview(image), place) == digest_of(image, place).hex()
