// Included by MicroPython's extmod/modtime.c: the clock of the module `time`, which starts at 1970 with the board.

static mp_obj_t mp_time_time_get(void) {
    return mp_obj_new_float((mp_float_t)virtual_now_us() / (mp_float_t)1e6);
}
