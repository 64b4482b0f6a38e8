"""What the reservoir's page says and what a refill is found to be, to the last mU and hour."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.protocol import refill
from firmware.protocol.refill import CAPACITY_NL
from firmware.therapy.reservoir import LEVEL_EMPTY, LEVEL_FULL, LEVEL_LOW, LEVEL_STOP
from tests.firmware.hand import SECOND_US, Hand, refused
from tests.firmware.test_told_and_kept import logged
from tests.firmware.therapy.test_clinic import say

pytestmark = pytest.mark.req("THER-4", "THER-5")
DAY_S = 86_400
UTC_S = 1_767_225_600
NL = 14_925_373  # 15 g at 1.005 g/ml
MU = NL * 400 // 1000
STOP_MU = 200_000
NEVER_H = 0xFFFFFFFF
PUT_IN = {"put_before_mg": 30_000, "put_after_mg": 15_000, "taken_back_nl": 0}


def filled(hand: Hand, drawn_mg: int = 100, **weights: int) -> dict[str, int]:
    """A refill by weight, `drawn_mg` drawn before it."""
    given = {**PUT_IN, **weights}
    return dict(hand.pump.clinic.record_refill(**given, drawn_before_mg=10_000, drawn_after_mg=10_000 + drawn_mg))


def test_of_a_pump_that_was_never_filled_nothing_is_said() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    page = hand.pump.refills.read_reservoir()
    assert page == {
        "now_us": 0, "level": LEVEL_FULL, "left_mu": 0, "filled_mu": 0, "filled_utc_s": 0, "empty_h": NEVER_H,
        "due_utc_s": 0,
    }  # fmt: skip
    refills = hand.pump.refills
    assert (refills.number, refills.due(), refills.above_stop_mu(), refills.level()) == (0, False, None, LEVEL_FULL)
    assert refills.most_left_nl() == CAPACITY_NL


@pytest.mark.parametrize(("basal", "bolus", "day_mu"), [(1000, 0, 24_000), (0, 30_000, 30_000), (2000, 20_000, 48_000)])
def test_the_page_of_a_full_reservoir(basal: int, bolus: int, day_mu: int) -> None:
    """It lasts to the stop at the greater of what basal will bring and what the last day has taken."""
    hand = Hand()
    found = filled(hand)
    assert (found["filled_nl"], found["residual_nl"], found["band"], found["missing_nl"]) == (
        NL,
        99_502,
        refill.FIRST,
        0,
    )
    assert "certain" not in found and found["at_us"] == 0
    hand.pump.therapy.set_basal(basal)
    if bolus:
        hand.pump.boluses.bolus(bolus)
        hand.live(400 * SECOND_US)
    left_mu = MU - 200 * len(hand.strokes_us)
    page = hand.pump.refills.read_reservoir()
    assert page == {
        "now_us": hand.now_us, "level": LEVEL_FULL, "left_mu": left_mu, "filled_mu": MU, "filled_utc_s": UTC_S,
        "empty_h": (left_mu - STOP_MU) * DAY_S // day_mu // 3600, "due_utc_s": UTC_S + 45 * DAY_S,
    }  # fmt: skip
    assert hand.pump.refills.above_stop_mu() == left_mu - STOP_MU and hand.pump.refills.number == 1


def test_without_use_it_lasts_for_ever() -> None:
    hand = Hand()
    filled(hand)
    hand.pump.therapy.set_basal(0)
    assert hand.pump.refills.read_reservoir()["empty_h"] == NEVER_H


def test_a_little_use_is_no_more_hours_than_can_be_told() -> None:
    hand = Hand()
    filled(hand)
    hand.pump.therapy.programme.day_mu = lambda: 1  # type: ignore[method-assign]
    assert hand.pump.refills.read_reservoir()["empty_h"] == (MU - STOP_MU) * 24


def test_levels_are_of_what_is_left_and_of_what_was_so_many_strokes_ago() -> None:
    hand = Hand()
    filled(hand)
    refills = hand.pump.refills
    settings = hand.pump._memory.settings
    left_mu = refills.left_mu
    for level, thresholds in (
        (LEVEL_FULL, (left_mu - 1, 0, 0)),
        (LEVEL_LOW, (left_mu, left_mu - 1, 0)),
        (LEVEL_EMPTY, (left_mu, left_mu, left_mu - 1)),
        (LEVEL_STOP, (left_mu, left_mu, left_mu)),
    ):
        settings.reservoir_low_mu, settings.reservoir_empty_mu, settings.reservoir_stop_mu = thresholds
        assert refills.level() == level
        assert refills.above_stop_mu() == left_mu - thresholds[2]
        if level == LEVEL_STOP:
            error = refused(refills.need_above_stop, protocol.RESERVOIR_LEVEL)
            assert (error.value, error.limit) == (left_mu, left_mu)
        else:
            refills.need_above_stop()
    settings.reservoir_stop_mu = left_mu + 1000
    assert refills.above_stop_mu() == 0
    hand.pump.refills.above_stop_mu = lambda: None  # type: ignore[method-assign]
    hand.pump.refills.need_above_stop = lambda: None
    settings.reservoir_low_mu, settings.reservoir_empty_mu, settings.reservoir_stop_mu = left_mu - 200, 0, 0
    hand.pump.boluses.bolus(400)
    hand.live(10 * SECOND_US)
    assert [refills.level(before) for before in (0, 1, 2, 3)] == [LEVEL_LOW, LEVEL_LOW, LEVEL_FULL, LEVEL_FULL]
    assert refills.left_mu == left_mu - 400


@pytest.mark.parametrize("clock_lost", [False, True])
def test_it_is_due_when_its_insulin_is_so_old_by_either_clock(clock_lost: bool) -> None:
    hand = Hand()
    hand.live(1000 * SECOND_US)
    filled(hand)
    if clock_lost:
        hand.wall.lose(1)
    due_us = (1000 + 45 * DAY_S) * SECOND_US
    hand.now_us = due_us - 1
    assert not hand.pump.refills.due()
    hand.now_us = due_us
    assert hand.pump.refills.due()


def delivered(hand: Hand, strokes: int) -> None:
    """A first refill, and so many strokes since."""
    filled(hand)
    if strokes:
        hand.pump.therapy.set_basal(0)
        hand.pump.boluses.bolus(200 * strokes)
        hand.live(hand.now_us + 3 * strokes * SECOND_US)
    assert len(hand.strokes_us) == strokes
    hand.pump.alarms.refilled = hand.missing.append  # type: ignore[attr-defined, method-assign]


@pytest.mark.parametrize(
    ("strokes", "drawn_mg", "band", "told"),
    [
        (0, 15_000, refill.TOO_SHORT, False),
        (0, 14_000, refill.OVER, True),
        (0, 14_878, refill.OVER, True),  # 0.12 ml; what the catheter holds is out of it
        (100, 14_950, refill.TOO_SHORT, False),
        (100, 13_000, refill.OVER, True),
    ],
)
def test_what_a_refill_finds_missing_is_told_if_it_is_beyond_doubt(
    strokes: int, drawn_mg: int, band: int, told: bool
) -> None:
    hand = Hand()
    hand.missing = []  # type: ignore[attr-defined]
    delivered(hand, strokes)
    found = filled(hand, drawn_mg)
    residual_nl = (drawn_mg * 1_000_000 + 502) // 1005
    missing_nl = NL - residual_nl - 500 * strokes
    assert (found["residual_nl"], found["missing_nl"], found["band"]) == (residual_nl, missing_nl, band)
    assert found["delivered_nl"] == 500 * strokes, "the interval's size"
    assert hand.missing == [missing_nl * 400 // 1000 if told else None]  # type: ignore[attr-defined]
    if strokes:
        used_nl = NL - residual_nl
        exact = 1000 * (used_nl - 500 * strokes) / (500 * strokes)
        assert abs(found["accuracy_tenths"] - exact) <= 0.5 and found["uncertainty_tenths"] > 0
    else:
        assert (found["accuracy_tenths"], found["uncertainty_tenths"]) == (0, 0)
    note = logged(hand, protocol.EVENT_ACCEPTED)[-1]
    assert (note["a"], note["b"], note["d"]) == (NL, residual_nl, band)
    assert hand.pump.refills.number == 2


def test_more_than_was_put_in_cannot_be_drawn_when_nothing_was_delivered() -> None:
    hand = Hand()
    delivered_nothing = filled(hand)
    assert delivered_nothing["band"] == refill.FIRST
    before = hand.pump.refills.read_reservoir()
    error = refused(lambda: filled(hand, 15_500), protocol.OUT_OF_RANGE)
    assert (error.field_name, error.value, error.limit) == ("residual_nl", 15_422_886, NL)
    assert hand.pump.refills.read_reservoir() == before and hand.pump.refills.number == 1


def test_the_most_that_can_be_left_is_what_was_filled_and_what_the_scales_may_be_off() -> None:
    hand = Hand()
    filled(hand)
    at_fill = refill.weighed(30_000, 15_000)
    at_fill = refill.net_fill(at_fill, refill.read_off(0))
    exact = refill.expanded_nl(at_fill, refill.read_off(0), False)
    assert hand.pump.refills.most_left_nl() == NL + exact and 100_000 < exact < 300_000


def test_only_what_is_gone_beyond_doubt_is_told() -> None:
    hand = Hand()
    filled(hand)
    told = []
    for certain, missing_nl in ((True, -5_000), (True, 0), (False, 5_000), (True, 1), (True, 7_000)):
        found = (0, 0, refill.OVER, missing_nl, certain)
        hand.pump.refills._compared = lambda *_, found=found: found  # type: ignore[method-assign]
        told.append(hand.pump.refills.refilled_by_volume(0, 10_000_000, (), True, 0)[2])
    assert told == [None, None, None, 0, 2_800]


@pytest.mark.req("STORE-1", "STORE-5")
def test_a_refill_outlives_a_reset_and_is_refused_where_it_cannot_be_stored() -> None:
    hand = Hand()
    filled(hand)
    after = hand.restarted()
    assert after.pump.refills.number == 1 and after.pump.refills.left_mu == MU
    after.memory.failing = True
    after.pump.books.store()
    refused(lambda: filled(after), protocol.MEMORY_FAILED)
    assert after.pump.refills.number == 1


def test_a_refill_by_weight_is_refused_amid_a_guided_one_and_that_is_in_the_log_as_its_own() -> None:
    hand = Hand()
    hand.pump.switch.stop()
    hand.pump.clinic.start_procedure(1)
    say(hand)
    refused(lambda: filled(hand), protocol.WRONG_STATE)
    for value in (1_000_000, 10_000_000, 2_000_000):
        say(hand, 0, value)
    number = next(each.id for each in protocol.MESSAGES if each.name == "record_refill")
    notes = [each for each in logged(hand, protocol.EVENT_ACCEPTED) if each["detail"] == number]
    assert [(each["a"], each["b"], each["reason"]) for each in notes] == [(8_000_000, 1_000_000, 0)]
    assert hand.pump._memory.settings.filled_by_weight_nl == 0 and hand.pump.refills.number == 1


def test_the_wall_clock_too_says_that_it_is_due() -> None:
    hand = Hand()
    filled(hand)
    hand.wall.set(UTC_S + 45 * DAY_S - 1)
    assert not hand.pump.refills.due()
    hand.wall.set(UTC_S + 45 * DAY_S)
    assert hand.pump.refills.due()


def test_strokes_of_before_the_refill_are_not_taken_from_it_and_who_shows_its_content_is_told() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(10_000)
    hand.live(200 * SECOND_US)
    told: list[int] = []
    hand.pump.alarms.content_changed = told.append  # type: ignore[method-assign]
    filled(hand)
    assert told == [200 * SECOND_US] and len(hand.strokes_us) == 50
    assert hand.pump.refills.left_mu == MU
    hand.pump.boluses.bolus(400)
    hand.live(hand.now_us + 10 * SECOND_US)
    assert hand.pump.refills.left_mu == MU - 400


def test_a_refill_by_volume_is_answered_with_what_it_has_found() -> None:
    hand = Hand()
    assert filled(hand)["delivered_nl"] == 0, "the first: there is no interval"
    _, found, missing_mu = hand.pump.refills.refilled_by_volume(1_000_000, 10_000_000, (1_500_000, 500_000), False, 3)
    assert (found["filled_nl"], found["residual_nl"], found["band"]) == (8_000_000, 1_000_000, refill.FIRST)
    assert (missing_mu, found["missing_nl"], found["delivered_nl"]) == (None, 0, 0)
