// stm32_shim.c: one pump for tests/board/test_stm32_*.py: what c_ext/board/module.c and the supervisor do, by plain numbers.
#include "../../c_ext/board/annunciator.h"
#include "../../c_ext/board/bus.h"
#include "../../c_ext/board/pressure.h"
#include "../../c_ext/board/start.h"
#include "../../c_ext/core/motion.h"
#include "../../c_ext/stm32/clock.h"
#include "../../c_ext/stm32/interrupts.h"
#include "../../c_ext/stm32/link.h"
#include "../../c_ext/stm32/power.h"
#include "../../c_ext/stm32/sensor.h"
#include "../../c_ext/stm32/stroke.h"

static uint32_t history[2500];
static core_t core;
uint16_t shim_period_us[MOTION_STEPS_MAX];
uint8_t shim_bytes[8192];
uint64_t shim_asked_us;  // the time that the last bolus was stamped with

uint32_t shim_setup(void) {
    start_begin();
    const bool strokes = stroke_setup();
    sensor_setup();
    annunciator_setup();
    pressure_setup();
    link_setup();
    return (interrupts_setup() && strokes) ? 1u : 0u;
}
// What the port calls first after a reset.
void shim_start_begin(void) {
    start_begin();
}
uint32_t shim_free_bus(void) {
    return bus_free() ? 1u : 0u;
}
uint32_t shim_ended(void) {
    return (uint32_t)start_ended();
}
void shim_anew(uint32_t cause) {
    start_anew((start_cause_t)cause);
}
void shim_lived(uint32_t ms) {
    start_lived((uint64_t)ms * 1000u);
}
uint32_t shim_begin(uint32_t steps, uint32_t start_hz, uint32_t max_hz, uint32_t accel_hz_per_s) {
    const motion_motor_t motor = {steps, start_hz, max_hz, accel_hz_per_s};
    const uint32_t burst_us = motion_plan(&motor, shim_period_us);
    const core_config_t config = {
        .stroke_nl = 500u,
        .concentration_u_per_ml = 400u,
        .burst_us = burst_us,
        .history = history,
        .history_length = 2500u,
    };
    const bool made = core_init(&core, interrupts_now_us(), &config);
    interrupts_plan(steps, shim_period_us, burst_us);
    return (made || (burst_us > 1000000u)) ? burst_us : 0u;
}
void shim_ask(void) {
    shim_asked_us = interrupts_now_us();
}
// An order is stamped when its work begins, and reaches the core when it ends.
uint32_t shim_order(uint32_t strokes) {
    interrupts_mask();
    const uint32_t result = (uint32_t)core_bolus(&core, shim_asked_us, strokes, 0u, 0u);
    interrupts_unmask();
    return result;
}
uint32_t shim_bolus(uint32_t strokes) {
    shim_ask();
    return shim_order(strokes);
}
uint32_t shim_permit(uint32_t stroke) {
    interrupts_mask();
    const bool permitted = core_permit(&core, stroke);
    interrupts_unmask();
    return permitted ? 1u : 0u;
}
uint32_t shim_sleep(uint32_t for_us) {
    return interrupts_sleep(&core, interrupts_now_us() + for_us) ? 1u : 0u;
}
uint32_t shim_idle(uint32_t may_stop) {
    return (power_idle(may_stop != 0u) ? 4u : 0u) | interrupts_events();
}
uint32_t shim_confirmed(void) {
    return core.guard.confirmed.value;
}
uint64_t shim_now_us(void) {
    return interrupts_now_us();
}
uint32_t shim_playing(void) {
    return stroke_playing() ? 1u : 0u;
}
uint32_t shim_readings(void) {
    return interrupts_readings();
}
uint64_t shim_ended_us(void) {
    return interrupts_ended_us();
}
void shim_tone(uint32_t for_us) {
    interrupts_tone(for_us);
}
// What the interrupt does for a stroke, without a core.
void shim_start(uint32_t wait_us) {
    stroke_take(clock_us() + wait_us);
    stroke_hand_over();
}
uint32_t shim_read(uint32_t size) {
    return link_read(shim_bytes, size);
}
uint32_t shim_write(uint32_t size) {
    return link_write(shim_bytes, size);
}
