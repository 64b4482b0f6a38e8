// stroke.h: plays a stroke on the motor's pins by PIO and DMA, without the processor.
//
// A burst is a row of words in RAM, each "wait n µs, then set STEP, DIR and ENABLE to these levels". DMA feeds them to
// a PIO state machine at 1 MHz, so that a flash erase, interrupts off or a crashed program do not move an edge; the
// first word is the wait until the start. One burst fits the hardware at a time.
//
// Implements: DOSE-6
#ifndef RELEVE_RP2_STROKE_H
#define RELEVE_RP2_STROKE_H

#include "../board/stroke.h"

// A burst can start this much after now at the earliest: the settling, and time to hand it over.
#define STROKE_AHEAD_US (STROKE_SETTLE_US + 40u)

// Claims the state machine and the DMA channel and loads the program; the motor is off. A second call does nothing.
// Main.
void stroke_setup(void);

// Plays the burst, first step in wait_us (at least STROKE_AHEAD_US). Only if stroke_playing() is false. Interrupt.
void stroke_start(uint32_t wait_us);

#endif
