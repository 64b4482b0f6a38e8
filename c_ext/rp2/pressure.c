#include "../board/pressure.h"

#include "hardware/adc.h"
#include "hardware/structs/adc.h"
#include "pico/platform.h"
#include "pins.h"

#define IN_RAM(name) __no_inline_not_in_flash_func(name)
#define FIRST_PIN 26u
_Static_assert((PIN_PRESSURE >= FIRST_PIN) && (PIN_PRESSURE < (FIRST_PIN + 4u)), "PRESSURE must be GPIO 26 to 29");
#define READY_LOOKS 500u
#define INPUT (PIN_PRESSURE - FIRST_PIN)

void pressure_setup(void) {
    adc_init();
    adc_gpio_init(PIN_PRESSURE);
}

// The input that a conversion takes.
static void IN_RAM(select_input)(uint32_t input) {
    adc_hw->cs = (adc_hw->cs & ~ADC_CS_AINSEL_BITS) | (input << ADC_CS_AINSEL_LSB);
}

static uint32_t IN_RAM(selected)(void) {
    return (adc_hw->cs & ADC_CS_AINSEL_BITS) >> ADC_CS_AINSEL_LSB;
}

// Waits for the end of a conversion, 2 µs, with a limit: a converter that hangs must not hold up a stroke.
static void IN_RAM(ready)(void) {
    for (uint32_t i = 0u; (i < READY_LOOKS) && ((adc_hw->cs & ADC_CS_READY_BITS) == 0u); i++) {
    }
}

static uint32_t IN_RAM(convert)(void) {
    hw_set_bits(&adc_hw->cs, ADC_CS_START_ONCE_BITS);
    ready();
    return adc_hw->result;
}

uint32_t IN_RAM(pressure_counts)(void) {
    ready();  // the supervisor may have begun a conversion
    const uint32_t before = selected();
    select_input(INPUT);
    const uint32_t counts = convert();
    if (before != INPUT) {
        // The supervisor may be about to take its result, which must be that of its own input.
        select_input(before);
        (void)convert();
    }
    return counts;
}
