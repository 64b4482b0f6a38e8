// bus_clear.h: frees an I2C bus whose data line a device holds low, by at most nine clocks and a stop. A device that a
// reset of the processor has cut off in the middle of a byte waits for the rest of its clocks, and blocks the bus
// meanwhile (NXP UM10204, section 3.1.16).
//
// The lines are driven as open-drain ports: low or released.
#ifndef RELEVE_BUS_CLEAR_H
#define RELEVE_BUS_CLEAR_H

#include <stdbool.h>

// The chip's functions for it: drive each line low or release it, read it, and wait half a clock (5 µs: 100 kHz).
typedef struct {
    void (*scl)(bool high);
    void (*sda)(bool high);
    bool (*scl_is_high)(void);
    bool (*sda_is_high)(void);
    void (*half)(void);
} bus_lines_t;

// Frees the bus; takes at most 0.7 ms, whatever the lines do. Returns whether the data line is free. Main.
bool bus_clear(const bus_lines_t *lines);

#endif
