// bus.h: writes to the I2C bus while the processor sleeps: 23 µs a byte at 400 kHz, and a stroke's record has 1500.
//
// bus.c replaces the SDK's i2c_write_blocking_until(), which machine.I2C calls and which polls for every byte. A NACK
// of any byte is an error, PICO_ERROR_GENERIC; the SDK's function takes it for a short write.
#ifndef RELEVE_RP2_BUS_H
#define RELEVE_RP2_BUS_H

#include "../board/bus.h"

// The alarm for time-outs: 1 is the strokes', MicroPython has 2 and 3.
#define BUS_ALARM 0u

// Claims the alarm. A second call does nothing.
void bus_setup(void);

#endif
