#include "power.h"

#include "chip.h"
#include "clock.h"
#include "interrupts.h"
#include "link.h"
#include "stroke.h"

static uint64_t awake_until_us;

// After stop mode the processor's clock is the MSI, 4 MHz: switches back to 80 MHz from the PLL.
static void full_speed(void) {
    R_RCC->CR |= R_RCC_CR_PLLON;
    while ((R_RCC->CR & R_RCC_CR_PLLRDY) == 0u) {
    }
    R_RCC->CFGR |= R_RCC_CFGR_SW_PLL;
    while ((R_RCC->CFGR & R_RCC_CFGR_SWS) != R_RCC_CFGR_SWS_PLL) {
    }
}

static void stop(void) {
    R_RCC->CFGR &= ~R_RCC_CFGR_STOPWUCK;
    R_PWR->CR1 = (R_PWR->CR1 & ~R_PWR_CR1_LPMS) | R_PWR_CR1_LPMS_STOP2;
    *R_SCB_SCR |= R_SCB_SCR_SLEEPDEEP;
    chip_wait();
    *R_SCB_SCR &= ~R_SCB_SCR_SLEEPDEEP;
    full_speed();
}

static void wait(bool may_stop) {
    const uint64_t now_us = clock_us();
    // MicroPython's tick would wake an idle chip every millisecond, and keep it from stop mode.
    const uint32_t tick = *R_SYSTICK_CTRL;
    *R_SYSTICK_CTRL = tick & ~R_SYSTICK_CTRL_TICKINT;
    *R_SCB_ICSR = R_SCB_ICSR_PENDSTCLR;
    if (link_take_active()) {
        awake_until_us = now_us + POWER_LINK_US;
    }
    const bool quiet = may_stop && (now_us >= awake_until_us) && !stroke_clocked();
    if (quiet && (interrupts_spare_us() >= POWER_STOP_MIN_US) && link_sleep()) {
        stop();
        link_wake();
    } else {
        chip_wait();
    }
    *R_SYSTICK_CTRL = tick;
}

bool power_idle(bool may_stop) {
    // Interrupts off, so that one that comes after the check still ends the sleep: WFI wakes for a masked interrupt.
    const uint32_t before = chip_lock();
    bool ready = link_ready();
    if (!ready && (interrupts_events() == 0u)) {
        wait(may_stop);
        ready = link_ready();
    }
    chip_unlock(before);
    return ready;
}
