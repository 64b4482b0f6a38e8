// noise.h: the device's side of the handshake Noise_NNpsk0_25519_ChaChaPoly_SHA256 (noiseprotocol.org, revision 34):
//
//     -> psk, e
//     <- e, ee
//
// Whoever does not have the key cannot make the first message, nor read the second. The ephemeral keys make the session's
// keys new each time, and a key that is stolen later opens no recorded session.
//
// Implements: SEC-1
#ifndef RELEVE_NOISE_H
#define RELEVE_NOISE_H

#include "primitives.h"

#define NOISE_OVERHEAD_BYTES 48u  // of a message over its payload: ephemeral key and tag

// A handshake: its secrets, and the other's ephemeral key once the first message has been read.
typedef struct {
    uint8_t hash[PRIMITIVE_HASH_BYTES];
    uint8_t chain[PRIMITIVE_HASH_BYTES];
    uint8_t key[PRIMITIVE_KEY_BYTES];
    uint8_t theirs[PRIMITIVE_KEY_BYTES];
} noise_t;

// A pre-shared key mixed into the handshake's beginning, which is the same for every session: as secret as the key.
typedef struct {
    uint8_t chain[PRIMITIVE_HASH_BYTES];
    uint8_t mixed[PRIMITIVE_HASH_BYTES];
} noise_psk_t;

// A key pair of the curve.
typedef struct {
    uint8_t secret[PRIMITIVE_KEY_BYTES];
    uint8_t public[PRIMITIVE_KEY_BYTES];
} noise_pair_t;

// Computes the public half from the secret one: one operation on the curve.
void noise_complete(noise_pair_t *pair);

// Mixes a key: half of what a first message costs, done once for all of them.
void noise_mix(noise_psk_t *psk, const uint8_t key[PRIMITIVE_KEY_BYTES]);

// Starts a handshake and reads the first message, `message_bytes` >= NOISE_OVERHEAD_BYTES; its payload is decrypted in
// place, after the ephemeral key. Returns false if the tag is not that of this key and prologue; the handshake is then
// to be wiped.
bool noise_read(noise_t *noise, const noise_psk_t *psk, const uint8_t *prologue, uint32_t prologue_bytes,
                uint8_t *message, uint32_t message_bytes);

// Writes the second message: the ephemeral key `ours`, then the payload, which lies at message[32], encrypted in place,
// then its tag. Returns false if the other's ephemeral key is a point of small order, whose shared secret is 0 (RFC
// 7748, 6.1); the message then holds nothing secret, and the handshake is to be wiped.
bool noise_write(noise_t *noise, const noise_pair_t *ours, uint8_t *message, uint32_t message_bytes);

// The keys of the two directions; wipes the handshake.
void noise_split(noise_t *noise, uint8_t from_them[PRIMITIVE_KEY_BYTES], uint8_t to_them[PRIMITIVE_KEY_BYTES]);

#endif
