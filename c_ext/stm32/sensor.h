// sensor.h: the stroke sensor's edges. The chip holds one while interrupts are off, and a stroke makes only one.
//
// Implements: GUARD-4
#ifndef RELEVE_STM32_SENSOR_H
#define RELEVE_STM32_SENSOR_H

#include <stdbool.h>
#include <stdint.h>

// Sets the pin and its EXTI line up. Main.
void sensor_setup(void);

// Has there been an edge since the last call, and not only noise? Takes up to 16 µs if there is one. Interrupt.
bool sensor_take(void);

#endif
