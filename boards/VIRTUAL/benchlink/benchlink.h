// benchlink.h: the messages between a virtual board and its bench. hil/backends/benchlink.py is the other end; a test
// compares the two.
//
// They run in lock-step over two pipes: the device sends one request and blocks until the reply. A request says until
// when the device wants to sleep; the bench advances its plant to the next event and answers with the new time. Both
// are 24 bytes, little endian, and may be followed by UART bytes.
#ifndef RELEVE_BENCHLINK_H
#define RELEVE_BENCHLINK_H

#include <stdint.h>

#define BENCHLINK_VERSION 1u

// Request types.
#define BENCHLINK_HELLO 1u  // until_us = BENCHLINK_VERSION; the reply's now_us is the bench's time at power-up
#define BENCHLINK_IDLE 2u
#define BENCHLINK_BYE 3u  // the last request; no reply

// Request flags.
#define BENCHLINK_STROKE 1u  // a burst of `steps` starts now and takes duration_us
#define BENCHLINK_SENSE 2u   // sensors will be read at until_us: fill them in
#define BENCHLINK_ABORT 4u   // the motor is stopped now, mid-burst

// Reply flags.
#define BENCHLINK_EDGE 1u  // the stroke sensor's edge occurs now
#define BENCHLINK_STOP 2u  // the bench is done: say BYE and leave

// What a person shows, in a reply.
#define BENCHLINK_PRESENCE 1u  // somebody is at the device

typedef struct {
    uint8_t type;
    uint8_t flags;
    uint16_t sequence;
    uint16_t uart_bytes;  // follow the struct
    uint16_t steps;
    uint64_t until_us;  // UINT64_MAX: until something happens
    uint32_t duration_us;
    uint32_t reserved;
} benchlink_request_t;

typedef struct {
    uint8_t type;
    uint8_t flags;
    uint16_t sequence;    // the request's
    uint16_t uart_bytes;  // follow the struct
    uint16_t pressure_counts;
    uint64_t now_us;
    uint64_t shown;
} benchlink_reply_t;

#endif
