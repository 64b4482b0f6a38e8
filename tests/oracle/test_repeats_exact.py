"""LINK-2 by hand: how long an order holds, when it is late, what is known of it when it comes again."""

from __future__ import annotations

from typing import Any

import pytest

from hil.oracle.reasons import Reason
from hil.oracle.repeats import Repeats
from hil.scripts.script import AGAIN, Answer, Step
from tests.oracle.hand import MIN, Hand, S

pytestmark = pytest.mark.req("LINK-2")


def at(now_us: int) -> tuple[Hand, Repeats]:
    hand = Hand()
    hand.device.advance(now_us)
    return hand, Repeats(hand.device)


def asked(repeats: Repeats, name: str = "bolus", at_us: int = 7, **values: Any) -> tuple[list[Reason], list[Reason]]:
    step = Step(at_us, name, values)
    repeats.send(step)
    return repeats.expiry(step, name)


def again(repeats: Repeats, name: str = "bolus", of_us: int = 7) -> tuple[list[Reason], list[Reason]]:
    return repeats.expiry(Step(99, AGAIN, {"of_us": of_us}), name)


def test_an_order_may_hold_for_ten_minutes_and_not_a_microsecond_longer() -> None:
    _, repeats = at(S)
    assert asked(repeats, expires_after_us=10 * MIN) == ([], [])
    assert asked(repeats, expires_after_us=10 * MIN + 1) == (
        [Reason("holds_too_long", "expires_us", 10 * MIN + 1, 10 * MIN)],
        [],
    )


def test_an_order_is_late_a_microsecond_after_its_expiry() -> None:
    _, repeats = at(S)
    assert asked(repeats, expires_after_us=0) == ([], [])
    assert asked(repeats, expires_after_us=-1) == ([Reason("expired")], [])
    assert asked(repeats, expires_after_us=-2 * S) == ([Reason("expired")], []), "before the device's time 0"
    _, repeats = at(1)
    assert asked(repeats, expires_after_us=-2) == ([Reason("expired")], [])


@pytest.mark.req("THER-3")
@pytest.mark.parametrize("name", ["stop", "suspend", "cancel_bolus"])
def test_what_makes_nothing_more_of_anything_may_come_late(name: str) -> None:
    _, repeats = at(S)
    assert asked(repeats, name, expires_after_us=-1) == ([], [Reason("expired")])


def test_an_order_holds_ten_seconds_if_nothing_else_is_said() -> None:
    hand, repeats = at(S)
    assert asked(repeats, volume_mu=200) == ([], [])
    hand.device.advance(11 * S)
    assert not repeats.over(7) and again(repeats) == ([], [])
    hand.device.advance(11 * S + 1)
    assert repeats.over(7) and again(repeats) == ([Reason("expired")], [])
    assert again(repeats, "stop") == ([], [Reason("expired")])


def test_a_question_and_a_staged_pattern_order_nothing_and_have_no_expiry() -> None:
    hand, repeats = at(S)
    for name in ("stage_pattern", "read_time"):
        assert asked(repeats, name, pattern=1) == ([], [])
        hand.device.advance(hand.device.pump.now_us + 20 * MIN)
        assert again(repeats, name) == ([], []) and not repeats.over(7)
        assert repeats.values_of(7) == {"pattern": 1} and repeats.of(7) is None


def test_a_repeat_has_the_values_and_the_outcome_of_the_first() -> None:
    _, repeats = at(S)
    asked(repeats, volume_mu=200, expires_after_us=5)
    assert repeats.values_of(7) == {"volume_mu": 200}
    repeats.values_of(7)["volume_mu"] = 1
    assert repeats.values_of(7) == {"volume_mu": 200}, "a copy"
    first, second = (Answer(place, 7, "bolus", {}, {"delivery_id": place}, None) for place in (1, 2))
    repeats.keep(Step(7, "bolus", {}), first)
    assert (repeats.of(7), repeats.of(99)) == (first, None)
    repeats.keep(Step(99, AGAIN, {"of_us": 7}), second)
    assert (repeats.of(7), repeats.of(99)) == (second, None), "by when it first arrived"
