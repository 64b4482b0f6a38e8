"""STM32L4: what goes on beside the strokes: watchdog, clock, sleep, set-up, tones, the pressure around a burst."""

import pytest

from hil.emulator_stm32.device import ACCESS_CYCLES, CYCLES_A_SECOND, CYCLES_A_TICK
from tests.board.stm32_machine import PINS, Machine, build
from tests.board.stm32_pump import LEAD_US, Pump, us


@pytest.fixture
def pump(image):
    return Pump(image)


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
    found = iter((700, 700, 1900, 1900))
    adc.sense = lambda channel: next(found)
    assert pump.call("shim_readings") == 1 << 31
    pump.bolus()
    pump.call("shim_sleep", 3_000_000)
    machine.pass_time(LEAD_US + pump.burst_us - 5_000)
    if seen:
        pump.see_stroke()
    machine.pass_time(100_000)
    first_us, end_us = pump.edges_us()[0], pump.edges_us()[0] + pump.burst_us
    # Each time twice: the first conversion after a pause is wrong (erratum).
    _, before_us, _, after_us = (us(each) for each in adc.converted)
    assert 100 < first_us - before_us < 400
    assert 0 <= after_us - end_us < 1_000
    assert adc.channels == [14] * 4, "PC5"
    assert pump.call("shim_readings") == 700 | 1900 << 12 | seen << 24
    assert machine.call("shim_ended_us", wide=True) == pytest.approx(end_us + LEAD_US, abs=1_000)
    assert adc.registers[0x08] == 0, "off between readings"
    assert chip.wrong == []
