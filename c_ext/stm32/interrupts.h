// interrupts.h: the STM32L4's part of the interrupts (c_ext/board/interrupts.h), and the watchdog, which nothing can stop.
//
// Implements: DOSE-6, GUARD-3
#ifndef RELEVE_STM32_INTERRUPTS_H
#define RELEVE_STM32_INTERRUPTS_H

#include "../board/interrupts.h"

// A stroke is handed over this long before it starts: longer than interrupts are ever kept out, by waking from stop
// mode or the supervisor's calls; but not longer, because the wait is counted by the timers, whose clock may be off the
// crystal by 0.25 %: 25 µs of 10 ms. Nothing erases flash on these boards (no file system; dose state is in FRAM).
#define INTERRUPTS_LEAD_US 10000u

// Starts the clock, installs the handlers at the highest priority, feeds the watchdog; again only forgets the core.
// False if the crystal does not oscillate: then there is no time, and nothing runs. Main.
bool interrupts_setup(void);

// How long the interrupt can still stay away, µs. Main, all interrupts off.
uint64_t interrupts_spare_us(void);

#endif
