#include "start.h"

#include "early.h"

// The kept word: the number of failed starts, and the cause of the reset.
#define CAUSE_BITS 8u
#define CAUSE_MASK ((1u << CAUSE_BITS) - 1u)
#define STARTS_MAX 255u
// Four times a minute, as for a severe alarm (ALARM-3), in three tones.
#define SOUND_EVERY_S 15u
#define TONES 3u
#define TONE_MS 150u

static start_cause_t ended;
static start_crash_t crash;

static void sound(void) {
    for (uint32_t i = 0u; i < TONES; i++) {
        early_sound(true);
        early_wait_ms(TONE_MS);
        early_sound(false);
        early_wait_ms(TONE_MS);
    }
}

// Sounds, and waits twice as long with each further failed start.
static void cry(uint32_t starts) {
    uint32_t wait_s = 1u;
    for (uint32_t i = 1u; (i < starts) && (wait_s < START_WAIT_S_MAX); i++) {
        wait_s *= 2u;
    }
    for (uint32_t s = 0u; s < wait_s; s++) {
        early_feed();
        if ((s % SOUND_EVERY_S) == 0u) {
            sound();
            early_wait_ms(1000u - (TONES * 2u * TONE_MS));
        } else {
            early_wait_ms(1000u);
        }
    }
    early_feed();
}

void start_begin(void) {
    const uint32_t kept = early_kept();
    const uint32_t starts = kept >> CAUSE_BITS;
    ended = (start_cause_t)(kept & CAUSE_MASK);
    if (ended == START_CRASH) {
        early_crashed(&crash);
    } else if (ended == START_POWER) {
        ended = early_cause();
    } else {
        // as kept
    }
    early_rest();
    early_guard();
    early_keep(((starts < STARTS_MAX) ? (starts + 1u) : STARTS_MAX) << CAUSE_BITS);
    if (starts != 0u) {
        cry(starts);
    }
}

void start_lived(uint64_t since_reset_us) {
    if (since_reset_us >= START_LIVED_US) {
        early_keep(0u);
    }
}

void start_taken(void) {
    early_keep(0u);
}

start_cause_t start_ended(void) {
    return ended;
}

const start_crash_t *start_crashed(void) {
    return &crash;
}

void start_anew(start_cause_t cause) {
    early_keep((early_kept() & ~CAUSE_MASK) | (uint32_t)cause);
    early_reset();
}
