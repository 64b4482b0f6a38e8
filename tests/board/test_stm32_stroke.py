"""STM32L4: strokes on time and exact, aborts counted, never two, the watchdog: c_ext/stm32 on an emulated Cortex-M4."""

import struct

import pytest

from hil.emulator_stm32.device import ACCESS_CYCLES, CYCLES_A_SECOND, CYCLES_A_TICK
from tests.board.stm32_machine import PINS, Machine, build

LEAD_US = 10_000
MOTOR = (96, 400, 1600, 20000)
ENABLE = PINS["MOTOR_ENABLE"]


def us(cycles):
    return cycles * 1_000_000 / CYCLES_A_SECOND


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return build(tmp_path_factory.mktemp("stm32"))


class Pump:
    """A pump on the emulated chip, its supervisor asleep."""

    def __init__(self, image, motor=MOTOR):
        self.machine = Machine(image)
        self.chip = self.machine.chip
        assert self.machine.call("shim_setup") == 1
        self.burst_us = self.machine.call("shim_begin", *motor)
        self.steps = motor[0]
        self.period_us = struct.unpack(f"<{self.steps}H", self.machine.bytes_at("shim_period_us", 2 * self.steps))
        assert self.burst_us == sum(self.period_us)

    def call(self, name, *words):
        return self.machine.call(name, *words)

    def edges_us(self, first=0):
        return [us(each) for each in self.chip.edges[first : first + self.steps]]

    def edge_errors_us(self, first=0):
        edges = self.edges_us(first)
        ideal, errors = edges[0], []
        for edge, period in zip(edges, self.period_us, strict=True):
            errors.append(edge - ideal)
            ideal += period
        return errors

    def bolus(self, strokes=1):
        self.call("shim_permit", 1)
        assert self.call("shim_bolus", strokes) == 0

    def see_stroke(self):
        """The stroke sensor, towards the end of a stroke."""
        self.chip.drive(PINS["STROKE_SENSOR"], True)
        self.machine.deliver()
        self.chip.drive(PINS["STROKE_SENSOR"], False)


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
    asked_us = int.from_bytes(pump.machine.bytes_at("shim_asked_us", 8), "little")
    assert abs(asked_us - LEAD_US - us(pump.chip.now)) < 50, "stamped to a tick"
    pump.call("shim_sleep", 60_000_000)
    pump.machine.pass_time(200_000)
    # Stamped with device time, which runs the lead ahead: due on the chip's clock that much later.
    assert abs(pump.edges_us()[0] - asked_us) <= 3.0
    assert len(pump.chip.edges) == pump.steps


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
    pump.machine.pass_time(50_000)
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


@pytest.mark.req("GUARD-3")
def test_the_watchdog_is_fed_while_the_promise_is_kept_and_not_after(pump):
    assert pump.chip.get(0x40003004) == 4
    # 64 to a count; the oscillator may have 29.5 to 34 kHz.
    longest_s = (pump.chip.get(0x40003008) + 1) * 64 / 29500
    shortest_s = (pump.chip.get(0x40003008) + 1) * 64 / 34000
    assert 7.5 <= shortest_s <= 8 <= longest_s <= 8.7
    pump.call("shim_sleep", 3_600_000_000)
    pump.machine.pass_time(60_000_000)
    gaps = [b - a for a, b in zip(pump.chip.feeds, pump.chip.feeds[1:], strict=False)]
    assert max(gaps[1:]) < 2 * CYCLES_A_SECOND
    pump.call("shim_sleep", 5_000_000)
    pump.machine.pass_time(5_000_000 + 2_000_000 + 100_000)
    fed = len(pump.chip.feeds)
    pump.machine.pass_time(30_000_000)
    assert len(pump.chip.feeds) == fed


@pytest.mark.req("GUARD-3")
def test_without_a_supervisor_the_watchdog_starves_and_no_stroke_starts(pump):
    pump.bolus()
    fed = len(pump.chip.feeds)
    pump.machine.pass_time(10_000_000)
    assert len(pump.chip.feeds) == fed
    assert pump.chip.edges == []


def test_the_clock_is_the_crystal_s_over_many_turns_of_its_counter(pump):
    pump.call("shim_sleep", 3_600_000_000)
    last = 0
    for _ in range(60):
        pump.machine.pass_time(777_777)
        now_us = pump.machine.call("shim_now_us", wide=True)
        assert now_us > last
        last = now_us
        assert abs(now_us - LEAD_US - us(pump.chip.now)) <= us(CYCLES_A_TICK) + 1


def test_the_clock_is_right_wherever_in_a_tick_it_is_read(pump):
    pump.call("shim_sleep", 3_600_000_000)
    last = 0
    for early in range(0, 400, ACCESS_CYCLES // 2):
        pump.chip.advance(2 * CYCLES_A_TICK - pump.chip.now % CYCLES_A_TICK - early)
        now_us = pump.machine.call("shim_now_us", wide=True)
        assert now_us >= last
        last = now_us
        assert abs(now_us - LEAD_US - us(pump.chip.now)) <= us(CYCLES_A_TICK) + 1


@pytest.mark.req("PWR-1")
def test_an_idle_pump_is_seldom_interrupted(pump):
    pump.call("shim_sleep", 3_600_000_000)
    pump.machine.pass_time(1_000_000)
    before = pump.machine.interrupts
    pump.machine.pass_time(50_000)
    assert pump.machine.interrupts - before <= 2
    pump.machine.pass_time(59_950_000)
    # Every 1.8 s the alarm and the arrival of the next one.
    assert 60 <= pump.machine.interrupts - before <= 70


@pytest.mark.req("DOSE-6", "SELF-1")
@pytest.mark.parametrize("trigger_input", [0, 1, 2, 3, None])
def test_the_set_up_finds_out_how_tim2_starts_tim15_without_a_step(image, trigger_input):
    machine = Machine(image)
    machine.chip.timers.trigger_input = -1 if trigger_input is None else trigger_input
    assert machine.call("shim_setup") == (trigger_input is not None)
    machine.pass_time(200_000)
    assert machine.chip.edges == []
    assert not machine.chip.get(0x40014000) & 1


def test_without_a_crystal_the_set_up_says_so(image, tmp_path):
    machine = Machine(build(tmp_path, edit=("stm32/clock.c", "LOOKS 40000000u", "LOOKS 400u"), base=image))
    machine.chip.clocks.crystal = False
    assert machine.call("shim_setup") == 0


@pytest.mark.req("ALARM-3")
@pytest.mark.parametrize("may_stop", [0, 1])
def test_a_tone_ends_by_itself_also_in_stop_mode(pump, may_stop):
    chip, sounder, light = pump.chip, PINS["ANNUNCIATOR"], PINS["LED"]
    chip.drives.clear()
    pump.call("shim_sleep", 3_000_000)
    pump.machine.pass_time(1_000_000)  # the link keeps the chip awake for a while after the start
    pump.call("shim_tone", 150_000)
    for _ in range(10):
        if chip.pins[sounder]:
            pump.call("shim_idle", may_stop)
    assert not chip.pins[sounder]
    (on, off) = [(when, high) for when, pin, high in chip.drives if pin == sounder][-2:]
    assert (on[1], off[1]) == (True, False)
    assert us(off[0] - on[0]) == pytest.approx(150_000, abs=200)
    assert not chip.pins[light]
    assert chip.wrong == []


@pytest.mark.req("OCC-1")
@pytest.mark.parametrize("seen", [True, False])
def test_the_pressure_is_read_before_the_burst_and_at_its_end(pump, seen):
    machine, chip, adc = pump.machine, pump.chip, pump.machine.adc
    found = iter((700, 1900))
    adc.sense = lambda channel: next(found)
    assert pump.call("shim_readings") == 1 << 31
    pump.bolus()
    pump.call("shim_sleep", 3_000_000)
    machine.pass_time(LEAD_US + pump.burst_us - 5_000)
    if seen:
        pump.see_stroke()
    machine.pass_time(100_000)
    first_us, end_us = pump.edges_us()[0], pump.edges_us()[0] + pump.burst_us
    before_us, after_us = (us(each) for each in adc.converted)
    assert 100 < first_us - before_us < 400
    assert 0 <= after_us - end_us < 1_000
    assert adc.channels == [14, 14], "PC5"
    assert pump.call("shim_readings") == 700 | 1900 << 12 | seen << 24
    assert machine.call("shim_ended_us", wide=True) == pytest.approx(end_us + LEAD_US, abs=1_000)
    assert adc.registers[0x08] == 0, "off between readings"
    assert chip.wrong == []
