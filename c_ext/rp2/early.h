// early.h: what c_ext/board/start.c needs of the chip when nothing has been set up, not even the crystal.
//
// The clock is the ring oscillator then, 6 MHz give or take as many: times are right within a factor of two.
#ifndef RELEVE_RP2_EARLY_H
#define RELEVE_RP2_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "../board/start.h"

// A word that outlives every reset but a power cut; 0 after one.
uint32_t early_kept(void);
void early_keep(uint32_t word);

// Why this life began, as the chip knows it.
start_cause_t early_cause(void);

// The motor is off, STEP low, the annunciator off, all driven.
void early_rest(void);

// Annunciator and light.
void early_sound(bool on);

// Keeps the watchdog, which runs, from biting.
void early_feed(void);

// Waits, asleep. Main.
void early_wait_ms(uint32_t ms);

// Anywhere.
void early_reset(void) __attribute__((noreturn));

#endif
