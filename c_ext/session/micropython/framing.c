// framing.c: the MicroPython module `framing`, as firmware/protocol/framing.py: it checks arguments, and each function
// is one call into C.
#include "../framing.h"

#include "py/runtime.h"
#include "session_object.h"

static uint32_t get_bounded(mp_obj_t object, mp_uint_t most) {
    const mp_int_t number = mp_obj_get_int(object);
    if ((number < 0) || ((mp_uint_t)number > most)) {
        mp_raise_ValueError(MP_ERROR_TEXT("number out of range"));
    }
    return (uint32_t)number;
}

// gather(frame, length, chunk, at, end) -> bytes of chunk[at:end] that were taken
static mp_obj_t framing_gather_function(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const mp_buffer_info_t frame = session_get_buffer(args[0], MP_BUFFER_WRITE, FRAMING_WIRE_MAX);
    const uint32_t length = get_bounded(args[1], FRAMING_WIRE_MAX);
    const mp_buffer_info_t chunk = session_get_buffer(args[2], MP_BUFFER_READ, 0);
    const uint32_t end = get_bounded(args[4], chunk.len);
    const uint32_t at = get_bounded(args[3], end);
    const uint8_t *bytes = chunk.buf;
    return MP_OBJ_NEW_SMALL_INT(framing_gather(frame.buf, length, &bytes[at], end - at));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(gather_obj, 5, 5, framing_gather_function);

// decode(frame, length) -> bytes of the payload, or what is wrong
static mp_obj_t framing_decode_function(mp_obj_t frame, mp_obj_t length) {
    const mp_buffer_info_t buffer = session_get_buffer(frame, MP_BUFFER_RW, FRAMING_WIRE_MAX);
    return MP_OBJ_NEW_SMALL_INT(framing_decode(buffer.buf, get_bounded(length, FRAMING_WIRE_MAX)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(decode_obj, framing_decode_function);

// encode(frame, sequence, message_id, n, wire) -> bytes of the wire
static mp_obj_t framing_encode_function(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const mp_buffer_info_t frame = session_get_buffer(args[0], MP_BUFFER_RW, FRAMING_WIRE_MAX);
    const uint32_t sequence = get_bounded(args[1], UINT16_MAX);
    const uint32_t message_id = get_bounded(args[2], UINT8_MAX);
    const uint32_t payload_bytes = get_bounded(args[3], FRAMING_PAYLOAD_MAX);
    const mp_buffer_info_t wire = session_get_buffer(args[4], MP_BUFFER_WRITE, FRAMING_WIRE_MAX);
    return MP_OBJ_NEW_SMALL_INT(
        framing_encode(frame.buf, (uint16_t)sequence, (uint8_t)message_id, payload_bytes, wire.buf));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(encode_obj, 5, 5, framing_encode_function);

static const mp_rom_map_elem_t framing_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_framing)},
    {MP_ROM_QSTR(MP_QSTR_gather), MP_ROM_PTR(&gather_obj)},
    {MP_ROM_QSTR(MP_QSTR_decode), MP_ROM_PTR(&decode_obj)},
    {MP_ROM_QSTR(MP_QSTR_encode), MP_ROM_PTR(&encode_obj)},
    {MP_ROM_QSTR(MP_QSTR_OVERLONG), MP_ROM_INT(FRAMING_OVERLONG)},
    {MP_ROM_QSTR(MP_QSTR_BAD_COBS), MP_ROM_INT(FRAMING_BAD_COBS)},
    {MP_ROM_QSTR(MP_QSTR_TOO_SHORT), MP_ROM_INT(FRAMING_TOO_SHORT)},
    {MP_ROM_QSTR(MP_QSTR_BAD_CRC), MP_ROM_INT(FRAMING_BAD_CRC)},
};
static MP_DEFINE_CONST_DICT(framing_globals, framing_globals_table);

const mp_obj_module_t framing_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&framing_globals,
};
MP_REGISTER_MODULE(MP_QSTR_framing, framing_module);
