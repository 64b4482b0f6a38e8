#include "interrupts.h"

#include "chip.h"
#include "hardware/irq.h"
#include "hardware/pio.h"
#include "hardware/structs/timer.h"
#include "hardware/structs/watchdog.h"
#include "hardware/sync.h"
#include "hardware/timer.h"
#include "hardware/watchdog.h"
#include "pico/platform.h"
#include "sensor.h"
#include "stroke.h"

#define IN_RAM(name) __no_inline_not_in_flash_func(name)
// MicroPython has alarms 2 and 3.
#define ALARM 1u
#define TIMER_LINE TIMER_ALARM_IRQ_NUM(timer_hw, ALARM)
#define SENSOR_LINE PIO1_IRQ_0
#define LINES ((1u << TIMER_LINE) | (1u << SENSOR_LINE))

_Static_assert(SENSOR_LINE < 32u, "CHIP_NVIC reaches the first 32");

#define WATCHDOG_COUNTS (CHIP_WATCHDOG_COUNTS * 1000u * INTERRUPTS_WATCHDOG_MS)
#define FEED_EVERY_US 4000000u

const uint32_t interrupts_lead_us = INTERRUPTS_LEAD_US;
static bool claimed;
static uint64_t advanced_us;  // by which device time has advanced while the chip had no power

static uint64_t IN_RAM(hardware_us)(void) {
    uint32_t high = timer_hw->timerawh;
    uint32_t low;
    uint32_t before;
    do {
        before = high;
        low = timer_hw->timerawl;
        high = timer_hw->timerawh;
    } while (high != before);
    return (((uint64_t)high << 32u) | low) + advanced_us;
}

uint64_t IN_RAM(interrupts_device_us)(void) {
    return hardware_us() + INTERRUPTS_LEAD_US;
}

uint64_t interrupts_counter_us(void) {
    return interrupts_device_us();
}

uint64_t interrupts_run_us(void) {
    return hardware_us() - advanced_us;
}

void IN_RAM(interrupts_start)(uint64_t start_us) {
    // One more, because now lies anywhere within its microsecond: never before it is due. The player takes the words
    // over at the next of its own ticks: at most 3 µs after.
    stroke_start((uint32_t)(start_us - hardware_us()) + 1u);
}

// Works, feeds the watchdog if the supervisor keeps its promise, and sets the alarm for the next time.
static void IN_RAM(interrupt)(void) {
    uint64_t next_us;
    do {
        timer_hw->intr = 1u << ALARM;
        interrupts_work(sensor_take());
        const uint64_t now_us = interrupts_device_us();
        if ((interrupts_service.core != NULL) && core_alive(interrupts_service.core, now_us)) {
            watchdog_hw->load = WATCHDOG_COUNTS;
        }
        next_us = service_next_us(&interrupts_service);
        next_us = (next_us < (now_us + FEED_EVERY_US)) ? next_us : (now_us + FEED_EVERY_US);
        timer_hw->alarm[ALARM] = (uint32_t)(next_us - INTERRUPTS_LEAD_US - advanced_us);
        // The alarm compares for equality: a time that has passed meanwhile would match only 71 minutes later.
    } while (interrupts_device_us() >= next_us);
}

void interrupts_mask(void) {
    CHIP_NVIC(icer) = LINES;
    __dsb();
    __isb();
}

// Without checking what is due. A line without its handler would never fall again.
void interrupts_let_in(void) {
    if (claimed) {
        CHIP_NVIC(iser) = LINES;
        __dsb();
        __isb();
    }
}

void interrupts_unmask(void) {
    if (claimed) {
        // The supervisor may have moved the next stroke, so the interrupt checks at once.
        CHIP_NVIC(ispr) = 1u << TIMER_LINE;
        interrupts_let_in();
    }
}

bool interrupts_ready(void) {
    return claimed;
}

void interrupts_setup(void) {
    if (!claimed) {
        hardware_alarm_claim(ALARM);
        const uint32_t lines[] = {TIMER_LINE, SENSOR_LINE};
        for (uint32_t i = 0u; i < count_of(lines); i++) {
            // The vectors lead straight into RAM, not through the SDK's dispatcher in flash. Both have the highest
            // priority, so that neither preempts the other.
            irq_set_exclusive_handler(lines[i], interrupt);
            irq_set_priority(lines[i], 0u);
        }
        hw_set_bits(&timer_hw->inte, 1u << ALARM);
        claimed = true;
    }
    interrupts_watchdog_on();
    interrupts_forget();
}

void interrupts_plan(uint32_t steps, const uint16_t *period_us, uint32_t burst_us) {
    interrupts_mask();
    stroke_plan(steps, period_us);
    service_init(&interrupts_service, burst_us, INTERRUPTS_LEAD_US, STROKE_AHEAD_US);
    interrupts_unmask();
}

void interrupts_advance(uint64_t us) {
    interrupts_mask();
    advanced_us += us;
    interrupts_unmask();
}

void interrupts_watchdog_off(void) {
    interrupts_forget();
    watchdog_disable();
}

void interrupts_watchdog_on(void) {
    watchdog_enable(INTERRUPTS_WATCHDOG_MS, true);
}

bool interrupts_watched(void) {
    return (watchdog_hw->ctrl & WATCHDOG_CTRL_ENABLE_BITS) != 0u;
}
