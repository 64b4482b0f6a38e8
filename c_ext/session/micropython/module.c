// module.c: the MicroPython module `session`: Session, whose methods are those of c_ext/host/session_face.py.
//
// Session(schema_hash, suite). It is thin: arguments are checked, and each method is one call into C. The records are
// given to Python by reference, so a Session must live as long as they are in use.
#include "../session.h"
#include "py/runtime.h"
#include "session_object.h"

static const mp_obj_type_t session_session_type;

session_t *session_get(mp_obj_t object) {
    if (!mp_obj_is_type(object, &session_session_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("not a session.Session"));
    }
    session_obj_t *self = MP_OBJ_TO_PTR(object);
    return &self->session;
}

uint8_t session_get_slot(mp_obj_t object) {
    const mp_int_t slot = mp_obj_get_int(object);
    if ((slot < 0) || (slot >= (mp_int_t)SLOTS_COUNT)) {
        mp_raise_ValueError(MP_ERROR_TEXT("slot outside 0..7"));
    }
    return (uint8_t)slot;
}

mp_buffer_info_t session_get_buffer(mp_obj_t object, mp_uint_t flags, size_t least) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(object, &buffer, flags);
    if (buffer.len < least) {
        mp_raise_ValueError(MP_ERROR_TEXT("buffer too short"));
    }
    return buffer;
}

static mp_obj_t session_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 2, 2, false);
    const mp_buffer_info_t schema_hash = session_get_buffer(args[0], MP_BUFFER_READ, SESSION_HASH_BYTES);
    const mp_int_t suite = mp_obj_get_int(args[1]);
    if ((schema_hash.len != SESSION_HASH_BYTES) || (suite < 0) || (suite > 255)) {
        mp_raise_ValueError(MP_ERROR_TEXT("schema hash of 8 bytes and suite of one expected"));
    }
    session_obj_t *self = mp_obj_malloc(session_obj_t, type);
    session_init(&self->session, schema_hash.buf, (uint8_t)suite);
    return MP_OBJ_FROM_PTR(self);
}

static const mp_rom_map_elem_t session_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_record), MP_ROM_PTR(&session_record_obj)},
    {MP_ROM_QSTR(MP_QSTR_seed_record), MP_ROM_PTR(&session_seed_record_obj)},
    {MP_ROM_QSTR(MP_QSTR_load), MP_ROM_PTR(&session_load_obj)},
    {MP_ROM_QSTR(MP_QSTR_wipe), MP_ROM_PTR(&session_wipe_obj)},
    {MP_ROM_QSTR(MP_QSTR_fresh_key), MP_ROM_PTR(&session_fresh_key_obj)},
    {MP_ROM_QSTR(MP_QSTR_promote), MP_ROM_PTR(&session_promote_obj)},
    {MP_ROM_QSTR(MP_QSTR_renew), MP_ROM_PTR(&session_renew_obj)},
    {MP_ROM_QSTR(MP_QSTR_ready), MP_ROM_PTR(&session_ready_obj)},
    {MP_ROM_QSTR(MP_QSTR_provision), MP_ROM_PTR(&session_provision_obj)},
    {MP_ROM_QSTR(MP_QSTR_stir), MP_ROM_PTR(&session_stir_obj)},
    {MP_ROM_QSTR(MP_QSTR_device_id), MP_ROM_PTR(&session_device_id_obj)},
    {MP_ROM_QSTR(MP_QSTR_hello), MP_ROM_PTR(&session_hello_obj)},
    {MP_ROM_QSTR(MP_QSTR_spare), MP_ROM_PTR(&session_spare_obj)},
    {MP_ROM_QSTR(MP_QSTR_accept), MP_ROM_PTR(&session_accept_obj)},
    {MP_ROM_QSTR(MP_QSTR_open), MP_ROM_PTR(&session_open_obj)},
    {MP_ROM_QSTR(MP_QSTR_again), MP_ROM_PTR(&session_again_obj)},
    {MP_ROM_QSTR(MP_QSTR_reply_id), MP_ROM_PTR(&session_reply_id_obj)},
    {MP_ROM_QSTR(MP_QSTR_seal), MP_ROM_PTR(&session_seal_obj)},
    {MP_ROM_QSTR(MP_QSTR_role), MP_ROM_PTR(&session_role_obj)},
    {MP_ROM_QSTR(MP_QSTR_slot), MP_ROM_PTR(&session_slot_obj)},
    {MP_ROM_QSTR(MP_QSTR_number), MP_ROM_PTR(&session_number_obj)},
    {MP_ROM_QSTR(MP_QSTR_used_next), MP_ROM_PTR(&session_used_next_obj)},
    {MP_ROM_QSTR(MP_QSTR_live), MP_ROM_PTR(&session_live_obj)},
    {MP_ROM_QSTR(MP_QSTR_forget), MP_ROM_PTR(&session_forget_obj)},
    {MP_ROM_QSTR(MP_QSTR_counts), MP_ROM_PTR(&session_counts_obj)},
};
static MP_DEFINE_CONST_DICT(session_locals, session_locals_table);
static MP_DEFINE_CONST_OBJ_TYPE(session_session_type, MP_QSTR_Session, MP_TYPE_FLAG_NONE, make_new, session_make_new,
                                locals_dict, &session_locals);

// suite() -> the suite of this image's hello
static mp_obj_t module_suite(void) {
    return MP_OBJ_NEW_SMALL_INT(session_suite());
}
static MP_DEFINE_CONST_FUN_OBJ_0(suite_obj, module_suite);

static const mp_rom_map_elem_t session_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_session)},
    {MP_ROM_QSTR(MP_QSTR_Session), MP_ROM_PTR(&session_session_type)},
    {MP_ROM_QSTR(MP_QSTR_suite), MP_ROM_PTR(&suite_obj)},
    {MP_ROM_QSTR(MP_QSTR_OPENED), MP_ROM_INT(SESSION_OPENED)},
    {MP_ROM_QSTR(MP_QSTR_REFUSED), MP_ROM_INT(SESSION_REFUSED)},
    {MP_ROM_QSTR(MP_QSTR_SILENT), MP_ROM_INT(SESSION_SILENT)},
    {MP_ROM_QSTR(MP_QSTR_ERROR), MP_ROM_INT(SESSION_ERROR)},
    {MP_ROM_QSTR(MP_QSTR_AGAIN), MP_ROM_INT(SESSION_AGAIN)},
    {MP_ROM_QSTR(MP_QSTR_NOT_OPEN), MP_ROM_INT(SESSION_NOT_OPEN)},
    {MP_ROM_QSTR(MP_QSTR_DROP), MP_ROM_INT(SESSION_DROP)},
};
static MP_DEFINE_CONST_DICT(session_globals, session_globals_table);

const mp_obj_module_t session_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&session_globals,
};
MP_REGISTER_MODULE(MP_QSTR_session, session_module);
