#include "../board/bus.h"

#include "../board/bus_clear.h"
#include "chip.h"
#include "pins.h"

// Alternate function 4 on every pin that I2C1 has (STM32L475 and L476 datasheets, alternate functions).
#define I2C_FUNCTION 4u
#define HALF_ROUNDS 50u  // some 5 µs at 80 MHz

static void drive(uint32_t pin, bool high) {
    chip_drive(pin, false);
    chip_pin(pin, high ? CHIP_INPUT : CHIP_OUTPUT, 0u, CHIP_PULL_UP);
    chip_drive(pin, false);
}

static void drive_scl(bool high) {
    drive(PIN_I2C_SCL, high);
}

static void drive_sda(bool high) {
    drive(PIN_I2C_SDA, high);
}

static bool scl_is_high(void) {
    return chip_is_high(PIN_I2C_SCL);
}

static bool sda_is_high(void) {
    return chip_is_high(PIN_I2C_SDA);
}

static void half(void) {
    for (uint32_t i = 0u; i < HALF_ROUNDS; i++) {
        __asm volatile("" ::: "memory");
    }
}

// Returns the pins to the I2C block, open drain.
static void give_back(uint32_t pin) {
    chip_pin(pin, CHIP_ALTERNATE, I2C_FUNCTION, CHIP_PULL_UP);
    R_GPIO(CHIP_PORT(pin))->OTYPER |= 1u << CHIP_NUMBER(pin);
}

bool bus_free(void) {
    static const bus_lines_t lines = {drive_scl, drive_sda, scl_is_high, sda_is_high, half};
    // An input shows its level in any mode but analogue, which pins have after a reset.
    const bool begun = (R_RCC->APB1ENR1 & R_RCC_APB1ENR1_I2C1EN) != 0u;
    if (!begun) {
        drive_scl(true);
        drive_sda(true);
        half();
    }
    const bool held = !sda_is_high();
    bool now_free = false;
    if (held) {
        now_free = bus_clear(&lines);
    }
    if (begun && held) {
        // The block thinks the bus busy until it is switched off and on (RM0351, I2C software reset). Off, it lets go
        // of its lines.
        const uint32_t on = R_I2C1->CR1;
        R_I2C1->CR1 = on & ~R_I2C_CR1_PE;
        give_back(PIN_I2C_SCL);
        give_back(PIN_I2C_SDA);
        half();
        R_I2C1->CR1 = on;
    }
    return now_free;
}
