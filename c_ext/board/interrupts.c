#include "interrupts.h"

#include "annunciator.h"
#include "pressure.h"
#include "start.h"
#include "stroke.h"

service_t interrupts_service;

static void fail(uint64_t now_us) {
    service_fail(&interrupts_service, now_us);
    (void)stroke_abort();
}

void interrupts_work(uint32_t edges) {
    service_t *service = &interrupts_service;
    service_order_t order;
    for (uint32_t left = edges; left > 0u; left--) {
        service_edge(service);
    }
    do {
        const uint64_t now_us = interrupts_device_us();
        order = service_turn(service, now_us);
        if ((order == SERVICE_START) && !stroke_playing()) {
            interrupts_start(service->start_us);
        } else if (order == SERVICE_QUIET) {
            annunciator_off();
        } else if (order == SERVICE_READ) {
            service_reading(service, now_us, pressure_counts());
        } else if ((order == SERVICE_START) || ((order == SERVICE_ENDED) && stroke_playing()) ||
                   (order == SERVICE_HALT)) {
            // Never hand over a second stroke while one plays, whatever went wrong before.
            fail(now_us);
        } else {
            // The hardware has nothing to do.
        }
    } while (order != SERVICE_NOTHING);
}

uint64_t interrupts_now_us(void) {
    interrupts_mask();
    const uint64_t now_us = service_seen_us(&interrupts_service, interrupts_device_us());
    interrupts_let_in();
    return now_us;
}

bool interrupts_sleep(core_t *core, uint64_t until_us) {
    interrupts_mask();
    const bool promised = service_sleep(&interrupts_service, core, interrupts_device_us(), until_us);
    const uint64_t run_us = interrupts_run_us();
    interrupts_unmask();
    start_lived(run_us);
    return promised;
}

uint32_t interrupts_events(void) {
    return *(volatile uint32_t *)&interrupts_service.events;
}

uint32_t interrupts_wake(void) {
    interrupts_mask();
    const uint32_t events = service_wake(&interrupts_service, interrupts_device_us());
    interrupts_unmask();
    return events;
}

void interrupts_tone(uint32_t for_us) {
    interrupts_mask();
    annunciator_on();
    service_tone(&interrupts_service, interrupts_device_us(), for_us);
    interrupts_unmask();
}

void interrupts_forget(void) {
    interrupts_mask();
    interrupts_service.core = NULL;
    interrupts_unmask();
}

uint32_t interrupts_readings(void) {
    interrupts_mask();
    const uint32_t readings = service_readings(&interrupts_service);
    interrupts_unmask();
    return readings;
}

uint64_t interrupts_ended_us(void) {
    interrupts_mask();
    const uint64_t ended_us = interrupts_service.ended_us;
    interrupts_unmask();
    return ended_us;
}

uint32_t interrupts_motor_stop(void) {
    interrupts_mask();
    const uint32_t steps = stroke_abort();
    service_cut(&interrupts_service, interrupts_device_us());
    interrupts_unmask();
    return steps;
}
