#include "../board/pressure.h"

#include "chip.h"
#include "pins.h"

// Pins that ADC1 and ADC2 share, and their channels (datasheet of the STM32L475, table of pins): PA0 to PA7 5 to 12,
// PB0 and PB1 15 and 16, PC0 to PC3 1 to 4, PC4 and PC5 13 and 14.
#define PA_CHANNEL(pin) (((pin) < 8u) ? ((pin) + 5u) : 0u)
#define PB_CHANNEL(pin) ((((pin) == 16u) || ((pin) == 17u)) ? ((pin) - 1u) : PA_CHANNEL(pin))
#define PC_CHANNEL(pin) ((((pin) >= 32u) && ((pin) < 36u)) ? ((pin) - 31u) : PB_CHANNEL(pin))
#define CHANNEL_OF(pin) ((((pin) == 36u) || ((pin) == 37u)) ? ((pin) - 23u) : PC_CHANNEL(pin))
#define CHANNEL CHANNEL_OF(PIN_PRESSURE)
_Static_assert(CHANNEL != 0u, "PRESSURE must be a pin of ADC2: PA0 to PA7, PB0, PB1, PC0 to PC5");
// The sample takes 247.5 cycles of 80 MHz, 3.1 µs: the sensor's 100 Ohm have charged the input long before.
#define SAMPLE_LONG 6u
// The first conversion more than 1 ms after the one before is wrong (erratum "wrong ADC result if conversion done late
// after calibration or previous conversion"); the second one counts.
#define CONVERSIONS 2u
// The converter's supply needs 20 µs. A look takes 5 cycles of 80 MHz or more.
#define SETTLE_LOOKS 400u
// Nothing of a converter takes longer than 20 µs, but for the calibration, 116 of its cycles. One that hangs must not
// hold up a stroke.
#define LOOKS_MAX 2000u

static void wait_while(const reg_t *where, uint32_t bits, uint32_t value) {
    for (uint32_t i = 0u; (i < LOOKS_MAX) && ((*where & bits) == value); i++) {
    }
}

static void supply_on(void) {
    R_ADC2->CR = R_ADC_CR_ADVREGEN;  // and out of deep power-down, in which it is after a reset
    for (uint32_t i = 0u; i < SETTLE_LOOKS; i++) {
        (void)R_ADC2->CR;
    }
}

void pressure_setup(void) {
    chip_pin(PIN_PRESSURE, CHIP_ANALOG, 0u, CHIP_NO_PULL);
#if R_GPIO_HAS_ASCR
    R_GPIO(CHIP_PORT(PIN_PRESSURE))->ASCR |= 1u << CHIP_NUMBER(PIN_PRESSURE);
#endif
    R_RCC->CCIPR |= R_RCC_CCIPR_ADCSEL_SYSCLK;
    R_RCC->AHB2ENR |= R_RCC_AHB2ENR_ADCEN;
    (void)R_RCC->AHB2ENR;  // the clock is on two cycles later
    supply_on();
    R_ADC2->CR = R_ADC_CR_ADVREGEN | R_ADC_CR_ADCAL;
    wait_while(&R_ADC2->CR, R_ADC_CR_ADCAL, R_ADC_CR_ADCAL);
    if (CHANNEL < 10u) {
        R_ADC2->SMPR1 = SAMPLE_LONG << (3u * (CHANNEL % 10u));
    } else {
        R_ADC2->SMPR2 = SAMPLE_LONG << (3u * (CHANNEL % 10u));
    }
    R_ADC2->SQR1 = CHANNEL << R_ADC_SQR1_SQ1_SHIFT;  // a sequence of one
    R_ADC2->CR = 0u;                                 // without its supply it keeps the calibration (RM0351 18.4.8)
}

uint32_t pressure_counts(void) {
    supply_on();
    R_ADC2->ISR = R_ADC_ISR_ADRDY | R_ADC_ISR_EOC;
    R_ADC2->CR = R_ADC_CR_ADVREGEN | R_ADC_CR_ADEN;
    wait_while(&R_ADC2->ISR, R_ADC_ISR_ADRDY, 0u);
    uint32_t counts = 0u;
    for (uint32_t i = 0u; i < CONVERSIONS; i++) {
        R_ADC2->CR = R_ADC_CR_ADVREGEN | R_ADC_CR_ADSTART;
        wait_while(&R_ADC2->ISR, R_ADC_ISR_EOC, 0u);
        counts = R_ADC2->DR;
    }
    R_ADC2->CR = R_ADC_CR_ADVREGEN | R_ADC_CR_ADDIS;
    wait_while(&R_ADC2->CR, R_ADC_CR_ADEN, R_ADC_CR_ADEN);
    R_ADC2->CR = 0u;
    return counts;
}
