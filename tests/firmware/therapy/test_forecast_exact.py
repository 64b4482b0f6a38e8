"""The look ahead errs by at most a minute's worth, be a cap of thousands of strokes or of one; the total that a refusal
names is the one that would have been reached."""

from __future__ import annotations

import random

import pytest

from firmware import dose_codes as code
from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand, alarms, refused
from tests.firmware.therapy.test_forecast import DAY_US, cut_by, fullest
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, limited, limits, run_pattern

STROKE_MU = 200
MINUTES_US = 2 * MINUTE_US  # the guard's own seconds, the minute, and what strokes wait for each other


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize(
    ("strokes", "minutes", "an_hour"), [(4, 480, 1), (8, 480, 2), (1, 480, 1), (3, 31, 3), (24, 480, 4)]
)
def test_a_cap_of_few_strokes_takes_what_just_fits(strokes: int, minutes: int, an_hour: int) -> None:
    """Strokes an hour and more apart are never two in an hour; every 20 min they are four within its minute."""
    hand = limited(an_hour * STROKE_MU)
    hand.pump.boluses.square_bolus(strokes * STROKE_MU, minutes)
    hand.live(10 * HOUR_US)
    assert len(hand.strokes_us) == strokes
    assert alarms(hand) == []


@pytest.mark.req("GUARD-1", "THER-9")
def test_a_cap_is_lowered_down_to_what_the_bolus_that_runs_needs() -> None:
    hand = Hand()
    hand.pump.boluses.square_bolus(10 * STROKE_MU, 480)
    hand.live(HOUR_US)
    limits(hand, max_hour_mu=2 * STROKE_MU, max_day_mu=10 * STROKE_MU)
    error = refused(lambda: limits(hand, max_hour_mu=STROKE_MU), protocol.OUT_OF_RANGE)
    assert (error.field_name, error.limit) == ("max_hour_mu", 2 * STROKE_MU)
    hand.live(10 * HOUR_US)
    assert len(hand.strokes_us) == 10
    assert alarms(hand) == []


def scene(hand: Hand, seed: int) -> None:
    """Little basal, by hand or by pattern, now and then with a temporary rate; time passes."""
    dice = random.Random(seed)
    rates = (0, 50, 200, 400, 1000)
    if dice.random() < 0.5:
        hand.pump.therapy.set_basal(dice.choice(rates))
    else:
        run_pattern(hand, {at: dice.choice(rates) for at in range(0, 48, dice.choice((1, 2, 12)))})
    hand.live(dice.randint(1, 5 * 3600) * SECOND_US)
    if dice.random() < 0.4:
        hand.pump.therapy.temp_basal(protocol.TEMP_RATE, dice.choice(rates), dice.choice((30, 90, 600)))
        hand.live(hand.now_us + dice.randint(1, 3600) * SECOND_US)


def bolus(hand: Hand, seed: int) -> None:
    dice = random.Random(seed)
    strokes, minutes = dice.choice((1, 2, 3, 7, 20)), dice.choice((30, 61, 200, 480))
    if dice.random() < 0.5:
        hand.pump.boluses.square_bolus(strokes * STROKE_MU, minutes)
    else:
        hand.pump.boluses.dual_bolus(dice.choice((1, 2, 5)) * STROKE_MU, strokes * STROKE_MU, minutes)


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize("seed", range(30))
def test_with_caps_just_wide_enough_every_bolus_is_taken_and_given_whole(seed: int) -> None:
    """What comes without a cap is counted; with caps that hold it, and two minutes more, it must come just so."""
    free = Hand()
    scene(free, seed)
    bolus(free, seed)
    free.live(free.now_us + 34 * HOUR_US)
    hour, day = (fullest(free.strokes_us, window_us + MINUTES_US) * STROKE_MU for window_us in (HOUR_US, DAY_US))
    hand = limited(hour, max(hour, day))
    scene(hand, seed)
    bolus(hand, seed)
    hand.live(hand.now_us + 34 * HOUR_US)
    assert hand.strokes_us == free.strokes_us


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize(("basal_mu_per_h", "square_mu", "minutes"), [(34_000, 20_000, 480), (30_000, 36_000, 360)])
@pytest.mark.parametrize("pattern", [False, True])
def test_a_refusal_names_the_total_that_would_have_been_reached(
    basal_mu_per_h: int, square_mu: int, minutes: int, pattern: bool
) -> None:
    """Hours on end just under the cap, in which nothing can be told from afar; only at the end the basal rises."""
    cap_mu = (basal_mu_per_h + square_mu * 60 // minutes + 600) // STROKE_MU * STROKE_MU
    hand = limited(cap_mu)
    if pattern:
        last = 2 * minutes // 60 - 2
        run_pattern(hand, {at: basal_mu_per_h + (600 if at >= last else 50 * (at % 2)) for at in range(48)})
    else:
        hand.pump.therapy.set_basal(basal_mu_per_h + 600)
    error = refused(lambda: hand.pump.boluses.square_bolus(square_mu, minutes), protocol.HOUR_LIMIT)
    assert cap_mu < error.value <= cap_mu + cap_mu // 30


@pytest.mark.req("GUARD-1")
def test_hours_just_under_a_cap_do_not_speak_against_a_bolus() -> None:
    hand = limited(40_000, 500_000)
    run_pattern(hand, {at: 34_000 + 50 * (at % 2) for at in range(12)} | dict.fromkeys(range(12, 48), 0))
    hand.pump.boluses.square_bolus(20_000, 300)
    hand.live(8 * HOUR_US)
    assert hand.core.state()[code.STROKES_WITHHELD] == 0


@pytest.mark.req("GUARD-1", "THER-9")
def test_basal_that_waited_behind_a_bolus_keeps_nobody_from_a_lower_cap() -> None:
    """Promised are boluses; a cap may cut basal."""
    hand = Hand()
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 35_000, 30)
    hand.pump.boluses.bolus(40_000)
    while hand.core.state()[code.NORMAL_PROGRAMMED] > hand.core.state()[code.NORMAL_COMMANDED]:
        hand.live(hand.now_us + 2 * SECOND_US)
    hand.live(hand.now_us + 2 * SECOND_US)
    assert hand.core.state()[code.TEMP_WAITING] > 10
    assert cut_by(limits(hand, max_hour_mu=40_200)) == "hour"
