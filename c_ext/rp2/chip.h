// chip.h: all in which the RP2040 and the RP2350 differ for this folder; everything else is one source for both.
//
// Registers from the headers of pico-sdk 2.1.1, errata from the two datasheets.
#ifndef RELEVE_RP2_CHIP_H
#define RELEVE_RP2_CHIP_H

#include <stdint.h>

#include "hardware/dma.h"
#include "hardware/structs/mpu.h"
#include "hardware/structs/nvic.h"
#include "hardware/structs/scb.h"
#include "hardware/sync.h"
#include "hardware/ticks.h"

// The lowest bytes of the stack: what MicroPython's own check keeps free (MICROPY_STACK_CHECK_MARGIN).
#define CHIP_GUARD_BYTES 256u

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

// Whatever reaches the lowest bytes of the stack, which begins at `bottom`, is a HardFault.
static inline void chip_guard(uintptr_t bottom) {
#if PICO_RP2040
    mpu_hw->ctrl = 0u;
    mpu_hw->rbar = bottom | M0PLUS_MPU_RBAR_VALID_BITS;  // region 0; the stack's 8 KiB are aligned
    // Nobody may read, write or execute it; its size is 2 to the power of 7 and one more. XN is bit 28 (ARM DDI 0419, B3.5.6).
    mpu_hw->rasr = M0PLUS_MPU_RASR_ENABLE_BITS | (7u << M0PLUS_MPU_RASR_SIZE_LSB) | (1u << 28u);
    // Elsewhere all stays as it is. In the HardFault's handler the MPU is off.
    mpu_hw->ctrl = M0PLUS_MPU_CTRL_PRIVDEFENA_BITS | M0PLUS_MPU_CTRL_ENABLE_BITS;
    __dsb();
#else
    // The Cortex-M33's stack limit. A frame that does not fit ends there, in the middle of the guard.
    __asm volatile("msr msplim, %0" ::"r"(bottom + (CHIP_GUARD_BYTES / 2u)));
#endif
    __isb();
}

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
