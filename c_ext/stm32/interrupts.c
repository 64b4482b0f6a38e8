#include "interrupts.h"

#include "../board/service.h"
#include "../board/start.h"
#include "annunciator.h"
#include "chip.h"
#include "clock.h"
#include "early.h"
#include "pins.h"
#include "power.h"
#include "pressure.h"
#include "sensor.h"
#include "stroke.h"

#define PRIORITY 0u

// One chip is one board: its state is file-scope, as its registers are.
static service_t service;
static uint64_t next_us;  // the alarm that is set, device time
static bool claimed;
static bool watched = true;  // false once a person at the console has switched the watchdog off

static uint64_t device_us(void) {
    return clock_us() + INTERRUPTS_LEAD_US;
}

// Hands the stroke that the core has ordered to the timers.
static void start(void) {
    if (stroke_playing()) {
        // Never hand over a second stroke while one plays, whatever went wrong before.
        service_fail(&service, device_us());
        (void)stroke_abort();
    } else {
        stroke_prepare();
        // The timers count from the edge of a tick on, with a finer resolution than the clock.
        stroke_start((uint32_t)(service.start_us - clock_edge()));
    }
}

// Does all that is due. Ends with nothing due.
static void work(void) {
    service_order_t order;
    stroke_interrupt();
    if (sensor_take()) {
        service_edge(&service);
    }
    do {
        const uint64_t now_us = device_us();
        order = service_turn(&service, now_us);
        if (order == SERVICE_START) {
            start();
        } else if (order == SERVICE_QUIET) {
            annunciator_off();
        } else if (order == SERVICE_READ) {
            service_reading(&service, now_us, pressure_counts());
        } else if (((order == SERVICE_ENDED) && stroke_playing()) || (order == SERVICE_HALT)) {
            service_fail(&service, now_us);
            (void)stroke_abort();
        } else {
            // The hardware has nothing to do.
        }
    } while (order != SERVICE_NOTHING);
}

// When the interrupt must come again, device time.
static uint64_t again_us(uint64_t now_us) {
    const uint64_t latest_us = now_us + CLOCK_ALARM_MAX_US;
    uint64_t again = service_next_us(&service);
    if (again > (now_us + POWER_SETTLE_US)) {
        // Early enough for the oscillator to settle after stop mode; then a second time.
        again -= POWER_SETTLE_US;
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
        work();
        now_us = device_us();
        if (!watched || ((service.core != NULL) && core_alive(service.core, now_us))) {
            early_feed();
        }
        next_us = again_us(now_us);
        now_us = device_us();
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
static void let_in(void) {
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
        let_in();
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

uint64_t interrupts_now_us(void) {
    interrupts_mask();
    const uint64_t now_us = service_seen_us(&service, device_us());
    let_in();
    return now_us;
}

uint64_t interrupts_counter_us(void) {
    interrupts_mask();
    const uint64_t now_us = device_us();
    let_in();
    return now_us;
}

void interrupts_plan(uint32_t steps, const uint16_t *period_us, uint32_t burst_us) {
    interrupts_mask();
    stroke_plan(steps, period_us);
    service_init(&service, burst_us + STROKE_SLACK_US(burst_us), INTERRUPTS_LEAD_US, STROKE_AHEAD_US);
    interrupts_unmask();
}

bool interrupts_sleep(core_t *core, uint64_t until_us) {
    interrupts_mask();
    const bool promised = service_sleep(&service, core, device_us(), until_us);
    const uint64_t since_reset_us = clock_run_us();
    interrupts_unmask();
    start_lived(since_reset_us);
    return promised;
}

uint32_t interrupts_events(void) {
    return *(volatile uint32_t *)&service.events;
}

uint64_t interrupts_spare_us(void) {
    const uint64_t now_us = device_us();
    return (next_us > now_us) ? (next_us - now_us) : 0u;
}

uint32_t interrupts_wake(void) {
    interrupts_mask();
    const uint32_t events = service_wake(&service, device_us());
    interrupts_unmask();
    return events;
}

void interrupts_tone(uint32_t for_us) {
    interrupts_mask();
    annunciator_on();
    service_tone(&service, device_us(), for_us);
    interrupts_unmask();
}

uint32_t interrupts_readings(void) {
    interrupts_mask();
    const uint32_t readings = service_readings(&service);
    interrupts_unmask();
    return readings;
}

uint64_t interrupts_ended_us(void) {
    interrupts_mask();
    const uint64_t ended_us = service.ended_us;
    interrupts_unmask();
    return ended_us;
}

void interrupts_forget(void) {
    interrupts_mask();
    service.core = NULL;
    interrupts_unmask();
}

uint32_t interrupts_motor_stop(void) {
    interrupts_mask();
    const uint32_t steps = stroke_abort();
    service_cut(&service, device_us());
    interrupts_unmask();
    return steps;
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
