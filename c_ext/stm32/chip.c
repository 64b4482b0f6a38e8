#include "chip.h"

#define VECTORS (16u + R_IRQ_COUNT)
#define PRIORITY_BITS 4u
#define FAST_PIN 1u

// Aligned to the next power of two above its 392 bytes, as VTOR wants it.
static uint32_t vectors[VECTORS] __attribute__((aligned(512)));

void chip_pin(uint32_t pin, chip_mode_t mode, uint32_t function, chip_pull_t pull) {
    const uint32_t port = CHIP_PORT(pin);
    const uint32_t number = CHIP_NUMBER(pin);
    const uint32_t two = 2u * number;
    const uint32_t four = 4u * (number % 8u);
    reg_gpio_t *gpio = R_GPIO(port);
    R_RCC->AHB2ENR |= 1u << port;
    (void)R_RCC->AHB2ENR;  // the clock is on two cycles later
    gpio->OSPEEDR = (gpio->OSPEEDR & ~(3u << two)) | (FAST_PIN << two);
    gpio->PUPDR = (gpio->PUPDR & ~(3u << two)) | ((uint32_t)pull << two);
    gpio->OTYPER &= ~(1u << number);
    gpio->AFR[number / 8u] = (gpio->AFR[number / 8u] & ~(15u << four)) | (function << four);
    gpio->MODER = (gpio->MODER & ~(3u << two)) | ((uint32_t)mode << two);
}

uint32_t chip_edge_irq(uint32_t pin) {
    const uint32_t line = CHIP_NUMBER(pin);
    uint32_t irq = R_IRQ_EXTI15_10;
    if (line < 5u) {
        irq = R_IRQ_EXTI0 + line;
    } else if (line < 10u) {
        irq = R_IRQ_EXTI9_5;
    } else {
        // as set
    }
    return irq;
}

void chip_edge(uint32_t pin, bool rising) {
    const uint32_t line = CHIP_NUMBER(pin);
    const uint32_t bit = 1u << line;
    const uint32_t four = 4u * (line % 4u);
    R_RCC->APB2ENR |= R_RCC_APB2ENR_SYSCFGEN;
    (void)R_RCC->APB2ENR;
    R_EXTI->IMR1 &= ~bit;
    R_SYSCFG_EXTICR[line / 4u] = (R_SYSCFG_EXTICR[line / 4u] & ~(15u << four)) | (CHIP_PORT(pin) << four);
    R_EXTI->RTSR1 = (R_EXTI->RTSR1 & ~bit) | (rising ? bit : 0u);
    R_EXTI->FTSR1 = (R_EXTI->FTSR1 & ~bit) | (rising ? 0u : bit);
    R_EXTI->PR1 = bit;
}

void chip_exception(uint32_t number, void (*handler)(void)) {
    if (*R_SCB_VTOR != (uint32_t)(uintptr_t)vectors) {
        const uint32_t *before = (const uint32_t *)(uintptr_t)*R_SCB_VTOR;
        for (uint32_t i = 0u; i < VECTORS; i++) {
            vectors[i] = before[i];
        }
        chip_barrier();
        *R_SCB_VTOR = (uint32_t)(uintptr_t)vectors;
    }
    vectors[number] = (uint32_t)(uintptr_t)handler;
    chip_barrier();
}

void chip_handler(uint32_t irq, void (*handler)(void), uint32_t priority) {
    R_NVIC_IPR[irq] = (uint8_t)(priority << (8u - PRIORITY_BITS));
    chip_exception(16u + irq, handler);
}

__attribute__((noinline)) void chip_wait(void) {
    __asm volatile("dsb\n\twfi" ::: "memory");
}
