// pulse.c: the processor's time, counted as it runs; called by unicorn for every stretch of code without a branch.
//
// A cycle a halfword of code. Stops the processor at a deadline, and when an interrupt that waits may come: between two
// stretches, and before the one that is too many.
#include <stdint.h>

enum { WHY_NONE = 0, WHY_TIME = 1, WHY_INTERRUPT = 2, WHY_EXCEPTION = 3 };

typedef struct {
    uint64_t now;        // cycles
    uint64_t deadline;   // cycles
    uint32_t attention;  // 0: nothing waits; otherwise one more than the priority of what does
    uint32_t why;        // the processor has been stopped for
    uint32_t number;     // unicorn's, of the exception
    int32_t primask;     // unicorn's numbers of these registers
    int32_t basepri;
    int (*stop)(void *engine);
    int (*reg_read)(void *engine, int reg, void *value);
} pulse_t;

static int may_come(void *engine, const pulse_t *pulse) {
    uint64_t primask = 0;
    uint64_t basepri = 0;
    pulse->reg_read(engine, pulse->primask, &primask);
    pulse->reg_read(engine, pulse->basepri, &basepri);
    const uint32_t priority = pulse->attention - 1u;
    return ((primask & 1u) == 0u) && (((basepri & 0xFFu) == 0u) || (priority < (basepri & 0xFFu)));
}

void pulse_block(void *engine, uint64_t address, uint32_t size, void *user) {
    pulse_t *pulse = user;
    (void)address;
    if (pulse->now >= pulse->deadline) {
        pulse->why = WHY_TIME;
        pulse->stop(engine);
    } else if ((pulse->attention != 0u) && may_come(engine, pulse)) {
        pulse->why = WHY_INTERRUPT;
        pulse->stop(engine);
    } else {
        pulse->now += size / 2u;
    }
}

void pulse_exception(void *engine, uint32_t number, void *user) {
    pulse_t *pulse = user;
    pulse->why = WHY_EXCEPTION;
    pulse->number = number;
    pulse->stop(engine);
}
