// framed.c: bytes as they arrive on the line, in pieces; and frames that are made, read again, and damaged.
#include <stdlib.h>
#include <string.h>

#include "framing.h"
#include "visits.h"

// On the heap, so that a byte beyond one is seen.
typedef struct {
    uint8_t *frame;
    uint8_t *wire;
} line_t;

// Gathers up to a delimiter, in pieces whose length is drawn from the bytes themselves; returns the frame's length.
static uint32_t gather(const line_t *line, const uint8_t *bytes, uint32_t size, uint32_t *taken) {
    uint32_t length = 0u;
    uint32_t at = 0u;
    bool ended = false;
    while (!ended && (at < size)) {
        const uint32_t piece = 1u + (bytes[at] % 64u);
        const uint32_t most = (piece < (size - at)) ? piece : (size - at);
        const uint32_t came = framing_gather(line->frame, length, &bytes[at], most);
        visits_promise((came > 0u) && (came <= most), "each piece is taken up to a delimiter");
        at += came;
        ended = bytes[at - 1u] == 0u;
        length += ended ? (came - 1u) : came;
        length = (length < FRAMING_WIRE_MAX) ? length : FRAMING_WIRE_MAX;
    }
    *taken = at;
    return length;
}

static uint32_t encode_again(const line_t *line, uint32_t payload_bytes) {
    const uint16_t sequence = (uint16_t)(line->frame[0] | (line->frame[1] << 8u));
    return framing_encode(line->frame, sequence, line->frame[2], payload_bytes, line->wire);
}

// Whatever arrives: if it is a frame, it is the only encoding of what it says.
static void arrive(const line_t *line, const uint8_t *bytes, uint32_t size) {
    uint32_t at = 0u;
    while (at < size) {
        uint32_t taken = 0u;
        const uint32_t length = gather(line, &bytes[at], size - at, &taken);
        const int32_t found = framing_decode(line->frame, length);
        visits_promise((found >= FRAMING_BAD_CRC) && (found <= (int32_t)FRAMING_PAYLOAD_MAX),
                       "a length or what is wrong");
        if (found >= 0) {
            const uint32_t sent = encode_again(line, (uint32_t)found);
            visits_promise((sent == (length + 1u)) && (memcmp(line->wire, &bytes[at], length) == 0),
                           "a frame has one encoding");
        }
        at += taken;
    }
}

static void make(const line_t *line, const uint8_t *bytes, uint32_t size) {
    const uint32_t payload_bytes = (size < FRAMING_PAYLOAD_MAX) ? size : FRAMING_PAYLOAD_MAX;
    uint8_t *const sent = malloc(FRAMING_WIRE_MAX);
    uint32_t taken = 0u;
    memcpy(&line->frame[FRAMING_HEAD_BYTES], bytes, payload_bytes);
    const uint32_t wire_bytes = framing_encode(line->frame, (uint16_t)(bytes[0] * 257u), bytes[0], payload_bytes, sent);
    uint32_t length = gather(line, sent, wire_bytes, &taken);
    visits_promise((taken == wire_bytes) && (length == (wire_bytes - 1u)),
                   "a frame holds no delimiter and ends with one");
    visits_promise(framing_decode(line->frame, length) == (int32_t)payload_bytes, "a frame is read as it was made");
    visits_promise(memcmp(&line->frame[FRAMING_HEAD_BYTES], bytes, payload_bytes) == 0,
                   "a frame says what it was given");
    sent[bytes[0] % length] ^= (uint8_t)(1u + (bytes[size - 1u] % 255u));
    length = gather(line, sent, wire_bytes, &taken);
    visits_promise(framing_decode(line->frame, length) < 0, "a damaged frame is none");
    free(sent);
}

static void overrun(const line_t *line, const uint8_t *bytes, uint32_t size) {
    uint8_t endless[2u * FRAMING_WIRE_MAX];
    uint32_t taken = 0u;
    for (uint32_t i = 0u; i < sizeof endless; i++) {
        endless[i] = bytes[i % size] | 1u;
    }
    const uint32_t length = gather(line, endless, sizeof endless, &taken);
    visits_promise(framing_decode(line->frame, length) == FRAMING_OVERLONG, "what does not end is over-long");
}

void visits_frame(const uint8_t *bytes, size_t size) {
    if (size > 0u) {
        const line_t line = {malloc(FRAMING_WIRE_MAX), malloc(FRAMING_WIRE_MAX)};
        arrive(&line, bytes, (uint32_t)size);
        make(&line, bytes, (uint32_t)size);
        overrun(&line, bytes, (uint32_t)size);
        free(line.frame);
        free(line.wire);
    }
}
