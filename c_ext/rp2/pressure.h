// pressure.h: the catheter's pressure, read in the stroke timer's interrupt while the supervisor may be reading another
// input.
//
// Implements: OCC-1
#ifndef RELEVE_RP2_PRESSURE_H
#define RELEVE_RP2_PRESSURE_H

#include <stdint.h>

// Switches the converter on and gives it the pin. A second call does nothing new. Main.
void pressure_setup(void);

// The pressure input now, 0 to 4095; takes 2 to 6 µs. What the supervisor has selected and converted is as before after
// it. Interrupt.
uint32_t pressure_counts(void);

#endif
