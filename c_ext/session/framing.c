#include "framing.h"

#include <stdbool.h>

#include "bytes.h"

#define OVERHEAD_BYTES 7u  // head and CRC

_Static_assert((FRAMING_HEAD_BYTES + FRAMING_CRC_BYTES) == OVERHEAD_BYTES, "a frame is head, payload and CRC");
_Static_assert((FRAMING_PAYLOAD_MAX + OVERHEAD_BYTES) < 255u, "one block of COBS holds a frame");

// Half a byte at a time: a sixteenth of the usual table.
static uint32_t crc_of(const uint8_t *bytes, uint32_t count) {
    static const uint32_t REMAINDERS[16] = {
        0x00000000u, 0x105EC76Fu, 0x20BD8EDEu, 0x30E349B1u, 0x417B1DBCu, 0x5125DAD3u, 0x61C69362u, 0x7198540Du,
        0x82F63B78u, 0x92A8FC17u, 0xA24BB5A6u, 0xB21572C9u, 0xC38D26C4u, 0xD3D3E1ABu, 0xE330A81Au, 0xF36E6F75u,
    };
    uint32_t crc = UINT32_MAX;
    for (uint32_t i = 0u; i < count; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4u) ^ REMAINDERS[crc & 15u];
        crc = (crc >> 4u) ^ REMAINDERS[crc & 15u];
    }
    return ~crc;
}

// Returns the decoded length, which is less than `length`; or FRAMING_BAD_COBS. What is written stays behind what is
// read.
static int32_t cobs_decode(uint8_t *bytes, uint32_t length) {
    uint32_t read = 0u;
    uint32_t written = 0u;
    bool sound = length != 0u;
    while (sound && (read < length)) {
        const uint32_t code = bytes[read];
        sound = (code != 0u) && (code <= (length - read));
        for (uint32_t i = 1u; sound && (i < code); i++) {
            bytes[written] = bytes[read + i];
            sound = bytes[written] != 0u;
            written++;
        }
        read += code;
        if (sound && (read < length)) {
            bytes[written] = 0u;
            written++;
        }
    }
    return sound ? (int32_t)written : FRAMING_BAD_COBS;
}

// Returns the encoded length: one more than `length`, which is less than 255.
static uint32_t cobs_encode(const uint8_t *bytes, uint32_t length, uint8_t *to) {
    uint32_t code_at = 0u;
    for (uint32_t i = 0u; i < length; i++) {
        to[i + 1u] = bytes[i];
        if (bytes[i] == 0u) {
            to[code_at] = (uint8_t)(i + 1u - code_at);
            code_at = i + 1u;
        }
    }
    to[code_at] = (uint8_t)(length + 1u - code_at);
    return length + 1u;
}

uint32_t framing_gather(uint8_t frame[FRAMING_WIRE_MAX], uint32_t length, const uint8_t *bytes, uint32_t count) {
    uint32_t taken = 0u;
    bool ended = false;
    while (!ended && (taken < count)) {
        ended = bytes[taken] == 0u;
        if (!ended && ((length + taken) < FRAMING_WIRE_MAX)) {
            frame[length + taken] = bytes[taken];
        }
        taken++;
    }
    return taken;
}

int32_t framing_decode(uint8_t frame[FRAMING_WIRE_MAX], uint32_t length) {
    int32_t result = FRAMING_OVERLONG;
    if (length < FRAMING_WIRE_MAX) {
        const int32_t size = cobs_decode(frame, length);
        if (size < 0) {
            result = size;
        } else if ((uint32_t)size < OVERHEAD_BYTES) {
            result = FRAMING_TOO_SHORT;
        } else {
            const uint32_t payload_bytes = (uint32_t)size - OVERHEAD_BYTES;
            const uint32_t checked = FRAMING_HEAD_BYTES + payload_bytes;
            const bool right = crc_of(frame, checked) == bytes_get_u32(&frame[checked]);
            result = right ? (int32_t)payload_bytes : FRAMING_BAD_CRC;
        }
    }
    return result;
}

uint32_t framing_encode(uint8_t frame[FRAMING_WIRE_MAX], uint16_t sequence, uint8_t message_id, uint32_t payload_bytes,
                        uint8_t wire[FRAMING_WIRE_MAX]) {
    const uint32_t checked = FRAMING_HEAD_BYTES + payload_bytes;
    bytes_put_u16(&frame[0], sequence);
    frame[2] = message_id;
    bytes_put_u32(&frame[checked], crc_of(frame, checked));
    const uint32_t length = cobs_encode(frame, checked + FRAMING_CRC_BYTES, wire);
    wire[length] = 0u;
    return length + 1u;
}
