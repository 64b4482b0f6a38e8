// framing.h: the frames of the programmer link:
//
//     COBS( sequence 2 | message id 1 | payload n | CRC-32C 4 ) 0x00
//
// COBS is Cheshire and Baker's (IEEE/ACM Trans. Networking 7(2), 1999), and lets a receiver find the next frame; the
// CRC (Castagnoli: reflected polynomial 0x82F63B78, start and final XOR 0xFFFFFFFF) finds noise and nothing else. Nothing
// here is kept between calls. firmware/protocol/framing.py does the same in Python, for what has no C.
//
// docs/protocol.md has the bytes. Implements: LINK-1, LINK-4
#ifndef RELEVE_FRAMING_H
#define RELEVE_FRAMING_H

#include <stdint.h>

#define FRAMING_WIRE_MAX 256u  // a frame with its delimiter
#define FRAMING_HEAD_BYTES 3u  // sequence and message id
#define FRAMING_CRC_BYTES 4u
#define FRAMING_PAYLOAD_MAX 247u  // one byte more is COBS's, and one the delimiter

// Of framing_decode(), if not the number of bytes of the payload.
#define FRAMING_OVERLONG (-1)
#define FRAMING_BAD_COBS (-2)
#define FRAMING_TOO_SHORT (-3)
#define FRAMING_BAD_CRC (-4)

// Puts the `count` bytes that have come behind the `length` of a frame so far (of more than FRAMING_WIRE_MAX the rest is
// dropped), up to a delimiter, which is taken and not put. Returns how many were taken: if the last of them is 0, the
// frame has ended.
uint32_t framing_gather(uint8_t frame[FRAMING_WIRE_MAX], uint32_t length, const uint8_t *bytes, uint32_t count);

// Decodes the `length` bytes of a frame over themselves and checks them: sequence, id and payload lie at their
// beginning. Returns the payload's length, or FRAMING_...; the bytes are then undefined.
int32_t framing_decode(uint8_t frame[FRAMING_WIRE_MAX], uint32_t length);

// Puts head and CRC around the payload of `payload_bytes` <= FRAMING_PAYLOAD_MAX at frame[FRAMING_HEAD_BYTES], and the
// frame's encoding with its delimiter into `wire`. Returns the number of bytes there.
uint32_t framing_encode(uint8_t frame[FRAMING_WIRE_MAX], uint16_t sequence, uint8_t message_id, uint32_t payload_bytes,
                        uint8_t wire[FRAMING_WIRE_MAX]);

#endif
