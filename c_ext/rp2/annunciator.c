#include "../board/annunciator.h"

#include "hardware/gpio.h"
#include "hardware/structs/sio.h"
#include "pico/platform.h"
#include "pins.h"

#define PINS ((1u << PIN_ANNUNCIATOR) | (1u << PIN_LED))

void annunciator_setup(void) {
    gpio_init_mask(PINS);
    gpio_set_dir_out_masked(PINS);
}

void annunciator_on(void) {
    sio_hw->gpio_set = PINS;
}

void __no_inline_not_in_flash_func(annunciator_off)(void) {
    sio_hw->gpio_clr = PINS;
}
