"""Limits that look ahead: what is accepted is never cut by a cap; what is refused would have been, within a minute."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import Refused
from tests.firmware.hand import SECOND_US, STROKE_UU, Hand, alarms, deliveries, refused
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, limited, limits, run_pattern

DAY_US = 24 * HOUR_US
# The guard's windows, at most (guard.h), and the minute by which it may err on the safe side.
WINDOWS_US = (3604 * SECOND_US, 86_405 * SECOND_US)
LIMITED = (protocol.HOUR_LIMIT, protocol.DAY_LIMIT)
CUT = (protocol.REASON_HOUR_CAP, protocol.REASON_DAY_CAP)


@pytest.mark.req("GUARD-1")
def test_both_parts_of_a_dual_bolus_count_in_the_hour_in_which_they_come() -> None:
    hand = limited(10_000)
    error = refused(lambda: hand.pump.boluses.dual_bolus(4000, 8000, 30), protocol.HOUR_LIMIT)
    assert (error.field_name, error.limit) == ("volume_mu", 10_000)
    assert 10_000 < error.value <= 12_000
    hand.pump.boluses.dual_bolus(4000, 6000, 30)
    hand.live(2 * HOUR_US)
    assert len(hand.strokes_us) == 50


@pytest.mark.req("GUARD-1")
def test_of_a_spread_part_counts_what_falls_into_the_window() -> None:
    hand = limited(10_000)
    hand.pump.boluses.dual_bolus(4000, 40_000 - 4000, 480)  # 4.5 U an hour besides
    hand.live(9 * HOUR_US)
    assert len(hand.strokes_us) == 200
    assert alarms(hand) == []


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize(("hour_mu", "square_mu", "normal_mu"), [(10_000, 8000, 8000), (60_000, 40_000, 40_000)])
def test_strokes_of_a_square_bolus_still_to_come_count_for_the_next_bolus(
    hour_mu: int, square_mu: int, normal_mu: int
) -> None:
    hand = limited(hour_mu)
    hand.pump.boluses.square_bolus(square_mu, 30)
    hand.live(5 * MINUTE_US)
    before = (hand.core.raw(), deliveries(hand))
    refused(lambda: hand.pump.boluses.bolus(normal_mu), protocol.HOUR_LIMIT)
    assert (hand.core.raw(), deliveries(hand)) == before
    hand.pump.boluses.bolus(hour_mu - square_mu)
    hand.live(2 * HOUR_US)
    assert len(hand.strokes_us) == hour_mu // 200
    assert alarms(hand) == []
    assert {each["reason"] for each in deliveries(hand) if each["kind"]} == {protocol.REASON_COMPLETED}


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize("basal", ["by hand", "pattern", "temp", "recommended"])
def test_the_basal_that_is_programmed_counts(basal: str) -> None:
    hand = limited(10_000)
    if basal == "pattern":
        run_pattern(hand, {0: 0, 1: 4000})
    elif basal == "temp":
        hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 4000, 240)
    elif basal == "recommended":
        hand.pump.therapy.recommend_rate(4000, 60)
    else:
        hand.pump.therapy.set_basal(4000)
    refused(lambda: hand.pump.boluses.square_bolus(20_000, 120), protocol.HOUR_LIMIT)
    refused(lambda: hand.pump.boluses.bolus(8400), protocol.HOUR_LIMIT)
    hand.pump.boluses.bolus(5600)
    hand.live(3 * HOUR_US)
    assert hand.core.state()[code.STROKES_WITHHELD] == 0


@pytest.mark.req("GUARD-1")
def test_the_day_counts_too() -> None:
    hand = limited(50_000, 50_000)
    hand.pump.therapy.set_basal(1000)
    hand.pump.boluses.square_bolus(20_000, 480)
    error = refused(lambda: hand.pump.boluses.bolus(10_000), protocol.DAY_LIMIT)
    assert error.limit == 50_000
    hand.pump.boluses.bolus(5000)
    hand.live(30 * HOUR_US)
    assert alarms(hand) == []


@pytest.mark.req("GUARD-1")
def test_what_runs_on_after_the_request_is_not_cut_by_it_though_a_cap_will_cut_basal_later() -> None:
    hand = limited(60_000, 60_000)
    hand.pump.boluses.bolus(40_000)
    hand.live(62 * MINUTE_US)
    hand.pump.therapy.set_basal(10_000)
    hand.pump.boluses.square_bolus(400, 60)  # and by its end 10.4 of the 20 U that are left
    refused(lambda: hand.pump.boluses.bolus(12_000), protocol.DAY_LIMIT)
    hand.pump.boluses.bolus(8000)
    hand.live(hand.now_us + 61 * MINUTE_US)
    assert [each["reason"] for each in deliveries(hand) if each["kind"]] == [protocol.REASON_COMPLETED] * 3


@pytest.mark.req("GUARD-1")
def test_where_basal_alone_is_beyond_a_cap_a_bolus_that_fits_is_given() -> None:
    hand = limited(60_000, 100_000)
    hand.pump.therapy.set_basal(10_000)
    hand.live(HOUR_US)
    hand.pump.boluses.bolus(5000)
    hand.live(HOUR_US + 5 * MINUTE_US)
    assert deliveries(hand)[-1]["reason"] == protocol.REASON_COMPLETED
    hand.live(9 * HOUR_US)
    refused(lambda: hand.pump.boluses.bolus(5200), protocol.DAY_LIMIT)


def script(seed: int) -> list[tuple[str, tuple[int, ...]]]:
    """A few hours near the caps."""
    dice = random.Random(seed)
    steps: list[tuple[str, tuple[int, ...]]] = [("set_basal", (dice.choice((0, 300, 1000, 2000)),))]
    if dice.random() < 0.3:
        steps.append(("pattern", tuple(dice.choice((0, 500, 1500, 3000)) for _ in range(6))))
    for _ in range(dice.randint(2, 7)):
        volume_mu = 200 * dice.randint(1, dice.choice((5, 20, 50)))
        kind = dice.choice(("bolus", "bolus", "square", "dual"))
        minutes = dice.choice((30, 60, 120, 300))
        steps.append((kind, (volume_mu, 200 * dice.randint(1, 30), minutes)))
        steps.append(("live", (dice.choice((1, 30, 300, 1800, 3500, 7000)),)))
    return steps


def order(hand: Hand, kind: str, values: tuple[int, ...]) -> None:
    boluses = hand.pump.boluses
    if kind == "bolus":
        boluses.bolus(values[0])
    elif kind == "square":
        boluses.square_bolus(values[0], values[2])
    else:
        boluses.dual_bolus(*values)


def played(steps: list[tuple[str, tuple[int, ...]]], caps: tuple[int, int], last: Callable[[Hand], None]) -> Hand:
    """A pump that has lived through `steps`, refused orders left out, and then takes `last`."""
    hand = limited(*caps)
    for kind, values in steps:
        if kind in ("bolus", "square", "dual"):
            order(hand, kind, values)
        else:
            step(hand, kind, values)
    last(hand)
    return hand


def fullest(strokes_us: list[int], window_us: int) -> int:
    return max((at + 1 - bisect_right(strokes_us, start - window_us) for at, start in enumerate(strokes_us)), default=0)


@pytest.mark.req("GUARD-1", "THER-2")
@pytest.mark.parametrize("looks_us", [0, 900_000])
@pytest.mark.parametrize("seed", range(40))
def test_what_is_accepted_is_never_cut_and_what_is_refused_would_have_been(seed: int, looks_us: int) -> None:
    """Also where the look ahead takes longer than on any board, and the bolus begins that much later."""
    dice = random.Random(seed)
    caps = (200 * dice.randint(20, 75), 200 * dice.randint(100, 250))  # an hour, a day
    taken: list[tuple[str, tuple[int, ...]]] = []
    hand = limited(*caps)
    slow(hand, looks_us)
    refusals = []
    for kind, values in script(seed):
        if kind not in ("bolus", "square", "dual"):
            taken.append((kind, values))
            step(hand, kind, values)
            continue
        try:
            order(hand, kind, values)
        except Refused as error:
            if error.code in LIMITED:
                refusals.append((len(taken), kind, values, LIMITED.index(error.code)))
        else:
            taken.append((kind, values))
    hand.live(hand.now_us + 30 * HOUR_US)
    reasons = {each["reason"] for each in deliveries(hand) if each["kind"]}
    assert reasons <= {protocol.REASON_COMPLETED}
    for places, kind, values, window in refusals[:2]:

        def forced(hand: Hand, kind: str = kind, values: tuple[int, ...] = values) -> None:
            hand.core.set_limits(35_000, 40_000, 60_000, 500_000)
            hand.pump.therapy.forecast.cut = lambda *_: None  # type: ignore[method-assign]
            order(hand, kind, values)

        beyond = played(taken[:places], caps, forced)
        beyond.live(beyond.now_us + 30 * HOUR_US)
        assert fullest(beyond.strokes_us, WINDOWS_US[window] + 63 * SECOND_US) * STROKE_UU > caps[window] * 1000


def slow(hand: Hand, looks_us: int) -> None:
    """Let each look ahead take that long; strokes that fall due start meanwhile."""
    looked = hand.pump.therapy.forecast.cut

    def cut(*args: Any, **more: Any) -> Any:
        found = looked(*args, **more)
        hand.live(hand.now_us + looks_us)
        return found

    hand.pump.therapy.forecast.cut = cut  # type: ignore[method-assign]


def step(hand: Hand, kind: str, values: tuple[int, ...]) -> None:
    if kind == "live":
        hand.live(hand.now_us + values[0] * SECOND_US)
    elif kind == "set_basal":
        hand.pump.therapy.set_basal(*values)
    else:
        run_pattern(hand, dict(zip(range(0, 24, 4), values, strict=True)))


def cut_by(reply: dict[str, int]) -> str:
    return protocol.CUTS[reply["cut_by"]]


@pytest.mark.req("GUARD-1", "THER-9")
def test_basal_that_a_cap_must_cut_day_after_day_is_said_in_answer_and_status() -> None:
    hand = Hand()
    assert cut_by(hand.pump.therapy.set_basal(6000)) == cut_by(hand.pump.status()) == "none"
    assert cut_by(hand.pump.therapy.set_basal(10_000)) == cut_by(hand.pump.status()) == "day"
    assert cut_by(limits(hand, max_day_mu=300_000)) == cut_by(hand.pump.status()) == "none"
    assert cut_by(limits(hand, max_hour_mu=8000)) == cut_by(hand.pump.status()) == "hour"
    hand.pump.therapy.set_basal(1000)
    staged = hand.pump.patterns.stage_pattern(0, [{"rate_mu_per_h": 9000 if at in (4, 5) else 100} for at in range(48)])
    assert cut_by(staged) == "hour"
    assert cut_by(hand.pump.patterns.commit_pattern(0, fingerprint=staged["fingerprint"])) == "hour"
    assert cut_by(hand.pump.status()) == "none"
    assert cut_by(dict(hand.pump.therapy.select_pattern(0))) == cut_by(hand.pump.status()) == "hour"
    after = hand.restarted()
    assert cut_by(after.pump.status()) == "hour"


@pytest.mark.req("GUARD-1", "THER-9")
def test_a_temporary_rate_that_a_cap_must_cut_before_its_end_is_said() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    assert cut_by(hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 20_000, 300)) == "none"
    assert cut_by(hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 20_000, 600)) == cut_by(hand.pump.status()) == "day"
    hand.pump.therapy.cancel_temp()
    assert cut_by(hand.pump.status()) == "none"


@pytest.mark.req("GUARD-1", "THER-9")
@pytest.mark.parametrize("order", ["set_basal", "pattern", "temp"])
def test_basal_raised_while_a_bolus_runs_is_taken_and_said(order: str) -> None:
    hand = limited(10_000)
    hand.pump.boluses.square_bolus(9000, 60)
    if order == "set_basal":
        assert cut_by(hand.pump.therapy.set_basal(5000)) == "hour"
    elif order == "temp":
        assert cut_by(hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 5000, 60)) == "hour"
    else:
        assert cut_by(run_pattern(hand, {0: 5000})) == "hour"


@pytest.mark.req("DOSE-3", "THER-2")
@pytest.mark.parametrize("window", [0, 1])
def test_a_square_bolus_that_a_cap_has_cut_ends_with_that_reason(window: int) -> None:
    hand = limited(10_000, 10_000) if window else limited(10_000)
    if window:
        hand.core.set_limits(35_000, 40_000, 60_000, 10_000)
    hand.pump.therapy.forecast.cut = lambda *_, **__: None  # type: ignore[method-assign]
    hand.pump.boluses.square_bolus(8000, 120)
    hand.pump.boluses.bolus(8000)
    hand.live(3 * HOUR_US)
    cut = next(each for each in deliveries(hand) if each["kind"] == protocol.KIND_SQUARE_BOLUS)
    assert cut["abandoned_strokes"] > 0
    assert cut["reason"] == CUT[window]
    status = hand.pump.status()
    assert status["square_commanded_mu"] < status["square_programmed_mu"]


@pytest.mark.req("GUARD-1", "LINK-4")
@pytest.mark.parametrize("halved_to_s", [60, 240, 1920])
def test_a_question_looks_at_a_bounded_number_of_intervals_whatever_it_finds(
    monkeypatch: pytest.MonkeyPatch, halved_to_s: int
) -> None:
    """Every interval looks as if a cap might have to cut within it, until it is halved that far: the question ends all
    the same, and what could not be looked at speaks against the request."""
    hand = limited(10_000, 100_000)
    forecast, caps = hand.pump.therapy.forecast, hand.core.limits()[2:]
    looks = []

    def counted(look: object, now_us: int, window: int, from_s: int, to_s: int, asked: bool) -> int:
        looks.append((from_s, to_s))
        return int(caps[window]) + (to_s - from_s > halved_to_s)

    monkeypatch.setattr(forecast, "_counted", counted)
    found = forecast.cut(hand.now_us, 0, 4, 40, HOUR_US * 8)
    assert len(looks) <= 420, len(looks)
    assert (found is None) == (halved_to_s == 1920), "few are looked at to the end"
