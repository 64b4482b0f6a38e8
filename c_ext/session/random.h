// random.h: the device's random numbers, from a seed that outlives a reset and from whatever noise there is.
//
// The seed record holds 32 secret bytes, the device's id and the number of boots. At each boot the record's seed is
// replaced by one that does not tell it, and the new record must be stored before the first number is drawn: wherever
// the power is cut, no state is used twice, even if the noise is the same again. After every number the state is
// replaced, so a state that is stolen tells no earlier number.
//
// Implements: SEC-1, STORE-1
#ifndef RELEVE_RANDOM_H
#define RELEVE_RANDOM_H

#include "primitives.h"

// The seed record's payload.
#define RANDOM_SEED 0u
#define RANDOM_DEVICE 32u
#define RANDOM_BOOTS 40u
#define RANDOM_DEVICE_BYTES 8u
#define RANDOM_RECORD_BYTES 44u

typedef struct {
    uint8_t state[PRIMITIVE_HASH_BYTES];
    uint8_t renewed;  // the record's seed has been replaced
    uint8_t ready;    // and stored
} random_t;

// Makes the state from the record's seed, the number of boots and noise, and replaces seed and number in the record. No
// number can be drawn until random_stored().
void random_renew(random_t *random, uint8_t record[RANDOM_RECORD_BYTES], const uint8_t *noise, uint32_t noise_bytes);

// The renewed record is stored. Returns false if it has not been renewed.
bool random_stored(random_t *random);

// Draws 1 … PRIMITIVE_HASH_BYTES bytes. Returns false, with zeros, unless random_stored() has been called.
bool random_draw(random_t *random, uint8_t *output, uint32_t bytes);

// Mixes data in; what was there counts on, whatever the data are.
void random_stir(random_t *random, const uint8_t *data, uint32_t data_bytes);

// Mixes the seed of a programmer's machine and noise in, draws the record's next seed, and the device's id if it has
// none yet. Returns false, with nothing changed, unless numbers can be drawn.
bool random_provision(random_t *random, uint8_t record[RANDOM_RECORD_BYTES],
                      const uint8_t host_seed[PRIMITIVE_HASH_BYTES], const uint8_t *noise, uint32_t noise_bytes);

#endif
