// clock.h: device time from the 32,768 Hz crystal, running and asleep alike, and the alarm of the stroke interrupt.
//
// One clock, not two: LPTIM1 counts the crystal's ticks in every mode of the chip, stop 2 included, so nothing has to
// be handed over between clocks and no error can add up. Its resolution is a tick, 30.5 µs: a request is stamped up to
// that much early, which moves no stroke against another one. What must be finer, the start of a stroke and its edges,
// is counted by TIM2 and TIM15 from the edge of a tick on (clock_edge()). See
// docs/adr/0006-stm32-time-from-the-crystal.md.
//
// Implements: DOSE-6
#ifndef RELEVE_STM32_CLOCK_H
#define RELEVE_STM32_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_TICK_HZ 32768u
// The counter has 16 bits, so it must be read at least every two seconds. No alarm lies further ahead than this.
#define CLOCK_ALARM_MAX_US 1800000u
// An alarm cannot be set closer than this: a new compare value takes up to three ticks to reach the counter.
#define CLOCK_ALARM_MIN_US 123u
// The timers count the MSI, which the chip holds at 122 times the crystal (RM0351, MSI PLL mode), times 20, divided by
// 80: 999,424 Hz. A timer tick is 15625/15616 µs, exactly.
#define CLOCK_TIMER_DIVIDER 80u
#define CLOCK_TIMER_DEFICIT 9u
#define CLOCK_TIMER_OF 15625u

// Starts the counter; a second call does nothing. False if the crystal does not oscillate. Main.
bool clock_setup(void);

// Time since the start, µs, never running back. Interrupt, or main with the stroke interrupt kept out.
uint64_t clock_us(void);

// The same since the reset only, without the time that clock_advance() has added.
uint64_t clock_run_us(void);

// Moves the time on, to continue that before the reset. Main, with the stroke interrupt masked.
void clock_advance(uint64_t us);

// Waits for the edge of the next tick, at most 31 µs, and returns the time at it. Interrupt.
uint64_t clock_edge(void);

// The interrupt comes at at_us, which lies CLOCK_ALARM_MIN_US to CLOCK_ALARM_MAX_US ahead, or up to a tick earlier.
// Interrupt.
void clock_alarm(uint64_t at_us);

// Takes note of what caused the interrupt. Interrupt, first thing.
void clock_interrupt(void);

// µs as ticks of TIM2 and TIM15, rounded; up to 400 s. Anywhere.
uint32_t clock_timer_ticks(uint32_t us);

#endif
