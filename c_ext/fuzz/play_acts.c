// play_acts.c: turns the next bytes into an act: a call with arguments that reach deep states, or a while of a board.
#include "play_acts.h"

#define TICK_US 1048576u
#define UNTIL_THE_END (UINT64_MAX - 1u)

uint64_t play_take(play_t *play, uint32_t count) {
    uint64_t value = 0u;
    for (uint32_t i = 0u; i < count; i++) {
        uint64_t byte = 0u;
        if (play->left != 0u) {
            byte = *play->bytes;
            play->bytes++;
            play->left--;
        }
        value |= byte << (8u * i);
    }
    return value;
}

// Flips a bit of a safety variable or of its complement, like a memory fault. At most one: the same bit in both halves
// is more than a complement can detect.
static void flip(play_t *play, uint32_t which) {
    guard_t *guard = &play->core.guard;
    guard_word_t *words[] = {&guard->commanded,    &guard->confirmed,   &guard->permitted,     &guard->fault,
                             &guard->alive_tick,   &guard->free_tick,   &guard->last_tick,     &guard->last_low_us,
                             &guard->spacing_us,   &guard->recorded,    &guard->head,          &guard->history_length,
                             &guard->hour_strokes, &guard->day_strokes, &guard->bolus_strokes, &guard->basal_mu_per_h};
    if (!play->flipped) {
        const play_call_t made = {.name = PLAY_FLIP, .now_us = play->now_us, .argument = which};
        play->flipped = true;
        play_before(play, &made);
        guard_word_t *word = words[which % 16u];
        uint32_t *half = ((which & 0x10u) != 0u) ? &word->value : &word->check;
        *half ^= (uint32_t)1u << ((which >> 8u) % 32u);
        play_after(play, &made);
    }
}

static uint32_t rate(play_t *play) {
    const uint32_t chosen = (uint32_t)play_take(play, 2u);
    // Mostly the 0.05 U/h steps that a person can program.
    return ((chosen & 1u) != 0u) ? chosen : ((chosen % 701u) * 50u);
}

static void any_limits(play_t *play) {
    const guard_limits_t hard = {35000u, 40000u, 60000u, 500000u};
    const uint32_t form = (uint32_t)play_take(play, 1u);
    play_call_t call = {.name = PLAY_SET_LIMITS, .now_us = play->now_us, .limits = hard};
    const uint32_t quantum_mu = play->core.guard.stroke_uu / 1000u;
    call.limits.max_basal_mu_per_h = ((form & 1u) != 0u) ? (uint32_t)play_take(play, 2u) : hard.max_basal_mu_per_h;
    call.limits.max_bolus_mu = ((form & 2u) != 0u) ? (uint32_t)play_take(play, 2u) : hard.max_bolus_mu;
    call.limits.max_hour_mu = ((form & 4u) != 0u) ? (uint32_t)play_take(play, 2u) : hard.max_hour_mu;
    call.limits.max_day_mu = ((form & 8u) != 0u) ? (uint32_t)play_take(play, 3u) : 150000u;
    if ((form & 16u) != 0u) {
        // A few strokes in an hour, so that caps are reached soon.
        call.limits.max_hour_mu = (call.limits.max_hour_mu % 16u) * quantum_mu;
    }
    if ((form & 32u) != 0u) {
        call.limits.max_day_mu = (call.limits.max_day_mu % 40u) * quantum_mu;
    }
    (void)play_call(play, call);
}

static void any_bolus(play_t *play) {
    const uint32_t form = (uint32_t)play_take(play, 1u);
    play_call_t call = {.name = PLAY_BOLUS, .now_us = play->now_us};
    call.argument = ((form & 1u) != 0u) ? play_take(play, 1u) : 0u;
    call.third = ((form & 2u) != 0u) ? (uint32_t)play_take(play, 1u) : 0u;
    if ((form & 2u) != 0u) {
        // A duration in minutes, or its limits to the µs.
        static const uint64_t edges_us[] = {1799999999u, 1800000000u, 86400000000u, 86400000001u};
        call.second =
            ((form & 4u) != 0u) ? edges_us[(form >> 3u) & 3u] : ((30u + (play_take(play, 2u) % 1411u)) * 60000000u);
    }
    if ((form & 0xe0u) == 0xe0u) {
        call.argument = play_take(play, 4u);
        call.third = (uint32_t)play_take(play, 4u);
    }
    (void)play_call(play, call);
}

static void any_temp(play_t *play) {
    const uint32_t form = (uint32_t)play_take(play, 1u);
    play_call_t call = {.name = PLAY_TEMP_BASAL, .now_us = play->now_us};
    call.temp = ((form & 1u) != 0u) ? BASAL_TEMP_RATE : BASAL_TEMP_PERCENT;
    call.third = ((form & 1u) != 0u) ? rate(play) : (uint32_t)(play_take(play, 1u) % 210u);
    call.second = ((form & 2u) != 0u) ? (play_take(play, 5u) % 86400000002u) : (play_take(play, 1u) * 360000000u);
    if ((form & 0xf0u) == 0xf0u) {
        call.temp = ((form & 4u) != 0u) ? BASAL_TEMP_NONE : (basal_temp_t)3;
    }
    (void)play_call(play, call);
}

static void plan(play_t *play) {
    const uint32_t form = (uint32_t)play_take(play, 1u);
    play_call_t call = {.name = PLAY_PLAN_BASAL, .now_us = play->now_us, .argument = rate(play)};
    call.second = play->now_us +
                  (((form & 1u) != 0u) ? (play_take(play, 5u) % 86400000002u) : (play_take(play, 1u) * 360000000u));
    (void)play_call(play, call);
}

// Moves to where the last stroke but `back` leaves the window, a little before or after.
static void window_edge(play_t *play, uint32_t shape) {
    const guard_t *guard = &play->core.guard;
    const uint32_t back = (shape & 15u) + 1u;
    const uint32_t length = play->config.history_length;
    if ((guard->recorded.value >= back) && (back <= length)) {
        const uint32_t at = ((guard->head.value % length) + length - back) % length;
        const uint64_t window_us = (((shape & 16u) != 0u) ? 24u : 1u) * 3600000000ull;
        // The history only has ticks: the stroke began up to a tick later. So use 32nds of a tick, from one before to
        // seven after.
        const uint64_t edge_us =
            ((uint64_t)play->history[at] * TICK_US) + window_us + ((shape >> 8u) * (TICK_US / 32u)) - TICK_US;
        if (edge_us > play->now_us) {
            play_step(play, edge_us - play->now_us);
        }
    }
}

// A request with an old time: within a supervisor's turn, at the limit of that, or older.
static void old_reading(play_t *play, uint64_t shape) {
    static const play_name_t names[] = {PLAY_SET_BASAL, PLAY_BOLUS,  PLAY_CANCEL_BOLUS, PLAY_SUSPEND,
                                        PLAY_RESUME,    PLAY_SETTLE, PLAY_CANCEL_TEMP,  PLAY_TEMP_BASAL};
    play_call_t call = {.name = names[shape % 8u], .argument = 1u, .temp = BASAL_TEMP_PERCENT, .second = 60000000u};
    uint64_t back_us = shape & 0x3fffu;
    if ((shape & 0x8000u) != 0u) {
        back_us = ((shape & 0x4000u) != 0u) ? (back_us * 1000u) : ((GUARD_BUSY_MAX_US - 8u) + (back_us >> 10u));
    }
    call.now_us = (play->now_us > back_us) ? (play->now_us - back_us) : 0u;
    call.second = (call.name == PLAY_TEMP_BASAL) ? 60000000u : 0u;
    (void)play_call(play, call);
}

// Just before the stroke is due, when it is, or later, with the supervisor's promise or without.
static void service_around_due(play_t *play, uint32_t shape) {
    const uint64_t due_us = play_simple(play, PLAY_NEXT, 0u);
    if ((due_us > play->now_us) && (due_us < play->end_us)) {
        const uint64_t before_us = due_us - play->now_us - 1u;
        if (before_us > 3600000000u) {
            play_step(play, before_us);
        } else if ((shape & 1u) != 0u) {
            (void)play_simple(play, PLAY_PROMISE, due_us);
            play->now_us += before_us;
        } else {
            play->now_us += before_us;
            (void)play_simple(play, PLAY_SETTLE, 0u);
        }
        play->now_us += (shape >> 1u);
    }
    (void)play_simple(play, PLAY_SERVICE, 0u);
}

static void stop(play_t *play, uint64_t shape) {
    // Rare: a fault is permanent, and would hide everything else.
    if ((shape & 7u) == 7u) {
        const uint64_t back_us = (shape >> 8u) & 0xffu;
        const play_call_t call = {.name = PLAY_STOP,
                                  .now_us = (play->now_us > back_us) ? (play->now_us - back_us) : 0u,
                                  .argument = (uint64_t)GUARD_MEMORY_FAULT + ((shape >> 3u) % 4u)};
        (void)play_call(play, call);
    }
}

void play_act(play_t *play) {
    static const play_name_t plain[] = {PLAY_CANCEL_BOLUS, PLAY_SUSPEND,   PLAY_RESUME, PLAY_RESUME,
                                        PLAY_CANCEL_TEMP,  PLAY_CONFIRMED, PLAY_ENDED,  PLAY_RECONCILE,
                                        PLAY_ALIVE,        PLAY_SETTLE,    PLAY_RELOAD, PLAY_SERVICE};
    const uint32_t what = (uint32_t)play_take(play, 1u) % 40u;
    uint32_t which = 0u;
    switch (what) {
        case 0u:
            play_step(play, play_take(play, 1u));
            break;
        case 1u:
            play_step(play, play_take(play, 2u) * 1000u);
            break;
        case 2u:
            play_step(play, play_take(play, 2u) * 1000000u);
            break;
        case 3u:
            play_step(play, play_take(play, 6u) >> 4u);
            break;
        case 4u:
        case 5u:
            play_good_board(play, UNTIL_THE_END, (uint32_t)play_take(play, 1u) + 1u);
            break;
        case 6u:
            play_good_board(play, play->now_us + (play_take(play, 2u) * 1000000u), 400u);
            break;
        case 7u:
            play_good_board(play, UNTIL_THE_END, 1u);
            break;
        case 8u:
        case 9u:
            (void)play_simple(play, PLAY_SET_BASAL, rate(play));
            break;
        case 10u:
            plan(play);
            break;
        case 11u:
        case 12u:
            any_temp(play);
            break;
        case 13u:
        case 14u:
        case 15u:
            any_bolus(play);
            break;
        case 16u:
        case 17u:
            any_limits(play);
            break;
        case 18u:
        case 19u:
            (void)play_simple(play, PLAY_PERMIT, (uint64_t)play->core.guard.commanded.value + 1u);
            break;
        case 20u:
            (void)play_simple(play, PLAY_PERMIT, play_take(play, 4u));
            break;
        case 21u:
        case 22u:
            service_around_due(play, (uint32_t)play_take(play, 1u));
            break;
        case 23u:
            old_reading(play, play_take(play, 2u));
            break;
        case 24u:
            window_edge(play, (uint32_t)play_take(play, 2u));
            (void)play_simple(play, PLAY_SERVICE, 0u);
            break;
        case 25u:
            stop(play, play_take(play, 3u));
            break;
        case 26u:
            which = (uint32_t)play_take(play, 2u);
            if ((which & 0x60u) == 0x60u) {
                flip(play, which);
            }
            break;
        case 27u:
            play_bad_board(play, play_take(play, 1u));
            break;
        case 28u:
            (void)play_simple(play, PLAY_USED, GUARD_HOUR_TICKS);
            (void)play_simple(play, PLAY_USED, GUARD_DAY_TICKS);
            break;
        case 29u:
            (void)play_simple(play, PLAY_PROMISE, play->now_us + (play_take(play, 4u) - 1u));
            break;
        case 30u:
            (void)play_simple(play, PLAY_PART, play_take(play, 8u));
            break;
        default:
            (void)play_simple(play, plain[(what - 31u + (uint32_t)play_take(play, 1u)) % 12u], what & 1u);
            break;
    }
}
