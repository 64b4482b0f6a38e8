#include "../board/annunciator.h"

#include "chip.h"
#include "pins.h"

void annunciator_setup(void) {
    annunciator_off();
    chip_pin(PIN_ANNUNCIATOR, CHIP_OUTPUT, 0u, CHIP_NO_PULL);
    chip_pin(PIN_LED, CHIP_OUTPUT, 0u, CHIP_NO_PULL);
    annunciator_off();  // again: a port without a clock ignores writes
}

void annunciator_on(void) {
    chip_drive(PIN_ANNUNCIATOR, true);
    chip_drive(PIN_LED, true);
}

void annunciator_off(void) {
    chip_drive(PIN_ANNUNCIATOR, false);
    chip_drive(PIN_LED, false);
}
