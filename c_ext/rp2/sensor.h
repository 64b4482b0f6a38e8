// sensor.h: the stroke sensor's edges, counted by PIO. None is lost while interrupts are off, because the FIFO keeps
// them.
//
// Implements: GUARD-4
#ifndef RELEVE_RP2_SENSOR_H
#define RELEVE_RP2_SENSOR_H

#include <stdint.h>

// Claims a state machine and loads its program; its interrupt is PIO1's first. A second call does nothing. Main.
void sensor_setup(void);

// Edges since the last call. Interrupt.
uint32_t sensor_take(void);

#endif
