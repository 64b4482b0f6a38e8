#include "play.h"

#include <string.h>

#include "play_acts.h"
#include "play_parts.h"

// The specification's span: ten years of µs from the clock's starting value.
#define SPAN_US 315576000000000ull
#define BEGIN_BITS 50u
#define BURST_US 40000u

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

uint64_t play_simple(play_t *play, play_name_t name, uint64_t argument) {
    const play_call_t call = {.name = name, .now_us = play->now_us, .argument = argument};
    return play_call(play, call);
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
    const uint32_t shape = (uint32_t)play_take(play, 1u);
    play->config.stroke_nl = ((shape & 1u) != 0u) ? 125u : 500u;
    play->config.concentration_u_per_ml = ((shape & 2u) != 0u) ? (uint32_t)play_take(play, 2u) : 400u;
    play->config.burst_us = BURST_US;
    play->config.spacing_us = ((shape & 8u) != 0u) ? (play->config.stroke_nl * 2000u) : 0u;
    if ((shape & 16u) != 0u) {
        play->config.spacing_us = (uint32_t)play_take(play, 4u);
        play->config.stroke_nl = (uint32_t)play_take(play, 2u);
        play->config.burst_us = (uint32_t)play_take(play, 3u);
    }
    // Room for the default day, for the hard one, or for a few strokes only.
    const uint32_t day_mu = ((shape & 32u) != 0u) ? 500000u : 150000u;
    const uint64_t stroke_uu = (uint64_t)play->config.stroke_nl * play->config.concentration_u_per_ml;
    const uint64_t room = (stroke_uu == 0u) ? 0u : ((day_mu * 1000ull) / stroke_uu);
    play->config.history_length = (room > PLAY_HISTORY_MAX) ? PLAY_HISTORY_MAX : (uint32_t)room;
    if ((shape & 4u) != 0u) {
        play->config.history_length = (uint32_t)play_take(play, 1u);
    }
    play->config.history = play->history;
    if ((shape & 64u) != 0u) {
        play->now_us = play_take(play, 7u) & (((uint64_t)1u << BEGIN_BITS) - 1u);
    }
    play->end_us = play->now_us + SPAN_US;
    if (play_simple(play, PLAY_INIT, 0u) != 0u) {
        if ((shape & 128u) == 0u) {
            (void)play_simple(play, PLAY_PERMIT, 1u);
        }
        while ((play->left != 0u) && (play->strokes < PLAY_STROKES_MAX)) {
            play_act(play);
        }
    }
}
