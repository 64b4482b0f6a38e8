// early.h: the chip functions that c_ext/board/start.c needs before anything has been set up, even the crystal.
//
// The clock is the ring oscillator then, nominally 6 MHz: times are right to within a factor of two.
#ifndef RELEVE_RP2_EARLY_H
#define RELEVE_RP2_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "../board/start.h"

// A word that outlives every reset but a power cut; 0 after one.
uint32_t early_kept(void);
void early_keep(uint32_t word);

// The cause of the reset, as far as the chip knows it.
start_cause_t early_cause(void);

// Drives all outputs: motor off, STEP low, annunciator off.
void early_rest(void);

// Annunciator and light.
void early_sound(bool on);

// Feeds the running watchdog.
void early_feed(void);

// Waits in sleep. Main.
void early_wait_ms(uint32_t ms);

// Anywhere.
void early_reset(void) __attribute__((noreturn));

#endif
