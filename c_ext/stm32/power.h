// power.h: lets the chip wait in sleep mode, or in stop 2 if nothing needs a fast clock.
//
// Implements: PWR-1
#ifndef RELEVE_STM32_POWER_H
#define RELEVE_STM32_POWER_H

#include <stdbool.h>
#include <stdint.h>

// After stop mode the MSI takes up to 2.5 ms to follow the crystal again (STM32L476 datasheet, MSI oscillator: tSTAB in
// PLL mode). An interrupt comes this much before a stroke's hand-over, and the chip stays awake until it is over.
#define POWER_SETTLE_US 4000u
// Stop mode is not worthwhile for less than this; and it must not begin again while the MSI settles.
#define POWER_STOP_MIN_US (POWER_SETTLE_US + 1000u)
// The chip stays out of stop mode this long after the last byte on the programmer link, which it cannot hear there.
#define POWER_LINK_US 5000000u

// Waits for an interrupt, unless there is something to do already; returns whether the programmer link has something.
// `may_stop`: stop mode is allowed (not with a console, which could not receive in it). Main.
bool power_idle(bool may_stop);

#endif
