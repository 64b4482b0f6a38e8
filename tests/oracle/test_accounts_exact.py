"""Accounts by hand: when a delivery begins and ends, what an end gives up, what is noted of it."""

from __future__ import annotations

from typing import Any

import pytest

from hil.oracle.accounts import NORMALS
from hil.oracle.exact import NEVER_US, Quantum
from hil.oracle.programme import Temp
from hil.oracle.pump import Pump, Seen
from tests.oracle.hand import EDGE_US, EPOCH_S, H, S
from tests.oracle.pumps import Q, pump


@pytest.mark.req("DOSE-3")
def test_a_new_pump_has_one_account_of_basal_and_nothing_in_it() -> None:
    made = Pump(Quantum(500, 400), EDGE_US, Seen([]))
    assert [(each.id, each.kind, each.start_us, each.programmed_q) for each in made.entries] == [(1, "basal", 0, 0)]
    assert made.basal_entry is made.entries[0]
    assert (made.now_us, made.bench_us, made.rate, made.state) == (0, 0, 0, "running")
    assert (made.commanded, made.confirmed, made.abandoned, made.withheld) == (0, 0, 0, 0)
    assert (made.recorded_us, made.written_us, made.dark) == (0, 0, False)
    assert made.next_stroke_us() == NEVER_US and made.foreseen_stroke_us() == NEVER_US


@pytest.mark.req("DOSE-5")
def test_what_is_given_up_adds_up() -> None:
    made = pump(1_000)
    for waiting in (2, 3):
        made.basal.owed_q = waiting * Q + 5
        assert made.give_up_waiting() == waiting and made.basal.owed_q == 5
    assert made.basal_entry is not None and (made.basal_entry.abandoned, made.abandoned) == (5, 5)


@pytest.mark.req("DOSE-3", "DOSE-5")
def test_a_bolus_that_ends_gives_up_what_is_left() -> None:
    made = pump()
    normal, square = made.begin("normal_bolus", 5), made.begin("square_bolus", 4, H)
    made.advance(S)
    assert made.normal is not None and made.drop(made.normal, "cancelled") == 4
    assert (normal.abandoned, normal.reason, normal.end_us, made.normal) == (4, "cancelled", S, None)
    assert made.abandoned == 4 and made.square is not None
    assert made.drop(made.square, "fault") == 4
    assert (square.reason, made.square, made.abandoned) == ("fault", None, 8)
    assert [each.values["entry"] for each in made.events] == [normal, square]


@pytest.mark.req("DOSE-5")
def test_a_cut_ends_all_and_keeps_the_fraction() -> None:
    made = pump(3_000)
    made.begin("normal_bolus", 300)
    made.begin("square_bolus", 4, 1_600 * S)
    made.advance(599 * S)  # 2.49 strokes of basal, 1 of the square wait; all 300 were made
    made.begin("normal_bolus", 3)
    assert made.cut("suspended") == 2 + 3 + 4
    assert made.basal.owed_q == 3_000 * 599 * S - 2 * Q
    assert [each.reason for each in made.entries if each.end_us == 599 * S] == ["suspended"] * 3
    assert (made.normal, made.square, made.basal_entry, made.abandoned) == (None, None, None, 9)
    ended = [each for each in made.entries if each.kind == "basal"][-1]
    assert ended.abandoned == 2
    assert made.cut("fault") == 0 and made.give_up_waiting() == 0
    made.basal.owed_q = Q
    assert made.give_up_waiting() == 1 and ended.abandoned == 2, "nobody's account"


@pytest.mark.req("DOSE-3")
def test_each_account_has_its_number_its_volume_and_its_place() -> None:
    made = pump()
    made.advance(5)
    normal = made.begin("dual_normal", 2)
    assert (normal.id, normal.kind, normal.start_us, normal.programmed_q) == (2, "dual_normal", 5, 2 * Q)
    assert made.normal is not None and (made.normal.strokes, made.normal.over_us) == (2, 0)
    assert made.recorded_us == 5 and made.normal_entry is normal and made.square_entry is None
    square = made.begin("dual_square", 3, H)
    assert (square.id, square.programmed_q, made.square_entry) == (3, 3 * Q, square)
    assert made.square is not None and made.square.over_us == H
    made.drop(made.normal, "cancelled")
    for kind in ("insulin_test", "buffer", "naoh", "diagnostic"):
        made.begin(kind, 1)
        assert made.normal_entry is None and kind in NORMALS, "a procedure's strokes are no bolus"
        made.drop(made.normal, "cancelled")
    made.begin("normal_bolus", 1)
    assert made.normal_entry is not None


@pytest.mark.req("DOSE-3")
def test_another_rate_is_another_account_and_the_same_rate_is_not() -> None:
    made = pump(1_000)
    count = len(made.entries)
    made.advance(S)
    made.follow()
    assert len(made.entries) == count
    made.programme.by_hand_mu_per_h = 1_050
    made.follow()
    assert [(each.reason, each.end_us) for each in made.entries[-2:]] == [("superseded", S), ("running", 0)]
    made.programme.temp = Temp(False, 1_050, H)
    made.follow()
    assert [each.kind for each in made.entries[-2:]] == ["basal", "temp_basal"], "a temporary one of the same rate too"
    count = len(made.entries)
    made.programme.temp = Temp(False, 1_100, H)
    made.follow()
    assert made.entries[-1].kind == "temp_basal" and made.rate == 1_100 and len(made.entries) == count
    made.programme.state = "stopped"
    made.programme.temp = None
    made.end_basal("fault")
    made.follow()
    assert (made.rate, made.basal_entry, len(made.entries)) == (0, None, count)
    made.programme.state = "suspended"
    made.follow()
    assert len(made.entries) == count + 1 and made.basal_entry is not None
    made.dark = True
    made.programme.state = "running"
    made.follow()
    assert (made.rate, len(made.entries)) == (1_050, count + 1), "without power no account shows it"


# What is noted


@pytest.mark.req("LOG-1")
def test_an_event_has_the_device_s_the_bench_s_and_the_log_s_time() -> None:
    made = pump()
    said: list[tuple[str, Any]] = []
    made.react = lambda what, values: said.append((what, values))
    made.bench_offset_us = 7
    made.advance(90 * S)
    made.note("anything", a=1)
    made.programme.set_clock(0, EPOCH_S)
    made.note("more")
    assert [(each.at_us, each.bench_us, each.time_s, each.what, each.values) for each in made.events] == [
        (90 * S, 90 * S + 7, 90, "anything", {"a": 1}), (90 * S, 90 * S + 7, EPOCH_S + 90, "more", {}),
    ]  # fmt: skip
    assert said == [("anything", {"a": 1}), ("more", {})] and made.written_us == 0
    made.note("refused")
    assert made.written_us == 90 * S
