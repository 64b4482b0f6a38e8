// chip.h: the chip functions that the parts of this module share: pins, interrupt lines, instructions that C lacks.
#ifndef RELEVE_STM32_CHIP_H
#define RELEVE_STM32_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "registers.h"

// A pin is 16 * port + number, as pins.h has it: PB3 is 19.
#define CHIP_PORT(pin) ((pin) >> 4u)
#define CHIP_NUMBER(pin) ((pin) & 15u)
#define CHIP_LINES 3u  // words of NVIC registers

typedef enum { CHIP_INPUT = 0, CHIP_OUTPUT = 1, CHIP_ALTERNATE = 2, CHIP_ANALOG = 3 } chip_mode_t;
typedef enum { CHIP_NO_PULL = 0, CHIP_PULL_UP = 1, CHIP_PULL_DOWN = 2 } chip_pull_t;

// Switches a pin's port on and sets the pin up; `function` only matters to CHIP_ALTERNATE. Main.
void chip_pin(uint32_t pin, chip_mode_t mode, uint32_t function, chip_pull_t pull);

// The level that a pin has. Anywhere.
static inline bool chip_is_high(uint32_t pin) {
    return (R_GPIO(CHIP_PORT(pin))->IDR & (1u << CHIP_NUMBER(pin))) != 0u;
}

// Drives an output. Anywhere.
static inline void chip_drive(uint32_t pin, bool high) {
    const uint32_t bit = 1u << CHIP_NUMBER(pin);
    R_GPIO(CHIP_PORT(pin))->BSRR = high ? bit : (bit << 16u);
}

// The interrupt line of the EXTI line that a pin drives. Anywhere.
uint32_t chip_edge_irq(uint32_t pin);

// Lets a pin drive its EXTI line; the line stays masked. Main.
void chip_edge(uint32_t pin, bool rising);

// Puts `handler` at exception `number` (below 16) into the same table. Main.
void chip_exception(uint32_t number, void (*handler)(void));

// Puts `handler` at `irq` into this module's own table of vectors, which lies in RAM and is taken into use by the first
// call: MicroPython's port has handlers of its own for nearly all of them. 0 is the highest priority. Main.
void chip_handler(uint32_t irq, void (*handler)(void), uint32_t priority);

static inline void chip_enable(uint32_t irq) {
    R_NVIC_ISER[irq / 32u] = 1u << (irq % 32u);
}

static inline void chip_barrier(void) {
    __asm volatile("dsb\n\tisb" ::: "memory");
}

static inline void chip_disable(uint32_t irq) {
    R_NVIC_ICER[irq / 32u] = 1u << (irq % 32u);
    chip_barrier();
}

static inline void chip_pend(uint32_t irq) {
    R_NVIC_ISPR[irq / 32u] = 1u << (irq % 32u);
}

// All interrupts off; returns whether they were on. Main.
static inline uint32_t chip_lock(void) {
    uint32_t before;
    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(before)::"memory");
    return before;
}

static inline void chip_unlock(uint32_t before) {
    __asm volatile("msr primask, %0" ::"r"(before) : "memory");
}

// Waits for an interrupt, even a masked one. A function of its own, so that an emulator can find it by name.
void chip_wait(void);

#endif
