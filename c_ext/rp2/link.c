#include "../board/link.h"

#include "../board/ring.h"
#include "chip.h"
#include "hardware/dma.h"
#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "hardware/sync.h"
#include "hardware/uart.h"
#include "pico/platform.h"
#include "pins.h"

#define IN_RAM(name) __no_inline_not_in_flash_func(name)
#define LINK_UART uart0
// UART0 has pins 0, 12, 16, 28 for TX, and the next of each for RX.
_Static_assert((PIN_LINK_TX % 4u == 0u) && ((PIN_LINK_TX / 4u + 1u) % 4u <= 1u) && (PIN_LINK_RX == PIN_LINK_TX + 1u),
               "LINK_TX and LINK_RX must be pins of UART0");
#define LINK_BAUD 115200u
// DMA_IRQ_0 is MicroPython's.
#define LINK_LINE DMA_IRQ_1

// Aligned: the DMA wraps by address bits.
static uint8_t rx[RING_BYTES] __attribute__((aligned(RING_BYTES)));
static uint8_t tx[RING_TX_BYTES] __attribute__((aligned(RING_TX_BYTES)));
// The DMA reads it even while the flash is being erased, so it is not const, or it would lie in flash.
static uint32_t one_byte = 1u;
static uint32_t rx_channel;
static uint32_t again_channel;
static uint32_t tx_channel;
static bool claimed;
static ring_t ring = {.rx = rx, .tx = tx};

static void IN_RAM(scan)(void) {
    (void)ring_scan(&ring, dma_hw->ch[rx_channel].write_addr - (uint32_t)(uintptr_t)rx);
}

// Sends what has been written since the last transfer began.
static void IN_RAM(send)(void) {
    const uint32_t bytes = ring.tx_written - ring.tx_started;
    if ((bytes != 0u) && ((dma_hw->ch[tx_channel].ctrl_trig & DMA_CH0_CTRL_TRIG_BUSY_BITS) == 0u)) {
        ring.tx_started += bytes;
        dma_hw->ch[tx_channel].al1_transfer_count_trig = bytes;
    }
}

static void IN_RAM(interrupt)(void) {
    dma_hw->ints1 = (1u << rx_channel) | (1u << tx_channel);
    scan();
    send();
}

static void setup_rx(void) {
    // One byte at a time, because each must be able to wake the processor; the second channel sets the first off again.
    dma_channel_config bytes = dma_channel_get_default_config(rx_channel);
    channel_config_set_transfer_data_size(&bytes, DMA_SIZE_8);
    channel_config_set_read_increment(&bytes, false);
    channel_config_set_write_increment(&bytes, true);
    channel_config_set_ring(&bytes, true, RING_BITS);
    channel_config_set_dreq(&bytes, uart_get_dreq(LINK_UART, false));
    channel_config_set_chain_to(&bytes, again_channel);
    channel_config_set_high_priority(&bytes, true);
    dma_channel_config again = dma_channel_get_default_config(again_channel);
    channel_config_set_read_increment(&again, false);
    channel_config_set_write_increment(&again, false);
    dma_channel_configure(again_channel, &again, &dma_hw->ch[rx_channel].al1_transfer_count_trig, &one_byte, 1u, false);
    dma_channel_configure(rx_channel, &bytes, rx, &uart_get_hw(LINK_UART)->dr, 1u, true);
}

static void setup_tx(void) {
    dma_channel_config bytes = dma_channel_get_default_config(tx_channel);
    channel_config_set_transfer_data_size(&bytes, DMA_SIZE_8);
    channel_config_set_read_increment(&bytes, true);
    channel_config_set_write_increment(&bytes, false);
    channel_config_set_ring(&bytes, false, RING_TX_BITS);
    channel_config_set_dreq(&bytes, uart_get_dreq(LINK_UART, true));
    dma_channel_configure(tx_channel, &bytes, &uart_get_hw(LINK_UART)->dr, tx, 0u, false);
}

void link_setup(void) {
    if (!claimed) {
        rx_channel = (uint32_t)dma_claim_unused_channel(true);
        again_channel = (uint32_t)dma_claim_unused_channel(true);
        tx_channel = (uint32_t)dma_claim_unused_channel(true);
        irq_set_exclusive_handler(LINK_LINE, interrupt);
        claimed = true;
    }
    irq_set_enabled(LINK_LINE, false);
    uart_deinit(LINK_UART);  // makes no more DMA requests, so that no channel triggers another meanwhile
    chip_dma_disable(again_channel);
    chip_dma_disable(rx_channel);
    chip_dma_disable(tx_channel);
    dma_channel_abort(again_channel);
    dma_channel_abort(rx_channel);
    dma_channel_abort(tx_channel);
    uart_init(LINK_UART, LINK_BAUD);
    gpio_set_function(PIN_LINK_TX, GPIO_FUNC_UART);
    gpio_set_function(PIN_LINK_RX, GPIO_FUNC_UART);
    gpio_pull_up(PIN_LINK_RX);  // an open wire is a quiet line
    ring_empty(&ring);
    setup_rx();
    setup_tx();
    dma_hw->ints1 = (1u << rx_channel) | (1u << tx_channel);
    hw_set_bits(&dma_hw->inte1, (1u << rx_channel) | (1u << tx_channel));
    irq_set_enabled(LINK_LINE, true);
}

bool link_ready(void) {
    return !ring_held(&ring) && ring_ready(&ring);
}

uint32_t link_read(uint8_t *into, uint32_t size) {
    irq_set_enabled(LINK_LINE, false);
    scan();
    const uint32_t bytes = ring_held(&ring) ? 0u : ring_read(&ring, into, size);
    irq_set_enabled(LINK_LINE, true);
    return bytes;
}

uint32_t link_write(const uint8_t *from, uint32_t size) {
    irq_set_enabled(LINK_LINE, false);
    const uint32_t bytes = ring_write(&ring, from, size, dma_hw->ch[tx_channel].transfer_count);
    send();
    irq_set_enabled(LINK_LINE, true);
    return bytes;
}
