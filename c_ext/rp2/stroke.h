// stroke.h: plays a stroke on the motor's pins by PIO and DMA, without the processor.
//
// A burst is a row of words in RAM, each "wait n µs, then set STEP, DIR and ENABLE to these levels". DMA feeds them to
// a PIO state machine at 1 MHz, so that a flash erase, interrupts off or a crashed program do not move an edge; the
// first word is the wait until the start. One burst fits the hardware at a time.
//
// Implements: DOSE-6
#ifndef RELEVE_RP2_STROKE_H
#define RELEVE_RP2_STROKE_H

#include <stdbool.h>
#include <stdint.h>

// The driver's output stage is on this long before the first step. Assumption: 500 µs for the coil current to settle.
#define STROKE_SETTLE_US 500u
// A burst can start this much after now at the earliest: the settling, and time to hand it over.
#define STROKE_AHEAD_US (STROKE_SETTLE_US + 40u)

// Claims the state machine and the DMA channel and loads the program; the motor is off. A second call does nothing.
// Main.
void stroke_setup(void);

// The plan of every stroke from now on: period_us[k] from step k to the next. Main, no burst playing.
void stroke_plan(uint32_t steps, const uint16_t *period_us);

// Plays the burst, first step in wait_us (at least STROKE_AHEAD_US). Only if stroke_playing() is false. Interrupt.
void stroke_start(uint32_t wait_us);

// Is a burst waiting or playing? Interrupt.
bool stroke_playing(void);

// Aborts the burst and switches the motor off; returns how many of its steps were done, 0 before stroke_setup().
// Interrupt or main.
uint32_t stroke_abort(void);

#endif
