// start.h: from reset on. The watchdog runs and the motor is off before anything can fail; a board that does not come up
// sounds its annunciator and starts anew, again and again, with a wait that grows; and the next life knows why.
//
// Each start is counted until a life has lasted a minute, or a person at the console has taken the board over. What is
// left of a life that ended before that makes the next one sound, however it ended: exception, crash, fatal error, a crystal
// that does not oscillate, a start that hangs. The count and the cause outlive every reset but a power cut.
//
// Implements: GUARD-3, ALARM-3
#ifndef RELEVE_START_H
#define RELEVE_START_H

#include <stdbool.h>
#include <stdint.h>

// Why the life before this one ended; hardware.ended() in Python, and the log's `reset` says it.
typedef enum {
    START_POWER = 0,     // power was off, or a person has reset the board
    START_WATCHDOG = 1,  // nobody fed the watchdog
    START_PYTHON = 2,    // the firmware's Python ended: an exception, no memory
    START_FATAL = 3,     // MicroPython gave up: an exception that nobody catches, clocks that do not start
    START_CRASH = 4      // the processor did: HardFault
} start_cause_t;

// A life that has lasted so long has come up.
#define START_LIVED_US 60000000u
// The longest wait before a start is tried again.
#define START_WAIT_S_MAX 64u

// The motor is off, the start counted; after starts that came to nothing it sounds and waits. Once, right after reset, when
// nothing else has been set up but the watchdog.
void start_begin(void);

// The pump has lived for so long. Main.
void start_lived(uint64_t since_reset_us);

// A person has taken the board over: its resets are theirs. Main.
void start_taken(void);

// Why the life before this one ended. Main.
start_cause_t start_ended(void);

// Ends this life now: the next one knows why, and sounds if this one had not come up. Anywhere.
void start_anew(start_cause_t cause) __attribute__((noreturn));

#endif
