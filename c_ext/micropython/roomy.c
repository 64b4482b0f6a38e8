// roomy.c: the C module `roomy`: makes room in an object's attribute table, so that MicroPython finds its methods
// sooner; or in a module's, so that it finds the built-ins.
//
// A method lies in the class. MicroPython searches the object's own table first, and gives up at the first free place.
// Tables grow only when they are full, and in a full one it has to search every place. In one that is half free it
// looks at two or three.
#include "py/objtype.h"
#include "py/runtime.h"

// Places for each attribute.
#define ROOM 2u

// roomy(thing) -> the object or module, with as many free places in its table as it has attributes. Call it last in
// __init__.
static mp_obj_t make_roomy(mp_obj_t thing) {
    mp_map_t *members = NULL;
    if (mp_obj_is_instance_type(mp_obj_get_type(thing))) {
        members = &((mp_obj_instance_t *)MP_OBJ_TO_PTR(thing))->members;
    } else if (mp_obj_is_type(thing, &mp_type_module)) {
        members = &mp_obj_module_get_globals(thing)->map;
    }
    if ((members == NULL) || members->is_fixed) {
        mp_raise_TypeError(MP_ERROR_TEXT("no table of its own"));
    }
    mp_map_t wide;
    mp_map_init(&wide, (ROOM * members->used) + 1u);
    for (size_t i = 0u; i < members->alloc; i++) {
        if (mp_map_slot_is_filled(members, i)) {
            const mp_map_elem_t *from = &members->table[i];
            mp_map_lookup(&wide, from->key, MP_MAP_LOOKUP_ADD_IF_NOT_FOUND)->value = from->value;
        }
    }
    mp_map_deinit(members);
    *members = wide;
    return thing;
}
static MP_DEFINE_CONST_FUN_OBJ_1(roomy_obj, make_roomy);

static const mp_rom_map_elem_t roomy_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_roomy)},
    {MP_ROM_QSTR(MP_QSTR_roomy), MP_ROM_PTR(&roomy_obj)},
};
static MP_DEFINE_CONST_DICT(roomy_globals, roomy_globals_table);

const mp_obj_module_t roomy_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&roomy_globals,
};
MP_REGISTER_MODULE(MP_QSTR_roomy, roomy_module);
