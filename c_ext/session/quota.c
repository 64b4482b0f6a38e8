#include "quota.h"

#include "slots.h"

void quota_init(quota_t *quota) {
    quota->filled_us = 0u;
    quota->tokens = QUOTA_CHECKS;
    quota->oldest = 0u;
    quota->answered = 0u;
}

bool quota_answer(quota_t *quota, uint64_t now_us) {
    const bool room = quota->answered < QUOTA_ANSWERS;
    const bool allowed = room || ((now_us - quota->answered_us[quota->oldest]) >= QUOTA_ANSWERS_US);
    if (allowed) {
        quota->answered_us[quota->oldest] = now_us;
        quota->oldest = (uint8_t)((quota->oldest + 1u) % QUOTA_ANSWERS);
        if (room) {
            quota->answered++;
        }
    }
    return allowed;
}

bool quota_may_check(quota_t *quota, uint64_t now_us) {
    // At most QUOTA_CHECKS turns: a full bucket starts anew.
    while ((quota->tokens < QUOTA_CHECKS) && ((now_us - quota->filled_us) >= QUOTA_CHECK_US)) {
        quota->tokens++;
        quota->filled_us += QUOTA_CHECK_US;
    }
    if (quota->tokens >= QUOTA_CHECKS) {
        quota->filled_us = now_us;
    }
    return quota->tokens > 0u;
}

void quota_spend(quota_t *quota) {
    if (quota->tokens > 0u) {
        quota->tokens--;
    }
}

uint64_t quota_idle_us(uint8_t role) {
    uint64_t idle_us = QUOTA_IDLE_US;
    if (role == (uint8_t)ROLE_PATIENT) {
        idle_us = QUOTA_IDLE_PATIENT_US;
    } else if (role == (uint8_t)ROLE_BENCH) {
        idle_us = QUOTA_AGE_US;
    } else {
        // The shorter one.
    }
    return idle_us;
}
