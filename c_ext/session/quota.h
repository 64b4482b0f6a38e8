// quota.h: what somebody without a key may cost the device, and how long a session lives.
//
// Times are µs of the device's clock, which never runs back; an age is a difference, so a time in the future counts as
// very old and every limit is over.
//
// Implements: SEC-4
#ifndef RELEVE_QUOTA_H
#define RELEVE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

// Answers without a session: at most so many in any second, so that no flood makes the device send one.
#define QUOTA_ANSWERS 4u
#define QUOTA_ANSWERS_US 1000000u

// Openings whose tag is wrong: a bucket of 10, and one more every 6 s, is at most 20 in any minute.
#define QUOTA_CHECKS 10u
#define QUOTA_CHECK_US 6000000u

#define QUOTA_CHALLENGE_US 10000000u
#define QUOTA_FRAMES 1048576u  // of a session and direction, 2^20
#define QUOTA_AGE_US 86400000000u
#define QUOTA_IDLE_PATIENT_US 600000000u
#define QUOTA_IDLE_US 120000000u

typedef struct {
    uint64_t answered_us[QUOTA_ANSWERS];  // when the latest answers were given
    uint64_t filled_us;                   // up to when the bucket has been filled
    uint32_t tokens;
    uint8_t oldest;    // of the answers
    uint8_t answered;  // how many of them there are
} quota_t;

void quota_init(quota_t *quota);

// May an answer without a session be given now? If so it counts.
bool quota_answer(quota_t *quota, uint64_t now_us);

// Is there a token for one more check? It is taken with quota_spend(), once a tag was wrong.
bool quota_may_check(quota_t *quota, uint64_t now_us);
void quota_spend(quota_t *quota);

// For how long a session of this role (slots.h) may be idle.
uint64_t quota_idle_us(uint8_t role);

#endif
