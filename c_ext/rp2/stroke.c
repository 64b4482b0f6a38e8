#include "stroke.h"

#include "../core/motion.h"
#include "hardware/dma.h"
#include "hardware/gpio.h"
#include "hardware/pio.h"
#include "pico/platform.h"
#include "pins.h"

// SET and OUT address neighbouring pins from STEP on.
_Static_assert((PIN_DIR == PIN_STEP + 1u) && (PIN_MOTOR_ENABLE == PIN_STEP + 2u),
               "STEP, DIR, ENABLE must be neighbours");
#define MOTOR_PINS 3u
#define LEVEL_STEP 1u
#define LEVEL_FORWARD 2u
#define LEVEL_OFF 4u  // ENABLE is active low
// STEP stays high this long; stepper drivers ask for 1 to 2 µs.
#define PULSE_US 5u
// From one change of the pins to the next the program takes this many cycles besides the wait.
#define OVERHEAD_US 5u

#define PLAYER pio1
#define FIFO_WORDS 4u
#define DMA_STOPS_LOOKS 64u
#define PLAYER_HZ 1000000u

// pull; out y, 3; out x, 29; wait: jmp x-- wait; mov pins, y
static const uint16_t program[] = {0x80a0u, 0x6043u, 0x603du, 0x0043u, 0xa002u};
_Static_assert(PLAYER_HZ == 1000000u, "waits are whole µs");

static uint32_t words[(2u * MOTION_STEPS_MAX) + 2u];
static uint32_t word_count = 2u;
static uint32_t machine;
static uint32_t channel;
static uint32_t offset;
static bool ready;

static uint32_t word(uint32_t wait_us, uint32_t levels) {
    return ((wait_us - OVERHEAD_US) << MOTOR_PINS) | levels;
}

void stroke_setup(void) {
    if (!ready) {
        machine = (uint32_t)pio_claim_unused_sm(PLAYER, true);
        channel = (uint32_t)dma_claim_unused_channel(true);
        const struct pio_program loaded = {.instructions = program, .length = count_of(program), .origin = -1};
        offset = pio_add_program(PLAYER, &loaded);
        pio_sm_set_pins_with_mask(PLAYER, machine, LEVEL_OFF << PIN_STEP, 7u << PIN_STEP);
        pio_sm_set_consecutive_pindirs(PLAYER, machine, PIN_STEP, MOTOR_PINS, true);
        for (uint32_t pin = PIN_STEP; pin < PIN_STEP + MOTOR_PINS; pin++) {
            pio_gpio_init(PLAYER, pin);
        }
        pio_sm_config config = pio_get_default_sm_config();
        sm_config_set_wrap(&config, offset, offset + count_of(program) - 1u);
        sm_config_set_out_pins(&config, PIN_STEP, MOTOR_PINS);
        sm_config_set_set_pins(&config, PIN_STEP, MOTOR_PINS);
        sm_config_set_out_shift(&config, true, false, 32u);
        sm_config_set_clkdiv_int_frac(&config, (uint16_t)(SYS_CLK_KHZ / (PLAYER_HZ / 1000u)), 0u);
        pio_sm_init(PLAYER, machine, offset, &config);
        pio_sm_set_enabled(PLAYER, machine, true);
        dma_channel_config transfer = dma_channel_get_default_config(channel);
        channel_config_set_dreq(&transfer, pio_get_dreq(PLAYER, machine, true));
        dma_channel_configure(channel, &transfer, &PLAYER->txf[machine], words, 0u, false);
        ready = true;
    }
}

void stroke_plan(uint32_t steps, const uint16_t *period_us) {
    uint32_t n = 1u;  // the first word is the wait, which stroke_start() writes
    for (uint32_t k = 0u; k < steps; k++) {
        words[n++] = word((k == 0u) ? STROKE_SETTLE_US : (period_us[k - 1u] - PULSE_US), LEVEL_FORWARD | LEVEL_STEP);
        words[n++] = word(PULSE_US, LEVEL_FORWARD);
    }
    words[n++] = word(period_us[steps - 1u] - PULSE_US, LEVEL_FORWARD | LEVEL_OFF);
    word_count = n;
}

void __no_inline_not_in_flash_func(stroke_start)(uint32_t wait_us) {
    words[0] = ((wait_us - STROKE_SETTLE_US - OVERHEAD_US) << MOTOR_PINS) | LEVEL_FORWARD;
    dma_hw->ch[channel].read_addr = (uintptr_t)words;
    dma_hw->ch[channel].al1_transfer_count_trig = word_count;
}

// Does the DMA have words left?
static bool __no_inline_not_in_flash_func(fed)(void) {
    return (dma_hw->ch[channel].ctrl_trig & DMA_CH0_CTRL_TRIG_BUSY_BITS) != 0u;
}

// Words in the FIFO.
static uint32_t __no_inline_not_in_flash_func(waiting)(void) {
    return (PLAYER->flevel >> (machine * (PIO_FLEVEL_TX1_LSB - PIO_FLEVEL_TX0_LSB))) & PIO_FLEVEL_TX0_BITS;
}

bool __no_inline_not_in_flash_func(stroke_playing)(void) {
    // The program waits at its first instruction once the last word is done.
    return fed() || (waiting() != 0u) || (PLAYER->sm[machine].addr != offset);
}

uint32_t __no_inline_not_in_flash_func(stroke_abort)(void) {
    if (!ready) {
        return 0u;  // nothing has ever played, and the devices are not claimed
    }
    const uint32_t enable = 1u << (PIO_CTRL_SM_ENABLE_LSB + machine);
    hw_clear_bits(&PLAYER->ctrl, enable);
    // The DMA fills the FIFO and then pauses by itself. The words left are in the DMA and in the FIFO, and one is in
    // the program, unless that is at its beginning.
    for (uint32_t i = 0u; (i < DMA_STOPS_LOOKS) && fed() && (waiting() < FIFO_WORDS); i++) {
    }
    const uint32_t held = (PLAYER->sm[machine].addr != offset) ? 1u : 0u;
    const uint32_t left = dma_hw->ch[channel].transfer_count + waiting() + held;
    const uint32_t done = (left < word_count) ? (word_count - left) : 0u;
    // CHAN_ABORT reads 0 before the transfers in flight are over; BUSY falls after them (RP2040-E13).
    dma_hw->abort = 1u << channel;
    for (uint32_t i = 0u; (i < DMA_STOPS_LOOKS) && fed(); i++) {
    }
    // Empties the FIFO, returns the pins to rest, and restarts the program.
    hw_xor_bits(&PLAYER->sm[machine].shiftctrl, PIO_SM0_SHIFTCTRL_FJOIN_RX_BITS);
    hw_xor_bits(&PLAYER->sm[machine].shiftctrl, PIO_SM0_SHIFTCTRL_FJOIN_RX_BITS);
    PLAYER->sm[machine].instr = 0xe000u | LEVEL_OFF;  // set pins
    PLAYER->sm[machine].instr = offset;               // jmp to the first instruction
    hw_set_bits(&PLAYER->ctrl, enable);
    // Words 1, 3, 5 … raise STEP; the first and the last do not. All are done of a burst that is over: nothing was cut.
    const uint32_t steps = (word_count - 2u) / 2u;
    return ((done / 2u) <= steps) ? (done / 2u) : 0u;
}
