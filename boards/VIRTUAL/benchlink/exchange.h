// exchange.h: the state of the VIRTUAL board's hardware, and its exchanges with the bench.
#ifndef RELEVE_EXCHANGE_H
#define RELEVE_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "../core/core.h"

#define UART_BUFFER_BYTES 1024u

// One process is one board, so there is one of these, as a chip has one set of registers.
typedef struct {
    int from_bench;
    int to_bench;
    bool attached;
    bool stopped;
    uint8_t flags;  // of the next request
    uint16_t sequence;
    uint64_t exchanges;
    uint64_t now_us;         // device time: 0 at power-up unless advance() has moved it
    uint64_t ahead_us;       // device time minus the bench's time, modulo 2^64
    uint64_t stroke_end_us;  // when the stroke in progress is given up as unconfirmed; DOSE_NEVER: none is
    bool presence;
    uint32_t pressure_counts;
    uint32_t before_counts;  // pressure at the start of the latest stroke: what a stroke timer's interrupt would sample
    uint32_t end_counts;     // and at its end
    bool confirmed;          // whether the stroke sensor saw it
    bool cut;                // it was cut short, so there are no readings of it
    bool edge_to_come;       // and it counts already, but its edge may still come
    core_t *core;            // of the latest idle(), which the pump holds
    uint32_t events;         // that the supervisor has not seen
    uint32_t turns;          // of it in which no time has passed and nothing has happened
    uint32_t received;
    uint32_t to_send;
    uint8_t rx[UART_BUFFER_BYTES];
    uint8_t tx[UART_BUFFER_BYTES];
    uint32_t rx_lost;
    uint32_t steps;     // of a stroke
    uint32_t burst_us;  // and how long it takes
} board_t;

extern board_t board;

// Sends a request, with the stroke and the bytes that are waiting for it.
void exchange_send(uint8_t type, uint64_t until_us);

// Reads the reply: time, sensors, UART bytes. Returns its flags.
uint8_t exchange_receive(void);

#endif
