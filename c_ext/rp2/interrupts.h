// interrupts.h: the RP2040's and RP2350's part of the interrupts (c_ext/board/interrupts.h).
//
// Implements: DOSE-6, GUARD-3
#ifndef RELEVE_RP2_INTERRUPTS_H
#define RELEVE_RP2_INTERRUPTS_H

#include "../board/interrupts.h"

// The longest the processor may be away with interrupts off: the sector erase of the Pico's flash, 45 ms typically, at
// most 400 ms (W25Q16JV, tSE), and time to spare.
#define INTERRUPTS_LEAD_US 450000u

// GUARD-3: 8 s. It runs from the chip's start on (early.c).
#define INTERRUPTS_WATCHDOG_MS 8000u

// Claims alarm 1, installs the handlers at the highest priority, and restarts the watchdog. A second call only forgets
// the core. Main.
void interrupts_setup(void);

#endif
