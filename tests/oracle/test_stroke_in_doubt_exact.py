"""The stroke in doubt at a reset, by hand: whether it counts, and what it has ended."""

from __future__ import annotations

import pytest

from tests.oracle.cut_life import cut, reset, running, strokes
from tests.oracle.hand import H, Hand, S

pytestmark = pytest.mark.req("STORE-2", "STORE-5")
Q = 200 * H
EVERY_US = 240 * S  # a stroke at 3 U/h


# The stroke in doubt
def test_a_permitted_stroke_that_is_due_by_then_counts_and_nothing_is_programmed_after_it() -> None:
    for back_us, counts in ((EVERY_US, True), (EVERY_US - 1, False)):
        hand = running()
        made = cut(hand, 239 * S, back_us)
        assert (made.commanded, made.confirmed) == (counts, counts)
        assert reset(made).values["doubt"] is counts and made.strokes == []
    hand = running()
    made = cut(hand, 239 * S, 300 * S)
    ended = made.entries[1]
    assert (ended.end_us, ended.ends_us, ended.rate_at_end) == (EVERY_US, {EVERY_US}, 0)
    assert ended.steady_q == ended.programmed_q == Q
    assert (ended.commanded, ended.confirmed, made.basal.owed_q) == (1, 1, 0)
    assert made.caps.starts_us == [EVERY_US]
    assert strokes(hand, 540 * S) == [540 * S]


@pytest.mark.req("GUARD-1")
def test_a_cap_may_have_withheld_the_stroke_in_doubt() -> None:
    hand = running()
    hand.device.pump.caps.hour_mu = 100
    made = cut(hand, 239 * S, 300 * S)
    assert (made.commanded, made.withheld, reset(made).values["doubt"]) == (0, 1, False)
    for counted in (True, False):
        hand = running()
        hand.device.pump.caps.hour_mu = 200
        hand.device.pump.caps.count(-H + EVERY_US)  # in the hour by the safe side only
        made = cut(hand, 239 * S, 300 * S, counted=counted)
        assert (made.commanded == 1) is counted and reset(made).values["doubt"] is counted


def test_a_stroke_in_progress_counts_and_what_came_to_be_owed_since_it_began_does_not() -> None:
    hand = running()
    made = cut(hand, EVERY_US + 50_000, 242 * S)
    ended = made.entries[1]
    assert (made.commanded, made.confirmed, ended.confirmed, made.unconfirmed) == (1, 1, 1, [])
    assert reset(made).values == {"doubt": True, "known": False, "cut_us": EVERY_US + 50_000}
    assert (ended.end_us, ended.ends_us, ended.programmed_q, made.basal.owed_q) == (EVERY_US, {EVERY_US}, Q, 0)
    assert len(made.strokes) == 1
    assert strokes(hand, 482 * S) == [EVERY_US, 482 * S]


def test_a_record_taken_while_the_stroke_went_on_has_told_of_it() -> None:
    """An order in the stroke: its record says that the stroke has begun; basal goes on."""
    hand = running()
    hand.device.advance(EVERY_US + 20_000)
    hand.device.pump.recorded_us = EVERY_US + 20_000
    made = cut(hand, EVERY_US + 50_000, 242 * S)
    assert reset(made).values == {"doubt": False, "known": True, "cut_us": EVERY_US + 50_000}
    assert (made.commanded, made.confirmed, made.basal.owed_q) == (1, 1, 3_000 * 2 * S)
    assert made.entries[1].ends_us == {EVERY_US + 20_000}
    assert strokes(hand, 480 * S) == [EVERY_US, 480 * S]
    # The next one, not permitted yet, is due when power is back, or may be by the clock's seconds.
    for back_us, programs in ((478 * S - 1, True), (478 * S, False)):
        hand = running()
        hand.device.advance(EVERY_US + 20_000)
        hand.device.pump.recorded_us = EVERY_US + 20_000
        made = cut(hand, EVERY_US + 50_000, back_us)
        assert made.basal.owed_q == (3_000 * (back_us - EVERY_US) if programs else 3_000 * 20_000)
        assert (made.commanded, reset(made).values["doubt"]) == (1, not programs)


def test_a_record_of_the_very_microsecond_tells_nothing_of_the_stroke() -> None:
    for counted, written_us, doubt in ((True, 0, True), (False, 0, True), (False, EVERY_US + 1, False)):
        hand = running()
        hand.device.advance(EVERY_US + 30_000)
        hand.device.pump.recorded_us, hand.device.pump.written_us = EVERY_US, written_us
        made = cut(hand, EVERY_US + 50_000, 242 * S, counted=counted)
        assert (reset(made).values["doubt"], reset(made).values["known"]) == (doubt, not doubt)


def test_the_stroke_in_progress_counts_though_the_device_s_time_goes_back() -> None:
    hand = running()
    made = cut(hand, EVERY_US + 50_000, 242 * S, EVERY_US + 10_000)
    assert (made.commanded, made.basal.owed_q, made.now_us) == (1, 0, EVERY_US + 10_000)


def test_a_bolus_cut_in_a_stroke_may_have_ended_as_it_began() -> None:
    hand = Hand()
    hand.order(0, "bolus", volume_mu=1_000)
    made = cut(hand, 2 * S + 50_000, 9 * S)
    entry = made.entries[1]
    assert (entry.confirmed, entry.abandoned, entry.reason) == (2, 3, "reset")
    assert entry.ends_us == {2 * S, 9 * S}


@pytest.mark.req("THER-7")
def test_what_lapses_as_the_stroke_in_doubt_is_due_is_found_when_power_is_back() -> None:
    hand = running(100)
    hand.order(0, "recommend_rate", rate_mu_per_h=3_000, valid_min=4)
    made = cut(hand, 239 * S, 300 * S)
    lapsed = next(each for each in made.events if each.what == "rate_lapsed")
    assert (made.commanded, made.caps.starts_us, lapsed.at_us, made.rate) == (1, [EVERY_US], 300 * S, 100)


def test_a_refusal_s_record_may_have_told_of_the_stroke_too() -> None:
    for counted, written_us, doubt in (
        (True, EVERY_US + 20_000, True),
        (False, EVERY_US + 20_000, False),
        (False, EVERY_US, True),
        (False, EVERY_US + 1, False),
    ):
        hand = running()
        hand.device.advance(EVERY_US + 30_000)
        hand.device.pump.written_us = written_us
        made = cut(hand, EVERY_US + 50_000, 242 * S, counted=counted)
        assert reset(made).values["doubt"] is doubt
        assert reset(made).values["known"] is not doubt
        assert made.basal.owed_q == (0 if doubt else 3_000 * 2 * S)
