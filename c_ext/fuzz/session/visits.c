#include "visits.h"

#include <string.h>

// A device with three programmers, as after an enrolment.
static void set_up(visits_t *visits) {
    session_t *const session = &visits->session;
    memset(visits, 0, sizeof *visits);
    visits->now_us = 1000000u;
    visits->live = VISITS_NOBODY;
    visits->device.suite = session_suite();
    memset(visits->device.schema_hash, 0x5A, SESSION_HASH_BYTES);
    memset(visits->device.device_id, 0x1D, RANDOM_DEVICE_BYTES);
    session_init(session, visits->device.schema_hash, visits->device.suite);
    uint8_t *const seed = &session_seed_record(session)[SLOT_PAYLOAD];
    memset(&seed[RANDOM_SEED], 0x77, PRIMITIVE_HASH_BYTES);
    memcpy(&seed[RANDOM_DEVICE], visits->device.device_id, RANDOM_DEVICE_BYTES);
    session_renew(session, NULL, 0u);
    visits_promise(session_ready(session), "a renewed seed is ready");
    for (uint8_t slot = 0u; slot < VISITS_PROGRAMMERS; slot++) {
        programmer_t *const programmer = &visits->programmers[slot];
        programmer->role = visits_roles[slot];
        programmer->slot = (slot == VISITS_PROVISIONING) ? (uint8_t)SLOT_PROVISION : slot;
        if (slot != VISITS_PROVISIONING) {
            visits_promise(session_enrol(session, slot, visits_roles[slot], NULL, 0u), "a programmer can be enrolled");
            memcpy(programmer->key, &session_record(session, slot)[SLOT_PAYLOAD + SLOT_KEY], PRIMITIVE_KEY_BYTES);
        }
    }
}

static void pass(visits_t *visits, uint8_t how) {
    static const uint64_t steps_us[8] = {1u, 1000u, 250000u, 1000000u, 6000000u, 119999999u, 600000000u, 86400000000u};
    visits->now_us += steps_us[how & 7u];
}

static void hello(visits_t *visits, uint8_t flags) {
    if (session_hello(&visits->session, visits->now_us, visits_bit(flags, 0u), visits->device.challenge)) {
        visits_promise(visits->session.challenge_up != 0u, "a challenge that was told lives");
    } else {
        visits_promise(!visits_bit(flags, 0u), "somebody at the device is always answered");
    }
}

static void repeat(visits_t *visits) {
    uint8_t payload[FRAMES_PAYLOAD_MAX];
    uint8_t id = 0u;
    visits_promise(session_again(&visits->session, payload, &id) == visits->session.reply_bytes,
                   "a kept reply is whole");
}

static void change_keys(visits_t *visits, uint8_t flags) {
    session_t *const session = &visits->session;
    const uint8_t slot = (uint8_t)((flags >> 2u) % 3u);
    programmer_t *const programmer = &visits->programmers[slot];
    switch (flags & 3u) {
        case 0u:
            (void)session_rotate(session, slot);
            break;
        case 1u:
            if (session_promote(session, slot) && ((programmer->slot & SLOT_NEXT) != 0u)) {
                const uint8_t *const key = slots_key(&session->slots, slot);
                if ((key != NULL) && (memcmp(key, programmer->key, PRIMITIVE_KEY_BYTES) == 0)) {
                    programmer->slot = slot;
                }
            }
            break;
        case 2u:
            session_wipe(session, slot);
            visits_promise((session->live.up == 0u) || (session->live.slot != slot),
                           "a revoked programmer's session ends");
            visits_promise((session->pending.up == 0u) || (session->pending.slot != slot),
                           "and the one it has just opened");
            break;
        default:
            if (session_enrol(session, slot, visits_roles[slot], NULL, 0u)) {
                memcpy(programmer->key, slots_key(&session->slots, slot), PRIMITIVE_KEY_BYTES);
                programmer->slot = slot;
            }
            break;
    }
}

// After a cut of the power: the records are there, the sessions are not.
static void restart(visits_t *visits) {
    static session_t before;
    session_t *const session = &visits->session;
    before = *session;
    session_init(session, visits->device.schema_hash, visits->device.suite);
    memcpy(session_seed_record(session), session_seed_record(&before), SESSION_SEED_IMAGE_BYTES);
    for (uint8_t slot = 0u; slot < SLOTS_COUNT; slot++) {
        memcpy(session_record(session, slot), session_record(&before, slot), SLOT_IMAGE_BYTES);
        visits_promise(session_load(session, slot) == before.slots.role[slot], "a programmer outlives a restart");
    }
    session_renew(session, NULL, 0u);
    visits_promise(session_ready(session), "a renewed seed is ready");
    visits->live = VISITS_NOBODY;
}

// Whatever has been, a programmer enrolled now gets in, is heard and is answered.
static void come_home(visits_t *visits) {
    session_t *const session = &visits->session;
    programmer_t *const programmer = &visits->programmers[0];
    visits->now_us += 1000000u;
    visits_promise(session_enrol(session, 0u, ROLE_PATIENT, NULL, 0u), "a programmer can be enrolled");
    memcpy(programmer->key, slots_key(&session->slots, 0u), PRIMITIVE_KEY_BYTES);
    programmer->slot = 0u;
    hello(visits, 1u);
    visits_arrive(visits, visits_opened_by(visits, 0u), 1u);
    visits_deliver(visits, visits_sealed_by(visits, 0u), 0u);
    visits_promise(visits->live == 0u, "a programmer that is let in is heard");
    visits_answer(visits, 0u);
    visits_promise(session->live.answered != 0u, "and answered");
}

void visits_play(visits_t *visits, const uint8_t *bytes, size_t size) {
    set_up(visits);
    visits->next = bytes;
    visits->end = bytes + size;
    while (visits->next < visits->end) {
        const uint8_t act = visits_take(visits);
        const uint8_t by = (uint8_t)((act >> 4u) % VISITS_PROGRAMMERS);
        const uint8_t flags = visits_take(visits);
        switch (act & 15u) {
            case 0u:
            case 1u:
                hello(visits, flags);
                break;
            case 2u:
                visits_arrive(visits, visits_opened_by(visits, by), flags);
                break;
            case 3u:
                visits_arrive(visits, &visits->openings[by], flags);
                break;
            case 4u:
            case 5u:
                visits_deliver(visits, visits_sealed_by(visits, by), flags);
                break;
            case 6u:
                visits_deliver(visits, &visits->frames[by], flags);
                break;
            case 7u:
            case 8u:
                visits_answer(visits, flags);
                break;
            case 9u:
                repeat(visits);
                break;
            case 10u:
                pass(visits, flags);
                break;
            case 11u:
                change_keys(visits, flags);
                break;
            case 12u:
                visits_shout(visits, flags);
                break;
            case 13u:
                restart(visits);
                break;
            case 14u:
                (void)session_spare(&visits->session);
                break;
            default:
                session_forget(&visits->session);
                break;
        }
    }
    come_home(visits);
}
