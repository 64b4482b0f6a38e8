"""The self-test, the battery and clocks that must be found, by hand, as the log tells of them (docs/adr/0011)."""

from __future__ import annotations

import pytest

from hil.oracle.wall import (
    LOOKS_MAX,
)
from tests.oracle.hand import MIN, H
from tests.oracle.wall_world import World

pytestmark = pytest.mark.req("THER-8")


# The self-test and the battery, as the log tells of them
@pytest.mark.req("SELF-1")
@pytest.mark.parametrize("state", ["running", "suspended", "procedure", "stopped"])
def test_a_failed_self_test_stops_the_pump(state: str) -> None:
    world = World()
    world.pump.programme.state = state
    assert world.wall.test() is False and world.events() == []
    world.tells.add("self_test")
    assert world.wall.test() is True
    assert world.pump.state == "stopped"
    stopped = [] if state == "stopped" else [(0, "alarm")]
    assert world.events() == [(0, "self_test"), (0, "alarm"), *stopped]
    assert ("pump_stopped" in world.hand.device.alarms.latched) is (state != "stopped")
    assert world.hand.device.alarms.latched["self_test_fail"].figure is None


@pytest.mark.req("SELF-1", "DOSE-5")
def test_a_failed_self_test_stops_the_motor_at_once_and_counts_the_stroke() -> None:
    world = World()
    world.hand.order(H - 1, "bolus", volume_mu=400)
    world.tells.add("self_test")
    world.hand.device.advance(H)
    assert (world.pump.confirmed, len(world.pump.strokes), world.pump.normal) == (1, 1, None)


@pytest.mark.req("SELF-1")
@pytest.mark.parametrize("name", ["pump_low_battery", "depleted_battery"])
def test_a_battery_that_the_log_tells_of_is_latched_at_the_look(name: str) -> None:
    world = World()
    world.tells.add(name)
    world.hand.device.advance(H)
    assert {each: latched.figure for each, latched in world.hand.device.alarms.latched.items()} == {name: None}


@pytest.mark.req("SELF-1")
def test_a_clock_that_is_far_off_must_be_found_within_the_looks() -> None:
    assert LOOKS_MAX == 5
    world = World()
    world.pump.bench_offset_us = 7
    world.clock.run_fast(30 * MIN, 20_000)
    world.hand.device.advance(6 * H)  # the first look sees that it was disturbed, five more may miss it
    assert world.wall.overlooked_us == 0
    world.hand.device.advance(7 * H)
    assert world.wall.overlooked_us == 7 * H + 7
    world.hand.device.advance(8 * H)
    assert world.wall.overlooked_us == 7 * H + 7, "the first is told"


@pytest.mark.req("SELF-1")
def test_what_disturbs_the_clock_lets_the_pump_begin_anew() -> None:
    world = World()
    world.clock.run_fast(30 * MIN, 20_000)
    world.hand.device.advance(5 * H + 30 * MIN)
    world.clock.jump(1)
    world.hand.device.advance(11 * H)
    assert world.wall.overlooked_us == 0
    world.hand.device.advance(12 * H)
    assert world.wall.overlooked_us == 12 * H


@pytest.mark.req("SELF-1")
def test_a_pump_that_has_found_it_has_nothing_more_to_find_in_this_life() -> None:
    world = World()
    world.clock.run_fast(30 * MIN, 20_000)
    world.hand.device.advance(3 * H - 1)
    world.tells.add("self_test")
    world.hand.device.advance(3 * H)
    world.tells.clear()
    world.hand.device.advance(40 * H)
    assert world.wall.overlooked_us == 0
    world.wall.begin()
    world.hand.device.advance(45 * H)
    assert world.wall.overlooked_us == 0
    world.hand.device.advance(46 * H)
    assert world.wall.overlooked_us == 46 * H, "another life"


@pytest.mark.req("SELF-1")
def test_a_self_test_that_was_asked_for_finds_it_too() -> None:
    world = World()
    world.clock.run_fast(30 * MIN, 20_000)
    world.hand.device.advance(3 * H + MIN)
    world.tells.add("self_test")
    assert world.wall.test()
    world.tells.clear()
    world.hand.device.advance(40 * H)
    assert world.wall.overlooked_us == 0


@pytest.mark.req("SELF-1")
def test_a_clock_that_goes_a_little_wrong_need_not_be_found() -> None:
    world = World()
    world.clock.run_fast(30 * MIN, 9_999)
    world.hand.device.advance(30 * H)
    assert world.wall.overlooked_us == 0
