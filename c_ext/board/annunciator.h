// annunciator.h: the sounder (or vibration motor) and the light, on and off together.
//
// Implements: ALARM-3
#ifndef RELEVE_BOARD_ANNUNCIATOR_H
#define RELEVE_BOARD_ANNUNCIATOR_H

// Configures both pins as outputs, off. Main.
void annunciator_setup(void);

// Main.
void annunciator_on(void);

// Interrupt.
void annunciator_off(void);

#endif
