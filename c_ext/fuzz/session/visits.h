// visits.h: bytes become visits of programmers to a device: hellos, openings, frames, replies, keys that change, time
// that passes, damage on the line. Each answer of the session is judged against what was really said.
//
// A broken promise is told on stderr, and aborts.
#ifndef RELEVE_FUZZ_VISITS_H
#define RELEVE_FUZZ_VISITS_H

#include <stddef.h>

#include "programmer.h"

#define VISITS_PROGRAMMERS 4u  // patient, clinician, card, and whoever provisions
#define VISITS_PROVISIONING 3u
#define VISITS_NOBODY VISITS_PROGRAMMERS
#define VISITS_KEPT 4u  // openings and frames that an attacker has recorded

typedef struct {
    uint8_t bytes[SESSION_OPENING_BYTES];
    uint8_t challenge[SESSION_CHALLENGE_BYTES];
    uint8_t key[PRIMITIVE_KEY_BYTES];
    uint8_t by;
    uint8_t used;  // it has opened a session
} opening_t;

typedef struct {
    uint8_t bytes[FRAMES_PAYLOAD_MAX];
    uint32_t length;
    uint32_t number;  // of the session it was sealed for
    uint32_t counter;
    frame_head_t head;
    uint8_t by;
    uint8_t done;  // it has been carried out
} frame_t;

typedef struct {
    session_t session;
    programmer_device_t device;
    programmer_t programmers[VISITS_PROGRAMMERS];
    opening_t openings[VISITS_KEPT];
    const opening_t *newest[VISITS_PROGRAMMERS];
    frame_t frames[VISITS_KEPT];
    uint64_t now_us;
    uint64_t heard_us[VISITS_PROGRAMMERS];   // last sign of each programmer's session
    uint64_t opened_us[VISITS_PROGRAMMERS];  // when it was opened
    uint32_t opening_count;
    uint32_t frame_count;
    uint32_t secrets;  // drawn for ephemeral keys
    uint8_t live;      // whose frame was carried out last; VISITS_NOBODY: nobody's
    const uint8_t *next;
    const uint8_t *end;
} visits_t;

extern const uint8_t visits_roles[VISITS_PROGRAMMERS];

// Plays all the bytes on a fresh device.
void visits_play(visits_t *visits, const uint8_t *bytes, size_t size);

// The bytes as frames of the link instead (framed.c).
void visits_frame(const uint8_t *bytes, size_t size);

// The rest is line.c's. Tells what is broken, and aborts, unless it is kept.
void visits_promise(bool kept, const char *what);

// The next byte to play, 0 at the end; and a bit of one.
uint8_t visits_take(visits_t *visits);
bool visits_bit(uint8_t flags, uint8_t which);

// A programmer makes an opening for the challenge it has heard, or seals a request; an attacker has it from then on.
opening_t *visits_opened_by(visits_t *visits, uint8_t by);
frame_t *visits_sealed_by(visits_t *visits, uint8_t by);

// Hands an opening or a frame to the device, damaged or not, and judges the answer.
void visits_arrive(visits_t *visits, opening_t *opening, uint8_t flags);
void visits_deliver(visits_t *visits, frame_t *frame, uint8_t flags);

// The device answers, or tells something unasked; who is at the line must be able to read it, and nobody else.
void visits_answer(visits_t *visits, uint8_t flags);

// Bytes of the fuzzer's own arrive.
void visits_shout(visits_t *visits, uint8_t flags);

#endif
