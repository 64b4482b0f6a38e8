// crash.c: a HardFault leaves its place in the watchdog's scratch registers and resets; a full stack is one.
#include "../board/early.h"
#include "chip.h"
#include "hardware/structs/watchdog.h"
#include "kept.h"
#include "pico/platform.h"

#define IN_RAM(name) __no_inline_not_in_flash_func(name)
#define HARD_FAULT 3u  // exception number
#define CAUSE 0xffu    // of the kept word (start.c)

extern uint32_t __StackBottom[];

void early_guard(void) {
    chip_guard((uintptr_t)__StackBottom);
}

void early_crashed(start_crash_t *crash) {
    // If the frame itself met the guard, what lay there was something else.
    const bool framed = watchdog_hw->scratch[KEPT_FRAME] >= ((uintptr_t)__StackBottom + CHIP_GUARD_BYTES);
    crash->pc = framed ? watchdog_hw->scratch[KEPT_PC] : 0u;
    crash->lr = framed ? watchdog_hw->scratch[KEPT_LR] : 0u;
    crash->psr = framed ? watchdog_hw->scratch[KEPT_PSR] : HARD_FAULT;
}

void isr_hardfault(void);
void early_crash(const uint32_t *frame);

// `frame`: R0 to R3, R12, LR, PC, xPSR (ARM DDI 0419, B1.5.6). In RAM, because the flash may be unavailable; as little
// of it as possible.
void IN_RAM(early_crash)(const uint32_t *frame) {
    watchdog_hw->scratch[KEPT_FRAME] = (uintptr_t)frame;
    watchdog_hw->scratch[KEPT_PC] = frame[6];
    watchdog_hw->scratch[KEPT_LR] = frame[5];
    watchdog_hw->scratch[KEPT_PSR] = frame[7];
    watchdog_hw->scratch[KEPT_WORD] = (watchdog_hw->scratch[KEPT_WORD] & ~CAUSE) | START_CRASH;
}

// The SDK's own handler stops at a breakpoint, which without a debugger hangs the processor.
void __attribute__((naked)) IN_RAM(isr_hardfault)(void) {
    // R0: the frame; all code runs on the main stack.
    __asm volatile("mrs r0, msp\n\tbl early_crash\n\tbl early_reset");
}
