#include "session.h"

#include "bytes.h"

static uint8_t *seed_payload(session_t *session) {
    return &session->seed_image[SLOT_PAYLOAD];
}

static void end(channel_t *channel) {
    bytes_wipe(channel, sizeof *channel);
    channel->slot = SLOT_NONE;
}

static void drop_reply(session_t *session) {
    bytes_wipe(session->reply, sizeof session->reply);
    session->reply_bytes = 0u;
    session->reply_id = 0u;
}

static void end_live(session_t *session) {
    end(&session->live);
    drop_reply(session);
}

static void end_slot(session_t *session, uint8_t slot) {
    if (session->live.slot == slot) {
        end_live(session);
    }
    if (session->pending.slot == slot) {
        end(&session->pending);
    }
}

static bool too_old(const channel_t *channel, uint64_t now_us) {
    return ((now_us - channel->opened_us) >= QUOTA_AGE_US) ||
           ((now_us - channel->heard_us) >= quota_idle_us(channel->role));
}

static void expire(session_t *session, uint64_t now_us) {
    if ((session->live.up != 0u) && too_old(&session->live, now_us)) {
        end_live(session);
    }
    if ((session->pending.up != 0u) && too_old(&session->pending, now_us)) {
        end(&session->pending);
    }
}

_Static_assert((SESSION_SUITE & SESSION_DEVELOPMENT) == 0u, "the bit of a development image is not the suite's");

uint8_t session_suite(void) {
#if RELEVE_RELEASE
    return SESSION_SUITE;
#else
    return SESSION_SUITE | SESSION_DEVELOPMENT;
#endif
}

void session_init(session_t *session, const uint8_t schema_hash[SESSION_HASH_BYTES], uint8_t suite) {
    bytes_wipe(session, sizeof *session);
    slots_init(&session->slots);
    bytes_copy(session->schema_hash, schema_hash, SESSION_HASH_BYTES);
    session->suite = suite;
    quota_init(&session->quota);
    session_forget(session);
}

uint8_t *session_record(session_t *session, uint8_t slot) {
    return session->slots.image[slot];
}

uint8_t *session_seed_record(session_t *session) {
    return session->seed_image;
}

uint8_t session_load(session_t *session, uint8_t slot) {
    end_slot(session, slot);
    return slots_load(&session->slots, slot);
}

void session_wipe(session_t *session, uint8_t slot) {
    end_slot(session, slot);
    slots_wipe(&session->slots, slot);
}

bool session_enrol(session_t *session, uint8_t slot, uint8_t role, const uint8_t *label, uint32_t label_bytes) {
    const bool drawn = slots_enrol(&session->slots, &session->random, slot, role, label, label_bytes);
    if (drawn) {
        end_slot(session, slot);
    }
    return drawn;
}

bool session_rotate(session_t *session, uint8_t slot) {
    const bool drawn = slots_rotate(&session->slots, &session->random, slot);
    if (drawn && (session->pending.slot == slot) && (session->pending.next != 0u)) {
        end(&session->pending);  // opened with a next key that is none any more, and must not confirm the new one
    }
    return drawn;
}

bool session_promote(session_t *session, uint8_t slot) {
    const bool next = (session->live.slot == slot) && (session->live.next != 0u);
    const bool changed = slots_promote(&session->slots, slot, next);
    if (next) {
        session->live.next = 0u;
    }
    return changed;
}

void session_renew(session_t *session, const uint8_t *noise, uint32_t noise_bytes) {
    random_renew(&session->random, seed_payload(session), noise, noise_bytes);
}

bool session_ready(session_t *session) {
    return random_stored(&session->random);
}

bool session_provision(session_t *session, const uint8_t host_seed[PRIMITIVE_HASH_BYTES], const uint8_t *noise,
                       uint32_t noise_bytes) {
    return random_provision(&session->random, seed_payload(session), host_seed, noise, noise_bytes);
}

void session_stir(session_t *session, const uint8_t *data, uint32_t data_bytes) {
    random_stir(&session->random, data, data_bytes);
}

int32_t session_open(session_t *session, uint64_t now_us, frame_head_t head, uint8_t *payload, uint32_t payload_bytes) {
    channel_t *const live = &session->live;
    channel_t *const pending = &session->pending;
    int32_t result = SESSION_NOT_OPEN;
    expire(session, now_us);
    if ((payload_bytes >= FRAMES_OVERHEAD_BYTES) && (payload_bytes <= FRAMES_PAYLOAD_MAX)) {
        const uint32_t text_bytes = payload_bytes - FRAMES_OVERHEAD_BYTES;
        const uint32_t counter = frames_counter(payload);
        const bool within = counter < QUOTA_FRAMES;
        const bool old = (live->up != 0u) && (counter < live->last);
        uint8_t kept[FRAMES_PAYLOAD_MAX];  // a wrong key leaves nothing of the text
        bytes_copy(kept, payload, payload_bytes);
        if (within && !old && (live->up != 0u) && frames_open(live, head, payload, text_bytes)) {
            result = (counter == live->last) ? SESSION_AGAIN : (int32_t)text_bytes;
        } else if (within && (pending->up != 0u)) {
            bytes_copy(payload, kept, payload_bytes);
            if (frames_open(pending, head, payload, text_bytes)) {
                end_live(session);
                *live = *pending;
                end(pending);
                result = (int32_t)text_bytes;
            }
        } else {
            result = SESSION_NOT_OPEN;
        }
        if ((result == SESSION_NOT_OPEN) && old) {
            session->counts.frames_old++;
            result = SESSION_DROP;
        }
        if (result >= 0) {
            live->last = counter;
            live->heard = 1u;
            live->answered = 0u;
            live->heard_us = now_us;
            drop_reply(session);
        }
    }
    if (result == SESSION_AGAIN) {
        session->counts.frames_repeated++;
        bytes_wipe(payload, payload_bytes);
        if (session->reply_bytes == 0u) {
            result = SESSION_DROP;  // the reply is not made yet
        }
    }
    if (result == SESSION_NOT_OPEN) {
        session->counts.frames_bad++;
        if (!quota_answer(&session->quota, now_us)) {
            result = SESSION_DROP;
        }
    }
    return result;
}

uint32_t session_again(const session_t *session, uint8_t *payload, uint8_t *message_id) {
    bytes_copy(payload, session->reply, session->reply_bytes);
    *message_id = session->reply_id;
    return session->reply_bytes;
}

uint32_t session_seal(session_t *session, uint64_t now_us, frame_head_t head, uint8_t *payload, uint32_t text_bytes,
                      int32_t key_of) {
    channel_t *const live = &session->live;
    const bool telemetry = head.message_id == FRAMES_TELEMETRY;
    const uint8_t *key = NULL;
    uint32_t sealed_bytes = 0u;
    expire(session, now_us);
    if ((key_of >= 0) && (key_of <= 255) && (text_bytes >= PRIMITIVE_KEY_BYTES)) {
        key = slots_key(&session->slots, (uint8_t)key_of);
    }
    const bool answers = (live->heard != 0u) && (live->answered == 0u);
    if ((live->up != 0u) && (live->sent < QUOTA_FRAMES) && (text_bytes <= FRAMES_TEXT_MAX) && (telemetry || answers) &&
        ((key_of == SESSION_NO_KEY) || (key != NULL))) {
        if (key != NULL) {
            bytes_copy(&payload[FRAMES_COUNTER_BYTES + text_bytes - PRIMITIVE_KEY_BYTES], key, PRIMITIVE_KEY_BYTES);
        }
        frames_seal(live, head, payload, text_bytes);
        sealed_bytes = text_bytes + FRAMES_OVERHEAD_BYTES;
    }
    if ((sealed_bytes != 0u) && !telemetry) {
        bytes_copy(session->reply, payload, sealed_bytes);
        session->reply_bytes = sealed_bytes;
        session->reply_id = head.message_id;
        live->answered = 1u;
    }
    return sealed_bytes;
}

bool session_live(session_t *session, uint64_t now_us) {
    expire(session, now_us);
    return session->live.up != 0u;
}

void session_forget(session_t *session) {
    end_live(session);
    end(&session->pending);
}
