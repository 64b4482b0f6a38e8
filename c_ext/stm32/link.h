// link.h: the link's part in stop mode, in which the UART is off. A falling edge of the line wakes the chip, too late for
// the frame that begins with it: the programmer's repeat, half a second later, finds the pump awake, and it stays so
// while the link is in use.
//
// Implements: LINK-1, LINK-4
#ifndef RELEVE_STM32_LINK_H
#define RELEVE_STM32_LINK_H

#include "../board/link.h"

// Has anything been received or sent since the last call? Main.
bool link_take_active(void);

// Nothing is being sent or received, and from now on an edge of the line wakes the chip; if false, nothing is changed.
// Main, all interrupts off.
bool link_sleep(void);

// An edge of the line no longer wakes the chip. Main, all interrupts off.
void link_wake(void);

#endif
