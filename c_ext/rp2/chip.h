// chip.h: all in which the RP2040 and the RP2350 differ for this folder; everything else is one source for both.
//
// Registers from the headers of pico-sdk 2.1.1, errata from the two datasheets.
#ifndef RELEVE_RP2_CHIP_H
#define RELEVE_RP2_CHIP_H

#include <stdint.h>

#include "hardware/dma.h"
#include "hardware/structs/nvic.h"
#include "hardware/structs/scb.h"
#include "hardware/ticks.h"

#if PICO_RP2040

// A register of the NVIC for interrupts 0 to 31.
#define CHIP_NVIC(name) (nvic_hw->name)
#define CHIP_SEVONPEND M0PLUS_SCR_SEVONPEND_BITS
// Counts of the watchdog in a microsecond: the counter falls twice (RP2040-E1).
#define CHIP_WATCHDOG_COUNTS 2u
// The ring oscillator after reset, MHz (RP2040 datasheet, 2.17).
#define CHIP_RING_MHZ 6u

#else

#define CHIP_NVIC(name) (nvic_hw->name[0])
#define CHIP_SEVONPEND M33_SCR_SEVONPEND_BITS
#define CHIP_WATCHDOG_COUNTS 1u
// Nominally; 4.6 to 19.6 (RP2350 datasheet, 8.3.1).
#define CHIP_RING_MHZ 11u

#endif

// The watchdog and the timer count microseconds from here on: the RP2040 has one tick for both, the RP2350 one each.
static inline void chip_start_ticks(uint32_t mhz) {
    tick_start(TICK_WATCHDOG, mhz);
#if !PICO_RP2040
    tick_start(TICK_TIMER0, mhz);
#endif
}

// Before an abort: a channel that has ended meanwhile, or one chained to it, would start the aborted one again
// (RP2350-E5). A disabled channel does nothing; its next configuration enables it.
static inline void chip_dma_disable(uint32_t channel) {
#if PICO_RP2040
    (void)channel;
#else
    hw_clear_bits(&dma_hw->ch[channel].al1_ctrl, DMA_CH0_CTRL_TRIG_EN_BITS);
#endif
}

#endif
