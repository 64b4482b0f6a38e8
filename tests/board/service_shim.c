// service_shim.c: one pump for tests/board/test_service.py: the service with a core, by plain numbers.
#include "../../c_ext/board/service.h"

static uint32_t history[2500];
static core_t core;
static service_t service;

int shim_begin(uint64_t now_us, uint32_t stroke_nl, uint32_t burst_us, uint32_t lead_us, uint32_t ahead_us) {
    const core_config_t config = {
        .stroke_nl = stroke_nl,
        .concentration_u_per_ml = 400u,
        .burst_us = burst_us,
        .history = history,
        .history_length = 2500u,
    };
    service_init(&service, burst_us, lead_us, ahead_us);
    return core_init(&core, now_us, &config) ? 1 : 0;
}
int shim_bolus(uint64_t now_us, uint32_t strokes) {
    return (int)core_bolus(&core, now_us, strokes, 0u, 0u);
}
int shim_permit(uint32_t stroke) {
    return core_permit(&core, stroke) ? 1 : 0;
}
int shim_alive(uint64_t now_us) {
    return core_alive(&core, now_us) ? 1 : 0;
}
uint32_t shim_confirmed(void) {
    return core.guard.confirmed.value;
}
int shim_sleep(uint64_t now_us, uint64_t until_us) {
    return service_sleep(&service, &core, now_us, until_us) ? 1 : 0;
}
uint64_t shim_seen_us(uint64_t now_us) {
    return service_seen_us(&service, now_us);
}
uint32_t shim_wake(uint64_t now_us) {
    return service_wake(&service, now_us);
}
int shim_turn(uint64_t now_us) {
    return (int)service_turn(&service, now_us);
}
uint64_t shim_next_us(void) {
    return service_next_us(&service);
}
uint64_t shim_start_us(void) {
    return service.start_us;
}
uint32_t shim_events(void) {
    return service.events;
}
void shim_reading(uint64_t now_us, uint32_t counts) {
    service_reading(&service, now_us, counts);
}
uint32_t shim_readings(void) {
    return service_readings(&service);
}
void shim_tone(uint64_t now_us, uint32_t for_us) {
    service_tone(&service, now_us, for_us);
}
void shim_edge(void) {
    service_edge(&service);
}
void shim_fail(uint64_t now_us) {
    service_fail(&service, now_us);
}
void shim_cut(uint64_t now_us) {
    service_cut(&service, now_us);
}
uint32_t shim_delivered(void) {
    return core.dose.ledger[DOSE_KIND_NORMAL].delivered;
}
int shim_in_flight(void) {
    return (int)core.in_flight;
}
int shim_suspend(uint64_t now_us) {
    return (int)core_suspend(&core, now_us);
}
