// readings.c: the state of the core as it stands, and as bytes for the journal.
#include "../core/state.h"
#include "core_object.h"
#include "py/objarray.h"
#include "py/runtime.h"

// Called before reading the state: enters the interrupt's work since the last call into books and ring. There is no
// stroke number 0, so the permit is refused, and the call only does what every supervisor call does.
static void look(core_t *core) {
    if ((core->event != (uint8_t)CORE_NOTHING) || guard_faulted(&core->guard)) {
        (void)core_permit(core, 0u);
    }
}

// Strokes that count in a window now; a clock that was read before the latest stroke started counts as of the books.
static uint32_t used(const core_t *core, uint64_t now_us, uint32_t window_ticks) {
    const uint64_t books_us = core->dose.basal.at_us;
    return guard_used_strokes(&core->guard, (now_us < books_us) ? books_us : now_us, window_ticks);
}

// Strokes of the last hour (window 0) or day (1).
static mp_obj_t py_used(mp_obj_t self, mp_obj_t now_object, mp_obj_t window) {
    core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    const uint32_t ticks = mp_obj_is_true(window) ? GUARD_DAY_TICKS : GUARD_HOUR_TICKS;
    uint32_t strokes;
    MASKED(look(core); strokes = used(core, now_us, ticks));
    return mp_obj_new_int_from_uint(strokes);
}
MP_DEFINE_CONST_FUN_OBJ_3(dosecore_used_obj, py_used);

// (steps, duration_us, (period_us, …))
static mp_obj_t py_plan(mp_obj_t self_in) {
    const dosecore_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t periods = mp_obj_new_tuple(self->steps, NULL);
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(periods);
    for (uint32_t k = 0u; k < self->steps; k++) {
        tuple->items[k] = MP_OBJ_NEW_SMALL_INT(self->period_us[k]);
    }
    mp_obj_t items[3] = {MP_OBJ_NEW_SMALL_INT(self->steps), mp_obj_new_int_from_uint(self->burst_us), periods};
    return mp_obj_new_tuple(3, items);
}
MP_DEFINE_CONST_FUN_OBJ_1(dosecore_plan_obj, py_plan);

// (basal_mu_per_h, bolus strokes, hour strokes, day strokes) in force
static mp_obj_t py_limits(mp_obj_t self) {
    // Only supervisor calls write them.
    const guard_t *guard = &dosecore_get(self)->guard;
    mp_obj_t items[4] = {
        mp_obj_new_int_from_uint(guard->basal_mu_per_h.value),
        mp_obj_new_int_from_uint(guard->bolus_strokes.value),
        mp_obj_new_int_from_uint(guard->hour_strokes.value),
        mp_obj_new_int_from_uint(guard->day_strokes.value),
    };
    return mp_obj_new_tuple(4, items);
}
MP_DEFINE_CONST_FUN_OBJ_1(dosecore_limits_obj, py_limits);

// save(now_us) -> bytes
static mp_obj_t py_save(mp_obj_t self, mp_obj_t now_us) {
    uint8_t bytes[STATE_BYTES];
    core_t *core = dosecore_get(self);
    const uint64_t at_us = dosecore_get_u64(now_us);
    MASKED(state_save(core, at_us, bytes));
    return mp_obj_new_bytes(bytes, sizeof(bytes));
}
MP_DEFINE_CONST_FUN_OBJ_2(dosecore_save_obj, py_save);

// save_into(now_us, buffer): as save(), without allocating. The first STATE_BYTES of the buffer are written.
static mp_obj_t py_save_into(mp_obj_t self, mp_obj_t now_us, mp_obj_t buffer) {
    mp_buffer_info_t into;
    mp_get_buffer_raise(buffer, &into, MP_BUFFER_WRITE);
    if (into.len < STATE_BYTES) {
        mp_raise_ValueError(MP_ERROR_TEXT("no room for a saved state"));
    }
    core_t *core = dosecore_get(self);
    const uint64_t at_us = dosecore_get_u64(now_us);
    MASKED(state_save(core, at_us, into.buf));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_3(dosecore_save_into_obj, py_save_into);

// ticks() -> ring of every stroke's start: stroke n at (n - 1) % length. The journal stores it, and puts it back before
// load(). The stroke interrupt does not touch it.
static mp_obj_t py_ticks(mp_obj_t self_object) {
    const uint32_t length = dosecore_get(self_object)->guard.history_length.value;
    dosecore_obj_t *self = MP_OBJ_TO_PTR(self_object);
    return mp_obj_new_memoryview('I' | MP_OBJ_ARRAY_TYPECODE_FLAG_RW, length, self->history);
}
MP_DEFINE_CONST_FUN_OBJ_1(dosecore_ticks_obj, py_ticks);

// load(now_us, bytes) -> 0, or the number of the invariant that does not hold
static mp_obj_t py_load(mp_obj_t self, mp_obj_t now_us, mp_obj_t bytes) {
    mp_buffer_info_t from;
    mp_get_buffer_raise(bytes, &from, MP_BUFFER_READ);
    if (from.len != STATE_BYTES) {
        mp_raise_ValueError(MP_ERROR_TEXT("a saved state has another length"));
    }
    core_t *core = dosecore_get(self);
    const uint64_t at_us = dosecore_get_u64(now_us);
    state_invariant_t broken;
    MASKED(broken = state_load(core, at_us, from.buf));
    return MP_OBJ_NEW_SMALL_INT(broken);
}
MP_DEFINE_CONST_FUN_OBJ_3(dosecore_load_obj, py_load);

static void copy_entered(core_t *copy, core_t *live, bool enter) {
    if (enter) {
        look(live);
    }
    *copy = *live;
}

// state() -> the state as it stands. state(now_us) enters the interrupt's work first; the strokes that count in the
// hour and the day are those before now_us (-1 without a time), and the last value is when the next stroke will be due,
// whether it has a permit yet or not. All values are of one instant, in the order of c_ext.host.Core.state();
// firmware/dose_codes.py has the places.
static mp_obj_t py_state(size_t n_args, const mp_obj_t *args) {
    core_t *live = dosecore_get(args[0]);
    const bool asked = n_args > 1u;
    const uint64_t now_us = asked ? dosecore_get_u64(args[1]) : 0u;
    core_t copy;
    MASKED(copy_entered(&copy, live, asked));
    const core_t *core = &copy;
    const dose_t *dose = &core->dose;
    const basal_t *basal = &dose->basal;
    const guard_t *guard = &core->guard;
    mp_obj_t items[56];
    size_t n = 0u;
    for (size_t kind = 0u; kind < DOSE_KINDS; kind++) {
        const ledger_t *ledger = &dose->ledger[kind];
        items[n++] = mp_obj_new_int_from_uint(ledger->programmed);
        items[n++] = mp_obj_new_int_from_uint(ledger->commanded);
        items[n++] = mp_obj_new_int_from_uint(ledger->delivered);
        items[n++] = mp_obj_new_int_from_uint(ledger->abandoned);
    }
    const ledger_t *temp = &dose->ledger[DOSE_KIND_TEMP];
    for (size_t kind = DOSE_KIND_NORMAL; kind < DOSE_KINDS; kind++) {
        const ledger_t *ledger = &dose->ledger[kind];
        items[n++] = mp_obj_new_int_from_uint(ledger->id);
        items[n++] = dosecore_new_u64(ledger->start_us);
        items[n++] = dosecore_new_u64(ledger->end_us);
        items[n++] = MP_OBJ_NEW_SMALL_INT(ledger->reason);
    }
    items[n++] = dosecore_new_u64(temp->start_us);
    items[n++] = dosecore_new_u64(temp->end_us);
    items[n++] = MP_OBJ_NEW_SMALL_INT(temp->reason);
    items[n++] = MP_OBJ_NEW_SMALL_INT(basal->paused);
    items[n++] = mp_obj_new_int_from_uint(basal->schedule.rate_mu_per_h);
    items[n++] = dosecore_new_due(basal->schedule.boundary_us);
    items[n++] = mp_obj_new_int_from_uint(basal->schedule.boundary_mu_per_h);
    items[n++] = MP_OBJ_NEW_SMALL_INT(basal->schedule.temp);
    items[n++] = mp_obj_new_int_from_uint(basal->schedule.temp_value);
    items[n++] = dosecore_new_due(basal->schedule.temp_until_us);
    items[n++] = dosecore_new_u64(dose->slot_us);
    items[n++] = dosecore_new_u64(basal->at_us);
    items[n++] = dosecore_new_u64(basal->pace.owed_q);
    items[n++] = mp_obj_new_int_from_uint(basal->waiting[BASAL_PROGRAMMED]);
    items[n++] = mp_obj_new_int_from_uint(basal->waiting[BASAL_TEMPORARY]);
    items[n++] = dosecore_new_u64(dose->square_pace.owed_q);
    items[n++] = mp_obj_new_int_from_uint(dose->square_waiting);
    items[n++] = mp_obj_new_int_from_uint(guard->commanded.value);
    items[n++] = mp_obj_new_int_from_uint(guard->confirmed.value);
    items[n++] = mp_obj_new_int_from_uint(guard->permitted.value);
    items[n++] = MP_OBJ_NEW_SMALL_INT(guard->fault.value);
    items[n++] = mp_obj_new_int_from_uint(guard->alive_tick.value);
    items[n++] = mp_obj_new_int_from_uint(guard->free_tick.value);
    items[n++] = mp_obj_new_int_from_uint(core->strokes_withheld);
    items[n++] = MP_OBJ_NEW_SMALL_INT(core->in_flight);
    items[n++] = dosecore_new_due(core->armed_us);
    items[n++] = MP_OBJ_NEW_SMALL_INT(core->armed_kind);
    items[n++] = MP_OBJ_NEW_SMALL_INT(core->unconfirmed);
    // The ring is written by supervisor calls only.
    items[n++] = MP_OBJ_NEW_SMALL_INT(asked ? (mp_int_t)used(core, now_us, GUARD_HOUR_TICKS) : -1);
    items[n++] = MP_OBJ_NEW_SMALL_INT(asked ? (mp_int_t)used(core, now_us, GUARD_DAY_TICKS) : -1);
    if (asked) {
        dose_kind_t kind;
        items[n++] = dosecore_new_due(guard_faulted(guard) ? DOSE_NEVER : dose_next_us(dose, &kind));
    }
    return mp_obj_new_tuple(n, items);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(dosecore_state_obj, 1, 2, py_state);
