#include "../board/hardware.h"

#include <stddef.h>

#include "../board/annunciator.h"
#include "../board/bus.h"
#include "../board/pressure.h"
#include "chip.h"
#include "interrupts.h"
#include "link.h"
#include "pins.h"
#include "power.h"
#include "sensor.h"
#include "stroke.h"

#define FLASH_FIRST 0x08000000u  // RM0351, 3.3.1

const char *hardware_start(void) {
    const char *wrong = NULL;
    if (!stroke_setup()) {
        wrong = "TIM2 does not start TIM15: no stroke can be played";
    } else {
        sensor_setup();
        annunciator_setup();
        pressure_setup();
        link_setup();
        (void)bus_free();
        if (!interrupts_setup()) {
            wrong = "the 32 kHz crystal does not oscillate: no time, no pump";
        }
    }
    return wrong;
}

bool hardware_sleep(void) {
    return power_idle(RELEVE_RELEASE);
}

uint8_t *hardware_more_heap(uint8_t **end) {
    // Of memory.ld: SRAM2 between the variables and the stack.
    extern uint8_t _ebss[];
    extern uint8_t _sstack[];
    *end = _sstack;
    return _ebss;
}

bool hardware_sensor_is_high(void) {
    return chip_is_high(PIN_STROKE_SENSOR);
}

uint32_t hardware_image(const uint8_t **first) {
    // Of the linker's script (MicroPython's boards/common_basic.ld): last in the image are the initial values of the
    // variables.
    extern const uint8_t _sidata[];
    extern const uint8_t _sdata[];
    extern const uint8_t _edata[];
    *first = (const uint8_t *)FLASH_FIRST;
    return ((uint32_t)_sidata - FLASH_FIRST) + (uint32_t)(_edata - _sdata);
}
