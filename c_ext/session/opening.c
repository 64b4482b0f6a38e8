#include "bytes.h"
#include "session.h"

#define LABEL_BYTES 16u
#define DEVICE_BYTES RANDOM_DEVICE_BYTES
#define PROLOGUE_BYTES 43u

// Whose opening it says it is.
typedef struct {
    const noise_psk_t *psk;
    uint8_t slot;
    uint8_t role;
    uint8_t next;
    uint8_t known;  // 1: there is such a key
} claim_t;

static claim_t claim_of(const session_t *session, uint8_t wire, bool provisioning) {
    // Everybody knows this key: it opens a session only where provisioning is allowed, and else it is the key of a slot
    // that does not exist, with which no tag counts.
    claim_t claim = {&session->slots.nobody, SLOT_NONE, (uint8_t)ROLE_NONE, 0u, 0u};
    const noise_psk_t *const psk = slots_psk(&session->slots, wire);
    if ((wire == SLOT_PROVISION) && provisioning) {
        claim.slot = SLOT_PROVISION;
        claim.role = (uint8_t)ROLE_PROVISION;
        claim.known = 1u;
    } else if (psk != NULL) {
        claim.psk = psk;
        claim.slot = (uint8_t)(wire & (SLOTS_COUNT - 1u));
        claim.role = session->slots.role[claim.slot];
        claim.next = (uint8_t)(wire >> 7u);
        claim.known = 1u;
    } else {
        claim.known = 0u;
    }
    return claim;
}

// Both sides must agree on all of this, or the tag is wrong. A card is made before it is known which device it is read
// for, and nobody knows the device that is being provisioned: their place for the device's id stays 0.
static void put_prologue(const session_t *session, uint8_t prologue[PROLOGUE_BYTES], uint8_t wire, uint8_t role) {
    static const uint8_t LABEL[LABEL_BYTES + 1u] = "releve-session-1";
    uint8_t *at = prologue;
    bytes_copy(at, LABEL, LABEL_BYTES);
    at = &at[LABEL_BYTES];
    at[0] = session->suite;
    at = &at[1];
    bytes_copy(at, session->schema_hash, SESSION_HASH_BYTES);
    at = &at[SESSION_HASH_BYTES];
    if ((role == (uint8_t)ROLE_CARD) || (role == (uint8_t)ROLE_PROVISION)) {
        bytes_wipe(at, DEVICE_BYTES);
    } else {
        bytes_copy(at, &session->seed_image[SLOT_PAYLOAD + RANDOM_DEVICE], DEVICE_BYTES);
    }
    at = &at[DEVICE_BYTES];
    at[0] = wire;
    at[1] = role;
    bytes_copy(&at[2], session->challenge, SESSION_CHALLENGE_BYTES);
}

static bool challenge_alive(const session_t *session, uint64_t now_us) {
    return (session->challenge_up != 0u) && ((now_us - session->challenge_us) < QUOTA_CHALLENGE_US);
}

static void drop_challenge(session_t *session) {
    session->challenge_up = 0u;
    bytes_wipe(session->challenge, SESSION_CHALLENGE_BYTES);
}

bool session_hello(session_t *session, uint64_t now_us, bool presence, uint8_t challenge[SESSION_CHALLENGE_BYTES]) {
    bool answer = (session->random.ready != 0u) && (presence || quota_answer(&session->quota, now_us));
    session->counts.hellos++;
    if (answer && !challenge_alive(session, now_us)) {
        answer = random_draw(&session->random, session->challenge, SESSION_CHALLENGE_BYTES);
        session->challenge_us = now_us;
        session->challenge_up = 1u;
    }
    if (answer) {
        bytes_copy(challenge, session->challenge, SESSION_CHALLENGE_BYTES);
    }
    return answer;
}

bool session_spare(session_t *session) {
    const bool made =
        (session->spare_up == 0u) && random_draw(&session->random, session->spare.secret, PRIMITIVE_KEY_BYTES);
    if (made) {
        noise_complete(&session->spare);
        session->spare_up = 1u;
    }
    return made;
}

// The tag is right: the curve's work, and the session that waits for its first frame. Returns false for an ephemeral key
// of small order.
static bool grant(session_t *session, uint64_t now_us, const claim_t *claim, noise_t *noise,
                  uint8_t reply[SESSION_REPLY_BYTES]) {
    channel_t *const pending = &session->pending;
    uint8_t *const text = &reply[PRIMITIVE_KEY_BYTES];
    (void)session_spare(session);
    session->opened++;
    const uint32_t boots = bytes_get_u32(&session->seed_image[SLOT_PAYLOAD + RANDOM_BOOTS]);
    const uint32_t number = (boots << 16u) ^ session->opened;
    bytes_put_u32(&text[0], number);
    bytes_put_u64(&text[4], now_us);
    text[12] = claim->role;
    const bool sound = noise_write(noise, &session->spare, reply, SESSION_REPLY_BYTES);
    bytes_wipe(&session->spare, sizeof session->spare);
    session->spare_up = 0u;
    random_stir(&session->random, noise->theirs, PRIMITIVE_KEY_BYTES);
    if (sound) {
        bytes_wipe(pending, sizeof *pending);
        noise_split(noise, pending->receive_key, pending->send_key);
        pending->opened_us = now_us;
        pending->heard_us = now_us;
        pending->number = number;
        pending->slot = claim->slot;
        pending->role = claim->role;
        pending->next = claim->next;
        pending->up = 1u;
    }
    return sound;
}

session_opening_t session_accept(session_t *session, uint64_t now_us, bool presence, bool provisioning,
                                 uint8_t *opening, uint32_t opening_bytes, uint8_t reply[SESSION_REPLY_BYTES]) {
    session_opening_t result = SESSION_REFUSED;
    if (session->random.ready == 0u) {
        result = SESSION_ERROR;
    } else if (opening_bytes != SESSION_OPENING_BYTES) {
        session->counts.refused++;
    } else if (!challenge_alive(session, now_us)) {
        session->counts.stale++;
    } else if (!quota_may_check(&session->quota, now_us) && !presence) {
        session->counts.starved++;
    } else {
        noise_t noise;
        uint8_t prologue[PROLOGUE_BYTES];
        const claim_t claim = claim_of(session, opening[0], provisioning);
        put_prologue(session, prologue, opening[0], claim.role);
        const bool right =
            noise_read(&noise, claim.psk, prologue, PROLOGUE_BYTES, &opening[1], SESSION_OPENING_BYTES - 1u);
        if (right && (claim.known != 0u)) {
            drop_challenge(session);
            if (grant(session, now_us, &claim, &noise, reply)) {
                session->counts.opened++;
                result = SESSION_OPENED;
            }
        }
        if (result != SESSION_OPENED) {
            session->counts.refused++;
            if (!presence) {
                quota_spend(&session->quota);
            }
        }
        bytes_wipe(&noise, sizeof noise);
    }
    if ((result == SESSION_REFUSED) && !quota_answer(&session->quota, now_us)) {
        result = SESSION_SILENT;
    }
    return result;
}
