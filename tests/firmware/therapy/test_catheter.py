"""Plug flow: what goes in comes out, first in, first out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.protocol.procedures import BUFFER, CATHETER_NL, INSULIN, NAOH
from firmware.therapy import catheter as place
from firmware.therapy import guide
from firmware.therapy.catheter import Catheter

pytestmark = pytest.mark.req("THER-6")


def test_it_begins_full_of_insulin() -> None:
    one = Catheter()
    assert one.only_insulin
    assert (one.plugs, one.until_insulin_nl()) == (((INSULIN, CATHETER_NL),), 0)


def test_after_a_flush_no_insulin_reaches_the_patient_for_13_u() -> None:
    one = Catheter()
    one.fill(BUFFER)
    assert one.until_insulin_nl() == CATHETER_NL
    for stroke in range(65):
        assert one.push(INSULIN, 500) == (0, 500, 0), stroke
    assert one.only_insulin
    assert one.push(INSULIN, 500) == (500, 0, 0)


def test_a_plug_moves_through_with_what_is_before_and_behind_it() -> None:
    one = Catheter()
    assert one.push(BUFFER, 2_000) == (2_000, 0, 0)
    assert one.push(INSULIN, 10_000) == (10_000, 0, 0)
    assert one.plugs == ((INSULIN, 20_500), (BUFFER, 2_000), (INSULIN, 10_000))
    assert one.push(INSULIN, 21_000) == (20_500, 500, 0)
    assert one.until_insulin_nl() == 1_500
    assert one.held_nl(INSULIN) == 31_000


def test_more_than_it_holds_pushes_everything_out_and_itself() -> None:
    one = Catheter()
    assert one.push(NAOH, CATHETER_NL + 700) == (CATHETER_NL, 0, 700)
    assert one.plugs == ((NAOH, CATHETER_NL),)


def test_what_is_ahead_of_the_insulin_is_all_that_is_not() -> None:
    one = Catheter()
    one.push(BUFFER, 2_000)
    assert one.until_insulin_nl() == 0, "insulin leaves first"
    one.push(NAOH, 3_000)
    one.push(INSULIN, CATHETER_NL - 5_000)
    assert one.plugs[0] == (BUFFER, 2_000) and one.until_insulin_nl() == 5_000
    one.push(INSULIN, 500)
    assert one.until_insulin_nl() == 4_500
    one.fill(NAOH)
    assert one.until_insulin_nl() == CATHETER_NL


def test_the_record_holds_four_plugs_and_writes_no_further() -> None:
    one = Catheter()
    for content, nl in ((BUFFER, 1_000), (INSULIN, 1_000), (BUFFER, 1_000)):
        one.push(content, nl)
    assert len(one.plugs) == 4
    raw = bytearray(b"\xa5" * (place.STATE_BYTES + 2))
    one.pack_into(raw, 1)
    assert raw[0] == raw[-1] == 0xA5
    again = Catheter()
    assert again.unpack(raw, 1) and again.plugs == one.plugs
    assert guide.STATE_BYTES == 13 + place.STATE_BYTES


PUSHES = st.lists(st.tuples(st.sampled_from((INSULIN, BUFFER, NAOH)), st.integers(0, 600)), max_size=40)


@given(PUSHES)
def test_nothing_is_lost_and_nothing_is_called_better_than_it_is(pushes) -> None:
    one = Catheter()
    exact = [INSULIN] * (CATHETER_NL // 100)  # the yardstick: cells of 100 nl
    for content, cells in pushes:
        volume_nl = cells * 100
        out = one.push(content, volume_nl)
        exact += [content] * cells
        gone, exact = exact[:cells], exact[cells:]
        assert sum(out) == volume_nl
        assert sum(size_nl for _, size_nl in one.plugs) == CATHETER_NL
        assert len(one.plugs) <= 4
        assert out[INSULIN] <= 100 * gone.count(INSULIN)
        labels = [each for each, size_nl in one.plugs for _ in range(size_nl // 100)]
        assert all(shown >= true for shown, true in zip(labels, exact, strict=True))
        raw = bytearray(place.STATE_BYTES)
        one.pack_into(raw)
        again = Catheter()
        assert again.unpack(raw)
        assert again.plugs == one.plugs


@pytest.mark.parametrize("at", [0, 1])
def test_bytes_that_cannot_be_mean_the_worst(at: int) -> None:
    raw = bytearray(place.STATE_BYTES)
    Catheter().pack_into(raw)
    raw[at] += 5
    one = Catheter()
    assert not one.unpack(raw)
    assert one.plugs == ((NAOH, CATHETER_NL),)


def test_two_pushes_of_one_content_are_one_plug() -> None:
    one = Catheter()
    for nl in (1_000, 2_500):
        one.push(BUFFER, nl)
    assert one.plugs == ((INSULIN, 29_000), (BUFFER, 3_500))


def test_only_insulin_is_one_plug_and_that_of_insulin() -> None:
    one = Catheter()
    one.push(BUFFER, 500)
    assert not one.only_insulin, "insulin at the tip, buffer behind it"
    one.fill(NAOH)
    assert not one.only_insulin
    one.fill(INSULIN)
    assert one.only_insulin


@pytest.mark.parametrize(
    ("sizes_nl", "plugs"),
    [
        # The last two are the shortest neighbours, 3,500 nl; those by the tip, and each alone, are other ones.
        ((1_000, 4_000, 1_500, 2_000), ((INSULIN, 24_000), (BUFFER, 1_000), (INSULIN, 4_000), (BUFFER, 3_500))),
        # The second and third, 2,000 nl, become buffer, and one with the buffer behind them.
        ((1_000, 1_000, 3_000, 5_000), ((INSULIN, 22_500), (BUFFER, 5_000), (INSULIN, 5_000))),
    ],
)
def test_of_five_plugs_the_two_shortest_neighbours_become_one_of_the_worse_content(sizes_nl, plugs) -> None:
    one = Catheter()
    for nl, content in zip(sizes_nl, (BUFFER, INSULIN, BUFFER, INSULIN), strict=True):
        one.push(content, nl)
    assert one.plugs == plugs
