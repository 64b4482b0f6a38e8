// programmer.h: a programmer, which is the other side of the session, for the fuzzer.
//
// It is written from docs/protocol.md and shares with the device the primitives and HKDF alone.
#ifndef RELEVE_FUZZ_PROGRAMMER_H
#define RELEVE_FUZZ_PROGRAMMER_H

#include "session.h"

typedef struct {
    uint8_t key[PRIMITIVE_KEY_BYTES];
    uint8_t slot;  // on the wire
    uint8_t role;
    // Of the opening that was made last.
    uint8_t secret[PRIMITIVE_KEY_BYTES];
    uint8_t hash[PRIMITIVE_HASH_BYTES];
    uint8_t chain[PRIMITIVE_HASH_BYTES];
    // Of its session.
    uint8_t send_key[PRIMITIVE_KEY_BYTES];
    uint8_t receive_key[PRIMITIVE_KEY_BYTES];
    uint32_t number;
    uint32_t counter;  // of the next frame
} programmer_t;

// What the programmer knows of the device: the hello's answer, and whose device it is.
typedef struct {
    uint8_t suite;
    uint8_t schema_hash[SESSION_HASH_BYTES];
    uint8_t device_id[RANDOM_DEVICE_BYTES];
    uint8_t challenge[SESSION_CHALLENGE_BYTES];
} programmer_device_t;

// Makes the payload of `open`; `secret` is the ephemeral one.
void programmer_opening(programmer_t *programmer, const programmer_device_t *device,
                        const uint8_t secret[PRIMITIVE_KEY_BYTES], uint8_t opening[SESSION_OPENING_BYTES]);

// Reads the device's reply and has its keys; false if it is not the device's.
bool programmer_finish(programmer_t *programmer, uint8_t reply[SESSION_REPLY_BYTES]);

// Seals a request of text_bytes at payload[FRAMES_COUNTER_BYTES] under the next counter.
void programmer_seal(programmer_t *programmer, frame_head_t head, uint8_t *payload, uint32_t text_bytes);

// Opens what the device has sealed, as the reply to the request with this counter, or as telemetry.
bool programmer_reads(const programmer_t *programmer, frame_head_t head, uint32_t request, uint8_t *payload,
                      uint32_t text_bytes);

#endif
