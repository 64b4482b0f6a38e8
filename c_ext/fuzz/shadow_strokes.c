// shadow_strokes.c: the shadow's judgement of the interrupt: what may start a stroke, and what a fault leaves.
#include <string.h>

#include "shadow.h"

// Is there room under `cap` for one more stroke at now_us, counting those within the window? Starts never decrease, so
// one look at the start `cap` places back is as good as counting them all.
static bool room(uint64_t now_us, uint64_t window_us, uint32_t cap) {
    return (cap != 0u) && ((shadow.starts < cap) || ((now_us - shadow.starts_us[shadow.starts - cap]) >= window_us));
}

// A fault is latched, or its flipped bit counts as one. Only the first stop has a time.
static bool had_stopped(void) {
    return (shadow.before.guard.fault.value != 0u) || (shadow.before.guard.fault.check != UINT32_MAX);
}

void shadow_stop(uint64_t now_us, uint32_t fault) {
    if (!had_stopped()) {
        shadow.words[FAULT] = fault;
        shadow.stopped_us = now_us;
    }
    if (shadow.unconfirmed) {
        shadow.delivered[shadow.armed_kind]++;
    }
    shadow.in_flight = false;
    shadow.unconfirmed = false;
    shadow.armed_us = DOSE_NEVER;
}

static void stroke(const play_t *play, const play_call_t *call) {
    const uint64_t now_us = call->now_us;
    const uint64_t hard_us = play->config.stroke_nl * 2000ull;
    PROMISE("no stroke that is not due", shadow.flipped || (shadow.armed_us <= now_us));
    PROMISE("no stroke while suspended", shadow.flipped || !shadow.books.suspended);
    PROMISE("no stroke after a fault", shadow.words[FAULT] == 0u);
    PROMISE("no stroke without a permit", shadow.words[PERMITTED] == shadow.starts + 1u);
    PROMISE("no stroke in a stroke", !shadow.in_flight);
    PROMISE("no stroke with a wrong safety variable", shadow_words_right(&shadow.before.guard, WORDS_OF_A_START));
    PROMISE("no stroke after a broken promise", shadow.flipped || (now_us < shadow.alive_us));
    PROMISE("hard spacing", (shadow.starts == 0u) || ((now_us - shadow.starts_us[shadow.starts - 1u]) >= hard_us));
    PROMISE("the hour's cap", room(now_us, HOUR_US, shadow.words[HOUR]));
    PROMISE("the day's cap", room(now_us, DAY_US, shadow.words[DAY]));
    PROMISE("confirmed agrees with commanded", (shadow.words[COMMANDED] - shadow.words[CONFIRMED] + 1u) <= 2u);
    shadow.starts_us[shadow.starts] = now_us;
    shadow.starts++;
    shadow.words[COMMANDED] = shadow.starts;
    shadow.in_flight = true;
    shadow.unconfirmed = true;
}

void shadow_service(const play_t *play, const play_call_t *call) {
    const uint64_t now_us = call->now_us;
    const core_action_t action = (core_action_t)call->result;
    if (action == CORE_STROKE) {
        stroke(play, call);
    } else if (action == CORE_WITHHELD) {
        PROMISE("withheld only when due", shadow.flipped || (shadow.armed_us <= now_us));
        PROMISE("withheld at most a minute early", shadow.flipped ||
                                                       !room(now_us, HOUR_US + MARGIN_US, shadow.words[HOUR]) ||
                                                       !room(now_us, DAY_US + MARGIN_US, shadow.words[DAY]));
    } else if (action == CORE_FAULT) {
        PROMISE("a fault has a reason", shadow.flipped || (shadow.words[FAULT] != 0u) ||
                                            ((shadow.words[COMMANDED] - shadow.words[CONFIRMED] + 1u) > 2u) ||
                                            ((now_us + TICK_US) > shadow.alive_us));
        shadow_stop(now_us, play->core.guard.fault.value);
    } else {
        PROMISE("a due stroke is made", shadow.flipped || (now_us < shadow.armed_us));
        PROMISE("nothing done, nothing changed", memcmp(&play->core, &shadow.before, sizeof(core_t)) == 0);
    }
    if ((action == CORE_STROKE) || (action == CORE_WITHHELD)) {
        shadow.event = action;
        shadow.event_us = now_us;
        shadow.armed_us = DOSE_NEVER;
    }
}
