"""Power cuts and resets on the emulated chips, at instants to the nanosecond."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from hil.bench import Bench

pytestmark = pytest.mark.chip_only("a virtual board has no power to cut")

FIRST_MU = 4_000
NS_PER_S = 1_000_000_000


@pytest.mark.req("HIL-1", "STORE-2")
@pytest.mark.parametrize("seed", range(6))
def test_a_power_cut_at_any_nanosecond_ends_a_bolus_for_good(open_bench: Callable[..., Bench], seed: int) -> None:
    bench = open_bench(seed=1)
    bench.programmer.bolus(FIRST_MU)
    cut_ns = bench.board.now_ns + random.Random(seed).randrange(10 * NS_PER_S)
    bench.board.power_cut(cut_ns)
    assert 0 <= bench.board.now_ns - cut_ns < bench.board.cut_ns_max
    strokes, steps = len(bench.stroke_starts_us), bench.board.info()["steps"]
    bench.run_for(seconds=5)
    assert bench.board.info()["steps"] == steps, "steps without power"
    bench.board.power_up()
    bench.board.boot()
    bench.check_link()
    bench.run_for(minutes=2)
    assert len(bench.stroke_starts_us) == strokes, "the bolus went on by itself"
    assert [each["reason"] for each in bench.board.info()["resets"]] == ["power on", "power on"]
    bench.programmer.bolus(200)
    bench.run_for(seconds=3)
    assert len(bench.stroke_starts_us) == strokes + 1


@pytest.mark.req("HIL-1", "STORE-2")
def test_memories_outlive_a_power_cut_and_sram_does_not(bench: Bench) -> None:
    flash = bench.board.memory("flash", 0, 65536)
    bench.board.set_memory("fram", 32000, b"kept over the cut")  # far down in the event log
    bench.board.power_cut()
    bench.board.power_up()
    bench.board.boot()
    assert bench.board.memory("fram", 32000, 17) == b"kept over the cut"
    assert bench.board.memory("flash", 0, 65536) == flash
    bench.check_link()
    assert bench.programmer.status().strokes_commanded == 0


@pytest.mark.req("HIL-1")
def test_two_cuts_at_the_same_nanosecond_leave_the_same_board(open_bench: Callable[..., Bench]) -> None:
    left = []
    for _ in range(2):
        bench = open_bench(seed=1)
        bench.programmer.bolus(1_000)
        bench.board.run_until_ns(bench.board.now_ns + 987_654_321)
        left.append((bench.board.info()["registers"], bench.board.memory("sram", 0, bench.board.sram_bytes)))
    assert left[0] == left[1]
