// pressure.h: the catheter's pressure, read in the stroke's interrupt by a converter of its own: the supervisor has
// ADC1.
//
// Implements: OCC-1
#ifndef RELEVE_STM32_PRESSURE_H
#define RELEVE_STM32_PRESSURE_H

#include <stdint.h>

// Calibrates ADC2 and gives it the pin; it is off between readings. Main.
void pressure_setup(void);

// The pressure input now, 0 to 4095; takes some 30 µs, most of it until the converter's supply has settled. Interrupt.
uint32_t pressure_counts(void);

#endif
