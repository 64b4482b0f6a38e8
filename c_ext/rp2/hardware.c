#include "../board/hardware.h"

#include <stddef.h>

#include "../board/annunciator.h"
#include "../board/link.h"
#include "../board/pressure.h"
#include "bus.h"
#include "hardware/gpio.h"
#include "hardware/sync.h"
#include "interrupts.h"
#include "pins.h"
#include "sensor.h"
#include "stroke.h"

const char *hardware_start(void) {
    stroke_setup();
    sensor_setup();
    annunciator_setup();
    pressure_setup();
    link_setup();
    bus_setup();
    (void)bus_free();
    interrupts_setup();
    return NULL;
}

bool hardware_sleep(void) {
    // Interrupts off, so that one that comes after the check still ends the sleep: WFI wakes for a masked interrupt.
    const uint32_t state = save_and_disable_interrupts();
    if ((interrupts_events() == 0u) && !link_ready()) {
        __wfi();
    }
    restore_interrupts(state);
    return link_ready();
}

bool hardware_sensor_is_high(void) {
    return gpio_get(PIN_STROKE_SENSOR);
}

uint32_t hardware_image(const uint8_t **first) {
    extern const uint8_t __flash_binary_start[];
    extern const uint8_t __flash_binary_end[];
    *first = __flash_binary_start;
    return (uint32_t)(__flash_binary_end - __flash_binary_start);
}
