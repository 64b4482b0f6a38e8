#include "bus_clear.h"

#include <stdint.h>

// Eight bits of the byte that was cut off, and its acknowledge.
#define CLOCKS 9u
// A device may stretch the clock for a while.
#define STRETCH_HALVES 10u

static void rise(const bus_lines_t *lines) {
    lines->scl(true);
    lines->half();
    for (uint32_t i = 0u; (i < STRETCH_HALVES) && !lines->scl_is_high(); i++) {
        lines->half();
    }
}

static void fall(const bus_lines_t *lines) {
    lines->scl(false);
    lines->half();
}

bool bus_clear(const bus_lines_t *lines) {
    lines->sda(true);
    for (uint32_t i = 0u; (i < CLOCKS) && !lines->sda_is_high(); i++) {
        fall(lines);
        rise(lines);
    }
    // The stop: the data line rises while the clock is high. It ends any transfer that a device still considers open.
    fall(lines);
    lines->sda(false);
    lines->half();
    rise(lines);
    lines->sda(true);
    lines->half();
    return lines->sda_is_high();
}
