#include "sensor.h"

#include "chip.h"
#include "pins.h"

_Static_assert(CHIP_NUMBER(PIN_STROKE_SENSOR) != CHIP_NUMBER(PIN_LINK_RX),
               "STROKE_SENSOR and LINK_RX must have different numbers: they share an EXTI line");
// An edge counts if the level still stands some 16 µs later: shorter pulses are noise. A look takes 5 cycles or more.
#define LOOKS 256u

void sensor_setup(void) {
    chip_pin(PIN_STROKE_SENSOR, CHIP_INPUT, 0u, CHIP_PULL_DOWN);
    chip_edge(PIN_STROKE_SENSOR, true);
    R_EXTI->IMR1 |= 1u << CHIP_NUMBER(PIN_STROKE_SENSOR);
}

bool sensor_take(void) {
    const uint32_t bit = 1u << CHIP_NUMBER(PIN_STROKE_SENSOR);
    bool seen = (R_EXTI->PR1 & bit) != 0u;
    if (seen) {
        R_EXTI->PR1 = bit;
        for (uint32_t i = 0u; (i < LOOKS) && seen; i++) {
            seen = chip_is_high(PIN_STROKE_SENSOR);
        }
    }
    return seen;
}
