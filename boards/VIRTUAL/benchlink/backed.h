// backed.h: the parts of a virtual board that outlive a power cut: its non-volatile memory and its battery-backed
// clock. They lie in a file that both board and bench map; hil/backends/backed.py is the other end, and a test compares
// the two.
//
// File: this header, `size_bytes` cells, then a 32-bit count of writes for each cell.
#ifndef RELEVE_BACKED_H
#define RELEVE_BACKED_H

#include <stdint.h>

#define BACKED_MAGIC 0x42565245u
#define BACKED_HEADER_BYTES 64u
// The board's exit code when its power fails in the middle of a write.
#define BACKED_EXIT_POWER_CUT 5

typedef struct {
    uint32_t magic;
    uint32_t size_bytes;
    uint64_t writes;       // calls so far
    uint64_t cut_write;    // power fails in this call, counted from 1; 0: in none
    uint32_t cut_bytes;    // after this many of its bytes
    uint32_t failing;      // 1: the memory does not acknowledge writes
    int64_t clock_offset;  // UTC of the clock = bench time in s + this
    uint32_t clock_valid;  // 0: the clock's own battery has failed since it was set
    uint32_t reserved;
} backed_t;

// The trace of a write: this header and its bytes.
typedef struct {
    uint64_t exchange;  // requests sent to the bench before it
    uint32_t address;
    uint32_t bytes;
} backed_trace_t;

#endif
