// bus.h: frees a stuck I2C bus.
#ifndef RELEVE_BOARD_BUS_H
#define RELEVE_BOARD_BUS_H

#include <stdbool.h>

// If a device holds the data line low, clocks it free (bus_clear.h). Returns whether that was done and the
// line is free now. Main, no transfer under way.
bool bus_free(void);

#endif
