"""A stroke that is cut short or fails, and tones beside strokes."""

import ctypes

import pytest

from firmware import events
from tests.board.stroke_service import BURST_US, ENDED, LEAD_US, NOTHING, QUIET, START, T0, Pump

SPACING_US = 2_000_000
WINDOW_US = 50_000
NO_READINGS = 1 << 31


@pytest.mark.req("ALARM-3")
def test_a_tone_ends_by_itself_with_or_without_a_supervisor(library):
    for supervised in (True, False):
        pump = Pump(library)
        if supervised:
            pump.sleep()
        pump._timed("shim_tone", 150_000)
        assert pump.next_us == T0 + 150_000
        assert pump.turn(T0 + 149_999) == NOTHING
        assert pump.turn(T0 + 150_000) == QUIET
        assert pump.turn() == NOTHING
        assert pump.next_us > T0 + 150_000


@pytest.mark.req("ALARM-3", "DOSE-6")
def test_a_tone_during_a_stroke_disturbs_neither(pump):
    pump.bolus(1)
    pump.sleep()
    assert pump.turn() == START
    pump._timed("shim_tone", LEAD_US + BURST_US)  # ends with the burst
    assert pump.turn(T0 + LEAD_US) == NOTHING
    pump.shim.shim_edge()
    assert pump.turn(T0 + LEAD_US + BURST_US) == QUIET
    assert pump.turn() == ENDED
    assert pump.shim.shim_readings() & NO_READINGS == 0


@pytest.mark.req("ALARM-3")
def test_a_second_tone_moves_the_end_of_the_first(pump):
    pump._timed("shim_tone", 150_000)
    assert pump.turn(T0 + 100_000) == NOTHING
    pump._timed("shim_tone", 150_000)
    assert pump.turn(T0 + 249_999) == NOTHING
    assert pump.turn(T0 + 250_000) == QUIET


def counts(pump):
    """(delivered, seen by the guard, in progress)"""
    return pump.shim.shim_delivered(), pump.shim.shim_confirmed(), pump.shim.shim_in_flight()


@pytest.mark.req("DOSE-5", "GUARD-4")
@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize("after_us", [0, LEAD_US - 1, LEAD_US + 1, LEAD_US + BURST_US + WINDOW_US - 1])
def test_a_stroke_that_is_cut_counts_and_is_over(pump, after_us, seen):
    """An alarm without a fault of the core stops the motor: what the burst has done counts as a stroke."""
    pump.bolus(3)
    pump.sleep()
    assert pump.turn() == START
    assert pump.turn(T0 + after_us) == NOTHING
    if seen:
        pump.shim.shim_edge()
    pump._timed("shim_cut")
    assert counts(pump) == (1, 1, 0)
    assert pump.shim.shim_events() == events.STROKE, "the supervisor counts it as any stroke"
    assert pump.shim.shim_readings() == NO_READINGS
    assert pump._timed("shim_suspend") == 0
    assert pump.turn(T0 + 60_000_000) == NOTHING
    assert pump.wake() == events.STROKE


@pytest.mark.req("DOSE-5", "GUARD-4")
def test_the_edge_of_a_stroke_that_was_cut_is_not_counted_twice(pump):
    pump.bolus(3)
    pump.sleep()
    assert pump.turn() == START
    pump._timed("shim_cut")
    pump.shim.shim_edge()
    assert counts(pump) == (1, 1, 0)
    pump.shim.shim_edge()
    assert counts(pump) == (1, 2, 0), "the sensor saw what no stroke explains"
    pump.wake()
    pump.permit(2)
    pump.sleep()
    assert pump.turn(T0 + SPACING_US) == START
    pump._timed("shim_cut")
    pump.wake()
    pump.permit(3)
    pump.sleep()
    assert pump.turn(T0 + 2 * SPACING_US) == START
    pump.shim.shim_edge()
    assert counts(pump) == (3, 4, 1), "the next stroke's edge is its own"


@pytest.mark.req("DOSE-5")
def test_a_cut_without_a_stroke_is_nothing(pump):
    pump._timed("shim_cut")
    pump.sleep()
    pump._timed("shim_cut")
    pump.shim.shim_edge()
    assert counts(pump) == (0, 1, 0)
    assert pump.shim.shim_events() == 0


@pytest.mark.req("DOSE-5", "STORE-1")
def test_a_burst_that_fails_is_over_for_the_supervisor_too(pump):
    """Its books count strokes that are over: a fault in mid-stroke must not leave them one behind."""
    pump.bolus(2)
    pump.sleep()
    pump.turn()
    pump.shim.shim_fail(ctypes.c_uint64(pump.now_us))
    assert pump.wake() == events.FAULT | events.STROKE
    assert counts(pump) == (1, 0, 0)
    pump.shim.shim_fail(ctypes.c_uint64(pump.now_us))
    assert pump.shim.shim_events() == events.FAULT
