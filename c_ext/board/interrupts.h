// interrupts.h: the interrupts of stroke timer and stroke sensor, and how the supervisor masks them. Most of it is the
// same on every chip (interrupts.c); the rest, below, each chip has.
//
// Implements: DOSE-6, GUARD-3
#ifndef RELEVE_BOARD_INTERRUPTS_H
#define RELEVE_BOARD_INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "service.h"

// Device time as the supervisor sees it, µs; service.h says why it runs ahead, and when it waits. Main.
uint64_t interrupts_now_us(void);

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

// The pressure around the latest stroke that is over, packed as service_readings() says. Main.
uint32_t interrupts_readings(void);

// When the burst of the latest stroke that is over ended, device time. Main.
uint64_t interrupts_ended_us(void);

// Aborts a stroke in progress; returns its steps done, 0 if no burst was waiting or playing. Main.
uint32_t interrupts_motor_stop(void);

// Does all that is due, after the sensor has seen so many edges. Ends with nothing due. Interrupt.
void interrupts_work(uint32_t edges);

// Of each chip, in its interrupts.c.

// One chip is one board: its state is file-scope, as its registers are.
extern service_t interrupts_service;

// How far device time runs ahead of the hardware's clock, µs.
extern const uint32_t interrupts_lead_us;

// Have clock and handlers been set up? Before, nothing here unmasks an interrupt. Main.
bool interrupts_ready(void);

// Device time as the chip counts it; it never waits. Main.
uint64_t interrupts_counter_us(void);

// The same in the interrupt, or with it masked.
uint64_t interrupts_device_us(void);

// Since the chip's start, masked.
uint64_t interrupts_run_us(void);

// Moves device time on, to continue that before the reset. Main, before the first sleep.
void interrupts_advance(uint64_t us);

// Sets the plan of every stroke from now on, and forgets the core. Main, no burst playing.
void interrupts_plan(uint32_t steps, const uint16_t *period_us, uint32_t burst_us);

// Hands a stroke to the hardware that starts at start_us of its clock. No burst is playing. Interrupt.
void interrupts_start(uint64_t start_us);

// Around every supervisor call into the core: mask the interrupts, then unmask them and have them check. Main.
void interrupts_mask(void);
void interrupts_unmask(void);

// Unmasks without a check of what is due. Main.
void interrupts_let_in(void);

// Forgets the core; from now on no watchdog resets the chip: a person at the console has stopped the pump (development
// image). Main.
void interrupts_watchdog_off(void);

// From now on the watchdog resets the chip unless the supervisor keeps its promise. Main.
void interrupts_watchdog_on(void);

// Is that so? Main.
bool interrupts_watched(void);

#endif
