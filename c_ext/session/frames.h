// frames.h: frames sealed and opened with the keys of a session.
//
// A sealed payload is counter (u32, little-endian) | ciphertext | tag, and is sealed and opened in place. Each direction
// has its own key and counts from 0; the counter is the nonce. What is authenticated besides: sequence and id of the
// frame and, in a reply, the counter of its request, so a delayed reply cannot pass for another's.
//
// Implements: SEC-1, SEC-4
#ifndef RELEVE_FRAMES_H
#define RELEVE_FRAMES_H

#include "primitives.h"

#define FRAMES_COUNTER_BYTES 4u
#define FRAMES_OVERHEAD_BYTES 20u  // counter and tag
#define FRAMES_TEXT_MAX 227u
#define FRAMES_PAYLOAD_MAX 247u
#define FRAMES_TELEMETRY 0xFEu  // the id of frames that answer no request

// A session: its keys, whose it is, and how far it has come.
typedef struct {
    uint64_t opened_us;
    uint64_t heard_us;  // when the last new frame came
    uint32_t number;
    uint32_t last;  // counter of the last request
    uint32_t sent;  // counter of the next frame to seal
    uint8_t receive_key[PRIMITIVE_KEY_BYTES];
    uint8_t send_key[PRIMITIVE_KEY_BYTES];
    uint8_t up;        // 1: there is a session
    uint8_t heard;     // 1: there has been a request; a live session began with one
    uint8_t answered;  // 1: and its reply is sealed
    uint8_t slot;
    uint8_t role;
    uint8_t next;  // 1: opened with the slot's next key
} channel_t;

// What a frame carries outside its payload.
typedef struct {
    uint16_t sequence;
    uint8_t message_id;
} frame_head_t;

// The counter of a payload of at least FRAMES_OVERHEAD_BYTES.
uint32_t frames_counter(const uint8_t *payload);

// Decrypts a request in place. Returns false, with the text all zero, if it was not sealed with this session's key.
bool frames_open(const channel_t *channel, frame_head_t head, uint8_t *payload, uint32_t text_bytes);

// Encrypts the text at payload[FRAMES_COUNTER_BYTES] in place and counts it. The caller has checked the counter against
// its limit.
void frames_seal(channel_t *channel, frame_head_t head, uint8_t *payload, uint32_t text_bytes);

#endif
