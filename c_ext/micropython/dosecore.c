// dosecore.c: the MicroPython binding of the dose core.
//
// Core(stroke_nl=500, concentration_u_per_ml=400, spacing_us=0, motor=(steps, start_hz, max_hz, accel_hz_per_s),
//      history=2500, now_us=0). Methods mirror c_ext.host.Core on CPython, so that one vector file drives both.
#include "dosecore.h"

#include <stddef.h>
#include <string.h>

#include "../core/state.h"
#include "py/objarray.h"
#include "py/objint.h"
#include "py/runtime.h"
#include "py/smallint.h"

typedef struct {
    mp_obj_base_t base;
    uint32_t *history;
    uint32_t steps;
    uint32_t burst_us;
    uint16_t period_us[MOTION_STEPS_MAX];
    int32_t apart;    // strokes ordered minus strokes seen, when last checked
    uint32_t looked;  // strokes ordered then
    uint32_t agreed;  // strokes in a row with that difference unchanged, each checked
    core_t core;
} dosecore_obj_t;

// Strokes in a row, each seen, before a difference of one is forgiven: docs/adr/0009.
#define FORGIVE_STROKES 100u

static const mp_obj_type_t dosecore_core_type;

// One call of the core with its interrupt masked. Evaluate the arguments before: no exception may come in between.
#define MASKED(call)       \
    do {                   \
        dosecore_mask();   \
        call;              \
        dosecore_unmask(); \
    } while (0)

core_t *dosecore_get(mp_obj_t object) {
    if (!mp_obj_is_type(object, &dosecore_core_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("not a dosecore.Core"));
    }
    dosecore_obj_t *self = MP_OBJ_TO_PTR(object);
    return &self->core;
}

uint32_t dosecore_steps(mp_obj_t object) {
    const dosecore_obj_t *self = MP_OBJ_TO_PTR(object);
    return self->steps;
}

uint32_t dosecore_burst_us(mp_obj_t object) {
    const dosecore_obj_t *self = MP_OBJ_TO_PTR(object);
    return self->burst_us;
}

uint32_t dosecore_plan(mp_obj_t object, uint16_t period_us[MOTION_STEPS_MAX]) {
    const dosecore_obj_t *self = MP_OBJ_TO_PTR(object);
    memcpy(period_us, self->period_us, sizeof(self->period_us));
    return self->steps;
}

uint64_t dosecore_get_u64(mp_obj_t object) {
    uint64_t value = 0u;
    if (mp_obj_is_small_int(object)) {
        const mp_int_t small = MP_OBJ_SMALL_INT_VALUE(object);
        if (small < 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("negative time or count"));
        }
        value = (uint64_t)small;
    } else if (mp_obj_is_int(object)) {
        byte bytes[8];
        if ((mp_obj_int_sign(object) < 0) || !mp_obj_int_to_bytes_impl(object, false, sizeof(bytes), bytes)) {
            mp_raise_ValueError(MP_ERROR_TEXT("time or count outside 0..2^64-1"));
        }
        for (size_t i = sizeof(bytes); i > 0u; i--) {
            value = (value << 8u) | bytes[i - 1u];
        }
    } else {
        mp_raise_TypeError(MP_ERROR_TEXT("time or count is not an int"));
    }
    return value;
}

mp_obj_t dosecore_new_u64(uint64_t value) {
    return (value <= (uint64_t)MP_SMALL_INT_MAX) ? MP_OBJ_NEW_SMALL_INT((mp_int_t)value)
                                                 : mp_obj_new_int_from_ull(value);
}

static uint32_t get_u32(mp_obj_t object) {
    const uint64_t value = dosecore_get_u64(object);
    if (value > UINT32_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("value above 2^32-1"));
    }
    return (uint32_t)value;
}

// -1 stands for "never": it is a small int on every port.
static mp_obj_t new_due(uint64_t due_us) {
    return (due_us == DOSE_NEVER) ? MP_OBJ_NEW_SMALL_INT(-1) : dosecore_new_u64(due_us);
}

static mp_obj_t core_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    enum { ARG_stroke_nl, ARG_concentration, ARG_spacing_us, ARG_motor, ARG_history, ARG_now_us };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_stroke_nl, MP_ARG_INT, {.u_int = 500}},
        {MP_QSTR_concentration_u_per_ml, MP_ARG_INT, {.u_int = 400}},
        {MP_QSTR_spacing_us, MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_motor, MP_ARG_OBJ | MP_ARG_REQUIRED, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_history, MP_ARG_INT, {.u_int = 2500}},
        {MP_QSTR_now_us, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);
    mp_obj_t *motor = NULL;
    mp_obj_get_array_fixed_n(args[ARG_motor].u_obj, 4, &motor);
    if ((args[ARG_history].u_int <= 0) || (args[ARG_history].u_int > 1000000) || (args[ARG_stroke_nl].u_int < 0) ||
        (args[ARG_concentration].u_int < 0) || (args[ARG_spacing_us].u_int < 0)) {
        mp_raise_ValueError(MP_ERROR_TEXT("core configuration out of range"));
    }
    const motion_motor_t constants = {get_u32(motor[0]), get_u32(motor[1]), get_u32(motor[2]), get_u32(motor[3])};
    const uint32_t length = (uint32_t)args[ARG_history].u_int;
    dosecore_obj_t *self = mp_obj_malloc(dosecore_obj_t, type);
    self->history = m_new(uint32_t, length);
    self->apart = 0;
    self->looked = 0u;
    self->agreed = 0u;
    self->steps = constants.steps_per_stroke;
    self->burst_us = motion_plan(&constants, self->period_us);
    const core_config_t config = {
        .stroke_nl = (uint32_t)args[ARG_stroke_nl].u_int,
        .concentration_u_per_ml = (uint32_t)args[ARG_concentration].u_int,
        .spacing_us = (uint32_t)args[ARG_spacing_us].u_int,
        .burst_us = self->burst_us,
        .history = self->history,
        .history_length = length,
    };
    if (!core_init(&self->core, dosecore_get_u64(args[ARG_now_us].u_obj), &config)) {
        mp_raise_ValueError(MP_ERROR_TEXT("core configuration out of range"));
    }
    return MP_OBJ_FROM_PTR(self);
}

// The common part of the requests without arguments.
static mp_obj_t simple(dose_result_t (*request)(core_t *core, uint64_t now_us), mp_obj_t self, mp_obj_t now_object) {
    core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    dose_result_t result;
    MASKED(result = request(core, now_us));
    return MP_OBJ_NEW_SMALL_INT(result);
}

static mp_obj_t py_settle(mp_obj_t self, mp_obj_t now_us) {
    return simple(core_settle, self, now_us);
}
static MP_DEFINE_CONST_FUN_OBJ_2(settle_obj, py_settle);

static mp_obj_t py_promise(mp_obj_t self, mp_obj_t now_object, mp_obj_t back_object) {
    core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    const uint64_t back_us = dosecore_get_u64(back_object);
    bool promised;
    MASKED(promised = core_promise(core, now_us, back_us));
    return mp_obj_new_bool(promised);
}
static MP_DEFINE_CONST_FUN_OBJ_3(promise_obj, py_promise);

static mp_obj_t py_alive(mp_obj_t self, mp_obj_t now_object) {
    const core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    bool alive;
    MASKED(alive = core_alive(core, now_us));
    return mp_obj_new_bool(alive);
}
static MP_DEFINE_CONST_FUN_OBJ_2(alive_obj, py_alive);

static mp_obj_t py_set_basal(mp_obj_t self, mp_obj_t now_object, mp_obj_t rate_object) {
    core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    const uint32_t rate_mu_per_h = get_u32(rate_object);
    dose_result_t result;
    MASKED(result = core_set_basal(core, now_us, rate_mu_per_h));
    return MP_OBJ_NEW_SMALL_INT(result);
}
static MP_DEFINE_CONST_FUN_OBJ_3(set_basal_obj, py_set_basal);

static mp_obj_t py_plan_basal(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    core_t *core = dosecore_get(args[0]);
    const uint64_t now_us = dosecore_get_u64(args[1]);
    const uint64_t boundary_us = dosecore_get_u64(args[2]);
    const uint32_t rate_mu_per_h = get_u32(args[3]);
    dose_result_t result;
    MASKED(result = core_plan_basal(core, now_us, boundary_us, rate_mu_per_h));
    return MP_OBJ_NEW_SMALL_INT(result);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(plan_basal_obj, 4, 4, py_plan_basal);

// temp_basal(now_us, kind, value, duration_us): kind 1 a rate in mU/h, 2 percent of the programmed rate.
static mp_obj_t py_temp_basal(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    core_t *core = dosecore_get(args[0]);
    const uint64_t now_us = dosecore_get_u64(args[1]);
    const basal_temp_t kind = (basal_temp_t)get_u32(args[2]);
    const uint32_t value = get_u32(args[3]);
    const uint64_t duration_us = dosecore_get_u64(args[4]);
    dose_result_t result;
    MASKED(result = core_temp_basal(core, now_us, kind, value, duration_us));
    return MP_OBJ_NEW_SMALL_INT(result);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(temp_basal_obj, 5, 5, py_temp_basal);

static mp_obj_t py_cancel_temp(mp_obj_t self, mp_obj_t now_us) {
    return simple(core_cancel_temp, self, now_us);
}
static MP_DEFINE_CONST_FUN_OBJ_2(cancel_temp_obj, py_cancel_temp);

// bolus(now_us, normal strokes, square strokes=0, duration_us=0)
static mp_obj_t py_bolus(size_t n_args, const mp_obj_t *args) {
    const uint32_t square = (n_args > 3u) ? get_u32(args[3]) : 0u;
    const uint64_t duration_us = (n_args > 4u) ? dosecore_get_u64(args[4]) : 0u;
    core_t *core = dosecore_get(args[0]);
    const uint64_t now_us = dosecore_get_u64(args[1]);
    const uint32_t normal = get_u32(args[2]);
    dose_result_t result;
    MASKED(result = core_bolus(core, now_us, normal, square, duration_us));
    return MP_OBJ_NEW_SMALL_INT(result);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(bolus_obj, 3, 5, py_bolus);

static mp_obj_t py_cancel_bolus(mp_obj_t self, mp_obj_t now_us) {
    return simple(core_cancel_bolus, self, now_us);
}
static MP_DEFINE_CONST_FUN_OBJ_2(cancel_bolus_obj, py_cancel_bolus);

static mp_obj_t py_suspend(mp_obj_t self, mp_obj_t now_us) {
    return simple(core_suspend, self, now_us);
}
static MP_DEFINE_CONST_FUN_OBJ_2(suspend_obj, py_suspend);

static mp_obj_t py_resume(mp_obj_t self, mp_obj_t now_us) {
    return simple(core_resume, self, now_us);
}
static MP_DEFINE_CONST_FUN_OBJ_2(resume_obj, py_resume);

// set_limits(basal_mu_per_h, bolus_mu, hour_mu, day_mu) -> (code, number of the refused limit)
static mp_obj_t py_set_limits(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const guard_limits_t limits = {get_u32(args[1]), get_u32(args[2]), get_u32(args[3]), get_u32(args[4])};
    uint32_t refused = 0u;
    core_t *core = dosecore_get(args[0]);
    dose_result_t result;
    MASKED(result = core_set_limits(core, &limits, &refused));
    mp_obj_t items[2] = {MP_OBJ_NEW_SMALL_INT(result), MP_OBJ_NEW_SMALL_INT(refused)};
    return mp_obj_new_tuple(2, items);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(set_limits_obj, 5, 5, py_set_limits);

static mp_obj_t py_permit(mp_obj_t self, mp_obj_t stroke_object) {
    core_t *core = dosecore_get(self);
    const uint32_t stroke = get_u32(stroke_object);
    bool permitted;
    MASKED(permitted = core_permit(core, stroke));
    return mp_obj_new_bool(permitted);
}
static MP_DEFINE_CONST_FUN_OBJ_2(permit_obj, py_permit);

static mp_obj_t py_stop(mp_obj_t self, mp_obj_t now_us, mp_obj_t fault) {
    const uint32_t code = get_u32(fault);
    if ((code < (uint32_t)GUARD_MEMORY_FAULT) || (code > (uint32_t)GUARD_SUPERVISOR)) {
        mp_raise_ValueError(MP_ERROR_TEXT("not a fault code"));
    }
    core_t *core = dosecore_get(self);
    const uint64_t at_us = dosecore_get_u64(now_us);
    MASKED(core_stop(core, at_us, (guard_verdict_t)code));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(stop_obj, py_stop);

static mp_obj_t py_next_us(mp_obj_t self) {
    const core_t *core = dosecore_get(self);
    uint64_t due_us;
    MASKED(due_us = core_next_us(core));
    return new_due(due_us);
}
static MP_DEFINE_CONST_FUN_OBJ_1(next_us_obj, py_next_us);

static mp_obj_t py_service(mp_obj_t self, mp_obj_t now_object) {
    core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    core_action_t action;
    MASKED(action = core_service(core, now_us));
    return MP_OBJ_NEW_SMALL_INT(action);
}
static MP_DEFINE_CONST_FUN_OBJ_2(service_obj, py_service);

static mp_obj_t py_confirmed(mp_obj_t self) {
    core_t *core = dosecore_get(self);
    MASKED(core_stroke_confirmed(core));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(confirmed_obj, py_confirmed);

static mp_obj_t py_ended(mp_obj_t self) {
    core_t *core = dosecore_get(self);
    MASKED(core_stroke_ended(core));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(ended_obj, py_ended);

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
static MP_DEFINE_CONST_FUN_OBJ_3(used_obj, py_used);

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
static MP_DEFINE_CONST_FUN_OBJ_1(plan_obj, py_plan);

// save(now_us) -> bytes
static mp_obj_t py_save(mp_obj_t self, mp_obj_t now_us) {
    uint8_t bytes[STATE_BYTES];
    core_t *core = dosecore_get(self);
    const uint64_t at_us = dosecore_get_u64(now_us);
    MASKED(state_save(core, at_us, bytes));
    return mp_obj_new_bytes(bytes, sizeof(bytes));
}
static MP_DEFINE_CONST_FUN_OBJ_2(save_obj, py_save);

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
static MP_DEFINE_CONST_FUN_OBJ_3(save_into_obj, py_save_into);

// ticks() -> ring of every stroke's start: stroke n at (n - 1) % length. The journal stores it, and puts it back before
// load(). The stroke interrupt does not touch it.
static mp_obj_t py_ticks(mp_obj_t self_object) {
    const uint32_t length = dosecore_get(self_object)->guard.history_length.value;
    dosecore_obj_t *self = MP_OBJ_TO_PTR(self_object);
    return mp_obj_new_memoryview('I' | MP_OBJ_ARRAY_TYPECODE_FLAG_RW, length, self->history);
}
static MP_DEFINE_CONST_FUN_OBJ_1(ticks_obj, py_ticks);

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
static MP_DEFINE_CONST_FUN_OBJ_3(load_obj, py_load);

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
    items[n++] = new_due(basal->schedule.boundary_us);
    items[n++] = mp_obj_new_int_from_uint(basal->schedule.boundary_mu_per_h);
    items[n++] = MP_OBJ_NEW_SMALL_INT(basal->schedule.temp);
    items[n++] = mp_obj_new_int_from_uint(basal->schedule.temp_value);
    items[n++] = new_due(basal->schedule.temp_until_us);
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
    items[n++] = new_due(core->armed_us);
    items[n++] = MP_OBJ_NEW_SMALL_INT(core->armed_kind);
    items[n++] = MP_OBJ_NEW_SMALL_INT(core->unconfirmed);
    // The ring is written by supervisor calls only.
    items[n++] = MP_OBJ_NEW_SMALL_INT(asked ? (mp_int_t)used(core, now_us, GUARD_HOUR_TICKS) : -1);
    items[n++] = MP_OBJ_NEW_SMALL_INT(asked ? (mp_int_t)used(core, now_us, GUARD_DAY_TICKS) : -1);
    if (asked) {
        dose_kind_t kind;
        items[n++] = new_due(guard_faulted(guard) ? DOSE_NEVER : dose_next_us(dose, &kind));
    }
    return mp_obj_new_tuple(n, items);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(state_obj, 1, 2, py_state);

// clear_fault(now_us) -> 0, or the number of the invariant that does not hold; then the fault stays.
static mp_obj_t py_clear_fault(mp_obj_t self, mp_obj_t now_object) {
    core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    state_invariant_t broken;
    MASKED(broken = state_reconcile(core, now_us, 1u));
    return MP_OBJ_NEW_SMALL_INT(broken);
}
static MP_DEFINE_CONST_FUN_OBJ_2(clear_fault_obj, py_clear_fault);

static int32_t compare_counts(dosecore_obj_t *self) {
    const guard_t *guard = &self->core.guard;
    const uint32_t commanded = guard->commanded.value;
    const int32_t apart = (int32_t)(commanded - guard->confirmed.value - self->core.unconfirmed);
    const uint32_t more = commanded - self->looked;
    self->agreed = ((apart == self->apart) && (more <= 1u)) ? (self->agreed + more) : 0u;
    self->apart = apart;
    self->looked = commanded;
    return apart;
}

// apart() -> strokes ordered minus strokes seen, without the one in progress. To be called after every stroke.
static mp_obj_t py_apart(mp_obj_t self_object) {
    (void)dosecore_get(self_object);
    int32_t apart;
    MASKED(apart = compare_counts(MP_OBJ_TO_PTR(self_object)));
    return mp_obj_new_int(apart);
}
static MP_DEFINE_CONST_FUN_OBJ_1(apart_obj, py_apart);

static uint32_t strokes_over(const core_t *core) {
    return core->guard.commanded.value - core->in_flight;
}

// over() -> strokes that have started and are over
static mp_obj_t py_over(mp_obj_t self_object) {
    const core_t *core = dosecore_get(self_object);
    uint32_t over;
    MASKED(over = strokes_over(core));
    return mp_obj_new_int_from_uint(over);
}
static MP_DEFINE_CONST_FUN_OBJ_1(over_obj, py_over);

static bool forgive(dosecore_obj_t *self, uint64_t now_us) {
    core_t *core = &self->core;
    const int32_t stood = self->apart;
    const int32_t apart = compare_counts(self);
    bool forgiven = (self->agreed >= FORGIVE_STROKES) && (apart == stood) && ((apart == 1) || (apart == -1)) &&
                    !guard_faulted(&core->guard) && (core->in_flight == 0u);
    if (forgiven) {
        forgiven = state_reconcile(core, now_us, 0u) == STATE_OK;
        self->apart = 0;
        self->agreed = 0u;
    }
    return forgiven;
}

// forgive(now_us) -> bool: if the counts differ by one stroke and the rule allows it, a missed stroke counts as seen
// from now on, or a surplus one as not seen.
static mp_obj_t py_forgive(mp_obj_t self_object, mp_obj_t now_object) {
    (void)dosecore_get(self_object);
    const uint64_t now_us = dosecore_get_u64(now_object);
    bool forgiven;
    MASKED(forgiven = forgive(MP_OBJ_TO_PTR(self_object), now_us));
    return mp_obj_new_bool(forgiven);
}
static MP_DEFINE_CONST_FUN_OBJ_2(forgive_obj, py_forgive);

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
static MP_DEFINE_CONST_FUN_OBJ_1(limits_obj, py_limits);

static const mp_rom_map_elem_t core_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_settle), MP_ROM_PTR(&settle_obj)},
    {MP_ROM_QSTR(MP_QSTR_promise), MP_ROM_PTR(&promise_obj)},
    {MP_ROM_QSTR(MP_QSTR_alive), MP_ROM_PTR(&alive_obj)},
    {MP_ROM_QSTR(MP_QSTR_plan_basal), MP_ROM_PTR(&plan_basal_obj)},
    {MP_ROM_QSTR(MP_QSTR_temp_basal), MP_ROM_PTR(&temp_basal_obj)},
    {MP_ROM_QSTR(MP_QSTR_cancel_temp), MP_ROM_PTR(&cancel_temp_obj)},
    {MP_ROM_QSTR(MP_QSTR_save), MP_ROM_PTR(&save_obj)},
    {MP_ROM_QSTR(MP_QSTR_save_into), MP_ROM_PTR(&save_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_ticks), MP_ROM_PTR(&ticks_obj)},
    {MP_ROM_QSTR(MP_QSTR_load), MP_ROM_PTR(&load_obj)},
    {MP_ROM_QSTR(MP_QSTR_clear_fault), MP_ROM_PTR(&clear_fault_obj)},
    {MP_ROM_QSTR(MP_QSTR_over), MP_ROM_PTR(&over_obj)},
    {MP_ROM_QSTR(MP_QSTR_apart), MP_ROM_PTR(&apart_obj)},
    {MP_ROM_QSTR(MP_QSTR_forgive), MP_ROM_PTR(&forgive_obj)},
    {MP_ROM_QSTR(MP_QSTR_set_basal), MP_ROM_PTR(&set_basal_obj)},
    {MP_ROM_QSTR(MP_QSTR_bolus), MP_ROM_PTR(&bolus_obj)},
    {MP_ROM_QSTR(MP_QSTR_cancel_bolus), MP_ROM_PTR(&cancel_bolus_obj)},
    {MP_ROM_QSTR(MP_QSTR_suspend), MP_ROM_PTR(&suspend_obj)},
    {MP_ROM_QSTR(MP_QSTR_resume), MP_ROM_PTR(&resume_obj)},
    {MP_ROM_QSTR(MP_QSTR_set_limits), MP_ROM_PTR(&set_limits_obj)},
    {MP_ROM_QSTR(MP_QSTR_permit), MP_ROM_PTR(&permit_obj)},
    {MP_ROM_QSTR(MP_QSTR_stop), MP_ROM_PTR(&stop_obj)},
    {MP_ROM_QSTR(MP_QSTR_next_us), MP_ROM_PTR(&next_us_obj)},
    {MP_ROM_QSTR(MP_QSTR_service), MP_ROM_PTR(&service_obj)},
    {MP_ROM_QSTR(MP_QSTR_confirmed), MP_ROM_PTR(&confirmed_obj)},
    {MP_ROM_QSTR(MP_QSTR_ended), MP_ROM_PTR(&ended_obj)},
    {MP_ROM_QSTR(MP_QSTR_used), MP_ROM_PTR(&used_obj)},
    {MP_ROM_QSTR(MP_QSTR_plan), MP_ROM_PTR(&plan_obj)},
    {MP_ROM_QSTR(MP_QSTR_state), MP_ROM_PTR(&state_obj)},
    {MP_ROM_QSTR(MP_QSTR_limits), MP_ROM_PTR(&limits_obj)},
};
static MP_DEFINE_CONST_DICT(core_locals, core_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(dosecore_core_type, MP_QSTR_Core, MP_TYPE_FLAG_NONE, make_new, core_make_new,
                                locals_dict, &core_locals);

static const mp_rom_map_elem_t dosecore_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_dosecore)},
    {MP_ROM_QSTR(MP_QSTR_Core), MP_ROM_PTR(&dosecore_core_type)},
    {MP_ROM_QSTR(MP_QSTR_VERSION), MP_ROM_QSTR(MP_QSTR_2)},
    {MP_ROM_QSTR(MP_QSTR_STATE_BYTES), MP_ROM_INT(STATE_BYTES)},
};
static MP_DEFINE_CONST_DICT(dosecore_globals, dosecore_globals_table);

const mp_obj_module_t dosecore_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&dosecore_globals,
};
MP_REGISTER_MODULE(MP_QSTR_dosecore, dosecore_module);
