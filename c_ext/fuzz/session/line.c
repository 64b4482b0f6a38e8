#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "visits.h"

#define TEXT_MAX 64u

const uint8_t visits_roles[VISITS_PROGRAMMERS] = {ROLE_PATIENT, ROLE_CLINICIAN, ROLE_CARD, ROLE_PROVISION};

void visits_promise(bool kept, const char *what) {
    if (!kept) {
        (void)fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

uint8_t visits_take(visits_t *visits) {
    return (visits->next < visits->end) ? *visits->next++ : 0u;
}

bool visits_bit(uint8_t flags, uint8_t which) {
    return ((flags >> which) & 1u) != 0u;
}

// Damages one byte if the flags say so; returns whether it did.
static bool damage(visits_t *visits, uint8_t *bytes, uint32_t length, bool wanted) {
    const uint8_t change = wanted ? visits_take(visits) : 0u;
    if ((change != 0u) && (length > 0u)) {
        bytes[visits_take(visits) % length] ^= change;
    }
    return (change != 0u) && (length > 0u);
}

opening_t *visits_opened_by(visits_t *visits, uint8_t by) {
    opening_t *const opening = &visits->openings[visits->opening_count++ % VISITS_KEPT];
    uint8_t secret[PRIMITIVE_KEY_BYTES] = {0};
    visits->secrets++;
    memcpy(secret, &visits->secrets, sizeof visits->secrets);
    programmer_opening(&visits->programmers[by], &visits->device, secret, opening->bytes);
    memcpy(opening->challenge, visits->device.challenge, SESSION_CHALLENGE_BYTES);
    memcpy(opening->key, visits->programmers[by].key, PRIMITIVE_KEY_BYTES);
    opening->by = by;
    opening->used = 0u;
    visits->newest[by] = opening;
    return opening;
}

void visits_arrive(visits_t *visits, opening_t *opening, uint8_t flags) {
    session_t *const session = &visits->session;
    programmer_t *const programmer = &visits->programmers[opening->by];
    const bool presence = visits_bit(flags, 0u);
    const bool provisioning = visits_bit(flags, 1u);
    const uint32_t length =
        visits_bit(flags, 2u) ? (visits_take(visits) % (SESSION_OPENING_BYTES + 1u)) : SESSION_OPENING_BYTES;
    uint8_t bytes[SESSION_OPENING_BYTES];
    uint8_t reply[SESSION_REPLY_BYTES] = {0};
    const bool alive = session->challenge_up != 0u;
    const bool current = alive && (memcmp(opening->challenge, session->challenge, SESSION_CHALLENGE_BYTES) == 0);
    const bool fresh = current && ((visits->now_us - session->challenge_us) < QUOTA_CHALLENGE_US);
    memcpy(bytes, opening->bytes, SESSION_OPENING_BYTES);
    const bool damaged = damage(visits, bytes, SESSION_OPENING_BYTES, visits_bit(flags, 3u));
    const uint8_t *const key = slots_key(&session->slots, opening->bytes[0]);
    const bool named = (key != NULL) && (memcmp(key, opening->key, PRIMITIVE_KEY_BYTES) == 0);
    const bool known = (opening->by == VISITS_PROVISIONING) ? provisioning : named;
    const session_opening_t answer =
        session_accept(session, visits->now_us, presence, provisioning, bytes, length, reply);
    if (answer == SESSION_OPENED) {
        visits_promise(!damaged && (length == SESSION_OPENING_BYTES), "a damaged opening opens nothing");
        visits_promise(fresh && (opening->used == 0u), "an opening opens once, for its own challenge");
        visits_promise(known, "only a key of the device opens a session");
        visits_promise(session->challenge_up == 0u, "a challenge that was used is gone");
        opening->used = 1u;
        visits->opened_us[opening->by] = visits->now_us;
        visits->heard_us[opening->by] = visits->now_us;
        // Of its openings a programmer has kept the secret of the newest.
        visits_promise((visits->newest[opening->by] != opening) || programmer_finish(programmer, reply),
                       "the programmer can read the device's half");
    } else {
        visits_promise(
            damaged || !fresh || !known || !presence || (length != SESSION_OPENING_BYTES) || (opening->used != 0u),
            "a rightful programmer gets in while presence is shown");
    }
}

static bool too_old(const visits_t *visits, uint8_t by) {
    const bool patient = visits_roles[by] == ROLE_PATIENT;
    const uint64_t idle_us = patient ? 600000000u : 120000000u;
    return ((visits->now_us - visits->heard_us[by]) >= idle_us) ||
           ((visits->now_us - visits->opened_us[by]) >= 86400000000u);
}

frame_t *visits_sealed_by(visits_t *visits, uint8_t by) {
    frame_t *const frame = &visits->frames[visits->frame_count++ % VISITS_KEPT];
    programmer_t *const programmer = &visits->programmers[by];
    const uint32_t text_bytes = visits_take(visits) % TEXT_MAX;
    memset(frame, 0, sizeof *frame);
    frame->head.sequence = (uint16_t)visits->frame_count;
    frame->head.message_id = 0x20u;
    frame->by = by;
    frame->number = programmer->number;
    frame->counter = programmer->counter;
    memset(&frame->bytes[FRAMES_COUNTER_BYTES], 0xA5, text_bytes);
    programmer_seal(programmer, frame->head, frame->bytes, text_bytes);
    frame->length = text_bytes + FRAMES_OVERHEAD_BYTES;
    return frame;
}

void visits_deliver(visits_t *visits, frame_t *frame, uint8_t flags) {
    session_t *const session = &visits->session;
    uint8_t payload[FRAMES_PAYLOAD_MAX + 8u];
    frame_head_t head = frame->head;
    memcpy(payload, frame->bytes, FRAMES_PAYLOAD_MAX);
    const uint32_t length = visits_bit(flags, 2u) ? visits_take(visits) : frame->length;
    bool damaged = (length != frame->length) || damage(visits, payload, frame->length, visits_bit(flags, 3u));
    if (visits_bit(flags, 4u)) {
        head.message_id ^= 1u;
        damaged = true;
    }
    const int32_t answer = session_open(session, visits->now_us, head, payload, length);
    if (answer >= 0) {
        visits_promise(!damaged, "a damaged frame is not carried out");
        visits_promise(frame->done == 0u, "a frame is carried out once");
        visits_promise(!too_old(visits, frame->by), "a session that is too old carries nothing out");
        visits_promise(session->live.number == frame->number, "a frame belongs to its session");
        visits_promise(session->live.role == visits_roles[frame->by], "a session has its programmer's role");
        visits_promise((uint32_t)answer == (frame->length - FRAMES_OVERHEAD_BYTES), "the text has its length");
        for (uint32_t i = 0u; i < VISITS_KEPT; i++) {
            const frame_t *const other = &visits->frames[i];
            visits_promise((other->done == 0u) || (other->number != frame->number) || (other->counter < frame->counter),
                           "frames are carried out in their order");
        }
        frame->done = 1u;
        visits->live = frame->by;
        visits->heard_us[frame->by] = visits->now_us;
    } else if (answer == SESSION_AGAIN) {
        visits_promise(!damaged && (frame->done != 0u), "only a request that was carried out has a reply to repeat");
        visits_promise(session->live.number == frame->number, "a kept reply is of this session");
    } else {
        visits_promise((answer == SESSION_NOT_OPEN) || (answer == SESSION_DROP), "there are no other answers");
    }
}

void visits_answer(visits_t *visits, uint8_t flags) {
    session_t *const session = &visits->session;
    const bool telemetry = visits_bit(flags, 0u);
    const bool key = visits_bit(flags, 1u);
    const uint32_t text_bytes = visits_take(visits);
    const int32_t key_of = key ? (int32_t)(visits->live | (visits_bit(flags, 2u) ? SLOT_NEXT : 0u)) : SESSION_NO_KEY;
    const frame_head_t head = {7u, (uint8_t)(telemetry ? FRAMES_TELEMETRY : 0xA0u)};
    uint8_t payload[FRAMES_PAYLOAD_MAX + 8u] = {0};
    const uint32_t request = session->live.last;
    const bool asked = (session->live.heard != 0u) && (session->live.answered == 0u);
    const uint32_t length = session_seal(session, visits->now_us, head, payload, text_bytes, key_of);
    visits_promise(session->reply_bytes <= FRAMES_PAYLOAD_MAX, "a kept reply has room");
    if (length != 0u) {
        visits_promise(telemetry || asked, "a request is answered once");
        visits_promise(visits->live != VISITS_NOBODY, "nothing is said to nobody");
        programmer_t *const programmer = &visits->programmers[visits->live];
        visits_promise(session->live.number != programmer->number ||
                           programmer_reads(programmer, head, request, payload, length - FRAMES_OVERHEAD_BYTES),
                       "the programmer can read its answer");
        if (key && visits_bit(flags, 2u) && (session->live.number == programmer->number)) {
            // A rotated key, handed out: from now on the programmer uses it.
            memcpy(programmer->key, &payload[FRAMES_COUNTER_BYTES + text_bytes - PRIMITIVE_KEY_BYTES],
                   PRIMITIVE_KEY_BYTES);
            programmer->slot |= (uint8_t)SLOT_NEXT;
        }
    } else {
        visits_promise(session->reply_bytes <= FRAMES_PAYLOAD_MAX, "a kept reply has room");
    }
}

void visits_shout(visits_t *visits, uint8_t flags) {
    uint8_t bytes[FRAMES_PAYLOAD_MAX] = {0};
    uint8_t reply[SESSION_REPLY_BYTES];
    const uint32_t length = visits_take(visits) % FRAMES_PAYLOAD_MAX;
    for (uint32_t i = 0u; (i < length) && (visits->next < visits->end); i++) {
        bytes[i] = visits_take(visits);
    }
    if (visits_bit(flags, 0u)) {
        const frame_head_t head = {(uint16_t)length, visits_take(visits)};
        visits_promise(session_open(&visits->session, visits->now_us, head, bytes, length) < 0, "noise is no frame");
    } else {
        visits_promise(session_accept(&visits->session, visits->now_us, visits_bit(flags, 1u), visits_bit(flags, 2u),
                                      bytes, length, reply) != SESSION_OPENED,
                       "noise is no opening");
    }
}
