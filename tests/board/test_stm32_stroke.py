"""STM32L4: strokes on time and exact, aborts counted, never two: c_ext/stm32 on an emulated Cortex-M4."""

import pytest

from tests.board.stm32_machine import PINS
from tests.board.stm32_pump import HAND_OVER_US, LEAD_US, MOTOR, Pump, us

ENABLE = PINS["MOTOR_ENABLE"]


@pytest.fixture
def pump(image):
    return Pump(image)


@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize(
    "motor", [MOTOR, (24, 400, 1600, 20000), (128, 20, 100, 50), (2, 1000, 1000, 1), (128, 2e4, 2e4, 1)]
)
def test_every_edge_is_within_a_microsecond_of_the_plan(image, motor):
    pump = Pump(image, tuple(int(each) for each in motor))
    pump.call("shim_start", 5000)
    pump.machine.pass_time(pump.burst_us + 6000)
    assert len(pump.chip.edges) == pump.steps
    assert max(map(abs, pump.edge_errors_us())) <= 1.0
    assert not pump.call("shim_playing")
    assert pump.chip.wrong == []


@pytest.mark.req("DOSE-6")
def test_a_stroke_goes_on_and_ends_by_itself_without_the_processor(pump):
    pump.machine.deliver_interrupts = False
    pump.call("shim_start", 5000)
    pump.machine.pass_time(20_000_000)
    assert len(pump.chip.edges) == pump.steps
    assert max(map(abs, pump.edge_errors_us())) <= 1.0


@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize("elsewhere_us", [0, 1, 333, 1_999_990])
def test_a_stroke_starts_when_due(pump, elsewhere_us):
    pump.machine.pass_time(elsewhere_us)
    pump.bolus()
    assert abs(pump.asked_us - LEAD_US - us(pump.chip.now)) < 50, "stamped to a tick"
    pump.call("shim_sleep", 60_000_000)
    pump.machine.pass_time(LEAD_US + 200_000)
    assert len(pump.chip.edges) == pump.steps
    # Stamped with device time, which runs the lead ahead: due on the chip's clock that much later.
    assert abs(pump.edges_us()[0] - pump.asked_us) <= 3.0


@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize("work_us", [30_000, 190_000, 430_000, 445_000])
def test_a_bolus_whose_order_takes_long_starts_when_due(pump, work_us):
    """It is stamped before the supervisor looks ahead at the caps, and reaches the core after that."""
    pump.call("shim_permit", 1)
    pump.call("shim_ask")
    pump.machine.pass_time(work_us)
    assert pump.call("shim_order", 1) == 0
    pump.call("shim_sleep", 60_000_000)
    pump.machine.pass_time(LEAD_US + 200_000)
    assert abs(pump.edges_us()[0] - pump.asked_us) <= 3.0
    assert len(pump.chip.edges) == pump.steps
    assert pump.chip.wrong == []


@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize("may_stop", [0, 1])
def test_the_start_of_each_stroke_of_a_bolus_and_no_drift(pump, may_stop):
    pump.bolus(5)
    for stroke in range(5):
        pump.call("shim_sleep", 60_000_000)
        while not pump.call("shim_idle", may_stop) & 2:
            if len(pump.chip.edges) == (stroke + 1) * pump.steps and pump.call("shim_confirmed") == stroke:
                pump.see_stroke()
        assert pump.call("interrupts_wake") == 2
        pump.call("shim_permit", stroke + 2)
    starts = [pump.edges_us(stroke * pump.steps)[0] for stroke in range(5)]
    errors = [start - starts[0] - 2_000_000 * stroke for stroke, start in enumerate(starts)]
    # A tick's edge is found within an access or two; the timers round to a microsecond.
    assert max(map(abs, errors)) <= 3.0
    assert pump.call("shim_confirmed") == 5
    assert (pump.chip.stops > 0) == bool(may_stop)
    assert pump.chip.wrong == []


@pytest.mark.req("PWR-1")
def test_a_stroke_waits_in_stop_mode_until_it_is_handed_over(pump):
    machine, chip = pump.machine, pump.chip
    machine.pass_time(6_000_000)
    pump.call("shim_sleep", 60_000_000)
    pump.call("shim_idle", 1)  # what came over the link at the start no longer keeps it awake
    pump.bolus()
    pump.call("shim_sleep", 60_000_000)
    begin, stopped = chip.now, machine.stop_cycles
    while not chip.edges:
        pump.call("shim_idle", 1)
    stopped_us = us(machine.stop_cycles - stopped)
    # The clock has 4 ms to settle.
    assert LEAD_US - HAND_OVER_US - 5_000 < stopped_us < LEAD_US - HAND_OVER_US - 3_900
    assert us(begin) + LEAD_US == pytest.approx(pump.edges_us()[0], abs=pump.burst_us + 50)
    assert chip.wrong == []


@pytest.mark.req("DOSE-5", "DOSE-6")
@pytest.mark.parametrize("after_us", [0, 200_000, LEAD_US - HAND_OVER_US - 100, LEAD_US - HAND_OVER_US + 100])
def test_a_stroke_that_waits_is_stopped_and_counts(pump, after_us):
    pump.bolus(2)
    pump.call("shim_sleep", 60_000_000)
    pump.machine.pass_time(after_us)
    assert pump.call("shim_playing")
    assert pump.call("interrupts_motor_stop") == 0
    assert not pump.call("shim_playing")
    assert pump.chip.pins[ENABLE]
    assert pump.call("shim_confirmed") == 1
    pump.machine.pass_time(1_000_000)
    assert pump.chip.edges == []
    assert pump.call("interrupts_wake") == 2
    pump.call("shim_permit", 2)
    pump.call("shim_sleep", 60_000_000)
    pump.machine.pass_time(2_000_000)
    assert abs(pump.edges_us()[0] - pump.asked_us - 2_000_000) <= 3.0, "the next one is due as it was, and whole"
    assert max(map(abs, pump.edge_errors_us())) <= 1.0


@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize("away_us, played", [(9_000, True), (10_000, False), (300_000, False)])
def test_a_hand_over_too_late_plays_no_stroke(pump, away_us, played):
    """Nothing keeps interrupts out that long."""
    machine, chip = pump.machine, pump.chip
    pump.bolus(2)
    pump.call("shim_sleep", 60_000_000)
    machine.pass_time(LEAD_US - HAND_OVER_US - 1_000)
    machine.deliver_interrupts = False
    machine.pass_time(1_000 + away_us)
    machine.deliver_interrupts = True
    machine.deliver()
    machine.pass_time(500_000)
    assert len(chip.edges) == (pump.steps if played else 0)
    assert all(abs(each - pump.asked_us) <= 3.0 for each in pump.edges_us()[:1])
    assert pump.call("interrupts_wake") == 2, "over, and not seen by the sensor"
    assert (pump.call("shim_confirmed"), pump.call("shim_playing"), chip.pins[ENABLE]) == (0, 0, True)


@pytest.mark.req("DOSE-6")
def test_a_stroke_that_waits_is_played_though_the_supervisor_has_gone(pump):
    """As one that is in the hardware of another chip: it counts, and there is never another."""
    pump.bolus(3)
    pump.call("shim_sleep", 60_000_000)
    pump.machine.pass_time(100_000)
    pump.call("interrupts_forget")
    pump.machine.pass_time(10_000_000)
    assert len(pump.chip.edges) == pump.steps
    assert abs(pump.edges_us()[0] - pump.asked_us) <= 3.0


@pytest.mark.req("DOSE-6")
def test_the_motor_is_on_only_around_a_stroke(pump):
    pump.call("shim_start", 5000)
    pump.machine.pass_time(pump.burst_us + 6000)
    levels = [(when, high) for when, pin, high in pump.chip.drives if pin == ENABLE]
    *before, (on, on_level), (off, off_level) = levels
    assert {high for _, high in before} == {True}, "active low"
    assert (on_level, off_level) == (False, True)
    edges = pump.edges_us()
    assert edges[0] - us(on) >= 500
    assert 0 <= us(off) - (edges[0] + pump.burst_us) + 5 <= 100


@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize("motor", [MOTOR, (128, 20, 100, 50)])
@pytest.mark.parametrize("wait_us", [1_000, 9_900])
def test_the_motor_is_switched_off_without_the_processor(image, motor, wait_us):
    pump = Pump(image, motor)
    pump.machine.deliver_interrupts = False
    pump.call("shim_start", wait_us)
    pump.machine.pass_time(wait_us + pump.burst_us)
    assert len(pump.chip.edges) == pump.steps
    assert not pump.chip.pins[ENABLE], "not before the latest end of the burst"
    pump.machine.pass_time(20_000_000)
    off, _, high = pump.chip.drives[-1]
    assert high and pump.chip.pins[ENABLE]
    assert 0 < us(off) - pump.edges_us()[0] - pump.burst_us <= 12_000 + pump.burst_us / 256
    assert pump.chip.wrong == []


@pytest.mark.req("DOSE-6")
def test_with_the_processor_nothing_else_switches_the_motor(pump):
    pump.call("shim_start", 5000)
    pump.machine.pass_time(2_000_000)
    assert us(pump.chip.drives[-1][0]) - (pump.edges_us()[0] + pump.burst_us) <= 100
    pump.call("shim_start", 5000)
    pump.machine.pass_time(30_000)
    assert pump.call("interrupts_motor_stop")
    drives = len(pump.chip.drives)
    pump.machine.pass_time(2_000_000)
    assert len(pump.chip.drives) == drives
    assert pump.chip.wrong == []


@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize("count, played", [(78, True), (82, True), (107, False), (200, False), (65, False)])
def test_a_stroke_is_not_played_by_timers_that_do_not_follow_the_crystal(pump, count, played):
    """An MSI that is a quarter slow, as after stop mode at cold, takes 107 cycles to a count of 80."""
    pump.chip.timers.count = count
    pump.bolus(2)
    pump.call("shim_sleep", 60_000_000)
    pump.machine.pass_time(LEAD_US + 500_000)
    assert len(pump.chip.edges) == (pump.steps if played else 0)
    assert pump.chip.pins[ENABLE]
    assert pump.call("shim_confirmed") == 0
    if not played:
        assert pump.call("interrupts_wake") == 2, "over, and not seen by the sensor"
        pump.chip.timers.count = 80
        pump.call("shim_permit", 2)
        pump.call("shim_sleep", 60_000_000)
        pump.machine.pass_time(2_000_000)
        assert abs(pump.edges_us()[0] - pump.asked_us - 2_000_000) <= 3.0, "the next one is due as it was, and whole"


@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize("after_us", [0, 4000, 4999, 5001, 5006, 7000, 30_000, 100_000, 107_000, 130_000])
def test_an_abort_counts_the_steps_done(pump, after_us):
    pump.call("shim_start", 5000)
    pump.machine.pass_time(after_us)
    playing = pump.call("shim_playing")
    done = pump.call("interrupts_motor_stop")
    assert done == (len(pump.chip.edges) if playing else 0)
    assert pump.chip.pins[ENABLE]
    edges = len(pump.chip.edges)
    pump.machine.pass_time(1_000_000)
    assert len(pump.chip.edges) == edges
    pump.chip.edges.clear()
    pump.call("shim_start", 5000)
    pump.machine.pass_time(pump.burst_us + 6000)
    assert max(map(abs, pump.edge_errors_us())) <= 1.0, "the next one is whole"


@pytest.mark.req("DOSE-6")
def test_a_burst_that_is_over_is_not_cut_though_no_interrupt_has_come(pump):
    pump.machine.deliver_interrupts = False
    pump.call("shim_start", 5000)
    pump.machine.pass_time(pump.burst_us + 6000)
    assert len(pump.chip.edges) == pump.steps and not pump.call("shim_playing")
    assert pump.call("interrupts_motor_stop") == 0
    assert pump.chip.pins[ENABLE]


@pytest.mark.req("DOSE-6")
def test_a_second_stroke_while_one_plays_is_a_fault_and_stops_the_motor(pump):
    pump.call("shim_start", 9000)
    pump.bolus()
    pump.call("shim_sleep", 60_000_000)
    pump.machine.pass_time(20_000)
    assert pump.chip.edges == []
    assert pump.call("interrupts_events") & 16
    pump.machine.pass_time(5_000_000)
    assert pump.chip.edges == []


@pytest.mark.req("DOSE-6")
def test_a_burst_that_gets_stuck_is_a_fault(pump):
    pump.bolus(2)
    pump.call("shim_sleep", 60_000_000)
    pump.machine.pass_time(LEAD_US + 40_000)
    pump.chip.registers[0x40014000 + 0x2C] = 0xFFFF
    pump.chip.registers[0x40020000 + 8 + 80] = 0  # the DMA is gone
    pump.machine.pass_time(300_000)
    assert pump.call("interrupts_events") & 16
    assert pump.chip.pins[ENABLE]
    edges = len(pump.chip.edges)
    pump.machine.pass_time(5_000_000)
    assert len(pump.chip.edges) == edges


@pytest.mark.req("GUARD-4")
def test_an_edge_of_the_sensor_counts_and_a_spike_does_not(pump):
    pump.bolus(2)
    pump.call("shim_sleep", 60_000_000)
    pump.machine.pass_time(20_000)
    pump.chip.drive(PINS["STROKE_SENSOR"], True)
    pump.chip.drive(PINS["STROKE_SENSOR"], False)
    pump.machine.deliver()
    assert pump.call("shim_confirmed") == 0
    pump.see_stroke()
    assert pump.call("shim_confirmed") == 1
