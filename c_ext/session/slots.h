// slots.h: the programmers that may open a session, one a slot: its role, its label and its key.
//
// A slot is the image of a record as firmware/storage/slots.py stores it, read and written in place: a key is never
// copied out of this memory. A record that was read is not believed before slots_load().
//
// Implements: SEC-2, STORE-1
#ifndef RELEVE_SLOTS_H
#define RELEVE_SLOTS_H

#include "noise.h"
#include "random.h"

#define SLOTS_COUNT 8u
#define SLOT_NONE 255u
#define SLOT_PROVISION 0x0Fu  // on the wire: no slot, but the key that everybody knows
#define SLOT_NEXT 0x80u       // on the wire: the slot's next key

// The image: sequence, payload, CRC-32.
#define SLOT_PAYLOAD 4u
#define SLOT_PAYLOAD_BYTES 86u
#define SLOT_IMAGE_BYTES 94u
// The payload.
#define SLOT_STATE 0u
#define SLOT_ROLE 1u
#define SLOT_GENERATION 2u
#define SLOT_LABEL 4u
#define SLOT_KEY 20u
#define SLOT_HAS_NEXT 52u
#define SLOT_NEXT_KEY 54u
#define SLOT_LABEL_BYTES 16u

// Of SLOT_STATE.
enum { SLOT_FREE = 0, SLOT_ENROLLED, SLOT_USED };

// Of SLOT_ROLE, and of sessions. The bench may do everything; only a development image knows it.
enum { ROLE_NONE = 0, ROLE_PATIENT, ROLE_CLINICIAN, ROLE_SERVICE, ROLE_CARD, ROLE_PROVISION, ROLE_BENCH };

// Whoever forgets to say which image this is gets a release, without the bench.
#ifndef RELEVE_RELEASE
#define RELEVE_RELEASE 1
#endif

typedef struct {
    uint8_t image[SLOTS_COUNT][SLOT_IMAGE_BYTES];
    noise_psk_t psk[SLOTS_COUNT][2];  // of the key and the next one, mixed when they come and wiped when they go
    noise_psk_t nobody;               // of the key that everybody knows: 32 bytes of 0
    uint8_t role[SLOTS_COUNT];        // of the slots that are in use: their key may open a session; else ROLE_NONE
} slots_t;

// Sets up a slots_t that has been wiped.
void slots_init(slots_t *slots);

// Takes the record that lies in the image into use. Returns its role, or ROLE_NONE if the slot is free or the record
// makes no sense; its payload is then wiped. slot < SLOTS_COUNT, here and below.
uint8_t slots_load(slots_t *slots, uint8_t slot);

// Overwrites the record's payload but its generation, which goes on.
void slots_wipe(slots_t *slots, uint8_t slot);

// Draws a key: of a new programmer with this role (patient … card) and label, generation + 1, without a next key.
// Returns false, with nothing changed, for another role, too long a label, or if no number can be drawn.
bool slots_enrol(slots_t *slots, random_t *random, uint8_t slot, uint8_t role, const uint8_t *label,
                 uint32_t label_bytes);

// Draws the next key of a slot in use; a next key that was there is lost. Returns false if the slot is free.
bool slots_rotate(slots_t *slots, random_t *random, uint8_t slot);

// The slot has been used: with `next`, its next key becomes the key, generation + 1. Returns whether the record has
// changed.
bool slots_promote(slots_t *slots, uint8_t slot, bool next);

// The key that the wire's slot byte names, or NULL: free slot, no next key, out of range.
const uint8_t *slots_key(const slots_t *slots, uint8_t wire);

// The same key, mixed for an opening.
const noise_psk_t *slots_psk(const slots_t *slots, uint8_t wire);

#endif
