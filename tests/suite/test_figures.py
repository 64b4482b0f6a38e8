"""Boot time, stacks, heap, work and sleep of the image, measured on the emulated Pico (docs/performance.md)."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from hil.bench import Bench
from hil.protocols.awake import AWAKE_MS_MAX, REST_S, per_stroke
from hil.protocols.occlusion.jobs import make
from hil.protocols.occlusion.lives import plant_of
from tests.heap import in_use_bytes, said_bytes, table_bytes
from tests.suite.room import depth, symbol

pytestmark = pytest.mark.emulated_only("a virtual board has another processor")

# SELF-1 allows 2 s. SHA-256 over the image takes 0.55 s, the schema hash over the table of messages 0.3 s.
BOOT_MS_MAX = 1_400


@pytest.mark.req("SELF-1")
def test_the_link_answers_soon_after_power_comes(bench: Bench, record_property: Callable[[str, object], None]) -> None:
    boot_ms = bench.board.info()["ready"][0] / 1e6
    record_property("boot_ms", boot_ms)
    assert boot_ms < BOOT_MS_MAX


@pytest.mark.req("SEC-1")
def test_a_session_is_open_soon(bench: Bench, record_property: Callable[[str, object], None]) -> None:
    """From the first byte of hello to the first sealed reply, with the key pair made ahead and without it."""
    programmer, took_ms = bench.programmer, {}
    bench.run_for(seconds=5)
    for name, rest_s in (("ahead", 0.0), ("at once", 5.0), ("ahead again", 0.0)):
        begun_us = bench.now_us
        programmer.hello()
        took_ms[name] = (bench.now_us - begun_us) / 1000
        bench.run_for(seconds=rest_s)
    record_property("session_ms", took_ms)
    assert max(took_ms.values()) <= 400
    assert max(took_ms["ahead"], took_ms["ahead again"]) < took_ms["at once"] - 100


@pytest.mark.req("DOSE-7")
def test_the_stack_keeps_a_quarter_to_spare(bench: Bench, record_property: Callable[[str, object], None]) -> None:
    programmer = bench.programmer
    programmer.set_basal(35_000)
    programmer.bolus(3_000)
    bench.run_for(seconds=40)
    for seed in range(10):
        bench.board.write(random.Random(seed).randbytes(2_000))
        bench.run_for(seconds=1)
    programmer.status()
    assert list(programmer.deliveries())
    programmer.stop()
    programmer.resume()
    bench.run_for(hours=1)
    used = depth(bench.board)
    record_property("stack_bytes", used.stack)
    record_property("frames_bytes", used.frames)
    assert used.roomy, used


@pytest.mark.req("DOSE-7", "ALARM-1")
def test_an_alarm_that_stops_delivery_leaves_them_a_quarter_too(
    open_bench: Callable[..., Bench], record_property: Callable[[str, object], None]
) -> None:
    # The longest chain of calls known: reading, detector, finding, alarm, therapy, alarm again, memory, bus.
    case = make("occlusion", "implant", 35_000, 10, 32_500, 1007)
    bench = open_bench(plant=plant_of(case, case.interval_us))
    bench.programmer.set_basal(35_000)
    bench.run_until_us(case.interval_us + case.onset_us + 6 * case.interval_us)
    status = bench.programmer.status()
    assert (status.state, status.diagnosis, status.resets) == ("stopped", "occlusion", 0)
    used = depth(bench.board)
    record_property("stack_bytes", used.stack)
    record_property("frames_bytes", used.frames)
    assert used.roomy, used


def test_a_stack_that_was_used_up_is_seen(bench: Bench) -> None:
    board = bench.board
    for name, place in (("releve_frames", 3 * 1024), ("__StackTop", -6 * 1024 - 4)):
        at = symbol(name)[0] + place
        kept = board.memory("sram", at, 4)
        board.set_memory("sram", at, bytes(255 - byte for byte in kept))
        assert not depth(board).roomy, name
        board.set_memory("sram", at, kept)
        assert depth(board).roomy


@pytest.mark.req("PWR-1")
def test_a_stroke_keeps_the_processor_busy_for_few_milliseconds(
    bench: Bench, record_property: Callable[[str, object], None]
) -> None:
    bench.programmer.set_basal(35_000)
    bench.run_for(seconds=REST_S)
    each = per_stroke(bench, 50 / 60)
    record_property("instructions_per_stroke", each["instructions"])
    record_property("busy_ms_per_stroke", each["awake_ms"])
    assert each["awake_ms"] < AWAKE_MS_MAX


def heap_in_use(board: Any) -> int:
    """Bytes of Python's heap that are taken, garbage included."""
    start, end = (symbol(name)[0] for name in ("__GcHeapStart", "__GcHeapEnd"))
    return in_use_bytes(board.memory("sram", start, table_bytes(end - start)))


@pytest.mark.req("BOARD-3")
def test_the_firmware_takes_no_more_heap_than_is_said(
    bench: Bench, record_property: Callable[[str, object], None]
) -> None:
    """While it runs, just after the collector has come, with as many deliveries as are listed."""
    bench.programmer.set_basal(35_000)
    for _ in range(33):
        bench.programmer.bolus(200)
        bench.run_for(seconds=3)
    before, in_use = 0, heap_in_use(bench.board)
    while in_use >= before:
        bench.run_for(seconds=5)
        before, in_use = in_use, heap_in_use(bench.board)
    record_property("heap_in_use_bytes", in_use)
    assert in_use <= said_bytes("RP2040")
