"""The upkeep of a pump, part by part: which checks are asked when, what a failure leaves, what the battery pays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from firmware import protocol
from firmware.upkeep import energy, self_test, upkeep
from firmware.upkeep.upkeep import Means, Upkeep, means_of, world_of
from tests.firmware.hand import CURRENTS, SECOND_US, Hand, refused

pytestmark = pytest.mark.req("SELF-1", "PWR-1")


def test_what_a_board_has_not_is_none() -> None:
    means = Means((1, 2))
    assert vars(means) == {
        "currents": (1, 2), "battery_nah": 2_000_000_000, "clock_runs": True, "image_digest": None,
        "sensor_line": None, "watchdog": None, "watchdog_reset": None, "entropy": None, "counter_us": None,
        "crashed": None,
    }  # fmt: skip
    assert Means((), battery_nah=energy.FED).battery_nah == energy.FED


def test_a_boards_means_are_what_it_names() -> None:
    names = ("image_digest", "sensor_line", "watchdog_on", "watchdog_reset", "BATTERY_NAH", "entropy", "counter_us")
    names += ("crashed",)
    board = SimpleNamespace(CURRENTS=(5,), CLOCK_RUNS=False, **{name: name for name in names})
    assert vars(means_of(board)) == {
        "currents": (5,), "clock_runs": False, "image_digest": "image_digest", "sensor_line": "sensor_line",
        "watchdog": "watchdog_on", "watchdog_reset": "watchdog_reset", "battery_nah": "BATTERY_NAH",
        "entropy": "entropy", "counter_us": "counter_us", "crashed": "crashed",
    }  # fmt: skip
    assert means_of(SimpleNamespace(CURRENTS=(5,), CLOCK_RUNS=True)).watchdog is None


def test_the_self_test_looks_at_the_pumps_own_parts() -> None:
    hand = Hand()
    means = Means(CURRENTS, False, "digest", "line", "dog", counter_us=lambda: 77)
    identity = {"native_core": True, "image": "ab"}
    memory = hand.pump._memory
    world = world_of(hand.core, hand.clock, hand.wall, identity, memory, "sensor", means, "spared")
    assert (world.core_class, world.native, world.image) == (type(hand.core), True, "ab")
    assert (world.image_digest, world.sensor_line, world.watchdog) == ("digest", "line", "dog")
    assert (world.pressure_sensor, world.clock_runs, world.now_us()) == ("sensor", False, 77)
    assert world.nvm is memory.nvm and world.scratch_at == memory.scratch_at and world.record is memory.record
    assert world.memory_usable() is True and world.elapsed == hand.wall.elapsed
    assert world.delivering() is True
    hand.pump.switch.stop()
    assert world.delivering() is False
    means = Means(CURRENTS)
    hand.now_us = 1234
    assert world_of(hand.core, hand.clock, hand.wall, identity, memory, "sensor", means, "spared").now_us() == 1234


def test_a_stroke_that_plays_and_has_not_been_seen_yet_is_not_missing() -> None:
    hand = Hand()
    counts = hand.pump.upkeep._world.stroke_counts
    hand.pump.boluses.bolus(1000)
    hand.live(3 * SECOND_US)
    made = len(hand.strokes_us)
    assert counts() == (made, made)
    hand.begin_stroke(1_000)
    assert counts() == (made, made)


class Bench:
    """An Upkeep whose checks are those in `wrong`, or right; each costs 10 µs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wrong: set[str] = set()
        self.without: set[str] = set()
        self.asked: tuple[str, ...] = ()
        self.now_us = 1_000
        self.notes: list[tuple[Any, ...]] = []
        self.stored = 0
        self.delivers = False
        self.nvm = SimpleNamespace(written_bytes=0)
        memory = SimpleNamespace(
            note=lambda *what: self.notes.append(what),
            energy=bytearray(energy.STATE_BYTES),
            nvm=self.nvm,
            store_energy=self._store,
        )
        world = SimpleNamespace(now_us=lambda: self.now_us, delivering=lambda: self.delivers)
        monkeypatch.setattr(self_test, "run", self._run)
        clock = SimpleNamespace(now_us=lambda: self.now_us)
        self.upkeep = Upkeep(clock, SimpleNamespace(memory=memory), world, CURRENTS)
        self.memory = memory

    def _store(self) -> None:
        self.stored += 1

    def _run(self, world: object, names: tuple[str, ...]) -> list[tuple[str, bool, int]]:
        self.asked = names
        self.now_us += 10 * len(names)
        return [(name, name not in self.wrong, 3) for name in names if name not in self.without]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def bit(name: str) -> int:
    return 1 << self_test.NAMES.index(name)


def test_before_the_first_test_nothing_is_passed(bench: Bench) -> None:
    assert not bench.upkeep.passed
    refused(bench.upkeep.need_passed, protocol.SELF_TEST_FAILED)
    assert bench.upkeep.begin() == 0 and bench.upkeep.passed and bench.asked == self_test.NAMES
    bench.upkeep.need_passed()
    assert bench.notes == []


def test_a_failed_check_is_noted_and_stays_until_it_has_passed(bench: Bench) -> None:
    bench.wrong = {"image"}
    assert bench.upkeep.test() == bit("image") and not bench.upkeep.passed
    note = (protocol.CATEGORY_MALFUNCTION, protocol.EVENT_SELF_TEST, 0, 0)
    assert bench.notes == [(*note, (bit("image"),))]
    bench.wrong = set()
    assert bench.upkeep.test(daily=True) == 0 and bench.asked == self_test.DAILY
    assert not bench.upkeep.passed, "the daily round has not asked for the image"
    assert bench.upkeep.test(quick=True) == 0 and bench.asked == self_test.QUICK and not bench.upkeep.passed
    assert bench.upkeep.test() == 0 and bench.upkeep.passed
    assert len(bench.notes) == 1


def test_what_is_required_and_left_out_has_failed_in_the_rounds_that_require_it(bench: Bench) -> None:
    bench.without = {"native_core", "watchdog"}
    assert bench.upkeep.test() == bit("native_core")
    bench.without = {"clock"}
    assert bench.upkeep.test(daily=True) == bit("clock")
    bench.without = {"native_core"}
    assert bench.upkeep.test(daily=True) == 0


def test_the_rates_are_compared_by_themselves_and_a_wrong_one_is_told_once(bench: Bench) -> None:
    assert bench.upkeep.rates() == 0 and bench.asked == (), "not while the test is not passed anyway"
    bench.upkeep.test()
    assert bench.upkeep.rates() == 0 and bench.asked == ("clock_rate",)
    bench.without = {"clock_rate"}
    assert bench.upkeep.rates() == 0 and bench.upkeep.passed
    bench.without, bench.wrong = set(), {"clock_rate"}
    assert bench.upkeep.rates() == bit("clock_rate") and not bench.upkeep.passed
    note = (protocol.CATEGORY_MALFUNCTION, protocol.EVENT_SELF_TEST, 0, 0, (bit("clock_rate"),))
    assert bench.notes == [note]
    assert bench.upkeep.rates() == 0 and bench.notes == [note]


def test_on_demand_the_image_is_left_out_while_strokes_may_come_due(bench: Bench) -> None:
    for delivers, names in ((True, self_test.QUICK), (False, self_test.NAMES)):
        bench.delivers = delivers
        assert bench.upkeep.test_now() == 0 and bench.asked == names
        assert bench.upkeep.results() == {
            "passed": True,
            "duration_us": 10 * len(names),
            "checks": [{"check": self_test.NAMES.index(name), "ok": True, "value": 3} for name in names],
        }
    bench.wrong = {"ram"}
    assert bench.upkeep.test_now() == bit("ram")
    reply = bench.upkeep.results()
    assert reply["passed"] is False
    assert [each["check"] for each in reply["checks"] if not each["ok"]] == [self_test.NAMES.index("ram")]


def test_the_account_is_brought_up_to_now_and_into_memory(bench: Bench) -> None:
    ledger = bench.upkeep.energy
    bench.upkeep.begin()
    began_us = bench.now_us - 10 * len(self_test.NAMES)
    bench.now_us += 5_000
    bench.nvm.written_bytes = 300
    assert bench.upkeep.account() == energy.GOOD and bench.stored == 1
    assert (ledger.elapsed_us, ledger.memory_bytes) == (bench.now_us - began_us, 300)
    bench.now_us += 7
    bench.nvm.written_bytes = 310
    report = bench.upkeep.read_energy()
    assert (ledger.elapsed_us, ledger.memory_bytes) == (bench.now_us - began_us, 310) and bench.stored == 1
    assert report["battery_used_nah"] == ledger.used_nah() and report["wakes"] == 0
    again = energy.Energy(CURRENTS)
    again.unpack(bench.memory.energy)
    assert again.elapsed_us == ledger.elapsed_us - 7, "as it was stored"
    bench.upkeep.linked(4)
    assert ledger.link_bytes == 4 and ledger.link_us > 0


def test_a_life_goes_on_with_the_account_of_the_one_before(bench: Bench) -> None:
    before = energy.Energy(CURRENTS)
    before.lived(999)
    before.wrote(8)
    before.pack_into(bench.memory.energy)
    bench.now_us = 50_000  # time goes by until the pump is composed
    bench.upkeep.begin()
    bench.upkeep.account()
    ledger = bench.upkeep.energy
    assert (ledger.elapsed_us, ledger.memory_bytes) == (999 + 10 * len(self_test.NAMES), 8)


def test_a_report_is_cut_to_32_bits(bench: Bench) -> None:
    bench.upkeep.energy.wakes = 2**40
    assert bench.upkeep.read_energy()["wakes"] == 2**32 - 1
    assert upkeep.CAPACITY_NAH == energy.CAPACITY_NAH


@pytest.mark.req("PWR-1", "ALARM-1")
def test_a_battery_whose_level_is_not_known_counts_as_that_bad() -> None:
    hand = Hand()
    for level in (energy.GOOD, energy.LOW, energy.DEPLETED):
        hand.pump.upkeep.energy.level = lambda level=level: level  # type: ignore[method-assign]
        assert hand.pump.upkeep.battery_level() == level
    hand.pump.upkeep.energy.level = lambda: 1 // 0  # type: ignore[method-assign]
    assert hand.pump.upkeep.battery_level() == energy.DEPLETED
