// early.h: the chip functions that c_ext/board/start.c needs before anything has been set up, with the processor at 4
// MHz from the MSI.
#ifndef RELEVE_STM32_EARLY_H
#define RELEVE_STM32_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "../board/start.h"

// A word that outlives every reset but a power cut; 0 after one.
uint32_t early_kept(void);
void early_keep(uint32_t word);

// The cause of the reset, as far as the chip knows it; read once.
start_cause_t early_cause(void);

// Drives all outputs: motor off, STEP low, annunciator off; and starts the watchdog.
void early_rest(void);

// Annunciator and light.
void early_sound(bool on);

// Feeds the running watchdog.
void early_feed(void);

// Busy-waits, accurate to about a half; at 4 or at 80 MHz.
void early_wait_ms(uint32_t ms);

// Anywhere.
void early_reset(void) __attribute__((noreturn));

#endif
