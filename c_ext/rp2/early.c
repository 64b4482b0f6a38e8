#include "../board/early.h"

#include "bus.h"
#include "chip.h"
#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "hardware/structs/sio.h"
#include "hardware/structs/timer.h"
#include "hardware/structs/watchdog.h"
#include "hardware/sync.h"
#include "hardware/timer.h"
#include "hardware/watchdog.h"
#include "interrupts.h"
#include "kept.h"
#include "pico/platform.h"
#include "pico/runtime_init.h"
#include "pins.h"

#define IN_RAM(name) __no_inline_not_in_flash_func(name)
#define OUTPUTS \
    ((1u << PIN_STEP) | (1u << PIN_DIR) | (1u << PIN_MOTOR_ENABLE) | (1u << PIN_ANNUNCIATOR) | (1u << PIN_LED))
#define SOUND ((1u << PIN_ANNUNCIATOR) | (1u << PIN_LED))

uint32_t early_kept(void) {
    return watchdog_hw->scratch[KEPT_WORD];
}

void early_keep(uint32_t word) {
    watchdog_hw->scratch[KEPT_WORD] = word;
}

start_cause_t early_cause(void) {
    return ((watchdog_hw->reason & WATCHDOG_REASON_TIMER_BITS) != 0u) ? START_WATCHDOG : START_POWER;
}

void early_rest(void) {
    // ENABLE is active low, so set the level before the direction.
    gpio_init_mask(OUTPUTS);
    sio_hw->gpio_set = 1u << PIN_MOTOR_ENABLE;
    gpio_set_dir_out_masked(OUTPUTS);
}

void early_sound(bool on) {
    if (on) {
        sio_hw->gpio_set = SOUND;
    } else {
        sio_hw->gpio_clr = SOUND;
    }
}

void early_feed(void) {
    watchdog_update();
}

void early_wait_ms(uint32_t ms) {
    const uint32_t until = timer_hw->timerawl + (ms * 1000u);
    // As in bus.c: the alarm's interrupt has no handler, but ends WFE when it becomes pending.
    scb_hw->scr |= CHIP_SEVONPEND;
    hw_set_bits(&timer_hw->inte, 1u << BUS_ALARM);
    timer_hw->alarm[BUS_ALARM] = until;
    while ((int32_t)(timer_hw->timerawl - until) < 0) {
        __wfe();
    }
    timer_hw->intr = 1u << BUS_ALARM;
    irq_clear(TIMER_ALARM_IRQ_NUM(timer_hw, BUS_ALARM));
}

// In RAM and without a call: the stack may be corrupt, and the flash unavailable.
void IN_RAM(early_reset)(void) {
    for (;;) {
        watchdog_hw->ctrl |= WATCHDOG_CTRL_TRIGGER_BITS;
    }
}

// Before anything else of the image, the clocks included.
static void watch(void) {
    // A tick of about 1 µs from the ring oscillator; the SDK sets it again once the crystal runs.
    chip_start_ticks(CHIP_RING_MHZ);
    watchdog_enable(INTERRUPTS_WATCHDOG_MS, true);
}

// The SDK resets the pins' block at 00100 and starts the crystal at 00500.
PICO_RUNTIME_INIT_FUNC_HW(watch, "00002");
PICO_RUNTIME_INIT_FUNC_HW(start_begin, "00110");
