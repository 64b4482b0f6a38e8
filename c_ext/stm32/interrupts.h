// interrupts.h: the STM32L4's part of the interrupts (c_ext/board/interrupts.h), and the watchdog, which nothing can stop.
//
// Implements: DOSE-6, GUARD-3
#ifndef RELEVE_STM32_INTERRUPTS_H
#define RELEVE_STM32_INTERRUPTS_H

#include "../board/interrupts.h"

// A stroke is decided this long before it starts, and waits (stroke.h). A bolus is stamped before the supervisor looks
// ahead at the caps for it, so the lead is longer than that takes: some 190 ms. The same as the RP2040's, so that
// docs/adr/0012 adds up on every board.
#define INTERRUPTS_LEAD_US 450000u

// Starts the clock, installs the handlers at the highest priority, feeds the watchdog; again only forgets the core.
// False if the crystal does not oscillate: then there is no time, and nothing runs. Main.
bool interrupts_setup(void);

// How long the interrupt can still stay away, µs. Main, all interrupts off.
uint64_t interrupts_spare_us(void);

#endif
