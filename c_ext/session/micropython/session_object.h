// session_object.h: what the files of this binding share: the object of a session.Session, its arguments, its methods.
#ifndef RELEVE_SESSION_OBJECT_H
#define RELEVE_SESSION_OBJECT_H

#include "../session.h"
#include "py/obj.h"

typedef struct {
    mp_obj_base_t base;
    session_t session;
} session_obj_t;

// The session inside a session.Session object; raises TypeError for anything else.
session_t *session_get(mp_obj_t object);

// A slot's number, or a buffer of at least so many bytes: raise ValueError or TypeError for others.
uint8_t session_get_slot(mp_obj_t object);
mp_buffer_info_t session_get_buffer(mp_obj_t object, mp_uint_t flags, size_t least);

extern const mp_obj_fun_builtin_fixed_t session_record_obj;
extern const mp_obj_fun_builtin_fixed_t session_seed_record_obj;
extern const mp_obj_fun_builtin_fixed_t session_load_obj;
extern const mp_obj_fun_builtin_fixed_t session_wipe_obj;
extern const mp_obj_fun_builtin_var_t session_fresh_key_obj;
extern const mp_obj_fun_builtin_fixed_t session_promote_obj;
extern const mp_obj_fun_builtin_fixed_t session_renew_obj;
extern const mp_obj_fun_builtin_fixed_t session_ready_obj;
extern const mp_obj_fun_builtin_fixed_t session_provision_obj;
extern const mp_obj_fun_builtin_fixed_t session_stir_obj;
extern const mp_obj_fun_builtin_fixed_t session_device_id_obj;
extern const mp_obj_fun_builtin_var_t session_hello_obj;
extern const mp_obj_fun_builtin_fixed_t session_spare_obj;
extern const mp_obj_fun_builtin_var_t session_accept_obj;
extern const mp_obj_fun_builtin_var_t session_open_obj;
extern const mp_obj_fun_builtin_fixed_t session_again_obj;
extern const mp_obj_fun_builtin_fixed_t session_reply_id_obj;
extern const mp_obj_fun_builtin_var_t session_seal_obj;
extern const mp_obj_fun_builtin_fixed_t session_role_obj;
extern const mp_obj_fun_builtin_fixed_t session_slot_obj;
extern const mp_obj_fun_builtin_fixed_t session_number_obj;
extern const mp_obj_fun_builtin_fixed_t session_used_next_obj;
extern const mp_obj_fun_builtin_fixed_t session_live_obj;
extern const mp_obj_fun_builtin_fixed_t session_forget_obj;
extern const mp_obj_fun_builtin_fixed_t session_counts_obj;

#endif
