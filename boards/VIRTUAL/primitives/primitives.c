// primitives.c: the MicroPython module `primitives`, for tests on the VIRTUAL board alone: what the session's image is
// linked with, called directly, so that published vectors can be put to it. No other board has it.
#include <string.h>

#include "kdf.h"
#include "noise.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "session_object.h"

static mp_buffer_info_t get_text(mp_obj_t object) {
    return session_get_buffer(object, MP_BUFFER_READ, 0u);
}

static const uint8_t *get_bytes(mp_obj_t object, size_t bytes) {
    const mp_buffer_info_t from = get_text(object);
    if (from.len != bytes) {
        mp_raise_ValueError(MP_ERROR_TEXT("wrong length"));
    }
    return from.buf;
}

// curve(secret, point) -> shared
static mp_obj_t primitives_curve(mp_obj_t secret, mp_obj_t point) {
    uint8_t shared[PRIMITIVE_KEY_BYTES];
    primitive_curve(shared, get_bytes(secret, sizeof(shared)), get_bytes(point, sizeof(shared)));
    return mp_obj_new_bytes(shared, sizeof(shared));
}
static MP_DEFINE_CONST_FUN_OBJ_2(curve_obj, primitives_curve);

// seal(key, nonce, ad, text) -> ciphertext and tag
static mp_obj_t primitives_seal(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const mp_buffer_info_t ad = get_text(args[2]);
    const mp_buffer_info_t text = get_text(args[3]);
    vstr_t sealed;
    vstr_init(&sealed, text.len + PRIMITIVE_TAG_BYTES);
    vstr_add_strn(&sealed, text.buf, text.len);
    uint8_t tag[PRIMITIVE_TAG_BYTES];
    primitive_seal(get_bytes(args[0], PRIMITIVE_KEY_BYTES), get_bytes(args[1], PRIMITIVE_NONCE_BYTES), ad.buf,
                   (uint32_t)ad.len, (uint8_t *)sealed.buf, (uint32_t)text.len, tag);
    vstr_add_strn(&sealed, (const char *)tag, sizeof(tag));
    return mp_obj_new_bytes_from_vstr(&sealed);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(seal_obj, 4, 4, primitives_seal);

// open(key, nonce, ad, ciphertext, tag) -> (is the tag right, what is left in the text's place)
static mp_obj_t primitives_open(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const mp_buffer_info_t ad = get_text(args[2]);
    const mp_buffer_info_t text = get_text(args[3]);
    vstr_t opened;
    vstr_init(&opened, text.len + 1u);
    vstr_add_strn(&opened, text.buf, text.len);
    const bool right = primitive_open(
        get_bytes(args[0], PRIMITIVE_KEY_BYTES), get_bytes(args[1], PRIMITIVE_NONCE_BYTES), ad.buf, (uint32_t)ad.len,
        (uint8_t *)opened.buf, (uint32_t)text.len, get_bytes(args[4], PRIMITIVE_TAG_BYTES));
    const mp_obj_t found[] = {mp_obj_new_bool(right), mp_obj_new_bytes_from_vstr(&opened)};
    return mp_obj_new_tuple(2, found);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(open_obj, 5, 5, primitives_open);

// hkdf(salt, secret, info) -> 96 bytes. The extraction is the HMAC that RFC 5869 says, so the salt may be of any length.
static mp_obj_t primitives_hkdf(mp_obj_t salt_object, mp_obj_t secret_object, mp_obj_t info_object) {
    const mp_buffer_info_t salt = get_text(salt_object);
    const mp_buffer_info_t secret = get_text(secret_object);
    const mp_buffer_info_t info = get_text(info_object);
    const kdf_part_t part = {secret.buf, (uint32_t)secret.len};
    const kdf_part_t label = {info.buf, (uint32_t)info.len};
    uint8_t key[PRIMITIVE_HASH_BYTES];
    uint8_t out[KDF_OUTPUTS_MAX][PRIMITIVE_HASH_BYTES];
    uint8_t *const outputs[KDF_OUTPUTS_MAX] = {out[0], out[1], out[2]};
    kdf_hmac(salt.buf, (uint32_t)salt.len, &part, 1u, key);
    kdf_expand(key, &label, KDF_OUTPUTS_MAX, outputs);
    return mp_obj_new_bytes(out[0], sizeof(out));
}
static MP_DEFINE_CONST_FUN_OBJ_3(hkdf_obj, primitives_hkdf);

// respond(psk, prologue, first message, own secret, answer) -> second message, key from them, key to them; None if the
// first is refused.
static mp_obj_t primitives_respond(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const mp_buffer_info_t prologue = get_text(args[1]);
    const mp_buffer_info_t first = session_get_buffer(args[2], MP_BUFFER_WRITE, 0u);
    const mp_buffer_info_t answer = get_text(args[4]);
    noise_psk_t psk;
    noise_t noise;
    noise_pair_t pair;
    noise_mix(&psk, get_bytes(args[0], PRIMITIVE_KEY_BYTES));
    memcpy(pair.secret, get_bytes(args[3], sizeof(pair.secret)), sizeof(pair.secret));
    if (!noise_read(&noise, &psk, prologue.buf, (uint32_t)prologue.len, first.buf, (uint32_t)first.len)) {
        return mp_const_none;
    }
    noise_complete(&pair);
    vstr_t second;
    vstr_init_len(&second, PRIMITIVE_KEY_BYTES + answer.len + PRIMITIVE_TAG_BYTES);
    memcpy(&second.buf[PRIMITIVE_KEY_BYTES], answer.buf, answer.len);
    if (!noise_write(&noise, &pair, (uint8_t *)second.buf, (uint32_t)second.len)) {
        return mp_const_none;
    }
    uint8_t from_them[PRIMITIVE_KEY_BYTES];
    uint8_t to_them[PRIMITIVE_KEY_BYTES];
    noise_split(&noise, from_them, to_them);
    const mp_obj_t found[] = {mp_obj_new_bytes_from_vstr(&second), mp_obj_new_bytes(from_them, sizeof(from_them)),
                              mp_obj_new_bytes(to_them, sizeof(to_them))};
    return mp_obj_new_tuple(3, found);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(respond_obj, 5, 5, primitives_respond);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_primitives)},
    {MP_ROM_QSTR(MP_QSTR_curve), MP_ROM_PTR(&curve_obj)},
    {MP_ROM_QSTR(MP_QSTR_seal), MP_ROM_PTR(&seal_obj)},
    {MP_ROM_QSTR(MP_QSTR_open), MP_ROM_PTR(&open_obj)},
    {MP_ROM_QSTR(MP_QSTR_hkdf), MP_ROM_PTR(&hkdf_obj)},
    {MP_ROM_QSTR(MP_QSTR_respond), MP_ROM_PTR(&respond_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t primitives_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_primitives, primitives_module);
