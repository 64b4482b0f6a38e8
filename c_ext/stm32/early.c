#include "../board/early.h"

#include "../board/annunciator.h"
#include "chip.h"
#include "interrupts.h"
#include "pins.h"

// GUARD-3: 8 s, counted in 1/500 s by the 32 kHz oscillator divided by 64. The oscillator may be 6 % fast (29.5 to 34
// kHz), which gives 7.5 s. The longest alarm is far below that.
#define WATCHDOG_COUNTS 4000u
// The oscillator starts within 130 µs, a new value is taken within five of its cycles through the divider.
#define WATCHDOG_LOOKS 100000u
// A round of the waiting loop takes about eight cycles.
#define ROUNDS_PER_MS 500u
#define FAST_TIMES 20u

// At the foot of the variables' memory (memory.ld), which no reset clears: the word, and its complement, or all of it is
// noise; the processor at a HardFault.
extern uint32_t releve_kept[6];
#define KEPT_CRASH 2u
// The lowest bytes of the stack, of which MicroPython's own check keeps 1,024 free.
extern uint32_t _sstack[];
#define GUARD_BYTES 256u
#define GUARD_SIZE 7u  // 2 to the power of this and one more

uint32_t early_kept(void) {
    return ((releve_kept[0] ^ releve_kept[1]) == UINT32_MAX) ? releve_kept[0] : 0u;
}

void early_keep(uint32_t word) {
    releve_kept[0] = word;
    releve_kept[1] = ~word;
}

void early_crashed(start_crash_t *crash) {
    crash->pc = releve_kept[KEPT_CRASH];
    crash->lr = releve_kept[KEPT_CRASH + 1u];
    crash->psr = releve_kept[KEPT_CRASH + 2u];
    crash->status = releve_kept[KEPT_CRASH + 3u];
}

void early_crash(const uint32_t *frame) __attribute__((noreturn));

// `frame`: R0 to R3, R12, LR, PC, xPSR (ARM DDI 0403, B1.5.6).
void early_crash(const uint32_t *frame) {
    const uint32_t status = *R_SCB_CFSR;
    // If the frame itself met a fault (a full stack), what lies there is something else.
    const bool framed = (status & R_SCB_CFSR_STACKING) == 0u;
    releve_kept[KEPT_CRASH] = framed ? frame[6] : 0u;
    releve_kept[KEPT_CRASH + 1u] = framed ? frame[5] : 0u;
    releve_kept[KEPT_CRASH + 2u] = framed ? frame[7] : 0u;
    releve_kept[KEPT_CRASH + 3u] = status;
    start_anew(START_CRASH);
}

// In place of the port's, which resets and keeps nothing. All code runs on the main stack.
static void __attribute__((naked)) hard_fault(void) {
    __asm volatile("mrs r0, msp\n\tb early_crash");
}

start_cause_t early_cause(void) {
    const uint32_t flags = R_RCC->CSR;
    start_cause_t cause = START_POWER;
    R_RCC->CSR = flags | R_RCC_CSR_RMVF;
    if ((flags & R_RCC_CSR_IWDGRSTF) != 0u) {
        cause = START_WATCHDOG;
    } else if (((flags & R_RCC_CSR_SFTRSTF) != 0u) && ((flags & R_RCC_CSR_BORRSTF) == 0u)) {
        cause = START_CRASH;  // before this module's handler was there; a person at the console may reset too
    } else {
        // the power, the reset pin
    }
    return cause;
}

// The independent watchdog brings its oscillator along; nothing stops it any more.
static void watch(void) {
    R_IWDG->KR = R_IWDG_KR_START;
    R_IWDG->KR = R_IWDG_KR_UNLOCK;
    R_IWDG->PR = R_IWDG_PR_64;
    R_IWDG->RLR = WATCHDOG_COUNTS - 1u;
    for (uint32_t i = 0u; (i < WATCHDOG_LOOKS) && (R_IWDG->SR != 0u); i++) {
    }
    early_feed();
}

// An output's level before its direction; a port that has no clock yet takes nothing in, so once more.
static void output(uint32_t pin, bool high) {
    chip_drive(pin, high);
    chip_pin(pin, CHIP_OUTPUT, 0u, CHIP_NO_PULL);
    chip_drive(pin, high);
}

void early_rest(void) {
    watch();
    chip_exception(R_HARD_FAULT, hard_fault);
    output(PIN_MOTOR_ENABLE, true);  // active low
    output(PIN_STEP, false);
    output(PIN_DIR, false);
    annunciator_setup();
}

void early_guard(void) {
    const uint32_t first = ((uint32_t)(uintptr_t)_sstack + (GUARD_BYTES - 1u)) & ~(GUARD_BYTES - 1u);
    R_MPU->CTRL = 0u;
    R_MPU->RBAR = first | R_MPU_RBAR_VALID;  // region 0
    // Nobody may read, write or execute it.
    R_MPU->RASR = R_MPU_RASR_ENABLE | (GUARD_SIZE << R_MPU_RASR_SIZE_SHIFT) | R_MPU_RASR_XN;
    // Elsewhere all stays as it is. In the HardFault's handler the MPU is off.
    R_MPU->CTRL = R_MPU_CTRL_PRIVDEFENA | R_MPU_CTRL_ENABLE;
    chip_barrier();
}

void early_sound(bool on) {
    if (on) {
        annunciator_on();
    } else {
        annunciator_off();
    }
}

void early_feed(void) {
    R_IWDG->KR = R_IWDG_KR_FEED;
}

void early_wait_ms(uint32_t ms) {
    const bool fast = (R_RCC->CFGR & R_RCC_CFGR_SWS) == R_RCC_CFGR_SWS_PLL;
    const uint32_t rounds = ms * ROUNDS_PER_MS * (fast ? FAST_TIMES : 1u);
    for (uint32_t i = 0u; i < rounds; i++) {
        __asm volatile("" ::: "memory");
    }
}

void early_reset(void) {
    chip_barrier();
    *R_SCB_AIRCR = R_SCB_AIRCR_RESET;
    for (;;) {
    }
}
