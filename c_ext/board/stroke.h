// stroke.h: what plays a stroke on the motor's pins without the processor, the same on every chip. The chip's own
// stroke.h says how, and how it is started.
//
// Implements: DOSE-6
#ifndef RELEVE_BOARD_STROKE_H
#define RELEVE_BOARD_STROKE_H

#include <stdbool.h>
#include <stdint.h>

// The driver's output stage is on this long before the first step. Assumption: 500 µs for the coil current to settle.
#define STROKE_SETTLE_US 500u

// The plan of every stroke from now on: period_us[k] from step k to the next. Main, no burst playing.
void stroke_plan(uint32_t steps, const uint16_t *period_us);

// Is a burst waiting or playing? Interrupt or main.
bool stroke_playing(void);

// Aborts the burst and switches the motor off; returns how many of its steps were done, 0 if none was waiting or playing.
// Interrupt or main.
uint32_t stroke_abort(void);

#endif
