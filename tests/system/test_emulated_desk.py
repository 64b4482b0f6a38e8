"""A desk of two emulated Picos: the pump's image and the bench I/O board's, wired to each other (BOARD-4)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.backends.desk_lines import EmulatedLines
from hil.bench import Bench
from hil.instruments.bench_io import BenchIo, EdgesLost
from hil.plant import Plant, load_mechanism
from hil.protocols.edges.desk import compare, emulated_lines

BOOT_US = 400_000


@pytest.fixture
def lines() -> Iterator[EmulatedLines]:
    """A desk whose pump stays without power."""
    opened = EmulatedLines()
    opened.wait_us(BOOT_US)
    yield opened
    flagged = opened.flagged()
    opened.close()
    assert flagged == []


@pytest.mark.req("BOARD-4", "HIL-1")
def test_a_bolus_on_the_desk_every_edge_of_it_captured() -> None:
    with Bench(Plant(load_mechanism(), 1), kind="desk-emulated") as bench:
        bench.board.set_pressure(1_024)
        started = bench.programmer.bolus(600)
        bench.run_until_us(started.at_us + 6_000_000)
        status = bench.programmer.status()
        assert (status.strokes_commanded, status.strokes_delivered) == (3, 3)
        assert abs(status.pressure_pa - (1_024 - 512) * 39.063) <= 40
        late_us = [start - started.at_us - n * 2_000_000 for n, start in enumerate(bench.stroke_starts_us)]
        assert len(late_us) == 3
        assert all(0 <= each <= 2 for each in late_us)
        figures = compare(bench.board)
        assert (figures["verdict"], figures["steps"]) == ("pass", 288), figures
        # Cut in the middle of the next stroke: the pump is gone, and the bench knows when to the microsecond.
        bench.board.play_sensor([bench.board.confirmed()])
        second = bench.programmer.bolus(600)
        bench.board.power_cut(second.at_us + 50_000)
        bench.run_for(seconds=3)
        ((start_us, steps),) = bench.board.short_bursts
        assert 0 <= start_us - second.at_us <= 2
        assert 10 < steps < 96
        assert compare(bench.board)["verdict"] == "pass"
        assert bench.board.flagged() == []
        assert emulated_lines(bench.board).order("info")["pump"]["now"] > 0


@pytest.mark.req("BOARD-4")
@pytest.mark.parametrize("steps_hz", [1_600, 20_000, 200_000])
def test_a_burst_is_captured_whatever_its_pace(lines: EmulatedLines, steps_hz: int) -> None:
    bench_io = BenchIo(lines.bench_io)
    start_ns = round(lines.order("info")["io"]["capture_start"])
    at_ns, period_ns, high_ns = lines.now_ns + 1_000_000, 1_000_000_000 // steps_hz, 2_000
    lines.order("steps", at=at_ns, count=96, period=period_ns, high=high_ns)
    lines.wait_us(1_000 + 96 * period_ns // 1_000)
    edges = bench_io.take_edges("STEP")
    true_ns = [at_ns + number * period_ns + after for number in range(96) for after in (0, high_ns)]
    assert [rising for _, rising in edges] == [True, False] * 96
    assert max(abs(start_ns + each - true) for (each, _), true in zip(edges, true_ns, strict=True)) <= 1_000
    assert bench_io.status().overflows == 0


@pytest.mark.req("BOARD-4")
def test_more_steps_than_the_ring_holds_are_an_error(lines: EmulatedLines) -> None:
    bench_io = BenchIo(lines.bench_io)
    lines.order("steps", at=lines.now_ns + 1_000_000, count=4_200, period=10_000, high=5_000)
    lines.wait_us(50_000)
    assert bench_io.status().edges[0] == 8_401  # the start counts as one
    with pytest.raises(EdgesLost, match="edges of STEP were overwritten"):
        bench_io.take_edges("STEP")


@pytest.mark.req("BOARD-4")
def test_time_goes_on_past_every_wrap(lines: EmulatedLines) -> None:
    """The count comes round after 859 s, the chip's timer has its sign bit after 2147 s."""
    bench_io = BenchIo(lines.bench_io)
    start_ns = round(lines.order("info")["io"]["capture_start"])
    for until_s in (850, 870, 2_140, 2_160):
        lines.run_until_ns(until_s * 1_000_000_000)
        at_ns = lines.now_ns + 1_000_000
        lines.order("steps", at=at_ns, count=1, period=1_000_000, high=5_000)
        lines.wait_us(2_000)
        (up_ns, _), (down_ns, _) = bench_io.take_edges("STEP")
        assert abs(start_ns + up_ns - at_ns) <= 200
        assert abs(start_ns + down_ns - at_ns - 5_000) <= 200
        assert abs(bench_io.status().now_us * 1_000 + start_ns - lines.now_ns) < 50_000_000
