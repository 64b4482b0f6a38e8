#include "link.h"

#include "hardware/dma.h"
#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "hardware/sync.h"
#include "hardware/uart.h"
#include "pico/platform.h"
#include "pins.h"

#define IN_RAM(name) __no_inline_not_in_flash_func(name)
#define LINK_UART uart0
#define LINK_BAUD 115200u
// DMA_IRQ_0 is MicroPython's.
#define LINK_LINE DMA_IRQ_1
// At line rate a ring holds 356 ms, as long as any flash erase that is likely. Aligned: the DMA wraps by address bits.
#define RING_BITS 12u
#define RING_BYTES (1u << RING_BITS)
#define RING_MASK (RING_BYTES - 1u)

static uint8_t rx[RING_BYTES] __attribute__((aligned(RING_BYTES)));
static uint8_t tx[RING_BYTES] __attribute__((aligned(RING_BYTES)));
// The DMA reads it even while the flash is being erased, so it is not const, or it would lie in flash.
static uint32_t one_byte = 1u;
static uint32_t rx_channel;
static uint32_t again_channel;
static uint32_t tx_channel;
static bool claimed;
// Positions only increase and are masked where they are used.
static uint32_t rx_read;
static volatile uint32_t rx_scanned;
static volatile uint32_t rx_frames;  // delimiters among the bytes scanned and not yet read
static uint32_t tx_written;
static volatile uint32_t tx_started;

// Where the DMA will write next, counted from the bytes scanned: less than a whole ring comes between two checks.
static uint32_t IN_RAM(rx_arrived)(void) {
    const uint32_t at = dma_hw->ch[rx_channel].write_addr - (uint32_t)(uintptr_t)rx;
    return rx_scanned + ((at - rx_scanned) & RING_MASK);
}

// Scans the bytes that have arrived for the end of a frame.
static void IN_RAM(scan)(void) {
    const uint32_t arrived = rx_arrived();
    uint32_t frames = 0u;
    uint32_t at = rx_scanned;
    for (; at != arrived; at++) {
        frames += (rx[at & RING_MASK] == 0u) ? 1u : 0u;
    }
    rx_scanned = at;
    rx_frames += frames;
}

// Sends what has been written since the last transfer began.
static void IN_RAM(send)(void) {
    const uint32_t bytes = tx_written - tx_started;
    if ((bytes != 0u) && ((dma_hw->ch[tx_channel].ctrl_trig & DMA_CH0_CTRL_TRIG_BUSY_BITS) == 0u)) {
        tx_started += bytes;
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
    dma_channel_config ring = dma_channel_get_default_config(rx_channel);
    channel_config_set_transfer_data_size(&ring, DMA_SIZE_8);
    channel_config_set_read_increment(&ring, false);
    channel_config_set_write_increment(&ring, true);
    channel_config_set_ring(&ring, true, RING_BITS);
    channel_config_set_dreq(&ring, uart_get_dreq(LINK_UART, false));
    channel_config_set_chain_to(&ring, again_channel);
    channel_config_set_high_priority(&ring, true);
    dma_channel_config again = dma_channel_get_default_config(again_channel);
    channel_config_set_read_increment(&again, false);
    channel_config_set_write_increment(&again, false);
    dma_channel_configure(again_channel, &again, &dma_hw->ch[rx_channel].al1_transfer_count_trig, &one_byte, 1u, false);
    dma_channel_configure(rx_channel, &ring, rx, &uart_get_hw(LINK_UART)->dr, 1u, true);
}

static void setup_tx(void) {
    dma_channel_config ring = dma_channel_get_default_config(tx_channel);
    channel_config_set_transfer_data_size(&ring, DMA_SIZE_8);
    channel_config_set_read_increment(&ring, true);
    channel_config_set_write_increment(&ring, false);
    channel_config_set_ring(&ring, false, RING_BITS);
    channel_config_set_dreq(&ring, uart_get_dreq(LINK_UART, true));
    dma_channel_configure(tx_channel, &ring, &uart_get_hw(LINK_UART)->dr, tx, 0u, false);
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
    dma_channel_abort(again_channel);
    dma_channel_abort(rx_channel);
    dma_channel_abort(tx_channel);
    uart_init(LINK_UART, LINK_BAUD);
    gpio_set_function(PIN_LINK_TX, GPIO_FUNC_UART);
    gpio_set_function(PIN_LINK_RX, GPIO_FUNC_UART);
    gpio_pull_up(PIN_LINK_RX);  // an open wire is a quiet line
    rx_read = 0u;
    rx_scanned = 0u;
    rx_frames = 0u;
    tx_written = 0u;
    tx_started = 0u;
    setup_rx();
    setup_tx();
    dma_hw->ints1 = (1u << rx_channel) | (1u << tx_channel);
    hw_set_bits(&dma_hw->inte1, (1u << rx_channel) | (1u << tx_channel));
    irq_set_enabled(LINK_LINE, true);
}

bool link_ready(void) {
    return (rx_frames != 0u) || ((rx_scanned - rx_read) >= (RING_BYTES / 2u));
}

uint32_t link_read(uint8_t *into, uint32_t size) {
    uint32_t frames = 0u;
    irq_set_enabled(LINK_LINE, false);
    scan();
    uint32_t bytes = rx_scanned - rx_read;
    if (bytes > RING_BYTES) {
        // More has arrived than the ring holds: the oldest bytes are lost, and the frame cut by that fails its CRC.
        rx_read = rx_scanned - RING_BYTES;
        bytes = RING_BYTES;
    }
    bytes = (bytes < size) ? bytes : size;
    for (uint32_t i = 0u; i < bytes; i++) {
        into[i] = rx[(rx_read + i) & RING_MASK];
        frames += (into[i] == 0u) ? 1u : 0u;
    }
    rx_read += bytes;
    // Bytes lost with an overrun may have ended frames too: an empty ring holds none.
    rx_frames = ((rx_scanned == rx_read) || (frames > rx_frames)) ? 0u : (rx_frames - frames);
    irq_set_enabled(LINK_LINE, true);
    return bytes;
}

uint32_t link_write(const uint8_t *from, uint32_t size) {
    irq_set_enabled(LINK_LINE, false);
    // Bytes of a transfer under way are not counted as sent before it ends.
    const uint32_t left = dma_hw->ch[tx_channel].transfer_count + (tx_written - tx_started);
    const uint32_t room = RING_BYTES - left;
    const uint32_t bytes = (size < room) ? size : room;
    for (uint32_t i = 0u; i < bytes; i++) {
        tx[(tx_written + i) & RING_MASK] = from[i];
    }
    tx_written += bytes;
    send();
    irq_set_enabled(LINK_LINE, true);
    return bytes;
}
