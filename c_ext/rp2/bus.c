#include "bus.h"

#include "../board/bus_clear.h"
#include "hardware/gpio.h"
#include "hardware/i2c.h"
#include "hardware/irq.h"
#include "hardware/structs/timer.h"
#include "hardware/sync.h"
#include "hardware/timer.h"
#include "pico/error.h"
#include "pico/time.h"
#include "pins.h"

#define FIFO_BYTES 16u
#define ALARM BUS_ALARM

// The block whose pins these are (RP2040 datasheet, GPIO functions).
#define BUS (((PIN_I2C_SDA / 2u) % 2u) == 0u ? i2c0_hw : i2c1_hw)
#define HALF_US 5u

static bool claimed;

// The linker puts it in the place of the kit's, which polls.
int __wrap_i2c_write_blocking_until(i2c_inst_t *i2c, uint8_t address, const uint8_t *bytes, size_t count, bool nostop,
                                    absolute_time_t until);

void bus_setup(void) {
    if (!claimed) {
        hardware_alarm_claim(ALARM);
        hw_set_bits(&timer_hw->inte, 1u << ALARM);
        claimed = true;
    }
}

// Sleeps until one of `flags` is raised or the time is up. The interrupts are enabled in the devices and not in the NVIC: they
// have no handler, but becoming pending is an event (SEVONPEND, which MicroPython sets) and ends WFE.
static bool wait_for(i2c_hw_t *hw, uint line, uint32_t flags, absolute_time_t until) {
    bool raised = false;
    hw->intr_mask = flags;
    for (;;) {
        // Only what becomes pending is an event. What is raised after this and before the look ends WFE at once.
        irq_clear(line);
        raised = (hw->raw_intr_stat & flags) != 0u;
        if (raised || time_reached(until)) {
            break;
        }
        __wfe();
    }
    hw->intr_mask = 0u;
    irq_clear(line);
    return raised;
}

int __wrap_i2c_write_blocking_until(i2c_inst_t *i2c, uint8_t address, const uint8_t *bytes, size_t count, bool nostop,
                                    absolute_time_t until) {
    i2c_hw_t *hw = i2c_get_hw(i2c);
    const uint line = (hw == i2c0_hw) ? I2C0_IRQ : I2C1_IRQ;
    const uint alarm_line = TIMER_ALARM_IRQ_NUM(timer_hw, ALARM);
    uint32_t refused = 0u;
    bool in_time = true;
    size_t sent = 0u;

    timer_hw->intr = 1u << ALARM;
    irq_clear(alarm_line);
    timer_hw->alarm[ALARM] = (uint32_t)to_us_since_boot(until);
    hw->enable = 0u;
    hw->tar = address;
    hw->enable = 1u;
    while ((sent < count) && (refused == 0u) && in_time) {
        for (uint32_t room = FIFO_BYTES; (room > 0u) && (sent < count); room--) {
            const bool restart = (sent == 0u) && i2c->restart_on_next;
            const bool last = (sent + 1u) == count;
            hw->data_cmd = (restart ? I2C_IC_DATA_CMD_RESTART_BITS : 0u) |
                           ((last && !nostop) ? I2C_IC_DATA_CMD_STOP_BITS : 0u) | bytes[sent];
            sent++;
        }
        // Empty is said when the last byte has left (TX_EMPTY_CTRL), also after a refusal, which empties the FIFO.
        in_time = wait_for(hw, line, I2C_IC_RAW_INTR_STAT_TX_EMPTY_BITS | I2C_IC_RAW_INTR_STAT_TX_ABRT_BITS, until);
        refused = hw->tx_abrt_source;
    }
    if (refused != 0u) {
        (void)hw->clr_tx_abrt;
    }
    if (in_time && ((refused != 0u) || !nostop)) {
        // After a refusal the hardware stops by itself.
        in_time = wait_for(hw, line, I2C_IC_RAW_INTR_STAT_STOP_DET_BITS, until);
        (void)hw->clr_stop_det;
    }
    timer_hw->armed = 1u << ALARM;  // disarms
    timer_hw->intr = 1u << ALARM;
    irq_clear(alarm_line);
    i2c->restart_on_next = nostop;
    if (!in_time) {
        return PICO_ERROR_TIMEOUT;
    }
    return (refused != 0u) ? PICO_ERROR_GENERIC : (int)sent;
}

static void drive_scl(bool high) {
    gpio_set_dir(PIN_I2C_SCL, !high);
}

static void drive_sda(bool high) {
    gpio_set_dir(PIN_I2C_SDA, !high);
}

static bool scl_is_high(void) {
    return gpio_get(PIN_I2C_SCL);
}

static bool sda_is_high(void) {
    return gpio_get(PIN_I2C_SDA);
}

static void half(void) {
    busy_wait_us_32(HALF_US);
}

bool bus_free(void) {
    static const bus_lines_t lines = {drive_scl, drive_sda, scl_is_high, sda_is_high, half};
    gpio_pull_up(PIN_I2C_SCL);
    gpio_pull_up(PIN_I2C_SDA);
    gpio_set_input_enabled(PIN_I2C_SCL, true);
    gpio_set_input_enabled(PIN_I2C_SDA, true);
    half();
    const bool held = !sda_is_high();
    bool now_free = false;
    if (held) {
        // As inputs first: an output would show the level that is set, low.
        gpio_init(PIN_I2C_SCL);
        gpio_init(PIN_I2C_SDA);
        now_free = bus_clear(&lines);
        // Whatever the block was waiting for; the next transfer switches it on again.
        BUS->enable = 0u;
        gpio_set_function(PIN_I2C_SCL, GPIO_FUNC_I2C);
        gpio_set_function(PIN_I2C_SDA, GPIO_FUNC_I2C);
    }
    return now_free;
}
