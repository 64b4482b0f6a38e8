"""Mistakes made on purpose in c_ext/stm32: the tests beside this file find each of them."""

import pytest

from tests.board import test_stm32_around as around
from tests.board import test_stm32_link as link
from tests.board import test_stm32_stroke as stroke
from tests.board.stm32_machine import build
from tests.board.stm32_pump import Pump

STROKE, INTERRUPTS, LINK = "stm32/stroke.c", "stm32/interrupts.c", "stm32/link.c"
RING, COMMON = "board/ring.c", "board/interrupts.c"
CLOCK, SENSOR, POWER = "stm32/clock.c", "stm32/sensor.c", "stm32/power.c"
PRESSURE = "stm32/pressure.c"


def alone(pump):
    stroke.test_a_stroke_goes_on_and_ends_by_itself_without_the_processor(pump)


def off(pump):
    pump.machine.deliver_interrupts = False
    pump.call("shim_start", 9_900)
    pump.machine.pass_time(9_900 + pump.burst_us)
    assert not pump.chip.pins[stroke.ENABLE]
    pump.machine.pass_time(20_000_000)
    assert pump.chip.pins[stroke.ENABLE]


def cut(pump):
    stroke.test_an_abort_counts_the_steps_done(pump, 30_000)


def stopping(pump):
    link.test_in_stop_mode_an_edge_of_the_line_wakes_the_pump_and_the_repeat_is_heard(pump)


def read(pump):
    around.test_the_pressure_is_read_before_the_burst_and_at_its_end(pump, True)


def sounding(pump):
    around.test_a_tone_ends_by_itself_also_in_stop_mode(pump, 1)


def asleep_for_a_frame(pump):
    """The frame ends the very next sleep after it, not the alarm seconds later."""
    pump.line.feed(b"frame\0")
    before = pump.chip.now
    pump.wait_for_bytes()
    assert pump.chip.now - before < 80_000_000 // 100


# What is wrong: where, the edit, the test that finds it.
BUGS = {
    "a step too many": (STROKE, "RCR = step_count - 1u", "RCR = step_count", alone),
    "no one-pulse mode": (
        STROKE,
        "R_TIM15->CR1 = R_TIM_CR1_OPM | R_TIM_CR1_URS",
        "R_TIM15->CR1 = R_TIM_CR1_URS",
        alone,
    ),
    "periods a count too long": (STROKE, "clock_timer_ticks(begin_us) - 1u", "clock_timer_ticks(begin_us)", alone),
    "the timers taken for 1 MHz": (CLOCK, "(us * CLOCK_TIMER_DEFICIT)", "(us * 0u)", alone),
    "the wrong DMA request": (STROKE, "#define DMA_REQUEST 7u", "#define DMA_REQUEST 2u", alone),
    "a dead processor leaves the motor on": (STROKE, "R_TIM6->DIER = R_TIM_DIER_UDE;", "", off),
    "the motor switched off before the burst is over": (
        STROKE,
        "cut_counts = CUT_COUNTS(begin_us)",
        "cut_counts = 9u",
        off,
    ),
    "the motor switched off some time after a stroke": (
        *(
            STROKE,
            "    R_TIM6->CR1 = R_TIM_CR1_OPM | R_TIM_CR1_URS;\n    cut_channel()->CCR = 0u;\n    busy",
            "    busy",
        ),
        stroke.test_with_the_processor_nothing_else_switches_the_motor,
    ),
    "a stroke played by a clock that is slow": (
        *(STROKE, "played = in_step();", "played = true;"),
        lambda pump: stroke.test_a_stroke_is_not_played_by_timers_that_do_not_follow_the_crystal(pump, 107, False),
    ),
    "the abort leaves the motor on": (STROKE, "    motor(false);\n    R_TIM6", "    R_TIM6", cut),
    "the abort counts what is left": (STROKE, "(step_count - left)", "left", cut),
    "the converter used before its supply has settled": (PRESSURE, "i < SETTLE_LOOKS", "i < 1u", read),
    "the converter not calibrated": (PRESSURE, "ADVREGEN | R_ADC_CR_ADCAL;", "ADVREGEN;", read),
    "the converter not switched off": (PRESSURE, "    R_ADC2->CR = 0u;\n    return", "    return", read),
    "a conversion not waited for": (PRESSURE, "R_ADC_ISR_EOC, 0u)", "R_ADC_ISR_EOC, 8u)", read),
    "the wrong input": (PRESSURE, "((pin) - 23u)", "((pin) - 24u)", read),
    "a tone ends nowhere but here": (COMMON, "annunciator_off();", "", sounding),
    "two strokes at once": (
        *(COMMON, "(order == SERVICE_START) && !stroke_playing()", "order == SERVICE_START"),
        stroke.test_a_second_stroke_while_one_plays_is_a_fault_and_stops_the_motor,
    ),
    "the watchdog fed whatever the core says": (
        *(INTERRUPTS, "core_alive(interrupts_service.core, now_us)", "true"),
        around.test_the_watchdog_is_fed_while_the_promise_is_kept_and_not_after,
    ),
    "a new alarm with every interrupt": (
        *(INTERRUPTS, "? next_us : latest_us;", "? latest_us : latest_us;"),
        around.test_an_idle_pump_is_seldom_interrupted,
    ),
    "the counter read once": (
        *(CLOCK, "while (now != before);", "while (false);"),
        around.test_the_clock_is_right_wherever_in_a_tick_it_is_read,
    ),
    "a spike counts as a stroke": (
        *(SENSOR, "(i < LOOKS) && seen", "(i < LOOKS) && !seen"),
        stroke.test_an_edge_of_the_sensor_counts_and_a_spike_does_not,
    ),
    "the start not counted from the edge of a tick": (
        *(STROKE, "edge_us = clock_edge()", "edge_us = clock_us()"),
        lambda pump: stroke.test_a_stroke_starts_when_due(pump, 333),
    ),
    "a stroke decided no sooner than it is handed over": (
        *(
            INTERRUPTS,
            "#define PRIORITY 0u",
            "#define PRIORITY 0u\n#undef INTERRUPTS_LEAD_US\n#define INTERRUPTS_LEAD_US 10000u",
        ),
        lambda pump: stroke.test_a_bolus_whose_order_takes_long_starts_when_due(pump, 30_000),
    ),
    "a stroke handed over as soon as it is decided": (
        *(STROKE, "start_us - STROKE_HAND_OVER_US)", "start_us - 450000u)"),
        stroke.test_a_stroke_waits_in_stop_mode_until_it_is_handed_over,
    ),
    "the abort forgets the stroke that waits": (
        *(STROKE, "    waiting = false;\n    if (busy)", "    if (busy)"),
        lambda pump: stroke.test_a_stroke_that_waits_is_stopped_and_counts(pump, 200_000),
    ),
    "a hand-over too late counts its wait all the same": (
        *(STROKE, "start_us >= (edge_us + STROKE_SETTLE_US)", "start_us != edge_us"),
        lambda pump: stroke.test_a_hand_over_too_late_plays_no_stroke(pump, 300_000, False),
    ),
    "no time for the oscillator to settle": (
        *(INTERRUPTS, "hand_over_us -= POWER_SETTLE_US;", "hand_over_us -= 200u;"),
        stroke.test_a_stroke_waits_in_stop_mode_until_it_is_handed_over,
    ),
    "stop mode again while the oscillator settles": (
        *(POWER, "interrupts_spare_us() >= POWER_STOP_MIN_US", "interrupts_spare_us() >= 2000u"),
        stroke.test_a_stroke_waits_in_stop_mode_until_it_is_handed_over,
    ),
    "stop mode while a stroke plays": (
        *(POWER, "&& !stroke_clocked()", "|| stroke_clocked()"),
        stroke.test_a_stroke_waits_in_stop_mode_until_it_is_handed_over,
    ),
    "stop mode ends at 4 MHz": (
        *(POWER, "SLEEPDEEP;\n    full_speed();", "SLEEPDEEP;"),
        lambda pump: stroke.test_the_start_of_each_stroke_of_a_bolus_and_no_drift(pump, 1),
    ),
    "stop mode while the link is in use": (POWER, "now_us + POWER_LINK_US", "now_us", stopping),
    "never in stop mode, the end of transmission cleared": (
        LINK,
        "R_USART_ICR_ALL & ~R_USART_ISR_TC;\n    UART->CR1",
        "R_USART_ICR_ALL;\n    UART->CR1",
        stopping,
    ),
    "a byte that is no delimiter ends a frame": (
        *(RING, "ring->rx[scanned & RING_MASK] == 0u)", "ring->rx[scanned & RING_MASK] != 0u)"),
        link.test_the_processor_wakes_for_a_whole_frame_and_not_for_bytes,
    ),
    "a frame wakes nobody": (
        *(LINK, "R_USART_CR1_CMIE | R_USART_CR1_IDLEIE | R_USART_CR1_TE", "R_USART_CR1_TE"),
        asleep_for_a_frame,
    ),
}


@pytest.mark.req("LINK-1")
def test_the_end_of_a_frame_wakes_at_once(image):
    asleep_for_a_frame(link.Pump(image))


@pytest.mark.parametrize("name", BUGS)
def test_a_mistake_is_found(image, tmp_path, name):
    where, old, new, check = BUGS[name]
    broken = build(tmp_path, edit=(where, old, new), base=image)
    about_link = check in (stopping, asleep_for_a_frame) or where in (LINK, RING)
    with pytest.raises(AssertionError):
        check((link.Pump if about_link else Pump)(broken))
