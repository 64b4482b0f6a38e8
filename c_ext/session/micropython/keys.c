// keys.c: methods of session.Session for records, keys and random numbers.
#include "../../micropython/dosecore.h"
#include "py/objarray.h"
#include "py/runtime.h"
#include "session_object.h"

static mp_obj_t session_record_method(mp_obj_t self, mp_obj_t slot) {
    return mp_obj_new_bytearray_by_ref(SLOT_IMAGE_BYTES, session_record(session_get(self), session_get_slot(slot)));
}
MP_DEFINE_CONST_FUN_OBJ_2(session_record_obj, session_record_method);

static mp_obj_t session_seed_record_method(mp_obj_t self) {
    return mp_obj_new_bytearray_by_ref(SESSION_SEED_IMAGE_BYTES, session_seed_record(session_get(self)));
}
MP_DEFINE_CONST_FUN_OBJ_1(session_seed_record_obj, session_seed_record_method);

static mp_obj_t session_load_method(mp_obj_t self, mp_obj_t slot) {
    return MP_OBJ_NEW_SMALL_INT(session_load(session_get(self), session_get_slot(slot)));
}
MP_DEFINE_CONST_FUN_OBJ_2(session_load_obj, session_load_method);

static mp_obj_t session_wipe_method(mp_obj_t self, mp_obj_t slot) {
    session_wipe(session_get(self), session_get_slot(slot));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(session_wipe_obj, session_wipe_method);

static mp_obj_t session_fresh_key_method(size_t n_args, const mp_obj_t *all_args, mp_map_t *kw_args) {
    enum { ARG_self, ARG_slot, ARG_role, ARG_label, ARG_next };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_, MP_ARG_OBJ | MP_ARG_REQUIRED, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_slot, MP_ARG_OBJ | MP_ARG_REQUIRED, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_role, MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_label, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_next, MP_ARG_BOOL, {.u_bool = false}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, all_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    session_t *session = session_get(args[ARG_self].u_obj);
    const uint8_t slot = session_get_slot(args[ARG_slot].u_obj);
    mp_buffer_info_t label = {.buf = NULL, .len = 0};
    if (args[ARG_label].u_obj != mp_const_none) {
        label = session_get_buffer(args[ARG_label].u_obj, MP_BUFFER_READ, 0);
    }
    const bool drawn = args[ARG_next].u_bool
                           ? session_rotate(session, slot)
                           : session_enrol(session, slot, (uint8_t)args[ARG_role].u_int, label.buf, label.len);
    return mp_obj_new_bool(drawn);
}
MP_DEFINE_CONST_FUN_OBJ_KW(session_fresh_key_obj, 2, session_fresh_key_method);

static mp_obj_t session_promote_method(mp_obj_t self, mp_obj_t slot) {
    return mp_obj_new_bool(session_promote(session_get(self), session_get_slot(slot)));
}
MP_DEFINE_CONST_FUN_OBJ_2(session_promote_obj, session_promote_method);

static mp_obj_t session_renew_method(mp_obj_t self, mp_obj_t noise) {
    const mp_buffer_info_t data = session_get_buffer(noise, MP_BUFFER_READ, 0);
    session_renew(session_get(self), data.buf, data.len);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(session_renew_obj, session_renew_method);

static mp_obj_t session_ready_method(mp_obj_t self) {
    return mp_obj_new_bool(session_ready(session_get(self)));
}
MP_DEFINE_CONST_FUN_OBJ_1(session_ready_obj, session_ready_method);

static mp_obj_t session_provision_method(mp_obj_t self, mp_obj_t host_seed, mp_obj_t noise) {
    const mp_buffer_info_t seed = session_get_buffer(host_seed, MP_BUFFER_READ, PRIMITIVE_HASH_BYTES);
    const mp_buffer_info_t data = session_get_buffer(noise, MP_BUFFER_READ, 0);
    if (seed.len != PRIMITIVE_HASH_BYTES) {
        mp_raise_ValueError(MP_ERROR_TEXT("seed of 32 bytes expected"));
    }
    return mp_obj_new_bool(session_provision(session_get(self), seed.buf, data.buf, data.len));
}
MP_DEFINE_CONST_FUN_OBJ_3(session_provision_obj, session_provision_method);

static mp_obj_t session_stir_method(mp_obj_t self, mp_obj_t object) {
    const mp_buffer_info_t data = session_get_buffer(object, MP_BUFFER_READ, 0);
    session_stir(session_get(self), data.buf, data.len);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(session_stir_obj, session_stir_method);

static mp_obj_t session_device_id_method(mp_obj_t self) {
    const uint8_t *record = session_seed_record(session_get(self));
    return mp_obj_new_bytes(&record[SLOT_PAYLOAD + RANDOM_DEVICE], RANDOM_DEVICE_BYTES);
}
MP_DEFINE_CONST_FUN_OBJ_1(session_device_id_obj, session_device_id_method);

static mp_obj_t session_spare_method(mp_obj_t self) {
    return mp_obj_new_bool(session_spare(session_get(self)));
}
MP_DEFINE_CONST_FUN_OBJ_1(session_spare_obj, session_spare_method);
