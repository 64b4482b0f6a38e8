"""Safer is safer: a suspend, a stop, a cancel and a lower rate never bring more than without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.storage.ledgers import NORMAL, SQUARE, over, to_come
from tests.firmware.hand import SECOND_US, Hand, deliveries, method_of, refused
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, run_pattern, settings, status

Life = Callable[[Hand], Any]


def by_hand(rate_mu_per_h: int) -> Life:
    return lambda hand: hand.pump.therapy.set_basal(rate_mu_per_h)


def at_35_behind_a_bolus(hand: Hand) -> None:
    hand.pump.therapy.set_basal(35_000)
    hand.live(100 * SECOND_US)
    hand.pump.boluses.bolus(20_000)
    hand.live(200 * SECOND_US)


def temp(kind: int, value: int, minutes: int, rate_mu_per_h: int = 1000) -> Life:
    def lived(hand: Hand) -> None:
        hand.pump.therapy.set_basal(rate_mu_per_h)
        hand.pump.therapy.temp_basal(kind, value, minutes)
        hand.live(hand.now_us + 10 * MINUTE_US)

    return lived


def temp_behind_a_bolus(hand: Hand) -> None:
    temp(protocol.TEMP_RATE, 30_000, 60)(hand)
    hand.pump.boluses.bolus(20_000)
    hand.live(hand.now_us + 150 * SECOND_US)


def square_behind_a_bolus(hand: Hand) -> None:
    hand.pump.boluses.dual_bolus(15_000, 15_000, 30)
    hand.live(hand.now_us + 120 * SECOND_US)


def recommended(hand: Hand) -> None:
    hand.pump.therapy.set_basal(2000)
    hand.pump.therapy.recommend_rate(50, 30)
    hand.live(hand.now_us + 10 * MINUTE_US)


def falling_pattern(hand: Hand) -> None:
    run_pattern(hand, {0: 3000, 2: 50, 4: 3000, 6: 0, 8: 1000})
    hand.live(30 * MINUTE_US)


def falling_pattern_and_a_percentage(hand: Hand) -> None:
    run_pattern(hand, {0: 3000, 2: 200, 4: 100, 6: 3000})
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 50, 8 * 60)
    hand.live(30 * MINUTE_US)


LIVES: dict[str, Life] = {
    "0": by_hand(0),
    "0.05": by_hand(50),
    "2": by_hand(2000),
    "basal waits": at_35_behind_a_bolus,
    "temp 0 %": temp(protocol.TEMP_PERCENT, 0, 300),
    "temp 0": temp(protocol.TEMP_RATE, 0, 300),
    "temp 5 %": temp(protocol.TEMP_PERCENT, 5, 300),
    "temp above a basal of 0": temp(protocol.TEMP_RATE, 1000, 30, 0),
    "temp waits": temp_behind_a_bolus,
    "square waits": square_behind_a_bolus,
    "recommended": recommended,
    "pattern falls": falling_pattern,
    "pattern falls under a percentage": falling_pattern_and_a_percentage,
}
ORDERS: dict[str, Life] = {
    "suspend": lambda hand: hand.pump.switch.suspend(),
    "stop": lambda hand: hand.pump.switch.stop(),
    "cancel_bolus": lambda hand: running(hand) and hand.pump.boluses.cancel_bolus(),
}


def running(hand: Hand) -> bool:
    """Is a bolus being delivered, its last stroke included?"""
    return any(not over(hand.core.state(), part) for part in (NORMAL, SQUARE))


def lived(life: Life, order: Life | None, until_us: int) -> Hand:
    hand = Hand()
    life(hand)
    if order is not None:
        order(hand)
    hand.live(hand.now_us + until_us)
    return hand


@pytest.mark.req("THER-3", "DOSE-5", "GUARD-1")
@pytest.mark.parametrize(
    ("order", "suspend_rate_mu_per_h"),
    [("suspend", 200), ("suspend", 1000), ("suspend", 0), ("stop", 200), ("cancel_bolus", 200)],
)
@pytest.mark.parametrize("life", LIVES)
def test_at_no_time_has_the_pump_with_the_safer_order_delivered_more(
    life: str, order: str, suspend_rate_mu_per_h: int
) -> None:
    def set_and_order(hand: Hand) -> None:
        settings(hand, suspend_rate_mu_per_h=suspend_rate_mu_per_h)
        ORDERS[order](hand)

    with_it = lived(LIVES[life], set_and_order, 5 * HOUR_US).strokes_us
    without = lived(LIVES[life], None, 5 * HOUR_US).strokes_us
    assert len(with_it) <= len(without)
    assert all(ours >= theirs for ours, theirs in zip(with_it, without, strict=False))


@pytest.mark.req("DOSE-5", "THER-3")
def test_suspend_gives_up_whole_strokes_and_keeps_the_fraction() -> None:
    hand = Hand()
    at_35_behind_a_bolus(hand)
    before = hand.core.state()
    waiting = before[code.RATE_MU_PER_H] and before[code.NORMAL_PROGRAMMED] - before[code.NORMAL_COMMANDED]
    owed_q = before[36]
    basal_waiting = before[37]
    assert basal_waiting > 0
    reply = hand.pump.switch.suspend()
    after = hand.core.state()
    assert reply["abandoned_strokes"] == waiting + basal_waiting + _came_since(before, after)
    assert (after[37], after[38], after[40]) == (0, 0, 0)
    assert after[36] == (owed_q + 35_000 * (after[code.AT_US] - before[code.AT_US])) % (200_000 * 3_600_000)
    strokes = len(hand.strokes_us)
    hand.live(hand.now_us + 27 * SECOND_US)
    assert len(hand.strokes_us) <= strokes + 1, "the one in progress"
    ended = [each for each in deliveries(hand) if each["reason"] == protocol.REASON_SUSPENDED]
    assert [each["kind"] for each in ended] == [protocol.KIND_BASAL, protocol.KIND_NORMAL_BOLUS]
    assert ended[0]["abandoned_strokes"] == basal_waiting + _came_since(before, after)


def _came_since(before: tuple[int, ...], after: tuple[int, ...]) -> int:
    """Basal strokes that came to be owed between two states at 35 U/h."""
    return (before[36] + 35_000 * (after[code.AT_US] - before[code.AT_US])) // (200_000 * 3_600_000)


@pytest.mark.req("THER-3")
@pytest.mark.parametrize(
    ("life", "least_mu_per_h"),
    [
        ("0", 0),
        ("0.05", 50),
        ("2", 200),
        ("temp 0 %", 0),
        ("temp 0", 0),
        ("temp 5 %", 50),
        ("recommended", 50),
        ("pattern falls", 200),
    ],
)
def test_the_rate_while_suspended_is_never_more_than_was_in_force(life: str, least_mu_per_h: int) -> None:
    hand = Hand()
    LIVES[life](hand)
    assert hand.pump.switch.suspend()["rate_mu_per_h"] == least_mu_per_h
    assert status(hand)["in_force_mu_per_h"] == least_mu_per_h
    after = hand.restarted()
    assert status(after)["in_force_mu_per_h"] == least_mu_per_h
    after.live(after.now_us + 10 * HOUR_US)
    assert status(after)["in_force_mu_per_h"] <= least_mu_per_h


@pytest.mark.req("THER-3")
def test_while_suspended_the_rate_follows_a_pattern_down() -> None:
    hand = Hand()
    falling_pattern(hand)
    hand.pump.switch.suspend()
    seen = []
    for half_hour in range(1, 10):
        hand.live(half_hour * 30 * MINUTE_US + SECOND_US)
        seen.append(status(hand)["in_force_mu_per_h"])
    assert seen == [200, 50, 50, 200, 200, 0, 0, 200, 200]
    hand.pump.switch.resume()
    assert status(hand)["in_force_mu_per_h"] == 1000


@pytest.mark.req("THER-3")
def test_a_basal_that_is_lowered_while_suspended_lowers_what_is_given() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(2000)
    hand.pump.switch.suspend()
    hand.pump.therapy.set_basal(50)
    assert status(hand)["in_force_mu_per_h"] == 50
    hand.pump.therapy.set_basal(5000)
    assert status(hand)["in_force_mu_per_h"] == 200


@pytest.mark.req("THER-3")
@pytest.mark.parametrize("suspend_rate_mu_per_h", [0, 200])
def test_suspend_is_taken_from_running_alone(suspend_rate_mu_per_h: int) -> None:
    hand = Hand()
    settings(hand, suspend_rate_mu_per_h=suspend_rate_mu_per_h)
    hand.pump.switch.stop()
    assert refused(hand.pump.switch.suspend, protocol.WRONG_STATE).value == protocol.STATE_STOPPED
    hand.pump.clinic.start_procedure(5)
    assert refused(hand.pump.switch.suspend, protocol.WRONG_STATE).value == protocol.STATE_PROCEDURE
    assert status(hand)["state"] == protocol.STATE_PROCEDURE


@pytest.mark.req("THER-3", "DOSE-5")
@pytest.mark.parametrize("broken", ["memory", "wall clock", "books"])
@pytest.mark.parametrize("order", ["suspend", "stop", "cancel_bolus"])
def test_what_makes_safer_needs_nothing_else_and_is_not_refused_once_done(order: str, broken: str) -> None:
    hand = Hand()
    run_pattern(hand, {0: 3000})
    hand.pump.boluses.bolus(10_000)
    hand.live(hand.now_us + 5 * SECOND_US)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("for the test")

    if broken == "memory":
        hand.memory.failing = True
    elif broken == "wall clock":
        hand.wall.utc_s = fail  # type: ignore[method-assign,assignment]
    else:
        hand.pump.books.accepted = fail  # type: ignore[method-assign,assignment]
        hand.pump.books.deliveries.follow = fail  # type: ignore[method-assign,assignment]
    reply = method_of(hand, order)()
    assert set(reply) == {field.name for field in next(m for m in protocol.MESSAGES if m.name == order).reply}
    assert not any(to_come(hand.core.state(), part) for part in (NORMAL, SQUARE))
    state = hand.core.state()
    assert state[code.NORMAL_PROGRAMMED] == state[code.NORMAL_COMMANDED] + state[code.NORMAL_ABANDONED]
    if order == "stop":
        assert state[code.SUSPENDED]
    if order == "suspend":
        assert state[code.SUSPENDED] or state[code.RATE_MU_PER_H] <= 200
