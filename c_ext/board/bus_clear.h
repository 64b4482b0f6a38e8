// bus_clear.h: an I2C bus whose data line a device holds low: nine clocks at most, then a stop. A device that a reset of the
// processor has cut off in the middle of a byte waits for the rest of its clocks, and meanwhile nobody can speak (NXP UM10204,
// section 3.1.16).
//
// The lines are driven as ports, open drain: low or let go.
#ifndef RELEVE_BUS_CLEAR_H
#define RELEVE_BUS_CLEAR_H

#include <stdbool.h>

// What the chip has for it: each line driven low or let go, read, and half a clock's time (5 µs: 100 kHz).
typedef struct {
    void (*scl)(bool high);
    void (*sda)(bool high);
    bool (*scl_is_high)(void);
    bool (*sda_is_high)(void);
    void (*half)(void);
} bus_lines_t;

// Takes at most 0.7 ms, whatever the lines do. Returns whether the data line is free. Main.
bool bus_clear(const bus_lines_t *lines);

#endif
