// methods.c: methods of session.Session for openings, frames and what is known about the live session.
#include "../../micropython/dosecore.h"
#include "../bytes.h"
#include "../frames.h"
#include "py/runtime.h"
#include "session_object.h"

static frame_head_t head_of(mp_obj_t sequence, mp_obj_t message_id) {
    const mp_int_t number = mp_obj_get_int(sequence);
    const mp_int_t id = mp_obj_get_int(message_id);
    if ((number < 0) || (number > 0xFFFF) || (id < 0) || (id > 0xFF)) {
        mp_raise_ValueError(MP_ERROR_TEXT("sequence or message id out of range"));
    }
    return (frame_head_t){(uint16_t)number, (uint8_t)id};
}

// hello(now_us, presence=False)
static mp_obj_t session_hello_method(size_t n_args, const mp_obj_t *args) {
    uint8_t challenge[SESSION_CHALLENGE_BYTES];
    const bool presence = (n_args > 2u) && mp_obj_is_true(args[2]);
    const bool answer = session_hello(session_get(args[0]), dosecore_get_u64(args[1]), presence, challenge);
    return answer ? mp_obj_new_bytes(challenge, sizeof challenge) : mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(session_hello_obj, 2, 3, session_hello_method);

// accept(now_us, presence, provisioning, payload, reply)
static mp_obj_t session_accept_method(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const uint64_t now_us = dosecore_get_u64(args[1]);
    const mp_buffer_info_t payload = session_get_buffer(args[4], MP_BUFFER_READ, 0);
    const mp_buffer_info_t reply = session_get_buffer(args[5], MP_BUFFER_WRITE, SESSION_REPLY_BYTES);
    uint8_t opening[SESSION_OPENING_BYTES];
    bytes_copy(opening, payload.buf, MIN(payload.len, sizeof opening));
    const session_opening_t result = session_accept(session_get(args[0]), now_us, mp_obj_is_true(args[2]),
                                                    mp_obj_is_true(args[3]), opening, payload.len, reply.buf);
    return MP_OBJ_NEW_SMALL_INT(result);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(session_accept_obj, 6, 6, session_accept_method);

// open(now_us, sequence, message_id, frame)
static mp_obj_t session_open_method(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const uint64_t now_us = dosecore_get_u64(args[1]);
    const frame_head_t head = head_of(args[2], args[3]);
    const mp_buffer_info_t frame = session_get_buffer(args[4], MP_BUFFER_RW, 0);
    return MP_OBJ_NEW_SMALL_INT(session_open(session_get(args[0]), now_us, head, frame.buf, frame.len));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(session_open_obj, 5, 5, session_open_method);

static mp_obj_t session_again_method(mp_obj_t self, mp_obj_t out) {
    const mp_buffer_info_t buffer = session_get_buffer(out, MP_BUFFER_WRITE, FRAMES_PAYLOAD_MAX);
    uint8_t message_id = 0u;
    return MP_OBJ_NEW_SMALL_INT(session_again(session_get(self), buffer.buf, &message_id));
}
MP_DEFINE_CONST_FUN_OBJ_2(session_again_obj, session_again_method);

static mp_obj_t session_reply_id_method(mp_obj_t self) {
    return MP_OBJ_NEW_SMALL_INT(session_get(self)->reply_id);
}
MP_DEFINE_CONST_FUN_OBJ_1(session_reply_id_obj, session_reply_id_method);

// seal(now_us, sequence, message_id, out, n, hand_out=-1)
static mp_obj_t session_seal_method(size_t n_args, const mp_obj_t *all_args, mp_map_t *kw_args) {
    enum { ARG_self, ARG_now_us, ARG_sequence, ARG_message_id, ARG_out, ARG_n, ARG_hand_out };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_, MP_ARG_OBJ | MP_ARG_REQUIRED, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_now_us, MP_ARG_OBJ | MP_ARG_REQUIRED, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_sequence, MP_ARG_OBJ | MP_ARG_REQUIRED, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_message_id, MP_ARG_OBJ | MP_ARG_REQUIRED, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_out, MP_ARG_OBJ | MP_ARG_REQUIRED, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_n, MP_ARG_INT | MP_ARG_REQUIRED, {.u_int = 0}},
        {MP_QSTR_hand_out, MP_ARG_INT, {.u_int = SESSION_NO_KEY}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, all_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    const uint64_t now_us = dosecore_get_u64(args[ARG_now_us].u_obj);
    const frame_head_t head = head_of(args[ARG_sequence].u_obj, args[ARG_message_id].u_obj);
    const mp_int_t n = args[ARG_n].u_int;
    if ((n < 0) || (n > (mp_int_t)UINT16_MAX)) {
        mp_raise_ValueError(MP_ERROR_TEXT("length out of range"));
    }
    const mp_buffer_info_t out =
        session_get_buffer(args[ARG_out].u_obj, MP_BUFFER_RW, (size_t)n + FRAMES_OVERHEAD_BYTES);
    return MP_OBJ_NEW_SMALL_INT(
        session_seal(session_get(args[ARG_self].u_obj), now_us, head, out.buf, (uint32_t)n, args[ARG_hand_out].u_int));
}
MP_DEFINE_CONST_FUN_OBJ_KW(session_seal_obj, 6, session_seal_method);

static mp_obj_t session_role_method(mp_obj_t self) {
    return MP_OBJ_NEW_SMALL_INT(session_get(self)->live.role);
}
MP_DEFINE_CONST_FUN_OBJ_1(session_role_obj, session_role_method);

static mp_obj_t session_slot_method(mp_obj_t self) {
    return MP_OBJ_NEW_SMALL_INT(session_get(self)->live.slot);
}
MP_DEFINE_CONST_FUN_OBJ_1(session_slot_obj, session_slot_method);

static mp_obj_t session_number_method(mp_obj_t self) {
    return dosecore_new_u64(session_get(self)->live.number);
}
MP_DEFINE_CONST_FUN_OBJ_1(session_number_obj, session_number_method);

static mp_obj_t session_used_next_method(mp_obj_t self) {
    return mp_obj_new_bool(session_get(self)->live.next != 0u);
}
MP_DEFINE_CONST_FUN_OBJ_1(session_used_next_obj, session_used_next_method);

static mp_obj_t session_live_method(mp_obj_t self, mp_obj_t now_us) {
    return mp_obj_new_bool(session_live(session_get(self), dosecore_get_u64(now_us)));
}
MP_DEFINE_CONST_FUN_OBJ_2(session_live_obj, session_live_method);

static mp_obj_t session_forget_method(mp_obj_t self) {
    session_forget(session_get(self));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(session_forget_obj, session_forget_method);

static mp_obj_t session_counts_method(mp_obj_t self) {
    const session_counts_t *counts = &session_get(self)->counts;
    const mp_obj_t items[] = {
        dosecore_new_u64(counts->hellos),          dosecore_new_u64(counts->opened),
        dosecore_new_u64(counts->refused),         dosecore_new_u64(counts->starved),
        dosecore_new_u64(counts->stale),           dosecore_new_u64(counts->frames_bad),
        dosecore_new_u64(counts->frames_repeated), dosecore_new_u64(counts->frames_old),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}
MP_DEFINE_CONST_FUN_OBJ_1(session_counts_obj, session_counts_method);
