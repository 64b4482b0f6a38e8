"""The supervisor's clock waits for a permit that is late, and a stroke starts in its slot (docs/adr/0012)."""

import pytest

from firmware import events
from tests.board.stroke_service import AHEAD_US, BURST_US, ENDED, LEAD_US, NOTHING, START, T0, Pump

SPACING_US = 2_000_000
NEVER = 2**64 - 1
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
