#include "../board/hardware.h"

#include <stddef.h>

#include "../board/annunciator.h"
#include "../board/bus.h"
#include "../board/pressure.h"
#include "interrupts.h"
#include "link.h"
#include "power.h"
#include "sensor.h"
#include "stroke.h"

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

uint32_t hardware_image(const uint8_t **first) {
    *first = NULL;
    return 0u;
}
