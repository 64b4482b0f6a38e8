// session.h: the device's side of the programmer's session: who may open one, and what is sealed in it.
//
// Everything is in the caller's session_t: no heap, no other state. All calls come from the main context and end after a
// bounded time: at most two operations on the curve in session_accept(), one in session_spare(), none in the others.
// Keys leave it in no other way than sealed, by session_seal().
//
// The order in a boot: session_init(); the records are read into their images (session_record(), session_seed_record());
// session_load() of every slot; session_renew(); the seed record is stored; session_ready().
//
// docs/protocol.md has the bytes. Implements: SEC-1, SEC-2, SEC-4
#ifndef RELEVE_SESSION_H
#define RELEVE_SESSION_H

#include "frames.h"
#include "noise.h"
#include "quota.h"
#include "random.h"
#include "slots.h"

#define SESSION_HASH_BYTES 8u
#define SESSION_CHALLENGE_BYTES 8u
#define SESSION_SEED_IMAGE_BYTES 52u
#define SESSION_OPENING_BYTES 49u  // slot, ephemeral key, tag
#define SESSION_REPLY_BYTES 61u    // ephemeral key; session number, time, role; tag
#define SESSION_NO_KEY (-1)

typedef enum {
    SESSION_OPENED = 1,
    SESSION_REFUSED = 0,  // to be answered with the constant refusal
    SESSION_SILENT = -1,  // not to be answered: there have been enough answers
    SESSION_ERROR = -2    // no random numbers yet
} session_opening_t;

// Of session_open(), if not the number of bytes of the text.
#define SESSION_AGAIN (-1)     // the last request once more: session_again() has its reply
#define SESSION_NOT_OPEN (-2)  // no session that it belongs to: to be answered with the constant refusal
#define SESSION_DROP (-3)      // not to be answered

typedef struct {
    uint32_t hellos;
    uint32_t opened;
    uint32_t refused;          // openings with a wrong tag or length
    uint32_t starved;          // openings while the bucket was empty
    uint32_t stale;            // openings without a living challenge
    uint32_t frames_bad;       // frames of no session
    uint32_t frames_repeated;  // the last request once more
    uint32_t frames_old;       // requests before the last
} session_counts_t;

typedef struct {
    uint64_t challenge_us;  // when it was drawn
    channel_t live;
    channel_t pending;  // opened, and not confirmed by a frame yet
    quota_t quota;
    session_counts_t counts;
    random_t random;
    noise_pair_t spare;
    slots_t slots;
    uint32_t opened;       // sessions since the boot
    uint32_t reply_bytes;  // of the reply that is kept, 0: none
    uint8_t reply[FRAMES_PAYLOAD_MAX];
    uint8_t reply_id;
    uint8_t seed_image[SESSION_SEED_IMAGE_BYTES];
    uint8_t schema_hash[SESSION_HASH_BYTES];
    uint8_t challenge[SESSION_CHALLENGE_BYTES];
    uint8_t suite;
    uint8_t challenge_up;
    uint8_t spare_up;
} session_t;

// The suite of this image's hello: SESSION_SUITE, with its bit in a development image.
#define SESSION_SUITE 0x01u
#define SESSION_DEVELOPMENT 0x80u
uint8_t session_suite(void);

// Sets up a session_t without slots, seed and session. The suite is the hello's, with its bit of a development image.
void session_init(session_t *session, const uint8_t schema_hash[SESSION_HASH_BYTES], uint8_t suite);

// The images of records for the caller's storage: of a slot (SLOT_IMAGE_BYTES), and of the seed
// (SESSION_SEED_IMAGE_BYTES). slot < SLOTS_COUNT, here and below.
uint8_t *session_record(session_t *session, uint8_t slot);
uint8_t *session_seed_record(session_t *session);

// Takes the slot's record, as it was read, into use, and ends the slot's session. Returns its role (slots_load()).
uint8_t session_load(session_t *session, uint8_t slot);

// Overwrites the slot's payload but its generation, and ends its session. The caller stores the record.
void session_wipe(session_t *session, uint8_t slot);

// Draws a key: of a new programmer, and ends the slot's session; or the next key of the slot's programmer. Returns
// false as slots_enrol() and slots_rotate() do. The caller stores the record, and hands the key out (session_seal()).
bool session_enrol(session_t *session, uint8_t slot, uint8_t role, const uint8_t *label, uint32_t label_bytes);
bool session_rotate(session_t *session, uint8_t slot);

// The slot has been used: if its live session was opened with the next key, that is the key from now on. Returns
// whether the record has changed and is to be stored.
bool session_promote(session_t *session, uint8_t slot);

// The generator (random.h): renews the seed's record; the record is stored; a programmer gives the seed that the device
// is to have, after which the record is to be stored again.
void session_renew(session_t *session, const uint8_t *noise, uint32_t noise_bytes);
bool session_ready(session_t *session);
bool session_provision(session_t *session, const uint8_t host_seed[PRIMITIVE_HASH_BYTES], const uint8_t *noise,
                       uint32_t noise_bytes);
void session_stir(session_t *session, const uint8_t *data, uint32_t data_bytes);

// Somebody says hello. Writes the challenge for the answer: a new one, or the living one once more. Returns false for
// silence: there have been enough answers, unless somebody is at the device, who must get in through any flood.
bool session_hello(session_t *session, uint64_t now_us, bool presence, uint8_t challenge[SESSION_CHALLENGE_BYTES]);

// Makes the key pair for the next opening, if there is none: ~150 ms of a Cortex-M0+, for an idle hour. Returns whether
// it did.
bool session_spare(session_t *session);

// An opening. The work goes up with what the other has shown: length, challenge, bucket, tag; only then the curve. A
// slot that does not exist takes the time of one that does. presence: somebody is at the device, and no bucket counts.
// provisioning: the key that everybody knows is allowed, once. `opening` is overwritten; `reply` is written if OPENED.
session_opening_t session_accept(session_t *session, uint64_t now_us, bool presence, bool provisioning,
                                 uint8_t *opening, uint32_t opening_bytes, uint8_t reply[SESSION_REPLY_BYTES]);

// A sealed frame: decrypts it in place, so that the text is at payload[FRAMES_COUNTER_BYTES], and returns its length; or
// SESSION_AGAIN, SESSION_NOT_OPEN, SESSION_DROP. The first frame of a new session ends the one before it.
int32_t session_open(session_t *session, uint64_t now_us, frame_head_t head, uint8_t *payload, uint32_t payload_bytes);

// The reply to the last request once more: copies payload (up to FRAMES_PAYLOAD_MAX bytes) and id. Returns its length,
// 0 if there is none.
uint32_t session_again(const session_t *session, uint8_t *payload, uint8_t *message_id);

// Seals the text_bytes at payload[FRAMES_COUNTER_BYTES] in place as the reply to the last request, or as telemetry. If
// key_of is not SESSION_NO_KEY, but a slot, with SLOT_NEXT for its next key, that key is written over the text's last 32
// bytes before. Returns the payload's length, or 0: no session, no request, answered already, too long, no such key; the
// text is then unchanged.
uint32_t session_seal(session_t *session, uint64_t now_us, frame_head_t head, uint8_t *payload, uint32_t text_bytes,
                      int32_t key_of);

// Is there a session, in use and not too old? Ends one that is.
bool session_live(session_t *session, uint64_t now_us);

// Ends every session.
void session_forget(session_t *session);

#endif
