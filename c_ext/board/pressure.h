// pressure.h: the catheter's pressure, read in the stroke's interrupt while the supervisor may be reading another input.
//
// Implements: OCC-1
#ifndef RELEVE_BOARD_PRESSURE_H
#define RELEVE_BOARD_PRESSURE_H

#include <stdint.h>

// Gives the converter the pin. A second call does nothing new. Main.
void pressure_setup(void);

// The pressure input now, 0 to 4095. What the supervisor has selected and converted is as before after it. Interrupt.
uint32_t pressure_counts(void);

#endif
