// stroke.h: plays a stroke on the motor's pins by two timers and DMA, without the processor.
//
// TIM2 counts the wait until the start, once, and its end triggers TIM15. TIM15 makes one pulse on STEP in each of its
// periods; at every rising edge the DMA writes the length of the period under way, from a table in RAM. Its repetition
// counter holds the number of steps: after that many periods TIM15 stops by itself (one-pulse mode), whatever the
// processor and the DMA do. So no more steps than one stroke's can ever come, and nothing but stroke_start() sets it
// off again.
//
// Implements: DOSE-6
#ifndef RELEVE_STM32_STROKE_H
#define RELEVE_STM32_STROKE_H

#include "../board/stroke.h"

// A burst can start this much after now at the earliest: the settling, a tick of the clock, and time to hand it over.
#define STROKE_AHEAD_US (STROKE_SETTLE_US + 100u)
// How much longer than planned a burst may last before it counts as stuck: the timers' clock follows the crystal to
// 0.25 % at any time (RM0351, MSI in PLL mode), and a tick of the clock at either end.
#define STROKE_SLACK_US(burst_us) (((burst_us) / 256u) + 100u)

// Sets timers, DMA and pins up; the motor is off. A second call does nothing. False if TIM2 cannot start TIM15.
// Main.
bool stroke_setup(void);

// Switches the motor on and makes everything ready for a burst. Only if stroke_playing() is false. Interrupt.
void stroke_prepare(void);

// Plays the burst that has been prepared, first step in wait_us (at least STROKE_SETTLE_US) from now. Interrupt.
void stroke_start(uint32_t wait_us);

// The burst's last step is over: switches the motor off if so. Interrupt.
void stroke_interrupt(void);

#endif
