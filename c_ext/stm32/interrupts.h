// interrupts.h: the interrupt of clock, stroke and stroke sensor, how the supervisor masks it, and the watchdog.
//
// Implements: DOSE-6, GUARD-3
#ifndef RELEVE_STM32_INTERRUPTS_H
#define RELEVE_STM32_INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "../core/core.h"

// A stroke is handed over this long before it starts: longer than interrupts are ever kept out, by waking from stop
// mode or the supervisor's calls; but not longer, because the wait is counted by the timers, whose clock may be off the
// crystal by 0.25 %: 25 µs of 10 ms. Nothing erases flash on these boards (no file system; dose state is in FRAM).
#define INTERRUPTS_LEAD_US 10000u

// Starts the clock, installs the handlers at the highest priority, feeds the watchdog; again only forgets the core.
// False if the crystal does not oscillate: then there is no time, and nothing runs. Main.
bool interrupts_setup(void);

// Has that been done? Before, the functions below do nothing and unmask no interrupt. Main.
bool interrupts_ready(void);

// Device time, µs; see c_ext/board/service.h for why it runs ahead. Main.
uint64_t interrupts_now_us(void);

// Device time as the chip counts it; it never waits. Main.
uint64_t interrupts_counter_us(void);

// Moves device time on, to continue that before the reset. Main, before the first sleep.
void interrupts_advance(uint64_t us);

// Sets the plan of every stroke from now on, and forgets the core. Main, no burst playing.
void interrupts_plan(uint32_t steps, const uint16_t *period_us, uint32_t burst_us);

// The supervisor goes to sleep; false if the core refuses the promise. Main.
bool interrupts_sleep(core_t *core, uint64_t until_us);

// Has something happened that the supervisor must see? Main or interrupt.
uint32_t interrupts_events(void);

// How long the interrupt can still stay away, µs. Main, all interrupts off.
uint64_t interrupts_spare_us(void);

// The supervisor is back; returns what happened. Main.
uint32_t interrupts_wake(void);

// Switches the annunciator on; it goes off by itself for_us later. Main.
void interrupts_tone(uint32_t for_us);

// The supervisor is gone: no stroke starts any more; one in progress goes on. Main.
void interrupts_forget(void);

// Around every supervisor call into the core: mask the interrupt, then unmask it and have it check. Main.
void interrupts_mask(void);
void interrupts_unmask(void);

// The pressure around the latest stroke that is over, packed as service_readings() says. Main.
uint32_t interrupts_readings(void);

// When the burst of the latest stroke that is over ended, device time. Main.
uint64_t interrupts_ended_us(void);

// Aborts a stroke in progress; returns its steps done. Main.
uint32_t interrupts_motor_stop(void);

// The core is forgotten and the watchdog, which nothing can stop, fed for ever: a person at the console has stopped the
// pump (development image). Starts the clock if need be: without its interrupt nothing feeds the watchdog. Main.
void interrupts_watchdog_off(void);

// Feeds the watchdog now, and from now on only for a supervisor that keeps its promise. Main.
void interrupts_watchdog_on(void);

#endif
