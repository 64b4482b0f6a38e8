#include "play.h"

#include <string.h>

#include "play_parts.h"

// The specification's span: ten years of µs from wherever the clock began.
#define SPAN_US 315576000000000ull
#define BEGIN_BITS 50u
#define TICK_US 1048576u

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

static void step(play_t *play, uint64_t us) {
    play->now_us = ((play->end_us - play->now_us) < us) ? play->end_us : (play->now_us + us);
}

static uint64_t call(play_t *play, play_name_t name, uint64_t now_us, uint64_t argument) {
    play_call_t made = {.name = name, .now_us = now_us, .argument = argument};
    core_t *core = &play->core;
    play_before(play, &made);
    switch (name) {
        case PLAY_INIT:
            made.result = core_init(core, now_us, &play->config, play->history, play->history_length) ? 1u : 0u;
            break;
        case PLAY_SET_BASAL:
            made.result = (uint64_t)core_set_basal(core, now_us, (uint32_t)argument);
            break;
        case PLAY_BOLUS:
            made.result = (uint64_t)core_bolus(core, now_us, (uint32_t)argument);
            break;
        case PLAY_CANCEL_BOLUS:
            made.result = (uint64_t)core_cancel_bolus(core, now_us);
            break;
        case PLAY_SUSPEND:
            made.result = (uint64_t)core_suspend(core, now_us);
            break;
        case PLAY_RESUME:
            made.result = (uint64_t)core_resume(core, now_us);
            break;
        case PLAY_PERMIT:
            made.result = core_permit(core, (uint32_t)argument) ? 1u : 0u;
            break;
        case PLAY_STOP:
            core_stop(core, now_us, (guard_verdict_t)argument);
            break;
        case PLAY_NEXT:
            made.result = core_next_us(core);
            break;
        case PLAY_SERVICE:
            made.result = (uint64_t)core_service(core, now_us);
            play->strokes += (made.result == (uint64_t)CORE_STROKE) ? 1u : 0u;
            break;
        case PLAY_CONFIRMED:
            core_stroke_confirmed(core);
            break;
        case PLAY_ENDED:
            core_stroke_ended(core);
            break;
        case PLAY_RUNNING:
            made.result = core_bolus_running(core) ? 1u : 0u;
            break;
        case PLAY_USED:
            made.result = guard_used_strokes(&core->guard, now_us, (uint32_t)argument);
            break;
        case PLAY_PART:
            made.result = play_part(argument);
            break;
        case PLAY_SET_LIMITS:
        case PLAY_FLIP:
        default:
            break;
    }
    play_after(play, &made);
    return made.result;
}

static void set_limits(play_t *play, const guard_limits_t *limits) {
    play_call_t made = {.name = PLAY_SET_LIMITS, .now_us = play->now_us, .limits = *limits};
    play_before(play, &made);
    made.result = (uint64_t)core_set_limits(&play->core, limits, &made.refused);
    play_after(play, &made);
}

// A bit of a safety variable, or of its complement, flips: as a memory fault would.
static void flip(play_t *play, uint32_t which) {
    guard_t *guard = &play->core.guard;
    guard_word_t *words[] = {&guard->commanded,      &guard->confirmed,   &guard->permitted,
                             &guard->hour_strokes,   &guard->day_strokes, &guard->bolus_strokes,
                             &guard->basal_mu_per_h, &guard->spacing_us,  &guard->fault};
    play_call_t made = {.name = PLAY_FLIP, .now_us = play->now_us, .argument = which};
    play_before(play, &made);
    guard_word_t *word = words[which % (sizeof(words) / sizeof(words[0]))];
    uint32_t *half = ((which & 0x80u) != 0u) ? &word->value : &word->check;
    *half ^= (uint32_t)1u << ((which >> 8u) % 32u);
    play_after(play, &made);
}

// As a board without faults does: starts due strokes on time, sees them, permits the next.
static void good_board(play_t *play, uint64_t until_us, uint32_t strokes) {
    for (uint32_t i = 0u; (i < strokes) && (play->strokes < PLAY_STROKES_MAX); i++) {
        const uint64_t due_us = call(play, PLAY_NEXT, play->now_us, 0u);
        if ((due_us > until_us) || (due_us > play->end_us)) {
            break;
        }
        if (due_us > play->now_us) {
            play->now_us = due_us;
        }
        const uint64_t action = call(play, PLAY_SERVICE, play->now_us, 0u);
        if (action == (uint64_t)CORE_STROKE) {
            (void)call(play, PLAY_CONFIRMED, play->now_us, 0u);
            (void)call(play, PLAY_ENDED, play->now_us, 0u);
            (void)call(play, PLAY_PERMIT, play->now_us, (uint64_t)play->core.guard.commanded.value + 1u);
        }
    }
    if ((play->now_us < until_us) && (until_us < play->end_us)) {
        play->now_us = until_us;
    }
}

// As a board with a faulty stroke sensor does: an edge may be missing or doubled.
static void bad_board(play_t *play, uint64_t edges) {
    for (uint32_t i = 0u; (i < 4u) && (play->strokes < PLAY_STROKES_MAX); i++) {
        const uint64_t due_us = call(play, PLAY_NEXT, play->now_us, 0u);
        if (due_us > play->end_us) {
            break;
        }
        if (due_us > play->now_us) {
            play->now_us = due_us;
        }
        (void)call(play, PLAY_SERVICE, play->now_us, 0u);
        for (uint64_t seen = (edges >> (2u * i)) & 3u; seen > 1u; seen--) {
            (void)call(play, PLAY_CONFIRMED, play->now_us, 0u);
        }
        (void)call(play, PLAY_ENDED, play->now_us, 0u);
        (void)call(play, PLAY_PERMIT, play->now_us, (uint64_t)play->core.guard.commanded.value + 1u);
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
    guard_limits_t limits = hard;
    limits.max_basal_mu_per_h = ((form & 1u) != 0u) ? (uint32_t)take(play, 2u) : hard.max_basal_mu_per_h;
    limits.max_bolus_mu = ((form & 2u) != 0u) ? (uint32_t)take(play, 2u) : hard.max_bolus_mu;
    limits.max_hour_mu = ((form & 4u) != 0u) ? (uint32_t)take(play, 2u) : hard.max_hour_mu;
    limits.max_day_mu = ((form & 8u) != 0u) ? (uint32_t)take(play, 3u) : hard.max_day_mu;
    if ((form & 16u) != 0u) {
        // A few strokes in an hour, so that caps are met soon.
        limits.max_hour_mu = (limits.max_hour_mu % 16u) * (play->core.stroke_uu / 1000u);
    }
    if ((form & 32u) != 0u) {
        limits.max_day_mu = (limits.max_day_mu % 40u) * (play->core.stroke_uu / 1000u);
    }
    set_limits(play, &limits);
}

// To where the last stroke but `back` leaves the window, a little before or after.
static void window_edge(play_t *play, uint32_t shape) {
    const guard_t *guard = &play->core.guard;
    const uint32_t back = (shape & 15u) + 1u;
    if ((guard->commanded.value >= back) && (back <= play->history_length)) {
        const uint32_t head = guard->head.value % play->history_length;
        const uint32_t at = (head + play->history_length - back) % play->history_length;
        const uint64_t window_us = (((shape & 16u) != 0u) ? 24u : 1u) * 3600000000ull;
        // History has ticks only: the stroke began up to a tick later. So 32nds of a tick, from one before to seven after.
        const uint64_t edge_us =
            ((uint64_t)play->history[at] * TICK_US) + window_us + ((shape >> 8u) * (TICK_US / 32u)) - TICK_US;
        if (edge_us > play->now_us) {
            step(play, edge_us - play->now_us);
        }
    }
}

static void one(play_t *play) {
    const uint32_t what = (uint32_t)take(play, 1u) % 36u;
    uint64_t due_us = 0u;
    switch (what) {
        case 0u:
            step(play, take(play, 1u));
            break;
        case 1u:
            step(play, take(play, 2u) * 1000u);
            break;
        case 2u:
            step(play, take(play, 2u) * 1000000u);
            break;
        case 3u:
            step(play, take(play, 6u) >> 4u);
            break;
        case 4u:
        case 5u:
            good_board(play, UINT64_MAX - 1u, (uint32_t)take(play, 1u) + 1u);
            break;
        case 6u:
            good_board(play, play->now_us + (take(play, 2u) * 1000000u), 400u);
            break;
        case 7u:
            good_board(play, UINT64_MAX - 1u, 1u);
            break;
        case 8u:
        case 9u:
        case 10u:
            (void)call(play, PLAY_SET_BASAL, play->now_us, rate(play));
            break;
        case 11u:
        case 12u:
            (void)call(play, PLAY_BOLUS, play->now_us, take(play, 1u));
            break;
        case 13u:
            (void)call(play, PLAY_BOLUS, play->now_us, take(play, 4u));
            break;
        case 14u:
            (void)call(play, PLAY_CANCEL_BOLUS, play->now_us, 0u);
            break;
        case 15u:
            (void)call(play, PLAY_SUSPEND, play->now_us, 0u);
            break;
        case 16u:
        case 17u:
            (void)call(play, PLAY_RESUME, play->now_us, 0u);
            break;
        case 18u:
        case 19u:
            any_limits(play);
            break;
        case 20u:
        case 21u:
            (void)call(play, PLAY_PERMIT, play->now_us, (uint64_t)play->core.guard.commanded.value + 1u);
            break;
        case 22u:
            (void)call(play, PLAY_PERMIT, play->now_us, take(play, 4u));
            break;
        case 23u:
            (void)call(play, PLAY_SERVICE, play->now_us, 0u);
            break;
        case 24u:
        case 25u:
            due_us = call(play, PLAY_NEXT, play->now_us, 0u);
            // Just before it is due, when it is, or later.
            due_us += take(play, 1u) >> 1u;
            if ((due_us > play->now_us) && (due_us <= play->end_us)) {
                play->now_us = due_us - 1u;
            }
            (void)call(play, PLAY_SERVICE, play->now_us, 0u);
            break;
        case 26u:
            (void)call(play, PLAY_CONFIRMED, play->now_us, 0u);
            break;
        case 27u:
            (void)call(play, PLAY_ENDED, play->now_us, 0u);
            break;
        case 28u:
            (void)call(play, PLAY_RUNNING, play->now_us, 0u);
            (void)call(play, PLAY_USED, play->now_us, GUARD_HOUR_TICKS);
            (void)call(play, PLAY_USED, play->now_us, GUARD_DAY_TICKS);
            break;
        case 29u: {
            // A request with an old time.
            const uint64_t back_us = take(play, 2u);
            const play_name_t names[] = {PLAY_SET_BASAL, PLAY_BOLUS, PLAY_CANCEL_BOLUS, PLAY_SUSPEND, PLAY_RESUME};
            (void)call(play, names[back_us % 5u], (play->now_us > back_us) ? (play->now_us - back_us) : 0u, 1u);
            break;
        }
        case 30u:
            window_edge(play, (uint32_t)take(play, 2u));
            (void)call(play, PLAY_SERVICE, play->now_us, 0u);
            break;
        case 31u: {
            // Rare: a fault is for good, and nothing else would be seen.
            const uint64_t shape = take(play, 3u);
            if ((shape & 7u) == 7u) {
                const uint64_t back_us = (shape >> 8u) & 0xffu;
                (void)call(play, PLAY_STOP, (play->now_us > back_us) ? (play->now_us - back_us) : 0u,
                           (uint64_t)GUARD_MEMORY_FAULT + ((shape >> 3u) % 3u));
            }
            break;
        }
        case 32u: {
            const uint32_t which = (uint32_t)take(play, 2u);
            // One at most: the same bit in both halves is beyond what a complement can tell.
            if (((which & 0x30u) == 0x30u) && !play->flipped) {
                play->flipped = true;
                flip(play, which);
            }
            break;
        }
        case 33u:
        case 34u:
            bad_board(play, take(play, 1u));
            break;
        case 35u:
        default:
            (void)call(play, PLAY_PART, play->now_us, take(play, 8u));
            break;
    }
}

void play(play_t *play, const uint8_t *bytes, size_t size) {
    static const motion_motor_t motors[] = {{24u, 400u, 2000u, 20000u}, {96u, 200u, 1000u, 4000u}};
    // Anything but zero: a core that reads what it has not written is to be found out.
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
    play->config.motor = motors[(shape >> 2u) & 1u];
    play->config.spacing_us = ((shape & 8u) != 0u) ? (play->config.stroke_nl * 2000u) : 0u;
    if ((shape & 16u) != 0u) {
        play->config.spacing_us = (uint32_t)take(play, 4u);
        play->config.stroke_nl = (uint32_t)take(play, 2u);
        play->config.motor.steps_per_stroke = (uint32_t)take(play, 1u);
    }
    // Room for the default day, exactly, or for the hard one.
    const uint32_t day_mu = ((shape & 32u) != 0u) ? 500000u : 150000u;
    const uint64_t stroke_uu = (uint64_t)play->config.stroke_nl * play->config.concentration_u_per_ml;
    const uint64_t room = (stroke_uu == 0u) ? 0u : ((day_mu * 1000ull) / stroke_uu);
    play->history_length = (room > PLAY_HISTORY_MAX) ? PLAY_HISTORY_MAX : (uint32_t)room;
    if ((shape & 64u) != 0u) {
        play->now_us = take(play, 7u) & (((uint64_t)1u << BEGIN_BITS) - 1u);
    }
    play->end_us = play->now_us + SPAN_US;
    if ((play->history_length != 0u) && (call(play, PLAY_INIT, play->now_us, 0u) != 0u)) {
        if ((shape & 128u) == 0u) {
            (void)call(play, PLAY_PERMIT, play->now_us, 1u);
        }
        while ((play->left != 0u) && (play->strokes < PLAY_STROKES_MAX)) {
            one(play);
        }
    }
}
