// stroke.h: plays a stroke on the motor's pins by two timers and DMA, without the processor.
//
// A stroke is taken when the core has decided it and waits; until it is handed over to the timers the chip may be in
// stop mode.
//
// TIM2 counts the wait until the start, once, and its end triggers TIM15. TIM15 makes one pulse on STEP in each of its
// periods; at every rising edge the DMA writes the length of the period under way, from a table in RAM. Its repetition
// counter holds the number of steps: after that many periods TIM15 stops by itself (one-pulse mode), whatever the
// processor and the DMA do. So no more steps than one stroke's can ever come, and nothing but stroke_hand_over() sets it
// off again.
//
// The motor is switched off by the interrupt at the last step's end. If that does not come, a second DMA channel does it,
// which TIM6 sets off: by 12 ms after the latest end of a burst, whatever the processor does.
//
// Implements: DOSE-6
#ifndef RELEVE_STM32_STROKE_H
#define RELEVE_STM32_STROKE_H

#include "../board/stroke.h"

// A burst can start this much after now at the earliest: the settling, two ticks of the clock, and time to hand it
// over.
#define STROKE_AHEAD_US (STROKE_SETTLE_US + 200u)
// A stroke is handed over to the timers this long before it starts: longer than interrupts are ever kept out, by waking
// from stop mode or the supervisor's calls; but not longer, because from then on the timers count, whose clock may be
// off the crystal by 0.25 %: 25 µs of 10 ms.
#define STROKE_HAND_OVER_US 10000u
// How much longer than planned a burst may last before it counts as stuck: the timers' clock follows the crystal to
// 0.25 % at any time (RM0351, MSI in PLL mode), and a tick of the clock at either end.
#define STROKE_SLACK_US(burst_us) (((burst_us) / 256u) + 100u)

// Sets timers, DMA and pins up; the motor is off. A second call does nothing. False if TIM2 cannot start TIM15.
// Main.
bool stroke_setup(void);

// Takes the stroke that starts at start_us of the chip's clock: it waits from now on, and stroke_playing() says so. Only
// if that was false. Interrupt.
void stroke_take(uint64_t start_us);

// When the stroke that waits must be handed over, on the chip's clock; DOSE_NEVER: none waits. Interrupt.
uint64_t stroke_hand_over_us(void);

// Hands the stroke that waits over to the timers: switches the motor on and counts its wait from the edge of a tick on.
// If it is too late for that, or the timers' clock is a tenth off the crystal, the stroke is not played, and the sensor
// will not see it. Takes up to two ticks, 61 µs. Interrupt.
void stroke_hand_over(void);

// Do the timers have a stroke? They need their clock until it is over. Interrupt, or main with interrupts off.
bool stroke_clocked(void);

// The burst's last step is over: switches the motor off if so. Interrupt.
void stroke_interrupt(void);

#endif
