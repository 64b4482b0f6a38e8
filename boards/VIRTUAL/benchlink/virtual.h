// virtual.h: the virtual board's time, for its other devices.
#ifndef RELEVE_VIRTUAL_H
#define RELEVE_VIRTUAL_H

#include <stdint.h>

// The bench's time, which goes on while the board is off.
uint64_t virtual_bench_us(void);

// Requests sent to the bench so far.
uint64_t virtual_exchanges(void);

#endif
