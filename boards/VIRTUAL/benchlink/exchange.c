// exchange.c: the VIRTUAL board's messages to the bench and back: requests with what the hardware has done, replies with
// the time and what its sensors see.
#include "exchange.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "benchlink.h"
#include "virtual.h"

// Exit codes from which the bench's report says whose fault it was.
#define EXIT_BENCH_GONE 3
#define EXIT_BENCH_CONFUSED 4

static void read_all(void *into, size_t bytes) {
    uint8_t *at = into;
    while (bytes > 0u) {
        const ssize_t got = read(board.from_bench, at, bytes);
        if (got > 0) {
            at += got;
            bytes -= (size_t)got;
        } else if ((got == 0) || (errno != EINTR)) {
            // The bench is gone, so the end cannot be reported to it; the exit status says that it was not clean.
            _exit(EXIT_BENCH_GONE);
        }
    }
}

static void write_all(const void *from, size_t bytes) {
    const uint8_t *at = from;
    while (bytes > 0u) {
        const ssize_t put = write(board.to_bench, at, bytes);
        if (put > 0) {
            at += put;
            bytes -= (size_t)put;
        } else if (errno != EINTR) {
            _exit(EXIT_BENCH_GONE);
        }
    }
}

void exchange_send(uint8_t type, uint64_t until_us) {
    uint8_t message[sizeof(benchlink_request_t) + UART_BUFFER_BYTES];
    const bool stroke = (board.flags & BENCHLINK_STROKE) != 0u;
    board.sequence++;
    board.exchanges++;
    const benchlink_request_t request = {
        .type = type,
        .flags = board.flags,
        .sequence = board.sequence,
        .uart_bytes = (uint16_t)board.to_send,
        .steps = stroke ? (uint16_t)board.steps : 0u,
        .until_us = until_us,
        .duration_us = stroke ? board.burst_us : 0u,
    };
    memcpy(message, &request, sizeof(request));
    memcpy(message + sizeof(request), board.tx, board.to_send);
    write_all(message, sizeof(request) + board.to_send);
    board.to_send = 0u;
    board.flags = 0u;
}

uint8_t exchange_receive(void) {
    benchlink_reply_t reply;
    read_all(&reply, sizeof(reply));
    if ((reply.sequence != board.sequence) || (reply.now_us < virtual_bench_us())) {
        _exit(EXIT_BENCH_CONFUSED);
    }
    board.now_us = reply.now_us + board.ahead_us;
    board.pressure_counts = reply.pressure_counts;
    board.presence = (reply.shown & BENCHLINK_PRESENCE) != 0u;
    for (uint32_t i = 0u; i < reply.uart_bytes; i++) {
        uint8_t byte = 0u;
        read_all(&byte, 1u);
        if (board.received < UART_BUFFER_BYTES) {
            board.rx[board.received] = byte;
            board.received++;
        } else {
            board.rx_lost++;  // a full FIFO drops, as a real one does; the frame then fails its CRC
        }
    }
    return reply.flags;
}
