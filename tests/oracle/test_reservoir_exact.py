"""THER-4 and THER-5 by hand: content, levels, due dates, and what a refill says of the one before."""

from __future__ import annotations

import pytest

from hil.oracle import reservoir
from hil.oracle.exact import NEVER_US
from hil.oracle.reasons import Reason
from tests.oracle.filled import delivered, filled
from tests.oracle.hand import EPOCH_S, MIN, H, Hand, S

DAY_US = 24 * H
DAY_S = 86_400
pytestmark = pytest.mark.req("THER-4")


# Content and levels
def test_the_content_is_the_latest_refill_less_every_stroke_since() -> None:
    hand = Hand()
    content = hand.device.reservoir
    assert (content.known, content.left_mu, content.level, content.since) == (False, 0, "enough", 0)
    delivered(hand, 3)
    content.fill(2_500_000, 0, 3)
    assert (content.known, content.since, content.left_nl(), content.left_mu) == (True, 0, 2_500_000, 1_000_000)
    delivered(hand, 2)
    assert (content.since, content.left_nl(), content.left_mu) == (2, 2_499_000, 999_600)
    assert (content.left_nl(0), content.left_nl(1), content.left_nl(5_000), content.left_nl(5_001)) == (
        2_500_000, 2_499_500, 0, 0,
    )  # fmt: skip
    hand.device.pump.confirmed = 1  # one was in progress at the refill
    assert content.since == 0
    content.filled_nl = 1
    assert content.known and content.left_mu == 0
    weak = Hand(concentration=100)
    weak.device.reservoir.fill(1_000, 0, 0)
    assert weak.device.reservoir.left_mu == 100


@pytest.mark.parametrize(
    ("left_mu", "level"),
    [
        (800_001, "enough"), (800_000, "low"), (400_001, "low"), (400_000, "empty"), (200_001, "empty"),
        (200_000, "stop"), (0, "stop"),
    ],
)  # fmt: skip
def test_a_level_is_reached_at_its_very_figure(left_mu: int, level: str) -> None:
    hand = Hand()
    hand.device.reservoir.filled_nl = max(1, left_mu * 5 // 2 + left_mu % 2)
    assert hand.device.reservoir.left_mu == left_mu
    assert hand.device.reservoir.level == level
    assert hand.device.reservoir.below("low_reservoir") is (left_mu <= 800_000)
    assert hand.device.reservoir.below("empty_reservoir") is (left_mu <= 400_000)


def test_of_a_pump_that_was_never_filled_nothing_is_said() -> None:
    hand = Hand()
    assert not hand.device.reservoir.below("low_reservoir")
    hand.device.reservoir.look(0)
    assert hand.device.alarms.latched == {} and hand.device.pump.state == "running"


@pytest.mark.req("ALARM-2")
def test_the_levels_call_for_their_alarms() -> None:
    expected: dict[int, dict[str, int]] = {
        800_200: {},
        800_000: {"low_reservoir": 9},
        400_000: {"low_reservoir": NEVER_US, "empty_reservoir": 9},
        200_000: {"low_reservoir": NEVER_US, "empty_reservoir": NEVER_US, "pump_stopped": 0},
    }
    for left_mu, alarms in expected.items():
        hand = Hand()
        hand.device.reservoir.filled_nl = left_mu * 5 // 2
        hand.device.reservoir.look(9)
        assert {name: min(each.must_us, NEVER_US) for name, each in hand.device.alarms.latched.items()} == alarms
        assert all(each.figure is None for name, each in hand.device.alarms.latched.items() if name != "pump_stopped")


def test_only_reaching_the_stop_stops_a_procedure_and_nothing_stops_a_stopped_pump() -> None:
    for state in ("running", "suspended", "procedure", "stopped"):
        for before in ("enough", "empty", "stop"):
            hand = Hand()
            hand.device.reservoir.filled_nl, hand.device.reservoir.latest_level = 500_000, before
            hand.device.pump.programme.state = state
            hand.device.reservoir.look(0)
            stays = state == "stopped" or (state == "procedure" and before == "stop")
            assert ("pump_stopped" in hand.device.alarms.latched) is not stays, (state, before)
            assert hand.device.reservoir.latest_level == "stop"
            if not stays:
                assert hand.device.pump.entries[0].reason == "reservoir"


def test_a_look_amid_a_stroke_counts_what_has_left_the_reservoir() -> None:
    """A stroke above the level: at once for the pump's own look, for all others with the sensor's edge."""
    for left_mu, alarm in ((800_200, "low_reservoir"), (400_200, "empty_reservoir"), (200_200, "pump_stopped")):
        hand = Hand()
        hand.device.reservoir.filled_nl = left_mu * 5 // 2
        content, latched = hand.device.reservoir, hand.device.alarms.latched
        hand.order(0, "bolus", volume_mu=400)
        hand.device.advance(1)
        assert content.since == 0 and alarm not in latched
        content.look_amid_stroke()
        assert latched[alarm].may_us == latched[alarm].must_us == 1
        assert (content.since, content.left_mu) == (0, left_mu), "the figure waits for the edge"
    hand = Hand()
    hand.device.reservoir.filled_nl = 2_000_000
    hand.device.reservoir.look_amid_stroke()
    assert hand.device.alarms.latched == {}, "without a stroke in progress nothing is new"


def test_a_bolus_larger_than_what_is_left_above_the_stop_may_be_refused() -> None:
    """Two strokes more may be taken for granted: one in progress, one on the way."""

    def allowed(hand: Hand, volume_mu: int) -> set[str]:
        must: list[Reason] = []
        may: list[Reason] = []
        hand.device.reservoir.bolus_reasons(volume_mu, must, may)
        assert must == []
        return {each.code for each in may}

    every = {"reservoir_low", "out_of_range", "reservoir", "reservoir_limit"}
    hand = filled(210_000)
    assert allowed(hand, 9_600) == set() and allowed(hand, 9_601) == every
    hand.device.pump.begin("normal_bolus", 5)
    hand.device.pump.begin("square_bolus", 10, 30 * MIN)
    assert allowed(hand, 6_600) == set() and allowed(hand, 6_601) == every
    assert allowed(Hand(), 40_000) == set(), "nothing is known of one that was never filled"


# Due dates
def test_a_refill_is_due_after_the_days_of_use_by_running_time_and_by_the_clock() -> None:
    hand = filled(at_us=7)
    content = hand.device.reservoir
    assert (content.due_us, content.due_by_clock_us) == (7 + 45 * DAY_US, 45 * DAY_US)
    hand.device.pump.now_us = 45 * DAY_US - 1
    assert not content.due
    hand.device.pump.now_us = 45 * DAY_US
    assert content.due
    content.filled_utc_s = 0
    assert content.due_by_clock_us == NEVER_US and not content.due
    hand.device.pump.now_us = 7 + 45 * DAY_US
    assert content.due
    hand.device.settings.values["in_use_days"] = 46
    assert not content.due
    never = Hand().device.reservoir
    assert (never.due_us, never.due_by_clock_us) == (NEVER_US, NEVER_US)


@pytest.mark.req("THER-8")
def test_by_the_clock_it_is_due_when_the_clock_says_so() -> None:
    hand = filled()
    hand.device.pump.programme.set_clock(0, EPOCH_S + 40 * DAY_S)
    assert hand.device.reservoir.due_by_clock_us == 5 * DAY_US
    hand.device.pump.programme.utc_at_zero_us = None
    assert hand.device.reservoir.due_by_clock_us == NEVER_US


def test_the_due_date_is_shown_by_the_refill_s_clock_or_by_the_present_one() -> None:
    hand = filled(at_us=S // 2)
    content, programme = hand.device.reservoir, hand.device.pump.programme
    by_clock = EPOCH_S + 45 * DAY_S
    assert content.due_utc_s == {by_clock, by_clock + 1}
    programme.set_clock(0, EPOCH_S + 9)
    assert content.due_utc_s == {by_clock, by_clock + 9, by_clock + 10}
    content.filled_utc_s = 0  # the clock was lost then: not known, or by the present one
    assert content.due_utc_s == {0, by_clock + 9, by_clock + 10}
    programme.utc_at_zero_us = None
    assert content.due_utc_s == {0}
    content.filled_utc_s = EPOCH_S
    assert content.due_utc_s == {0, by_clock}
    never = Hand().device.reservoir
    assert never.due_utc_s == {0}


@pytest.mark.req("ALARM-2")
def test_refill_due_is_latched_once_within_two_seconds_of_its_time() -> None:
    hand = filled(at_us=9)
    hand.device.settings.values["in_use_days"] = 1
    hand.device.advance(DAY_US - 1)
    assert hand.device.alarms.latched == {}
    hand.device.advance(DAY_US)  # by the clock, in whole seconds; by running time 9 µs later
    assert {name: (each.may_us, each.must_us, each.figure) for name, each in hand.device.alarms.latched.items()} == {
        "refill_due": (DAY_US, DAY_US + 2_000_000, None)
    }
    watcher = next(each for each in hand.device.pump.watchers if isinstance(each, reservoir.RefillDue))
    assert watcher.next_us(hand.device.pump) == NEVER_US
    hand.device.alarms.clear("refill_due")
    hand.device.pump.now_us = 2 * DAY_US
    assert watcher.next_us(hand.device.pump) == 2 * DAY_US, "not in the past"
    watcher.act(hand.device.pump)
    assert hand.device.alarms.latched["refill_due"].must_us == 2 * DAY_US + 2_000_000
