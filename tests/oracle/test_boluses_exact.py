"""The oracle's ledgers: when which stroke of a delivery is owed, by hand."""

from __future__ import annotations

import pytest

from hil.oracle.boluses import Basal, Bolus, Entry, spread
from hil.oracle.exact import NEVER_US, Quantum
from tests.oracle.hand import MIN, S

Q = 200 * 3_600 * S  # a stroke of 0.2 U, in mU/h times µs
MU = 3_600 * S


def bolus(strokes: int, over_us: int = 0, start_us: int = 10, commanded: int = 0, abandoned: int = 0) -> Bolus:
    return Bolus(Entry(1, "square_bolus", start_us, commanded=commanded, abandoned=abandoned), strokes, over_us)


@pytest.mark.req("DOSE-3")
def test_an_account_runs_until_it_is_ended() -> None:
    entry = Entry(1, "basal", 5, 3 * MU - 1)
    assert entry.runs and entry.programmed_mu == 2 and entry.end_us == 0
    assert (entry.commanded, entry.confirmed, entry.abandoned, entry.rate_at_end) == (0, 0, 0, 0)
    entry.end(77, "cancelled")
    assert (entry.runs, entry.end_us, entry.reason) == (False, 77, "cancelled")


@pytest.mark.req("DOSE-3", "THER-2")
def test_what_is_left_is_what_was_neither_made_nor_given_up() -> None:
    assert bolus(9, commanded=4, abandoned=3).left == 2
    assert bolus(9, commanded=4, abandoned=3).waiting(11) == 2
    assert bolus(9, commanded=4, abandoned=3).owed_q(11, Q) == 2 * Q


@pytest.mark.req("THER-2", "DOSE-1")
def test_stroke_k_of_n_is_owed_when_k_nths_of_the_time_are_over() -> None:
    # 7 strokes in 100 µs from 10 µs on: 24.29, 38.57, 52.86 ... 110, rounded up.
    assert bolus(7, 100).ready_us == 25
    assert bolus(7, 100, commanded=1, abandoned=1).ready_us == 53
    assert bolus(7, 100, commanded=6).ready_us == 110
    assert bolus(7).ready_us == 10
    assert bolus(7, 100, commanded=2).promised_us(60, 2) == [53, 68, 82, 96, 110]


@pytest.mark.req("THER-2", "GUARD-1")
def test_a_bolus_at_once_promises_its_strokes_at_spacing() -> None:
    assert bolus(5, commanded=2).promised_us(500, 20) == [500, 520, 540]
    assert bolus(3).promised_us(4, 20) == [10, 30, 50], "not before it begins"


@pytest.mark.req("DOSE-1")
def test_what_a_square_bolus_owes_grows_evenly_and_stops_at_its_end() -> None:
    square = bolus(4, 100)  # a stroke every 25 µs from 10 µs on
    assert [square.waiting(at) for at in (10, 34, 35, 59, 60, 110, 500)] == [0, 0, 1, 1, 2, 4, 4]
    assert [square.owed_q(at, 1_000) for at in (10, 11, 35, 60, 110, 500)] == [0, 40, 1_000, 2_000, 4_000, 4_000]
    made = bolus(4, 100, commanded=1, abandoned=1)
    assert [made.waiting(at) for at in (60, 84, 85, 110)] == [0, 0, 1, 2]
    assert [made.owed_q(at, 1_000) for at in (10, 60, 61, 110)] == [-2_000, 0, 40, 2_000]


@pytest.mark.req("DOSE-1", "DOSE-2")
def test_basal_is_due_when_a_whole_stroke_is_owed() -> None:
    assert Basal(Q).ready_us(50, 0, Q) == 50, "owed already, whatever the rate"
    assert Basal(Q + 5).ready_us(50, 1_000, Q) == 50
    assert Basal(Q - 1).ready_us(50, 0, Q) == NEVER_US
    assert Basal(Q - 1).ready_us(50, 1_000, Q) == 51
    assert Basal(Q - 1_000).ready_us(50, 1_000, Q) == 51
    assert Basal(Q - 1_001).ready_us(50, 1_000, Q) == 52
    assert Basal().ready_us(0, 3_000, Q) == 240 * S
    assert [Basal(owed).waiting(Q) for owed in (0, Q - 1, Q, 3 * Q - 1)] == [0, 0, 1, 2]


@pytest.mark.req("THER-2", "DOSE-8")
def test_a_square_bolus_is_so_many_strokes_in_so_many_minutes() -> None:
    assert spread(Quantum(500, 400), 1_000, 30) == (5, 30 * MIN)
    assert spread(Quantum(125, 100), 50, 480) == (4, 480 * MIN)
    assert spread(Quantum(125, 100), 40_000, 30) == (3_200, 30 * MIN)
