// start.h: the start from reset on. The watchdog runs and the motor is off before anything can fail. A board that does
// not come up sounds its annunciator and restarts, again and again, with a growing wait; and the next run knows the
// cause.
//
// Each start is counted until a run has lasted a minute, or a person at the console has taken the board over. If a run
// ended before that, the next one sounds, whatever the cause: exception, crash, fatal error, a crystal that does not
// oscillate, a start that hangs. The count and the cause outlive every reset but a power cut.
//
// Implements: GUARD-3, ALARM-3
#ifndef RELEVE_START_H
#define RELEVE_START_H

#include <stdbool.h>
#include <stdint.h>

// The cause of the reset, reported by hardware.ended() in Python and by the log's `reset`.
typedef enum {
    START_POWER = 0,     // power was off, or a person has reset the board
    START_WATCHDOG = 1,  // the watchdog was not fed
    START_PYTHON = 2,    // the firmware's Python ended: an exception, no memory
    START_FATAL = 3,     // MicroPython gave up: an uncaught exception, clocks that do not start
    START_CRASH = 4      // the processor gave up: HardFault
} start_cause_t;

// The processor at a HardFault: where it was, and on a Cortex-M4 the cause (CFSR, ARM DDI 0403, B3.2.15; 0 on an M0+,
// which has none). All zero if nothing was kept.
typedef struct {
    uint32_t pc;
    uint32_t lr;
    uint32_t psr;
    uint32_t status;
} start_crash_t;

// A run that has lasted this long has come up.
#define START_LIVED_US 60000000u
// The longest wait before a start is tried again.
#define START_WAIT_S_MAX 64u

// Switches the motor off and counts the start; after failed starts it sounds and waits. Once, right after reset, when
// nothing else has been set up but the watchdog.
void start_begin(void);

// The pump has been running for this long. Main.
void start_lived(uint64_t since_reset_us);

// A person has taken the board over: its resets no longer count as failed starts. Main.
void start_taken(void);

// The cause of the reset. Main.
start_cause_t start_ended(void);

// The HardFault that ended the run before; all zero if none did. Main.
const start_crash_t *start_crashed(void);

// Resets now: the next run knows the cause, and sounds if this one had not come up. Anywhere.
void start_anew(start_cause_t cause) __attribute__((noreturn));

#endif
