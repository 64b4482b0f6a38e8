// The functions that the interrupt may call, and the ring that the caps rest on. Each is called once, with any arguments;
// besides the invariant its own promises are proved.
#ifndef RELEVE_INTERRUPT_H
#define RELEVE_INTERRUPT_H

#include "words.h"

static void call_alive(void) {
    const uint64_t now_us = any_time();
    const bool broken = core.guard.fault.value == (uint32_t)GUARD_SUPERVISOR;
    PROVE(core_alive(&core, now_us) ==
              ((core.guard.fault.value != (uint32_t)GUARD_SUPERVISOR) && (tick(now_us) <= core.guard.alive_tick.value)),
          "alive: the promise holds, and none was broken");
}

static void call_stop(void) {
    const uint32_t fault = any_u32();
    ASSUME((fault >= GUARD_MEMORY_FAULT) && (fault <= GUARD_SUPERVISOR));
    core_stop(&core, any_time(), (guard_verdict_t)fault);
    no_stroke_started();
    PROVE(faulted(&core) && (core.armed_us == DOSE_NEVER), "stopped: a fault is latched, nothing is armed");
    PROVE(IF(faulted(&before), same_pair(core.guard.fault, before.guard.fault)), "the first fault stays");
    PROVE(core.unconfirmed == 0u, "a stroke cut short counts as delivered");
}

// Look back at the ring: with one more stroke in tick `now`, is the one `cap` places back at least a window away?
static bool room(uint32_t cap, uint32_t window_ticks, uint32_t now) {
    return (cap != 0u) &&
           ((before.guard.commanded.value < cap) || ((now - tick_back(&before.guard, cap)) >= window_ticks));
}

// The guard alone: whatever the core has armed, it lets no stroke pass.
static void call_check(void) {
    const uint64_t now_us = any_time();
    const guard_t *guard = &core.guard;
    if (guard_check(guard, now_us) == GUARD_OK) {
        PROVE(!faulted(&core), "none while faulted: the guard alone lets none pass");
        PROVE(guard->permitted.value == (guard->commanded.value + 1u),
              "none without permit: the guard alone lets none pass");
        PROVE(tick(now_us) <= guard->alive_tick.value,
              "no stroke after a broken promise: the guard alone lets none pass");
        PROVE(((guard->commanded.value - guard->confirmed.value) + 1u) <= 2u,
              "guard and scheduler agree: the guard alone lets none pass");
        PROVE(tick(now_us) >= guard->free_tick.value, "cap never exceeded: the guard alone lets none pass");
    }
}

static void call_service(void) {
    const uint64_t now_us = any_time();
    const guard_t *guard = &before.guard;
    // The last start in full; the guard keeps its tick and low half. Time never runs back.
    const uint64_t last_us = any_u64();
    ASSUME((tick(last_us) == guard->last_tick.value) && ((uint32_t)last_us == guard->last_low_us.value));
    ASSUME(IF(guard->commanded.value != 0u, last_us <= now_us));
    // No stroke in the ring lies after now.
    ASSUME(IF(guard->commanded.value >= guard->hour_strokes.value,
              tick_back(guard, guard->hour_strokes.value) <= tick(now_us)));
    ASSUME(IF(guard->commanded.value >= guard->day_strokes.value,
              tick_back(guard, guard->day_strokes.value) <= tick(now_us)));
    const core_action_t action = core_service(&core, now_us);
    PROVE(same_dose(&core.dose, &before.dose) || ((action == CORE_FAULT) && (before.unconfirmed != 0u)),
          "the interrupt keeps no books");
    PROVE(core.guard.commanded.value == (guard->commanded.value + ((action == CORE_STROKE) ? 1u : 0u)),
          "guard and scheduler agree: a stroke is counted if and only if it starts");
    if (action == CORE_STROKE) {
        PROVE(!faulted(&before), "none while faulted: no stroke");
        PROVE(before.dose.basal.paused == 0u, "none while suspended: no stroke");
        PROVE(guard->permitted.value == (guard->commanded.value + 1u), "none without permit: no stroke");
        PROVE(tick(now_us) <= guard->alive_tick.value, "no stroke after a broken promise");
        PROVE(((guard->commanded.value - guard->confirmed.value) + 1u) <= 2u,
              "guard and scheduler agree: no stroke while the counts disagree");
        PROVE((before.in_flight == 0u) && !has_event(&before), "one stroke at a time");
        PROVE((now_us >= before.armed_us) && (now_us >= before.dose.slot_us), "no stroke before it is due");
        PROVE((guard->commanded.value == 0u) || ((now_us - last_us) >= guard->spacing_us.value), "hard spacing");
        PROVE(room(guard->hour_strokes.value, GUARD_HOUR_TICKS, tick(now_us)), "cap never exceeded: the hour's");
        PROVE(room(guard->day_strokes.value, GUARD_DAY_TICKS, tick(now_us)), "cap never exceeded: the day's");
        PROVE((core.guard.last_tick.value == tick(now_us)) && (core.guard.last_low_us.value == (uint32_t)now_us),
              "the guard remembers the start");
    } else if (action != CORE_FAULT) {
        PROVE(same_guard(&core.guard, &before.guard), "without a stroke the guard is as it was");
    } else {
        PROVE(faulted(&core), "a fault is latched");
    }
}

static void call_confirmed(void) {
    core_stroke_confirmed(&core);
    no_stroke_started();
    PROVE(core.guard.confirmed.value == (before.guard.confirmed.value + 1u), "every edge is counted");
}

static void call_ended(void) {
    core_stroke_ended(&core);
    no_stroke_started();
}

// The ring: entering a stroke puts it in place 1 and moves every other one back by one.
static void call_ring(void) {
    const uint32_t back = any_u32();
    ASSUME((back >= 1u) && (back < core.guard.history_length.value));
    const uint32_t was = tick_back(&core.guard, back);
    const uint32_t newest = core.guard.last_tick.value;
    ASSUME(stroke_pending(&core));
    guard_record(&core.guard);
    PROVE(tick_back(&core.guard, 1u) == ((core.guard.history_length.value == 1u) ? history[0] : newest),
          "cap never exceeded: the newest stroke is first in the ring");
    PROVE(tick_back(&core.guard, back + 1u) == was, "cap never exceeded: the others move back by one");
    PROVE(
        core.guard.head.value ==
            ((before.guard.head.value + 1u) == before.guard.history_length.value ? 0u : (before.guard.head.value + 1u)),
        "the head goes round");
    core = before;
}

#endif
