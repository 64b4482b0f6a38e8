// interrupts.h: the interrupts of the stroke timer and the stroke sensor, and how the supervisor masks them.
//
// Implements: DOSE-6, GUARD-3
#ifndef RELEVE_RP2_INTERRUPTS_H
#define RELEVE_RP2_INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "../core/core.h"

// The longest the processor may be away with interrupts off: the sector erase of the Pico's flash, 45 ms typically, at
// most 400 ms (W25Q16JV, tSE), and time to spare.
#define INTERRUPTS_LEAD_US 450000u

// GUARD-3: 8 s. It runs from the chip's start on (early.c).
#define INTERRUPTS_WATCHDOG_MS 8000u

// Claims alarm 1, installs the handlers at the highest priority, and restarts the watchdog. A second call only forgets
// the core. Main.
void interrupts_setup(void);

// Has that been done? Before, the functions below do nothing and unmask no interrupt. Main.
bool interrupts_ready(void);

// Device time as the supervisor sees it, µs; see c_ext/board/service.h for why it runs ahead, and when it waits. Main.
uint64_t interrupts_now_us(void);

// Device time as the chip counts it; it never waits. Main.
uint64_t interrupts_counter_us(void);

// Sets the plan of every stroke from now on, and forgets the core. Main, no burst playing.
void interrupts_plan(uint32_t steps, const uint16_t *period_us, uint32_t burst_us);

// The supervisor goes to sleep; false if the core refuses the promise. Main.
bool interrupts_sleep(core_t *core, uint64_t until_us);

// Has something happened that the supervisor must see? Main or interrupt.
uint32_t interrupts_events(void);

// The supervisor is back; returns what happened. Main.
uint32_t interrupts_wake(void);

// Switches the annunciator on; it goes off by itself for_us later. Main.
void interrupts_tone(uint32_t for_us);

// The supervisor is gone: no stroke starts any more; one in progress goes on. Main.
void interrupts_forget(void);

// Moves device time on, to continue that before the reset. Main, before the first sleep.
void interrupts_advance(uint64_t us);

// The pressure around the latest stroke that is over, packed as service_readings() says. Main.
uint32_t interrupts_readings(void);

// When the burst of the latest stroke that is over ended, device time. Main.
uint64_t interrupts_ended_us(void);

// Around every supervisor call into the core: mask the interrupts, then unmask them and have them check. Main.
void interrupts_mask(void);
void interrupts_unmask(void);

// Aborts a stroke in progress; returns its steps done. Main.
uint32_t interrupts_motor_stop(void);

// Forgets the core and switches the watchdog off: a person at the console has stopped the pump (development image).
// Main.
void interrupts_watchdog_off(void);

// Starts the watchdog with its full time from now. Main.
void interrupts_watchdog_on(void);

#endif
