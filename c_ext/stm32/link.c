#include "link.h"

#include "../board/ring.h"
#include "chip.h"
#include "pins.h"

#define BAUD 115200u
// The bus clock, which is the core's: 20 times the MSI at 122 times the crystal.
#define BUS_HZ 79953920u
#define PRIORITY 1u

// By the number of the UART: its registers, interrupt, DMA controller (0 or 1) and channels, alternate function.
// RM0351 tables 44 and 45 (DMA requests); every one of them is request 2.
#define DMA_REQUEST 2u
#if LINK_UART == 1
#define UART R_USART1
#define UART_IRQ R_IRQ_USART1
#define DMA R_DMA2
#define RX 7u
#define TX 6u
#define RX_IRQ R_IRQ_DMA2_CHANNEL7
#define TX_IRQ R_IRQ_DMA2_CHANNEL6
#define FUNCTION 7u
#elif LINK_UART == 2
#define UART R_USART2
#define UART_IRQ R_IRQ_USART2
#define DMA R_DMA1
#define RX 6u
#define TX 7u
#define RX_IRQ (R_IRQ_DMA1_CHANNEL1 + 5u)
#define TX_IRQ (R_IRQ_DMA1_CHANNEL1 + 6u)
#define FUNCTION 7u
#elif LINK_UART == 3
#define UART R_USART3
#define UART_IRQ R_IRQ_USART3
#define DMA R_DMA1
#define RX 3u
#define TX 2u
#define RX_IRQ (R_IRQ_DMA1_CHANNEL1 + 2u)
#define TX_IRQ (R_IRQ_DMA1_CHANNEL1 + 1u)
#define FUNCTION 7u
#elif LINK_UART == 4
#define UART R_UART4
#define UART_IRQ R_IRQ_UART4
#define DMA R_DMA2
#define RX 5u
#define TX 3u
#define RX_IRQ (R_IRQ_DMA2_CHANNEL1 + 4u)
#define TX_IRQ (R_IRQ_DMA2_CHANNEL1 + 2u)
#define FUNCTION 8u
#else
#error "link_uart in board.toml must be 1, 2, 3 or 4"
#endif

static uint8_t rx[RING_BYTES];
static uint8_t tx[RING_TX_BYTES];
static ring_t ring = {.rx = rx, .tx = tx};
static uint32_t tx_bytes;  // of the transfer under way
static bool active;

static reg_dma_channel_t *rx_channel(void) {
    return &DMA->CHANNEL[RX - 1u];
}

static reg_dma_channel_t *tx_channel(void) {
    return &DMA->CHANNEL[TX - 1u];
}

// Less than a whole ring comes between two scans: the DMA interrupts at either half of it.
static void scan(void) {
    active = ring_scan(&ring, RING_BYTES - rx_channel()->CNDTR) || active;
}

// Sends what has been written since the last transfer began, up to the end of the ring.
static void send(void) {
    reg_dma_channel_t *dma = tx_channel();
    const uint32_t bytes = ring.tx_written - ring.tx_started;
    if (dma->CNDTR == 0u) {
        tx_bytes = 0u;
        if (bytes != 0u) {
            const uint32_t from = ring.tx_started & RING_TX_MASK;
            const uint32_t room = RING_TX_BYTES - from;
            tx_bytes = (bytes < room) ? bytes : room;
            ring.tx_started += tx_bytes;
            dma->CCR = 0u;
            DMA->IFCR = R_DMA_FLAGS(TX);
            UART->ICR = R_USART_ISR_TC;
            dma->CMAR = (uint32_t)(uintptr_t)&tx[from];
            dma->CNDTR = tx_bytes;
            dma->CCR = R_DMA_CCR_MINC | R_DMA_CCR_DIR | R_DMA_CCR_TCIE | R_DMA_CCR_EN;
            active = true;
        }
    }
}

static void interrupt(void) {
    UART->ICR = R_USART_ICR_ALL & ~R_USART_ISR_TC;
    DMA->IFCR = R_DMA_FLAGS(RX) | R_DMA_FLAGS(TX);
    scan();
    send();
}

static void keep_out(void) {
    chip_disable(UART_IRQ);
    chip_disable(RX_IRQ);
    chip_disable(TX_IRQ);
}

static void let_in(void) {
    chip_enable(UART_IRQ);
    chip_enable(RX_IRQ);
    chip_enable(TX_IRQ);
}

static void power(void) {
    R_RCC->AHB1ENR |= R_RCC_AHB1ENR_DMA1EN | R_RCC_AHB1ENR_DMA2EN;
#if LINK_UART == 1
    R_RCC->APB2ENR |= R_RCC_APB2ENR_USART1EN;
#elif LINK_UART == 2
    R_RCC->APB1ENR1 |= R_RCC_APB1ENR1_USART2EN;
#elif LINK_UART == 3
    R_RCC->APB1ENR1 |= R_RCC_APB1ENR1_USART3EN;
#else
    R_RCC->APB1ENR1 |= R_RCC_APB1ENR1_UART4EN;
#endif
    (void)R_RCC->APB2ENR;
}

void link_setup(void) {
    keep_out();
    power();
    chip_pin(PIN_LINK_TX, CHIP_ALTERNATE, FUNCTION, CHIP_NO_PULL);
    chip_pin(PIN_LINK_RX, CHIP_ALTERNATE, FUNCTION, CHIP_PULL_UP);  // an open wire is a quiet line
    chip_edge(PIN_LINK_RX, false);
    rx_channel()->CCR = 0u;
    tx_channel()->CCR = 0u;
    tx_channel()->CNDTR = 0u;
    UART->CR1 = 0u;
    ring_empty(&ring);
    tx_bytes = 0u;
    const uint32_t mine = R_DMA_SELECT(RX, 15u) | R_DMA_SELECT(TX, 15u);
    DMA->CSELR = (DMA->CSELR & ~mine) | R_DMA_SELECT(RX, DMA_REQUEST) | R_DMA_SELECT(TX, DMA_REQUEST);
    DMA->IFCR = R_DMA_FLAGS(RX) | R_DMA_FLAGS(TX);
    tx_channel()->CPAR = (uint32_t)(uintptr_t)&UART->TDR;
    rx_channel()->CPAR = (uint32_t)(uintptr_t)&UART->RDR;
    rx_channel()->CMAR = (uint32_t)(uintptr_t)rx;
    rx_channel()->CNDTR = RING_BYTES;
    rx_channel()->CCR = R_DMA_CCR_MINC | R_DMA_CCR_CIRC | R_DMA_CCR_TCIE | R_DMA_CCR_HTIE | R_DMA_CCR_EN;
    UART->BRR = (BUS_HZ + (BAUD / 2u)) / BAUD;
    // The character to match is 0, the delimiter: its arrival wakes the processor, and so does a pause.
    UART->CR2 = R_USART_CR2_ADDM7;
    UART->CR3 = R_USART_CR3_DMAR | R_USART_CR3_DMAT | R_USART_CR3_OVRDIS;
    // The end of transmission is left set, as UE = 0 has left it: nothing is being sent.
    UART->ICR = R_USART_ICR_ALL & ~R_USART_ISR_TC;
    UART->CR1 = R_USART_CR1_CMIE | R_USART_CR1_IDLEIE | R_USART_CR1_TE | R_USART_CR1_RE | R_USART_CR1_UE;
    chip_handler(UART_IRQ, interrupt, PRIORITY);
    chip_handler(RX_IRQ, interrupt, PRIORITY);
    chip_handler(TX_IRQ, interrupt, PRIORITY);
    let_in();
}

bool link_ready(void) {
    scan();
    return !ring_held(&ring) && ring_ready(&ring);
}

uint32_t link_read(uint8_t *into, uint32_t size) {
    keep_out();
    scan();
    const uint32_t bytes = ring_held(&ring) ? 0u : ring_read(&ring, into, size);
    let_in();
    return bytes;
}

uint32_t link_write(const uint8_t *from, uint32_t size) {
    keep_out();
    const uint32_t bytes = ring_write(&ring, from, size, (tx_channel()->CNDTR != 0u) ? tx_bytes : 0u);
    send();
    let_in();
    return bytes;
}

bool link_take_active(void) {
    const bool was = active;
    active = false;
    return was;
}

bool link_sleep(void) {
    const uint32_t bit = 1u << CHIP_NUMBER(PIN_LINK_RX);
    const bool sent =
        (tx_channel()->CNDTR == 0u) && (ring.tx_written == ring.tx_started) && ((UART->ISR & R_USART_ISR_TC) != 0u);
    R_EXTI->PR1 = bit;
    R_EXTI->IMR1 |= bit;
    const bool quiet = sent && chip_is_high(PIN_LINK_RX);
    if (!quiet) {
        R_EXTI->IMR1 &= ~bit;
    }
    return quiet;
}

void link_wake(void) {
    const uint32_t bit = 1u << CHIP_NUMBER(PIN_LINK_RX);
    R_EXTI->IMR1 &= ~bit;
    if ((R_EXTI->PR1 & bit) != 0u) {
        active = true;
        R_EXTI->PR1 = bit;
    }
}
