#include "clock.h"

#include "chip.h"

// A tick is 15625/512 µs.
#define US_NUMERATOR 15625u
#define US_SHIFT 9u
#define COUNTER_MASK 0xffffu
// The crystal takes up to 2 s to start; a round of the loop, a few cycles at 80 MHz at least.
#define CRYSTAL_LOOKS 40000000u

// One chip is one board: its state is file-scope, as its registers are.
static uint64_t ticks;
static uint32_t compare;  // the value that the compare register holds, or is about to hold
static bool writing;      // a new compare value has not reached the counter yet
static bool running;
static uint64_t advanced_us;  // by which device time has advanced while the chip had no power

// The counter runs from another clock than the bus: a value counts if two reads agree (RM0351, LPTIM_CNT).
static uint32_t counter(void) {
    uint32_t before;
    uint32_t now = R_LPTIM1->CNT;
    do {
        before = now;
        now = R_LPTIM1->CNT;
    } while (now != before);
    return now & COUNTER_MASK;
}

static uint64_t clock_ticks(void) {
    ticks += (counter() - (uint32_t)ticks) & COUNTER_MASK;
    return ticks;
}

static uint64_t us_of(uint64_t at_ticks) {
    return ((at_ticks * US_NUMERATOR) >> US_SHIFT) + advanced_us;
}

bool clock_setup(void) {
    if (!running) {
        R_RCC->APB1ENR1 |= R_RCC_APB1ENR1_PWREN | R_RCC_APB1ENR1_LPTIM1EN;
        (void)R_RCC->APB1ENR1;
        R_PWR->CR1 |= R_PWR_CR1_DBP;
        R_RCC->BDCR |= R_RCC_BDCR_LSEON;
        for (uint32_t i = 0u; (i < CRYSTAL_LOOKS) && ((R_RCC->BDCR & R_RCC_BDCR_LSERDY) == 0u); i++) {
        }
        running = (R_RCC->BDCR & R_RCC_BDCR_LSERDY) != 0u;
        if (running) {
            R_RCC->CR |= R_RCC_CR_MSIPLLEN;
            R_RCC->CCIPR |= R_RCC_CCIPR_LPTIM1SEL_LSE;
            // Both flags that are ever cleared have their interrupt enabled, or clearing them could jam it (erratum of
            // the STM32L4: "device may remain stuck in LPTIM interrupt when clearing event flag"). Only before ENABLE.
            R_LPTIM1->IER = R_LPTIM_ISR_CMPM | R_LPTIM_ISR_CMPOK;
            R_LPTIM1->CR = R_LPTIM_CR_ENABLE;
            R_LPTIM1->ARR = COUNTER_MASK;
            while ((R_LPTIM1->ISR & R_LPTIM_ISR_ARROK) == 0u) {
            }
            R_LPTIM1->CR = R_LPTIM_CR_ENABLE | R_LPTIM_CR_CNTSTRT;
            R_EXTI->IMR2 |= R_EXTI_IMR2_LPTIM1;
        }
    }
    return running;
}

uint64_t clock_us(void) {
    return us_of(clock_ticks());
}

uint64_t clock_run_us(void) {
    return clock_us() - advanced_us;
}

void clock_advance(uint64_t us) {
    advanced_us += us;
}

uint64_t clock_edge(void) {
    const uint64_t before = clock_ticks();
    uint64_t now = before;
    while (now == before) {
        now = clock_ticks();
    }
    return us_of(now);
}

void clock_alarm(uint64_t at_us) {
    // Rounded down: never late. 32 bits, because at_us is near. The compare value must stay below the end of the count.
    const uint64_t now_ticks = clock_ticks();
    const uint32_t ahead_us = (uint32_t)(at_us - us_of(now_ticks));
    const uint32_t low = ((uint32_t)now_ticks + ((ahead_us << US_SHIFT) / US_NUMERATOR)) & COUNTER_MASK;
    const uint32_t wanted = (low == COUNTER_MASK) ? (COUNTER_MASK - 1u) : low;
    // While one value is under way another must not be written; its arrival brings the interrupt, and with it this
    // call.
    if (!writing && (wanted != compare)) {
        compare = wanted;
        writing = true;
        R_LPTIM1->CMP = wanted;
    }
}

void clock_interrupt(void) {
    const uint32_t flags = R_LPTIM1->ISR & (R_LPTIM_ISR_CMPM | R_LPTIM_ISR_CMPOK);
    if (flags != 0u) {
        R_LPTIM1->ICR = flags;
    }
    if ((flags & R_LPTIM_ISR_CMPOK) != 0u) {
        writing = false;
    }
}

uint32_t clock_timer_ticks(uint32_t us) {
    // us * 15616 / 15625, without leaving 32 bits.
    return us - (((us * CLOCK_TIMER_DEFICIT) + (CLOCK_TIMER_OF / 2u)) / CLOCK_TIMER_OF);
}
