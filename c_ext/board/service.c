#include "service.h"

static uint64_t earlier(uint64_t one_us, uint64_t other_us) {
    return (one_us < other_us) ? one_us : other_us;
}

static uint64_t later(uint64_t one_us, uint64_t other_us) {
    return (one_us > other_us) ? one_us : other_us;
}

// When the stroke in progress is over: at the end of its burst if the sensor has seen it, else after the window.
static uint64_t over_us(const service_t *service) {
    const uint64_t window_us = (service->confirmed != 0u) ? 0u : SERVICE_CONFIRM_WINDOW_US;
    return service->burst_end_us + window_us;
}

// When the next of the stroke's two readings is due; DOSE_NEVER: both have been taken.
static uint64_t reading_us(const service_t *service) {
    uint64_t due_us = DOSE_NEVER;
    if (service->taken == 0u) {
        due_us = service->burst_end_us - service->burst_us - SERVICE_READ_AHEAD_US;
    } else if (service->taken == 1u) {
        due_us = service->burst_end_us;
    } else {
        // both
    }
    return due_us;
}

// Is the start of the next stroke still undecided? A stroke is in progress, or the next one's permit is not written
// yet.
static bool undecided(const core_t *core) {
    return !guard_faulted(&core->guard) &&
           ((core->in_flight != 0u) || (core->guard.permitted.value == core->guard.commanded.value));
}

// When the supervisor's deadline comes, on the clock that it sees.
static uint64_t back_us(const service_t *service) {
    uint64_t time_us = service->until_us;
    if ((time_us > service->hold_us) && (time_us != DOSE_NEVER)) {
        time_us += service->lead_us;
    }
    return time_us;
}

void service_init(service_t *service, uint32_t burst_us, uint32_t lead_us, uint32_t ahead_us) {
    service->core = NULL;
    service->until_us = DOSE_NEVER;
    service->hold_us = DOSE_NEVER;
    service->burst_end_us = DOSE_NEVER;
    service->retry_us = 0u;
    service->start_us = 0u;
    service->burst_us = burst_us;
    service->lead_us = lead_us;
    service->ahead_us = ahead_us;
    service->events = 0u;
    service->confirmed = 0u;
    service->cut = 0u;
    service->taken = 0u;
    service->reading = 0u;
    service->readings = SERVICE_NO_READINGS;
    service->ended_us = 0u;
    service->tone_end_us = 0u;  // a tone that sounds ends
}

uint64_t service_seen_us(const service_t *service, uint64_t now_us) {
    const uint64_t hardware_us = later(now_us, service->lead_us) - service->lead_us;
    return earlier(now_us, later(service->hold_us, hardware_us));
}

bool service_sleep(service_t *service, core_t *core, uint64_t now_us, uint64_t until_us) {
    const uint64_t seen_us = service_seen_us(service, now_us);
    // Time passes while the supervisor computes its deadline: a deadline already past means now.
    const uint64_t promised_us = later(until_us, seen_us);
    const bool promised = core_promise(core, seen_us, promised_us);
    if (promised) {
        service->core = core;
        service->until_us = promised_us;
    }
    return promised;
}

uint32_t service_wake(service_t *service, uint64_t now_us) {
    const uint32_t events = service->events;
    service->events = 0u;
    service->until_us = DOSE_NEVER;
    (void)core_settle(service->core, service_seen_us(service, now_us));  // it never runs back, so it is not refused
    return events;
}

void service_tone(service_t *service, uint64_t now_us, uint32_t for_us) {
    service->tone_end_us = now_us + for_us;
}

// Asks the core for the stroke that is due.
static service_order_t begin(service_t *service, uint64_t now_us) {
    service_order_t order = SERVICE_NOTHING;
    const uint64_t hardware_us = later(now_us, service->lead_us) - service->lead_us;
    const uint64_t start_us = later(core_next_us(service->core), hardware_us + service->ahead_us);
    const core_action_t action = core_service(service->core, start_us);
    if (action == CORE_STROKE) {
        service->start_us = start_us;
        service->burst_end_us = start_us + service->burst_us + service->lead_us;
        // The books stay before the next stroke's slot. The end of a burst lies after now, so time does not run back.
        service->hold_us = later(start_us + service->core->dose.spacing_us, service->burst_end_us);
        service->confirmed = 0u;
        service->cut = 0u;
        service->taken = 0u;
        service->reading = 0u;
        order = SERVICE_START;
    } else if (action == CORE_WITHHELD) {
        service->events |= EVENT_WITHHELD;
    } else if (action == CORE_FAULT) {
        service->events |= EVENT_FAULT;
        order = SERVICE_HALT;
    } else {
        service->retry_us = now_us + SERVICE_RETRY_US;
    }
    return order;
}

// The stroke in progress is over, its burst ended at ended_us.
static void over(service_t *service, uint64_t ended_us, uint32_t readings) {
    core_stroke_ended(service->core);
    service->ended_us = ended_us;
    service->burst_end_us = DOSE_NEVER;
    service->readings = readings;
    service->events |= EVENT_STROKE;
}

service_order_t service_turn(service_t *service, uint64_t now_us) {
    service_order_t order = SERVICE_NOTHING;
    if ((service->core != NULL) && !undecided(service->core)) {
        service->hold_us = DOSE_NEVER;
    }
    if (now_us >= service->tone_end_us) {
        service->tone_end_us = DOSE_NEVER;
        order = SERVICE_QUIET;
    } else if (service->core != NULL) {
        if (now_us >= back_us(service)) {
            service->events |= EVENT_TIME;
            service->until_us = DOSE_NEVER;
        }
        if (service->burst_end_us != DOSE_NEVER) {
            if (now_us >= reading_us(service)) {
                order = SERVICE_READ;
            } else if (now_us >= over_us(service)) {
                over(service, service->burst_end_us, service->reading | (service->confirmed << 24u));
                order = SERVICE_ENDED;
            } else {
                // The burst is playing.
            }
        } else if (now_us >= later(core_next_us(service->core), service->retry_us)) {
            order = begin(service, now_us);
        } else {
            // Nothing is due.
        }
    } else {
        // No supervisor, no stroke.
    }
    return order;
}

uint64_t service_next_us(const service_t *service) {
    uint64_t next_us = service->tone_end_us;
    if (service->core != NULL) {
        const uint64_t stroke_us = (service->burst_end_us != DOSE_NEVER)
                                       ? earlier(reading_us(service), over_us(service))
                                       : later(core_next_us(service->core), service->retry_us);
        next_us = earlier(next_us, earlier(back_us(service), stroke_us));
    }
    return next_us;
}

void service_reading(service_t *service, uint64_t now_us, uint32_t counts) {
    const uint64_t due_us = reading_us(service);
    if (due_us != DOSE_NEVER) {
        const uint32_t late = (now_us > (due_us + SERVICE_READ_LATE_US)) ? SERVICE_NO_READINGS : 0u;
        service->reading |= late | ((counts & 0xFFFu) << (12u * service->taken));
        service->taken++;
    }
}

uint32_t service_readings(const service_t *service) {
    return service->readings;
}

void service_edge(service_t *service) {
    if (service->cut != 0u) {
        service->cut = 0u;  // it has been counted
    } else if (service->core != NULL) {
        core_stroke_confirmed(service->core);
        service->confirmed = 1u;
    } else {
        // An edge without a stroke or a core: ignored.
    }
}

void service_cut(service_t *service, uint64_t now_us) {
    if ((service->core != NULL) && (service->burst_end_us != DOSE_NEVER)) {
        if (service->core->unconfirmed != 0u) {
            core_stroke_confirmed(service->core);
            service->cut = 1u;
        }
        over(service, now_us, SERVICE_NO_READINGS);
    }
}

void service_fail(service_t *service, uint64_t now_us) {
    if (service->core != NULL) {
        core_stop(service->core, service_seen_us(service, now_us), GUARD_STOPPED);
        service->hold_us = DOSE_NEVER;
        if (service->burst_end_us != DOSE_NEVER) {
            over(service, now_us, SERVICE_NO_READINGS);
        }
        service->events |= EVENT_FAULT;
    }
}
