"""The programmer link under load: nothing that comes over the line changes when a stroke starts (LINK-4)."""

from __future__ import annotations

import random

import pytest

from hil.bench import Bench
from hil.protocols.floods import entry
from hil.protocols.floods.attacks import ATTACKS, ENDED, FORGED, FORGED_PRESENCE, NOISE, STALE
from hil.protocols.floods.drive import START_US_MAX, TURN_US_MAX, measure, orders
from hil.protocols.floods.requests import QUESTIONS, SETUPS
from hil.protocols.floods.same import compare
from hil.sealing import sealed_frame
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
    session = bench.programmer.link.session
    for sequence in range(200):
        bench.board.write(sealed_frame(session, sequence, status_id, b"")[0])
    bench.run_for(minutes=2)
    bench.board.take_received()
    assert_owed(bench)
    assert bench.programmer.status().state == "running"


# What the pump itself must have counted of a flood, so that none passes because nobody heard it.
COUNTED = {
    FORGED: "openings_refused", FORGED_PRESENCE: "openings_refused", STALE: "openings_refused",
    ENDED: "frames_forged", SETUPS: "sessions", NOISE: "frames_bad",
}  # fmt: skip


@pytest.mark.req("LINK-4", "SEC-4", "DOSE-6")
@pytest.mark.parametrize("kind", (*ATTACKS, QUESTIONS, SETUPS))
def test_under_every_flood_the_strokes_are_those_of_a_silent_line(kind: str, bench_kind: str) -> None:
    """To the microsecond on a virtual board, within DOSE-6 on a chip."""
    found = compare(kind, bench_kind, 60 if bench_kind == "virtual" else 6)
    assert found["passed"], found
    assert found["strokes"] > 5
    assert found["counted"][COUNTED.get(kind, "frames_good")] > 10, found


@pytest.mark.req("SEC-4")
def test_with_presence_a_programmer_gets_in_within_two_seconds_amid_forged_openings(bench_kind: str) -> None:
    """At the whole line rate, on a chip too."""
    found = entry.measure(6, 1.0, bench_name=bench_kind)
    assert found["late"] == 0, found


@pytest.mark.req("SEC-4")
@pytest.mark.virtual_only("waits in vain")
def test_without_presence_a_flood_keeps_it_out_and_that_is_seen(bench_kind: str) -> None:
    assert entry.measure(2, 1.0, bench_name=bench_kind, presence=False)["late"] == 2


# The slowest of each kind; `make link-floods` does all of them, for ten minutes each.
SLOW = (
    "self_test", "read_log", "set_basal", "read_deliveries", "stage_pattern", "settle_order", *ATTACKS, SETUPS,
)  # fmt: skip


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
