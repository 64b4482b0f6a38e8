#include "interrupts.h"

#include "../board/early.h"
#include "chip.h"
#include "clock.h"
#include "pins.h"
#include "power.h"
#include "sensor.h"
#include "stroke.h"

#define PRIORITY 0u

const uint32_t interrupts_lead_us = INTERRUPTS_LEAD_US;
static uint64_t next_us;  // the alarm that is set, device time
static bool claimed;
static bool watched = true;  // false once a person at the console has switched the watchdog off

uint64_t interrupts_device_us(void) {
    return clock_us() + INTERRUPTS_LEAD_US;
}

uint64_t interrupts_run_us(void) {
    return clock_run_us();
}

static void hand_over(void) {
    if (clock_us() >= stroke_hand_over_us()) {
        stroke_hand_over();
    }
}

void interrupts_start(uint64_t start_us) {
    stroke_take(start_us);
    hand_over();  // it may be late
}

// When the interrupt must come again, device time.
static uint64_t again_us(uint64_t now_us) {
    const uint64_t latest_us = now_us + CLOCK_ALARM_MAX_US;
    uint64_t again = service_next_us(&interrupts_service);
    uint64_t hand_over_us = stroke_hand_over_us();
    if (hand_over_us != DOSE_NEVER) {
        hand_over_us += INTERRUPTS_LEAD_US;
        if (hand_over_us > (now_us + POWER_SETTLE_US)) {
            // Early enough for the oscillator to settle after stop mode; then a second time.
            hand_over_us -= POWER_SETTLE_US;
        }
        again = (hand_over_us < again) ? hand_over_us : again;
    }
    if (again > latest_us) {
        // Only to read the counter and to feed the watchdog. An alarm that is set will do: each new one costs an
        // interrupt.
        again = ((next_us > (now_us + CLOCK_ALARM_MIN_US)) && (next_us <= latest_us)) ? next_us : latest_us;
    }
    return again;
}

// Works, feeds the watchdog if the supervisor keeps its promise, and sets the alarm for the next time.
static void interrupt(void) {
    uint64_t now_us;
    clock_interrupt();
    do {
        stroke_interrupt();
        hand_over();
        interrupts_work(sensor_take() ? 1u : 0u);
        now_us = interrupts_device_us();
        if (!watched || ((interrupts_service.core != NULL) && core_alive(interrupts_service.core, now_us))) {
            early_feed();
        }
        next_us = again_us(now_us);
        now_us = interrupts_device_us();
        // An alarm cannot be set that close, so wait for it here.
    } while ((now_us + CLOCK_ALARM_MIN_US) >= next_us);
    clock_alarm(next_us - INTERRUPTS_LEAD_US);
}

static const uint32_t lines[] = {R_IRQ_LPTIM1, R_IRQ_TIM15};

void interrupts_mask(void) {
    for (uint32_t i = 0u; i < (sizeof(lines) / sizeof(lines[0])); i++) {
        chip_disable(lines[i]);
    }
    chip_disable(chip_edge_irq(PIN_STROKE_SENSOR));
    chip_disable(chip_edge_irq(PIN_LINK_RX));
}

// Without a look at what is due. Not before their handlers are there: MicroPython's end in a fatal error.
void interrupts_let_in(void) {
    if (!claimed) {
        return;
    }
    for (uint32_t i = 0u; i < (sizeof(lines) / sizeof(lines[0])); i++) {
        chip_enable(lines[i]);
    }
    chip_enable(chip_edge_irq(PIN_STROKE_SENSOR));
    chip_enable(chip_edge_irq(PIN_LINK_RX));
    chip_barrier();
}

void interrupts_unmask(void) {
    // The supervisor may have moved the next stroke, so the interrupt checks at once.
    if (claimed) {
        chip_pend(R_IRQ_LPTIM1);
        interrupts_let_in();
    }
}

bool interrupts_ready(void) {
    return claimed;
}

bool interrupts_setup(void) {
    bool ready = true;
    if (!claimed) {
        ready = clock_setup();
        if (ready) {
            // All have one priority, so that none preempts another; they share one handler, which checks everything.
            for (uint32_t i = 0u; i < (sizeof(lines) / sizeof(lines[0])); i++) {
                chip_handler(lines[i], interrupt, PRIORITY);
            }
            chip_handler(chip_edge_irq(PIN_STROKE_SENSOR), interrupt, PRIORITY);
            chip_handler(chip_edge_irq(PIN_LINK_RX), interrupt, PRIORITY);
            claimed = true;
        }
    }
    if (ready) {
        interrupts_watchdog_on();
        interrupts_forget();
    }
    return ready;
}

void interrupts_advance(uint64_t us) {
    interrupts_mask();
    clock_advance(us);
    interrupts_unmask();
}

uint64_t interrupts_counter_us(void) {
    interrupts_mask();
    const uint64_t now_us = interrupts_device_us();
    interrupts_let_in();
    return now_us;
}

void interrupts_plan(uint32_t steps, const uint16_t *period_us, uint32_t burst_us) {
    interrupts_mask();
    stroke_plan(steps, period_us);
    service_init(&interrupts_service, burst_us + STROKE_SLACK_US(burst_us), INTERRUPTS_LEAD_US, STROKE_AHEAD_US);
    interrupts_unmask();
}

uint64_t interrupts_spare_us(void) {
    const uint64_t now_us = interrupts_device_us();
    return (next_us > now_us) ? (next_us - now_us) : 0u;
}

void interrupts_watchdog_off(void) {
    // Nothing stops the watchdog of this chip: the clock's interrupt feeds it, if there is one.
    if (!claimed) {
        (void)interrupts_setup();
    }
    watched = false;
    interrupts_forget();
}

void interrupts_watchdog_on(void) {
    watched = true;
    early_feed();
}

bool interrupts_watched(void) {
    return watched;  // early.c has started the watchdog, and nothing stops it
}
