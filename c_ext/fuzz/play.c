#include "play.h"

#include <string.h>

#include "play_parts.h"

// The specification's span: ten years of µs from the clock's starting value.
#define SPAN_US 315576000000000ull
#define BEGIN_BITS 50u
#define TICK_US 1048576u
#define BURST_US 40000u
#define UNTIL_THE_END (UINT64_MAX - 1u)

static uint64_t take(play_t *play, uint32_t count) {
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

// Saves, starts over with the same memory, and loads; returns STATE_OK, or the invariant that the load refused.
static uint64_t reload(play_t *play, uint64_t now_us) {
    uint8_t bytes[STATE_BYTES];
    state_save(&play->core, now_us, bytes);
    (void)core_init(&play->core, now_us, &play->config);
    return (uint64_t)state_load(&play->core, now_us, bytes);
}

uint64_t play_call(play_t *play, play_call_t call) {
    core_t *core = &play->core;
    const uint64_t now_us = call.now_us;
    const uint32_t argument = (uint32_t)call.argument;
    play_before(play, &call);
    switch (call.name) {
        case PLAY_INIT:
            call.result = core_init(core, now_us, &play->config) ? 1u : 0u;
            break;
        case PLAY_SETTLE:
            call.result = (uint64_t)core_settle(core, now_us);
            break;
        case PLAY_PROMISE:
            call.result = core_promise(core, now_us, call.argument) ? 1u : 0u;
            break;
        case PLAY_ALIVE:
            call.result = core_alive(core, now_us) ? 1u : 0u;
            break;
        case PLAY_SET_BASAL:
            call.result = (uint64_t)core_set_basal(core, now_us, argument);
            break;
        case PLAY_PLAN_BASAL:
            call.result = (uint64_t)core_plan_basal(core, now_us, call.second, argument);
            break;
        case PLAY_TEMP_BASAL:
            call.result = (uint64_t)core_temp_basal(core, now_us, call.temp, call.third, call.second);
            break;
        case PLAY_CANCEL_TEMP:
            call.result = (uint64_t)core_cancel_temp(core, now_us);
            break;
        case PLAY_BOLUS:
            call.result = (uint64_t)core_bolus(core, now_us, argument, call.third, call.second);
            break;
        case PLAY_CANCEL_BOLUS:
            call.result = (uint64_t)core_cancel_bolus(core, now_us);
            break;
        case PLAY_SUSPEND:
            call.result = (uint64_t)core_suspend(core, now_us);
            break;
        case PLAY_RESUME:
            call.result = (uint64_t)core_resume(core, now_us);
            break;
        case PLAY_SET_LIMITS:
            call.result = (uint64_t)core_set_limits(core, &call.limits, &call.refused);
            break;
        case PLAY_PERMIT:
            call.result = core_permit(core, argument) ? 1u : 0u;
            break;
        case PLAY_STOP:
            core_stop(core, now_us, (guard_verdict_t)argument);
            break;
        case PLAY_NEXT:
            call.result = core_next_us(core);
            break;
        case PLAY_SERVICE:
            call.result = (uint64_t)core_service(core, now_us);
            play->strokes += (call.result == (uint64_t)CORE_STROKE) ? 1u : 0u;
            break;
        case PLAY_CONFIRMED:
            core_stroke_confirmed(core);
            break;
        case PLAY_ENDED:
            core_stroke_ended(core);
            break;
        case PLAY_RECONCILE:
            call.result = (uint64_t)state_reconcile(core, now_us, argument);
            break;
        case PLAY_USED:
            call.result = guard_used_strokes(&core->guard, now_us, argument);
            break;
        case PLAY_RELOAD:
            call.result = reload(play, now_us);
            break;
        case PLAY_PART:
            call.result = play_part(call.argument);
            break;
        case PLAY_FLIP:
        default:
            break;
    }
    play_after(play, &call);
    return call.result;
}

static uint64_t simple(play_t *play, play_name_t name, uint64_t argument) {
    const play_call_t call = {.name = name, .now_us = play->now_us, .argument = argument};
    return play_call(play, call);
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
    const uint32_t chosen = (uint32_t)take(play, 2u);
    // Mostly the 0.05 U/h steps that a person can program.
    return ((chosen & 1u) != 0u) ? chosen : ((chosen % 701u) * 50u);
}

static void any_limits(play_t *play) {
    const guard_limits_t hard = {35000u, 40000u, 60000u, 500000u};
    const uint32_t form = (uint32_t)take(play, 1u);
    play_call_t call = {.name = PLAY_SET_LIMITS, .now_us = play->now_us, .limits = hard};
    const uint32_t quantum_mu = play->core.guard.stroke_uu / 1000u;
    call.limits.max_basal_mu_per_h = ((form & 1u) != 0u) ? (uint32_t)take(play, 2u) : hard.max_basal_mu_per_h;
    call.limits.max_bolus_mu = ((form & 2u) != 0u) ? (uint32_t)take(play, 2u) : hard.max_bolus_mu;
    call.limits.max_hour_mu = ((form & 4u) != 0u) ? (uint32_t)take(play, 2u) : hard.max_hour_mu;
    call.limits.max_day_mu = ((form & 8u) != 0u) ? (uint32_t)take(play, 3u) : 150000u;
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
    const uint32_t form = (uint32_t)take(play, 1u);
    play_call_t call = {.name = PLAY_BOLUS, .now_us = play->now_us};
    call.argument = ((form & 1u) != 0u) ? take(play, 1u) : 0u;
    call.third = ((form & 2u) != 0u) ? (uint32_t)take(play, 1u) : 0u;
    if ((form & 2u) != 0u) {
        // A duration in minutes, or its limits to the µs.
        static const uint64_t edges_us[] = {1799999999u, 1800000000u, 86400000000u, 86400000001u};
        call.second =
            ((form & 4u) != 0u) ? edges_us[(form >> 3u) & 3u] : ((30u + (take(play, 2u) % 1411u)) * 60000000u);
    }
    if ((form & 0xe0u) == 0xe0u) {
        call.argument = take(play, 4u);
        call.third = (uint32_t)take(play, 4u);
    }
    (void)play_call(play, call);
}

static void any_temp(play_t *play) {
    const uint32_t form = (uint32_t)take(play, 1u);
    play_call_t call = {.name = PLAY_TEMP_BASAL, .now_us = play->now_us};
    call.temp = ((form & 1u) != 0u) ? BASAL_TEMP_RATE : BASAL_TEMP_PERCENT;
    call.third = ((form & 1u) != 0u) ? rate(play) : (uint32_t)(take(play, 1u) % 210u);
    call.second = ((form & 2u) != 0u) ? (take(play, 5u) % 86400000002u) : (take(play, 1u) * 360000000u);
    if ((form & 0xf0u) == 0xf0u) {
        call.temp = ((form & 4u) != 0u) ? BASAL_TEMP_NONE : (basal_temp_t)3;
    }
    (void)play_call(play, call);
}

static void plan(play_t *play) {
    const uint32_t form = (uint32_t)take(play, 1u);
    play_call_t call = {.name = PLAY_PLAN_BASAL, .now_us = play->now_us, .argument = rate(play)};
    call.second =
        play->now_us + (((form & 1u) != 0u) ? (take(play, 5u) % 86400000002u) : (take(play, 1u) * 360000000u));
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
    const uint64_t due_us = simple(play, PLAY_NEXT, 0u);
    if ((due_us > play->now_us) && (due_us < play->end_us)) {
        const uint64_t before_us = due_us - play->now_us - 1u;
        if (before_us > 3600000000u) {
            play_step(play, before_us);
        } else if ((shape & 1u) != 0u) {
            (void)simple(play, PLAY_PROMISE, due_us);
            play->now_us += before_us;
        } else {
            play->now_us += before_us;
            (void)simple(play, PLAY_SETTLE, 0u);
        }
        play->now_us += (shape >> 1u);
    }
    (void)simple(play, PLAY_SERVICE, 0u);
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

static void one(play_t *play) {
    static const play_name_t plain[] = {PLAY_CANCEL_BOLUS, PLAY_SUSPEND,   PLAY_RESUME, PLAY_RESUME,
                                        PLAY_CANCEL_TEMP,  PLAY_CONFIRMED, PLAY_ENDED,  PLAY_RECONCILE,
                                        PLAY_ALIVE,        PLAY_SETTLE,    PLAY_RELOAD, PLAY_SERVICE};
    const uint32_t what = (uint32_t)take(play, 1u) % 40u;
    uint32_t which = 0u;
    switch (what) {
        case 0u:
            play_step(play, take(play, 1u));
            break;
        case 1u:
            play_step(play, take(play, 2u) * 1000u);
            break;
        case 2u:
            play_step(play, take(play, 2u) * 1000000u);
            break;
        case 3u:
            play_step(play, take(play, 6u) >> 4u);
            break;
        case 4u:
        case 5u:
            play_good_board(play, UNTIL_THE_END, (uint32_t)take(play, 1u) + 1u);
            break;
        case 6u:
            play_good_board(play, play->now_us + (take(play, 2u) * 1000000u), 400u);
            break;
        case 7u:
            play_good_board(play, UNTIL_THE_END, 1u);
            break;
        case 8u:
        case 9u:
            (void)simple(play, PLAY_SET_BASAL, rate(play));
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
            (void)simple(play, PLAY_PERMIT, (uint64_t)play->core.guard.commanded.value + 1u);
            break;
        case 20u:
            (void)simple(play, PLAY_PERMIT, take(play, 4u));
            break;
        case 21u:
        case 22u:
            service_around_due(play, (uint32_t)take(play, 1u));
            break;
        case 23u:
            old_reading(play, take(play, 2u));
            break;
        case 24u:
            window_edge(play, (uint32_t)take(play, 2u));
            (void)simple(play, PLAY_SERVICE, 0u);
            break;
        case 25u:
            stop(play, take(play, 3u));
            break;
        case 26u:
            which = (uint32_t)take(play, 2u);
            if ((which & 0x60u) == 0x60u) {
                flip(play, which);
            }
            break;
        case 27u:
            play_bad_board(play, take(play, 1u));
            break;
        case 28u:
            (void)simple(play, PLAY_USED, GUARD_HOUR_TICKS);
            (void)simple(play, PLAY_USED, GUARD_DAY_TICKS);
            break;
        case 29u:
            (void)simple(play, PLAY_PROMISE, play->now_us + (take(play, 4u) - 1u));
            break;
        case 30u:
            (void)simple(play, PLAY_PART, take(play, 8u));
            break;
        default:
            (void)simple(play, plain[(what - 31u + (uint32_t)take(play, 1u)) % 12u], what & 1u);
            break;
    }
}

void play(play_t *play, const uint8_t *bytes, size_t size) {
    // Anything but zero, to reveal a core that reads memory that it has not written.
    memset(&play->core, 0xa5, sizeof(play->core));
    memset(&play->config, 0, sizeof(play->config));
    memset(play->history, 0xa5, sizeof(play->history));
    play->now_us = 0u;
    play->strokes = 0u;
    play->flipped = false;
    play->bytes = bytes;
    play->left = size;
    const uint32_t shape = (uint32_t)take(play, 1u);
    play->config.stroke_nl = ((shape & 1u) != 0u) ? 125u : 500u;
    play->config.concentration_u_per_ml = ((shape & 2u) != 0u) ? (uint32_t)take(play, 2u) : 400u;
    play->config.burst_us = BURST_US;
    play->config.spacing_us = ((shape & 8u) != 0u) ? (play->config.stroke_nl * 2000u) : 0u;
    if ((shape & 16u) != 0u) {
        play->config.spacing_us = (uint32_t)take(play, 4u);
        play->config.stroke_nl = (uint32_t)take(play, 2u);
        play->config.burst_us = (uint32_t)take(play, 3u);
    }
    // Room for the default day, for the hard one, or for a few strokes only.
    const uint32_t day_mu = ((shape & 32u) != 0u) ? 500000u : 150000u;
    const uint64_t stroke_uu = (uint64_t)play->config.stroke_nl * play->config.concentration_u_per_ml;
    const uint64_t room = (stroke_uu == 0u) ? 0u : ((day_mu * 1000ull) / stroke_uu);
    play->config.history_length = (room > PLAY_HISTORY_MAX) ? PLAY_HISTORY_MAX : (uint32_t)room;
    if ((shape & 4u) != 0u) {
        play->config.history_length = (uint32_t)take(play, 1u);
    }
    play->config.history = play->history;
    if ((shape & 64u) != 0u) {
        play->now_us = take(play, 7u) & (((uint64_t)1u << BEGIN_BITS) - 1u);
    }
    play->end_us = play->now_us + SPAN_US;
    if (simple(play, PLAY_INIT, 0u) != 0u) {
        if ((shape & 128u) == 0u) {
            (void)simple(play, PLAY_PERMIT, 1u);
        }
        while ((play->left != 0u) && (play->strokes < PLAY_STROKES_MAX)) {
            one(play);
        }
    }
}
