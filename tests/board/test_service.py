"""The stroke timer's service (c_ext/board), which every board with hardware shares: when, what, and never twice."""

import ctypes
import subprocess
from pathlib import Path

import pytest

from firmware import events

ROOT = Path(__file__).resolve().parents[2]
LEAD_US = 450_000
AHEAD_US = 540
BURST_US = 102_000
SPACING_US = 2_000_000
WINDOW_US = 50_000
NEVER = 2**64 - 1
NOTHING, START, READ, ENDED, HALT, QUIET = range(6)
READ_AHEAD_US = 200
READ_LATE_US = 1_000
NO_READINGS = 1 << 31
T0 = 10_000_000


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    out = tmp_path_factory.mktemp("service") / "service.so"
    sources = [Path(__file__).with_name("service_shim.c"), ROOT / "c_ext/board/service.c"]
    sources += sorted((ROOT / "c_ext/core").glob("*.c"))
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-Os"]
    subprocess.run(["gcc", *warnings, "-shared", "-fPIC", "-o", out, *sources], check=True)
    loaded = ctypes.CDLL(str(out))
    for name in ("shim_next_us", "shim_start_us", "shim_seen_us"):
        getattr(loaded, name).restype = ctypes.c_uint64
    loaded.shim_readings.restype = ctypes.c_uint32
    return loaded


class Pump:
    """A pump whose supervisor sleeps; times are device time."""

    def __init__(self, library, lead_us=LEAD_US, stroke_nl=500, burst_us=BURST_US):
        self.shim = library
        self.lead_us = lead_us
        self.now_us = T0
        self.counts = 100  # what the next reading finds, one more for each
        self.read_us = []
        assert library.shim_begin(ctypes.c_uint64(T0), stroke_nl, burst_us, lead_us, AHEAD_US)
        assert self.turn() == QUIET, "whatever the annunciator did before, it is off"

    def _timed(self, name, *more):
        return getattr(self.shim, name)(ctypes.c_uint64(self.now_us), *more)

    def sleep(self, until_us=None):
        until_us = self.now_us + 3_600_000_000 if until_us is None else until_us
        return self._timed("shim_sleep", ctypes.c_uint64(until_us))

    def bolus(self, strokes):
        assert self._timed("shim_bolus", strokes) == 0

    def permit(self, stroke):
        assert self.shim.shim_permit(stroke)

    def turn(self, at_us=None):
        """The order of a turn, readings that it wants before given."""
        self.now_us = self.now_us if at_us is None else at_us
        while (order := self._timed("shim_turn")) == READ:
            self.read_us.append(self.now_us)
            self._timed("shim_reading", self.counts)
            self.counts += 1
        return order

    def wake(self):
        return self._timed("shim_wake")

    def seen_us(self, at_us=None):
        """What the supervisor's clock shows."""
        self.now_us = self.now_us if at_us is None else at_us
        return self._timed("shim_seen_us")

    @property
    def next_us(self):
        return self.shim.shim_next_us()

    @property
    def start_us(self):
        return self.shim.shim_start_us()


@pytest.fixture
def pump(library):
    made = Pump(library)
    made.permit(1)
    return made


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


FINE_BURST_US = 26_000
FINE_SPACING_US = 500_000


@pytest.fixture
def fine(library):
    made = Pump(library, stroke_nl=125, burst_us=FINE_BURST_US)
    made.permit(1)
    return made


def _one_stroke(pump, burst_us):
    """A bolus of three; the first stroke is over at the time returned, and the supervisor is asleep."""
    pump.bolus(3)
    pump.sleep()
    assert pump.turn() == START
    pump.shim.shim_edge()
    over_us = T0 + LEAD_US + burst_us
    assert pump.turn(over_us) == ENDED
    return over_us


@pytest.mark.req("DOSE-6", "LINK-4")
@pytest.mark.parametrize("busy_us", [0, 24_000, 50_000, 200_000, 400_000, 473_000])
@pytest.mark.parametrize("calls", [0, 1, 3])
def test_a_permit_that_comes_before_the_slot_of_its_stroke_moves_no_start(fine, busy_us, calls):
    """However long the supervisor was busy with something else, and whatever it has asked of the core meanwhile."""
    over_us = _one_stroke(fine, FINE_BURST_US)
    for call in range(calls):
        fine.now_us = over_us + busy_us * call // 3
        fine.wake()
    fine.now_us = over_us + busy_us
    fine.wake()
    fine.permit(2)
    assert fine.turn() == (START if fine.now_us >= T0 + FINE_SPACING_US else NOTHING)
    fine.turn(max(fine.now_us, T0 + FINE_SPACING_US))
    assert fine.start_us == T0 + FINE_SPACING_US


@pytest.mark.req("DOSE-1", "DOSE-4", "DOSE-6")
@pytest.mark.parametrize("late_us", [0, 1_000, 100_000, 10_000_000])
def test_a_permit_after_the_slot_starts_its_stroke_at_once(fine, late_us):
    _one_stroke(fine, FINE_BURST_US)
    hardware_us = T0 + FINE_SPACING_US + late_us
    fine.now_us = hardware_us + LEAD_US
    fine.sleep(fine.now_us)  # else the promise is broken by then
    fine.wake()
    fine.permit(2)
    assert fine.turn() == START
    assert fine.start_us == hardware_us + AHEAD_US


@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize("stroke_nl, burst_us, spacing_us", [(500, BURST_US, SPACING_US), (125, 26_000, 500_000)])
def test_the_supervisors_clock_never_runs_back_and_never_behind_the_hardware(library, stroke_nl, burst_us, spacing_us):
    pump = Pump(library, stroke_nl=stroke_nl, burst_us=burst_us)
    pump.permit(1)
    pump.bolus(20)
    seen_us, strokes = T0, 0
    for step, at_us in enumerate(range(T0, T0 + 20 * spacing_us, 7_919)):
        pump.now_us = at_us
        if step % 5 == 0:
            pump.sleep()
        if step % 11 == 10:
            pump.wake()
            pump.shim.shim_permit(strokes + 1)  # in time or late, or refused: it is there
        if pump.turn() == START:
            strokes += 1
            pump.shim.shim_edge()
        assert seen_us <= pump.seen_us() <= at_us
        seen_us = pump.seen_us()
        assert seen_us >= at_us - LEAD_US
    assert strokes > 10


def test_without_a_stroke_in_question_the_clock_is_device_time(fine):
    over_us = _one_stroke(fine, FINE_BURST_US)
    assert fine.seen_us(T0 + FINE_SPACING_US) == T0 + FINE_SPACING_US
    assert fine.seen_us(over_us + 300_000) == T0 + FINE_SPACING_US
    fine.wake()
    fine.permit(2)
    assert fine.turn() == START
    assert fine.seen_us() == over_us + 300_000


def test_a_deadline_comes_when_the_clock_that_waits_has_come_there(fine):
    """Else the supervisor would be woken for a time that has not come on its clock, again and again."""
    _one_stroke(fine, FINE_BURST_US)
    fine.wake()  # it gives no permit
    until_us = T0 + FINE_SPACING_US + 100_000
    fine.sleep(until_us)
    assert fine.turn(until_us) == NOTHING
    assert fine.shim.shim_events() == 0
    assert fine.next_us == until_us + LEAD_US
    fine.turn(until_us + LEAD_US)
    assert fine.shim.shim_events() == events.TIME
    assert fine.seen_us() == until_us


def test_a_supervisor_without_a_deadline_is_not_woken_while_the_clock_waits(fine):
    _one_stroke(fine, FINE_BURST_US)
    fine.wake()
    assert fine.turn(fine.now_us + 2_000_000) == NOTHING
    assert fine.next_us == NEVER
