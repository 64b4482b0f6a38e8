// early.h: what start.c and module.c need of a chip before anything has been set up, even the crystal: the processor runs
// on the ring oscillator of the RP2040 (nominally 6 MHz, a factor of two either way) or RP2350 (11 MHz, likewise), or
// the STM32's MSI (4 MHz).
#ifndef RELEVE_BOARD_EARLY_H
#define RELEVE_BOARD_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "start.h"

// A word that outlives every reset but a power cut; 0 after one.
uint32_t early_kept(void);
void early_keep(uint32_t word);

// The cause of the reset, as far as the chip knows it; read once.
start_cause_t early_cause(void);

// The HardFault that the chip's handler has kept; only if the kept word has START_CRASH.
void early_crashed(start_crash_t *crash);

// Guards the lower end of the stack by the MPU: whatever gets there is a HardFault, and not another's variables.
void early_guard(void);

// Drives all outputs: motor off, STEP low, annunciator off; the watchdog runs after it.
void early_rest(void);

// Annunciator and light.
void early_sound(bool on);

// Feeds the running watchdog.
void early_feed(void);

// Waits, as accurately as the clock allows. Main.
void early_wait_ms(uint32_t ms);

// Anywhere.
void early_reset(void) __attribute__((noreturn));

#endif
