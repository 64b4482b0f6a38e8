"""The programmer link under load: nothing that comes over the line changes when a stroke starts (LINK-4)."""

from __future__ import annotations

import random

import pytest

from hil.bench import Bench
from hil.protocols.floods.drive import START_US_MAX, TURN_US_MAX, measure, orders
from host.api.link import encode_frame
from tests.suite.exact import assert_owed

# A frame waits for the ones before it on the line, 24 ms each; that is no lateness of the supervisor's.
LATE_US_TOLD_WITHIN = 50_000


@pytest.mark.req("LINK-4")
def test_noise_at_full_line_rate_does_not_move_a_stroke(bench: Bench) -> None:
    bench.programmer.set_basal(35_000)
    noise = random.Random(1)
    for _ in range(25):
        bench.board.write(noise.randbytes(11_520))
        bench.run_for(seconds=1)
    bench.run_for(seconds=2)
    bench.board.take_received()
    assert len(bench.stroke_starts_us) >= 1
    assert_owed(bench)
    assert bench.programmer.status().state == "running"


@pytest.mark.req("LINK-4")
def test_requests_as_fast_as_the_line_goes_are_answered_and_dosing_goes_on(bench: Bench) -> None:
    bench.programmer.set_basal(35_000)
    status_id = 2
    for sequence in range(200):
        bench.board.write(b"\0" + encode_frame(sequence, status_id, b""))
    bench.run_for(minutes=2)
    bench.board.take_received()
    assert_owed(bench)
    assert bench.programmer.status().state == "running"


# The slowest of each kind; `make link-floods` does all of them, for ten minutes each.
SLOW = ("self_test", "read_log", "set_basal", "read_deliveries", "stage_pattern", "settle_order", "hello")


@pytest.mark.req("LINK-4", "DOSE-6", "DOSE-8")
@pytest.mark.chip_only("what a request costs shows on the processor only")
@pytest.mark.parametrize("stroke_nl", [500, 125])
@pytest.mark.parametrize("kind", SLOW)
def test_a_flood_of_any_request_leaves_the_strokes_of_a_bolus_where_they_are(
    kind: str, stroke_nl: int, bench_kind: str
) -> None:
    """Nor does a turn of the supervisor, which is measured with fine strokes, take longer than they allow."""
    if bench_kind != "emulated" and stroke_nl != 500:
        pytest.skip("fine strokes are set up in the Pico's memory only")
    found = measure(kind, stroke_nl, 5.0, bench_kind)
    assert found["passed"], found
    assert found["worst_late_us"] >= found["telemetry_late_us"] - LATE_US_TOLD_WITHIN, found


@pytest.mark.req("LINK-4", "DOSE-6", "DOSE-8")
@pytest.mark.emulated_only("what an order costs shows on the processor only")
def test_an_order_that_looks_far_ahead_moves_no_stroke() -> None:
    turns_us, late_us = orders()
    assert late_us <= START_US_MAX
    assert max(turns_us.values()) <= TURN_US_MAX, turns_us
