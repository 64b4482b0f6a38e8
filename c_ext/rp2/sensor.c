#include "sensor.h"

#include <stdbool.h>

#include "hardware/gpio.h"
#include "hardware/pio.h"
#include "pico/platform.h"
#include "pins.h"

#define COUNTER pio1
#define COUNTER_HZ 1000000u

// wait 0 pin; wait 1 pin, 16 µs; jmp pin push; jmp begin; push: push noblock
// An edge counts if the level still stands 16 µs later: shorter ones are noise.
static const uint16_t program[] = {0x2020u, 0x2fa0u, 0x00c4u, 0x0000u, 0x8000u};

static uint32_t machine;
static bool ready;

void sensor_setup(void) {
    if (!ready) {
        machine = (uint32_t)pio_claim_unused_sm(COUNTER, true);
        const struct pio_program loaded = {.instructions = program, .length = count_of(program), .origin = -1};
        const uint32_t offset = pio_add_program(COUNTER, &loaded);
        gpio_init(PIN_STROKE_SENSOR);
        gpio_pull_down(PIN_STROKE_SENSOR);
        pio_sm_config config = pio_get_default_sm_config();
        sm_config_set_wrap(&config, offset, offset + count_of(program) - 1u);
        sm_config_set_in_pins(&config, PIN_STROKE_SENSOR);
        sm_config_set_jmp_pin(&config, PIN_STROKE_SENSOR);
        sm_config_set_clkdiv_int_frac(&config, (uint16_t)(SYS_CLK_KHZ / (COUNTER_HZ / 1000u)), 0u);
        pio_sm_init(COUNTER, machine, offset, &config);
        COUNTER->inte0 |= 1u << (PIO_IRQ0_INTE_SM0_RXNEMPTY_LSB + machine);
        pio_sm_set_enabled(COUNTER, machine, true);
        ready = true;
    }
}

uint32_t __no_inline_not_in_flash_func(sensor_take)(void) {
    uint32_t edges = 0u;
    while ((COUNTER->fstat & (1u << (PIO_FSTAT_RXEMPTY_LSB + machine))) == 0u) {
        (void)COUNTER->rxf[machine];
        edges++;
    }
    return edges;
}
