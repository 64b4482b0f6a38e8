#include "bus.h"

#include <string.h>

#include "../board/bus_clear.h"
#include "extmod/modmachine.h"
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
#define TOGETHER_BYTES 1026u  // of firmware/drivers/fram.py's greatest transfer
#define ALARM BUS_ALARM

// The I2C block that these pins belong to (datasheets of RP2040 and RP2350, GPIO functions).
#define BUS (((PIN_I2C_SDA / 2u) % 2u) == 0u ? i2c0_hw : i2c1_hw)
#define HALF_US 5u

static bool claimed;

// The linker substitutes it for the SDK's function, which polls.
int __wrap_i2c_write_blocking_until(i2c_inst_t *i2c, uint8_t address, const uint8_t *bytes, size_t count, bool nostop,
                                    absolute_time_t until);

int __wrap_mp_machine_i2c_transfer_adaptor(mp_obj_base_t *self, uint16_t address, size_t count,
                                           mp_machine_i2c_buf_t *parts, unsigned int flags);
int __real_mp_machine_i2c_transfer_adaptor(mp_obj_base_t *self, uint16_t address, size_t count,
                                           mp_machine_i2c_buf_t *parts, unsigned int flags);

void bus_setup(void) {
    if (!claimed) {
        hardware_alarm_claim(ALARM);
        hw_set_bits(&timer_hw->inte, 1u << ALARM);
        claimed = true;
    }
}

// Sleeps until one of `flags` is raised or the time is up. The interrupts are enabled in the devices but not in the
// NVIC: they have no handler, but an interrupt that becomes pending is an event (SEVONPEND, which MicroPython sets) and
// ends WFE.
static bool wait_for(i2c_hw_t *hw, uint line, uint32_t flags, absolute_time_t until) {
    bool raised = false;
    hw->intr_mask = flags;
    for (;;) {
        // Only an interrupt that becomes pending is an event. One raised after this and before the check ends WFE at
        // once.
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
    const size_t last = nostop ? count : (count - 1u);  // the byte with the stop
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
        const size_t end = ((count - sent) > FIFO_BYTES) ? (sent + FIFO_BYTES) : count;
        const size_t plain = (end > last) ? last : end;
        if (sent == 0u) {
            const bool restart = i2c->restart_on_next;
            hw->data_cmd = (restart ? I2C_IC_DATA_CMD_RESTART_BITS : 0u) |
                           ((last == 0u) ? I2C_IC_DATA_CMD_STOP_BITS : 0u) | bytes[0];
            sent = 1u;
        }
        // Keep this loop minimal: each stroke sends 1500 bytes.
        while (sent < plain) {
            hw->data_cmd = bytes[sent];
            sent++;
        }
        if (sent < end) {
            hw->data_cmd = I2C_IC_DATA_CMD_STOP_BITS | bytes[sent];
            sent++;
        }
        // "Empty" is signalled when the last byte has left (TX_EMPTY_CTRL), also after a NACK, which empties the FIFO.
        in_time = wait_for(hw, line, I2C_IC_RAW_INTR_STAT_TX_EMPTY_BITS | I2C_IC_RAW_INTR_STAT_TX_ABRT_BITS, until);
        refused = hw->tx_abrt_source;
    }
    if (refused != 0u) {
        (void)hw->clr_tx_abrt;
    }
    if (in_time && ((refused != 0u) || !nostop)) {
        // After a NACK the hardware sends the stop by itself.
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

// The linker substitutes it for MicroPython's function, which allocates 750 bytes of heap for each copy of a stroke's
// record to join address and data: a search for that much contiguous space, and a garbage collection when there is
// none.
int __wrap_mp_machine_i2c_transfer_adaptor(mp_obj_base_t *self, uint16_t address, size_t count,
                                           mp_machine_i2c_buf_t *parts, unsigned int flags) {
    static uint8_t together[TOGETHER_BYTES];
    mp_machine_i2c_buf_t whole = {.len = 0u, .buf = together};
    for (size_t i = 0u; i < count; i++) {
        whole.len += parts[i].len;
    }
    if ((count < 2u) || ((flags & MP_MACHINE_I2C_FLAG_READ) != 0u) || (whole.len > TOGETHER_BYTES)) {
        return __real_mp_machine_i2c_transfer_adaptor(self, address, count, parts, flags);
    }
    uint8_t *to = together;
    for (size_t i = 0u; i < count; i++) {
        (void)memcpy(to, parts[i].buf, parts[i].len);
        to += parts[i].len;
    }
    return __real_mp_machine_i2c_transfer_adaptor(self, address, 1u, &whole, flags);
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
        // Inputs first: as an output the pin would drive the level that is set, low.
        gpio_init(PIN_I2C_SCL);
        gpio_init(PIN_I2C_SDA);
        now_free = bus_clear(&lines);
        // Abort whatever the block was waiting for; the next transfer switches it on again.
        BUS->enable = 0u;
        gpio_set_function(PIN_I2C_SCL, GPIO_FUNC_I2C);
        gpio_set_function(PIN_I2C_SDA, GPIO_FUNC_I2C);
    }
    return now_free;
}
