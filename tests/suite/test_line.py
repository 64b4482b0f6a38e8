"""The programmer link under load: nothing that comes over the line changes when a stroke starts (LINK-4)."""

from __future__ import annotations

import random

import pytest

from hil.bench import Bench
from hil.floods import measure
from host.link import encode_frame
from tests.suite.exact import assert_owed


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


@pytest.mark.req("LINK-4", "DOSE-6")
@pytest.mark.emulated_only("what a request costs shows on the processor only")
@pytest.mark.parametrize(
    "stroke_nl",
    [
        500,
        pytest.param(
            125,
            marks=pytest.mark.xfail(
                reason="armed 450 ms ahead and 500 ms apart, a fine stroke leaves 24 ms for its permit"
            ),
        ),
    ],
)
@pytest.mark.parametrize("kind", SLOW)
def test_a_flood_of_any_request_leaves_the_strokes_of_a_bolus_where_they_are(kind: str, stroke_nl: int) -> None:
    found = measure(kind, stroke_nl, 7.0)
    assert found["passed"], found
