#include "slots.h"

#include <stddef.h>

#include "bytes.h"

static uint8_t *payload(slots_t *slots, uint8_t slot) {
    return &slots->image[slot][SLOT_PAYLOAD];
}

static bool role_sound(uint8_t role) {
    bool sound = (role >= (uint8_t)ROLE_PATIENT) && (role <= (uint8_t)ROLE_CARD);
#if !RELEVE_RELEASE
    sound = sound || (role == (uint8_t)ROLE_BENCH);
#endif
    return sound;
}

static void count_generation(uint8_t *record) {
    const uint32_t generation = bytes_get_u32(&record[SLOT_GENERATION]) + 1u;
    bytes_put_u16(&record[SLOT_GENERATION], (uint16_t)(generation & 0xFFFFu));
}

static void drop_next(slots_t *slots, uint8_t slot) {
    uint8_t *const record = payload(slots, slot);
    record[SLOT_HAS_NEXT] = 0u;
    bytes_wipe(&record[SLOT_NEXT_KEY], PRIMITIVE_KEY_BYTES);
    bytes_wipe(&slots->psk[slot][1], sizeof slots->psk[slot][1]);
}

static bool has_key(const slots_t *slots, uint8_t wire) {
    const uint8_t slot = (uint8_t)(wire & (uint8_t)~SLOT_NEXT);
    bool has = (slot < SLOTS_COUNT) && (slots->role[slot] != (uint8_t)ROLE_NONE);
    if (has && ((wire & SLOT_NEXT) != 0u)) {
        has = slots->image[slot][SLOT_PAYLOAD + SLOT_HAS_NEXT] == 1u;
    }
    return has;
}

void slots_init(slots_t *slots) {
    static const uint8_t NO_KEY[PRIMITIVE_KEY_BYTES] = {0};
    noise_mix(&slots->nobody, NO_KEY);
}

void slots_wipe(slots_t *slots, uint8_t slot) {
    uint8_t *const record = payload(slots, slot);
    const uint16_t generation = (uint16_t)bytes_get_u32(&record[SLOT_GENERATION]);
    bytes_wipe(record, SLOT_PAYLOAD_BYTES);
    bytes_put_u16(&record[SLOT_GENERATION], generation);
    bytes_wipe(slots->psk[slot], sizeof slots->psk[slot]);
    slots->role[slot] = (uint8_t)ROLE_NONE;
}

uint8_t slots_load(slots_t *slots, uint8_t slot) {
    uint8_t *const record = payload(slots, slot);
    const bool in_use = (record[SLOT_STATE] == (uint8_t)SLOT_ENROLLED) || (record[SLOT_STATE] == (uint8_t)SLOT_USED);
    const bool next_sound =
        (record[SLOT_HAS_NEXT] == 0u) ||
        ((record[SLOT_HAS_NEXT] == 1u) && (bytes_all_zero(&record[SLOT_NEXT_KEY], PRIMITIVE_KEY_BYTES) == 0u));
    if (in_use && next_sound && role_sound(record[SLOT_ROLE]) &&
        (bytes_all_zero(&record[SLOT_KEY], PRIMITIVE_KEY_BYTES) == 0u)) {
        slots->role[slot] = record[SLOT_ROLE];
        noise_mix(&slots->psk[slot][0], &record[SLOT_KEY]);
        if (record[SLOT_HAS_NEXT] == 1u) {
            noise_mix(&slots->psk[slot][1], &record[SLOT_NEXT_KEY]);
        } else {
            bytes_wipe(&slots->psk[slot][1], sizeof slots->psk[slot][1]);
        }
    } else {
        slots_wipe(slots, slot);
    }
    return slots->role[slot];
}

bool slots_enrol(slots_t *slots, random_t *random, uint8_t slot, uint8_t role, const uint8_t *label,
                 uint32_t label_bytes) {
    uint8_t *const record = payload(slots, slot);
    uint8_t key[PRIMITIVE_KEY_BYTES];
    bool drawn = false;
    if (role_sound(role) && (label_bytes <= SLOT_LABEL_BYTES)) {
        drawn = random_draw(random, key, PRIMITIVE_KEY_BYTES);
    }
    if (drawn) {
        record[SLOT_STATE] = (uint8_t)SLOT_ENROLLED;
        record[SLOT_ROLE] = role;
        count_generation(record);
        bytes_wipe(&record[SLOT_LABEL], SLOT_LABEL_BYTES);
        bytes_copy(&record[SLOT_LABEL], label, label_bytes);
        bytes_copy(&record[SLOT_KEY], key, PRIMITIVE_KEY_BYTES);
        noise_mix(&slots->psk[slot][0], key);
        drop_next(slots, slot);
        slots->role[slot] = role;
        bytes_wipe(key, sizeof key);
    }
    return drawn;
}

bool slots_rotate(slots_t *slots, random_t *random, uint8_t slot) {
    uint8_t *const record = payload(slots, slot);
    uint8_t key[PRIMITIVE_KEY_BYTES];
    const bool drawn = (slots->role[slot] != (uint8_t)ROLE_NONE) && random_draw(random, key, PRIMITIVE_KEY_BYTES);
    if (drawn) {
        record[SLOT_HAS_NEXT] = 1u;
        bytes_copy(&record[SLOT_NEXT_KEY], key, PRIMITIVE_KEY_BYTES);
        noise_mix(&slots->psk[slot][1], key);
        bytes_wipe(key, sizeof key);
    }
    return drawn;
}

bool slots_promote(slots_t *slots, uint8_t slot, bool next) {
    uint8_t *const record = payload(slots, slot);
    const bool in_use = slots->role[slot] != (uint8_t)ROLE_NONE;
    const bool renew = in_use && next && (record[SLOT_HAS_NEXT] == 1u);
    const bool first = in_use && (record[SLOT_STATE] == (uint8_t)SLOT_ENROLLED);
    if (renew) {
        bytes_copy(&record[SLOT_KEY], &record[SLOT_NEXT_KEY], PRIMITIVE_KEY_BYTES);
        slots->psk[slot][0] = slots->psk[slot][1];
        drop_next(slots, slot);
        count_generation(record);
    }
    if (first) {
        record[SLOT_STATE] = (uint8_t)SLOT_USED;
    }
    return renew || first;
}

const uint8_t *slots_key(const slots_t *slots, uint8_t wire) {
    const uint8_t *key = NULL;
    if (has_key(slots, wire)) {
        const uint8_t *const record = &slots->image[wire & (SLOTS_COUNT - 1u)][SLOT_PAYLOAD];
        key = ((wire & SLOT_NEXT) != 0u) ? &record[SLOT_NEXT_KEY] : &record[SLOT_KEY];
    }
    return key;
}

const noise_psk_t *slots_psk(const slots_t *slots, uint8_t wire) {
    return has_key(slots, wire) ? &slots->psk[wire & (SLOTS_COUNT - 1u)][wire >> 7u] : NULL;
}
