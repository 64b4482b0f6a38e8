"""The stroke timer's service (c_ext/board), which every board with hardware shares: when, what, and never twice."""

import ctypes

import pytest

from firmware import events
from tests.board.stroke_service import AHEAD_US, BURST_US, ENDED, HALT, LEAD_US, NOTHING, START, T0, Pump

SPACING_US = 2_000_000
WINDOW_US = 50_000
NEVER = 2**64 - 1
READ_AHEAD_US = 200
READ_LATE_US = 1_000
NO_READINGS = 1 << 31


@pytest.mark.req("DOSE-6")
def test_a_stroke_is_handed_over_a_lead_ahead_and_starts_when_due(pump):
    pump.bolus(2)
    pump.sleep()
    assert pump.turn() == START
    # The hardware's clock shows T0 - LEAD_US now: the stroke has the whole lead to wait.
    assert pump.start_us == T0
    assert pump.turn(T0 + BURST_US + LEAD_US - 1) == NOTHING
    pump.shim.shim_edge()
    assert pump.turn(T0 + BURST_US + LEAD_US) == ENDED
    assert pump.wake() == events.STROKE
    pump.permit(2)
    pump.sleep()
    assert pump.next_us == T0 + SPACING_US
    assert pump.turn(T0 + SPACING_US - 1) == NOTHING
    assert pump.turn(T0 + SPACING_US) == START
    assert pump.start_us == T0 + SPACING_US


@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize("late_us", [1, 45_000, 400_000, LEAD_US - AHEAD_US])
def test_an_interrupt_that_comes_late_by_less_than_the_lead_moves_no_start(pump, late_us):
    pump.bolus(1)
    pump.sleep()
    assert pump.turn(T0 + late_us) == START
    assert pump.start_us == T0


def test_one_that_comes_later_starts_as_soon_as_the_hardware_can(pump):
    pump.bolus(1)
    pump.sleep()
    assert pump.turn(T0 + 2 * LEAD_US) == START
    assert pump.start_us == T0 + LEAD_US + AHEAD_US


@pytest.mark.req("DOSE-6")
def test_never_two_strokes_at_once(pump):
    pump.bolus(3)
    pump.sleep()
    assert pump.turn() == START
    for at_us in range(T0, T0 + LEAD_US + BURST_US, 50_000):
        assert pump.turn(at_us) == NOTHING
    pump.shim.shim_edge()
    assert pump.turn(T0 + LEAD_US + BURST_US) == ENDED
    assert pump.turn(T0 + SPACING_US + 1_000_000) == NOTHING, "no permit, no stroke"


def test_a_stroke_that_the_sensor_does_not_see_is_over_after_the_window(pump):
    pump.bolus(1)
    pump.sleep()
    assert pump.turn() == START
    end_us = T0 + LEAD_US + BURST_US
    assert pump.turn(end_us) == NOTHING
    assert pump.next_us == end_us + WINDOW_US
    assert pump.turn(end_us + WINDOW_US - 1) == NOTHING
    assert pump.turn(end_us + WINDOW_US) == ENDED
    assert pump.wake() == events.STROKE
    assert pump.shim.shim_confirmed() == 0


def test_an_early_edge_counts_but_the_burst_is_played_out(pump):
    pump.bolus(1)
    pump.sleep()
    pump.turn()
    pump.shim.shim_edge()
    assert pump.shim.shim_confirmed() == 1
    assert pump.turn(T0 + LEAD_US) == NOTHING
    assert pump.next_us == T0 + LEAD_US + BURST_US
    assert pump.turn(T0 + LEAD_US + BURST_US - 1) == NOTHING


@pytest.mark.req("OCC-1")
def test_the_pressure_is_read_just_before_the_burst_and_at_its_end(pump):
    assert pump.shim.shim_readings() == NO_READINGS
    pump.bolus(1)
    pump.sleep()
    assert pump.turn() == START
    for due_us in (T0 + LEAD_US - READ_AHEAD_US, T0 + LEAD_US + BURST_US):
        assert pump.next_us == due_us
        assert pump.turn(due_us - 1) == NOTHING
        before = list(pump.read_us)
        assert pump.turn(due_us) == NOTHING
        assert pump.read_us == [*before, due_us]
    assert pump.shim.shim_readings() == NO_READINGS, "the stroke is not over"
    pump.shim.shim_edge()
    assert pump.turn() == ENDED
    assert pump.shim.shim_readings() == 100 | 101 << 12 | 1 << 24


@pytest.mark.req("OCC-1")
def test_a_stroke_that_was_not_seen_has_readings_that_say_so(pump):
    pump.bolus(1)
    pump.sleep()
    assert pump.turn() == START
    pump.counts = 0xFFE  # the greatest that a converter finds, and one less
    for after_us in (0, LEAD_US - READ_AHEAD_US, LEAD_US + BURST_US):
        assert pump.turn(T0 + after_us) == NOTHING
    assert pump.turn(T0 + LEAD_US + BURST_US + WINDOW_US) == ENDED
    assert pump.shim.shim_readings() == 0xFFE | 0xFFF << 12


@pytest.mark.req("OCC-1")
@pytest.mark.parametrize(("late_us", "kept"), [(READ_LATE_US, True), (READ_LATE_US + 1, False), (BURST_US, False)])
@pytest.mark.parametrize("which", [0, 1])
def test_a_reading_that_comes_late_is_none(pump, which, late_us, kept):
    pump.bolus(1)
    pump.sleep()
    assert pump.turn() == START
    for number, due_us in enumerate((T0 + LEAD_US - READ_AHEAD_US, T0 + LEAD_US + BURST_US)):
        at_us = due_us + (late_us if number == which else 0)
        assert pump.turn(max(at_us, pump.now_us)) in (NOTHING, ENDED)
    pump.shim.shim_edge()
    pump.turn(T0 + LEAD_US + BURST_US + WINDOW_US)
    assert (pump.shim.shim_readings() & NO_READINGS == 0) == kept


@pytest.mark.req("GUARD-3")
def test_the_deadline_wakes_the_supervisor_once(pump):
    assert pump.sleep(T0 + 5_000_000)
    assert pump.next_us == T0 + 5_000_000
    pump.turn(T0 + 5_000_000)
    assert pump.shim.shim_events() == events.TIME
    assert pump.next_us == NEVER
    assert pump.wake() == events.TIME
    assert pump.shim.shim_events() == 0


@pytest.mark.req("GUARD-3")
@pytest.mark.parametrize("ago_us", [1, 500, T0])
def test_a_deadline_that_is_over_by_now_means_now(pump, ago_us):
    assert pump.sleep(T0 - ago_us)
    assert pump.next_us == T0
    pump.turn()
    assert pump.wake() == events.TIME
    assert pump._timed("shim_alive")


@pytest.mark.req("GUARD-3")
def test_a_deadline_beyond_the_hour_is_refused_and_nothing_changes(pump):
    assert not pump.sleep(T0 + 3_600_000_001)
    assert pump.next_us == NEVER


@pytest.mark.req("GUARD-3")
def test_a_broken_promise_stops_the_motor_and_the_watchdog(library):
    pump = Pump(library)
    pump.permit(1)
    pump.sleep(T0 + 1_000_000)
    pump.turn(T0 + 1_000_000)
    assert pump._timed("shim_alive")
    pump.now_us = T0 + 20_000_000
    assert not pump._timed("shim_alive")
    pump.now_us = T0 + 1_000_000
    pump.bolus(1)
    assert pump.turn(T0 + 30_000_000) == HALT
    assert pump.wake() & events.FAULT
    assert not pump._timed("shim_alive")


def test_a_burst_that_does_not_play_is_a_latched_fault(pump):
    pump.bolus(2)
    pump.sleep()
    pump.turn()
    pump.shim.shim_fail(ctypes.c_uint64(pump.now_us))
    assert pump.shim.shim_events() & events.FAULT
    assert pump.next_us == T0 + 3_600_000_000, "no stroke any more, only the supervisor's deadline"
    assert pump._timed("shim_alive"), "no reset: the fault must stay to be read"


def test_without_lead_a_stroke_starts_now(library):
    pump = Pump(library, lead_us=0)
    pump.permit(1)
    pump.bolus(1)
    pump.sleep()
    assert pump.turn() == START
    assert pump.start_us == T0 + AHEAD_US
