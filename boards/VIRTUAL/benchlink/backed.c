// backed.c: the VIRTUAL board's non-volatile memory (an FRAM) and battery-backed clock, in a file that the bench maps
// too. The bench can have the power fail in the middle of any write, have writes fail, and flip bits while the board is
// off.
//
// Without a file (attach() not called) both are in the program's own memory and start empty.
#include "backed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "py/runtime.h"
#include "virtual.h"

#define OWN_BYTES 65536u
#define US_PER_S 1000000

static struct {
    backed_t *header;
    uint8_t *cells;
    uint32_t *counts;
    int trace_fd;  // 0: none
} backed;

static void lay_out(void *file) {
    backed.header = file;
    backed.cells = (uint8_t *)file + BACKED_HEADER_BYTES;
    backed.counts = (uint32_t *)(void *)(backed.cells + backed.header->size_bytes);
}

static backed_t *header(void) {
    if (backed.header == NULL) {
        backed_t *own = calloc(1u, BACKED_HEADER_BYTES + (5u * OWN_BYTES));
        if (own == NULL) {
            mp_raise_OSError(ENOMEM);
        }
        own->magic = BACKED_MAGIC;
        own->size_bytes = OWN_BYTES;
        own->clock_valid = 1u;
        lay_out(own);
    }
    return backed.header;
}

// The slice [address, address + bytes) must lie in the memory.
static uint32_t get_address(mp_obj_t object, size_t bytes) {
    const mp_int_t address = mp_obj_get_int(object);
    if ((address < 0) || (bytes > header()->size_bytes) || ((size_t)address > (header()->size_bytes - bytes))) {
        mp_raise_ValueError(MP_ERROR_TEXT("outside of the memory"));
    }
    return (uint32_t)address;
}

// attach(file_fd, trace_fd): maps the file; with a trace_fd other than 0 every write is appended there.
static mp_obj_t backed_attach(mp_obj_t file_object, mp_obj_t trace_object) {
    const int fd = mp_obj_get_int(file_object);
    const off_t bytes = lseek(fd, 0, SEEK_END);
    void *file = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if ((bytes < (off_t)sizeof(backed_t)) || (file == MAP_FAILED) || (((backed_t *)file)->magic != BACKED_MAGIC)) {
        mp_raise_ValueError(MP_ERROR_TEXT("not a backed memory"));
    }
    backed.trace_fd = mp_obj_get_int(trace_object);
    lay_out(file);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(attach_obj, backed_attach);

// size() -> bytes
static mp_obj_t backed_size(void) {
    return MP_OBJ_NEW_SMALL_INT(header()->size_bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_0(size_obj, backed_size);

// read_into(address, buffer)
static mp_obj_t backed_read_into(mp_obj_t address_object, mp_obj_t buffer) {
    mp_buffer_info_t into;
    mp_get_buffer_raise(buffer, &into, MP_BUFFER_WRITE);
    const uint32_t address = get_address(address_object, into.len);
    memcpy(into.buf, &backed.cells[address], into.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(read_into_obj, backed_read_into);

// Counts each cell written, four at a time: GCC's -O2 turns these into one instruction, and every stroke writes 1,500
// cells.
static void count(uint32_t *counts, size_t cells) {
    size_t i = 0u;
    for (; (i + 4u) <= cells; i += 4u) {
        counts[i]++;
        counts[i + 1u]++;
        counts[i + 2u]++;
        counts[i + 3u]++;
    }
    for (; i < cells; i++) {
        counts[i]++;
    }
}

static void trace(uint32_t address, const void *data, size_t bytes) {
    const backed_trace_t entry = {virtual_exchanges(), address, (uint32_t)bytes};
    if ((write(backed.trace_fd, &entry, sizeof(entry)) != (ssize_t)sizeof(entry)) ||
        (write(backed.trace_fd, data, bytes) != (ssize_t)bytes)) {
        mp_raise_OSError(errno);
    }
}

// write(address, data): OSError if the bench makes the memory fail.
static mp_obj_t backed_write(mp_obj_t address_object, mp_obj_t data) {
    mp_buffer_info_t from;
    mp_get_buffer_raise(data, &from, MP_BUFFER_READ);
    const uint32_t address = get_address(address_object, from.len);
    if (backed.header->failing != 0u) {
        mp_raise_OSError(EIO);
    }
    backed.header->writes++;
    const bool cut = backed.header->writes == backed.header->cut_write;
    size_t bytes = from.len;
    if (cut && (backed.header->cut_bytes < bytes)) {
        bytes = backed.header->cut_bytes;
    }
    memcpy(&backed.cells[address], from.buf, bytes);
    count(&backed.counts[address], bytes);
    if (cut) {
        _exit(BACKED_EXIT_POWER_CUT);
    }
    if (backed.trace_fd != 0) {
        trace(address, from.buf, bytes);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(write_obj, backed_write);

// clock() -> UTC in s, or None if the clock has lost the time
static mp_obj_t backed_clock(void) {
    mp_obj_t utc_s = mp_const_none;
    if (header()->clock_valid != 0u) {
        utc_s = mp_obj_new_int((mp_int_t)(virtual_bench_us() / US_PER_S) + (mp_int_t)backed.header->clock_offset);
    }
    return utc_s;
}
static MP_DEFINE_CONST_FUN_OBJ_0(clock_obj, backed_clock);

// set_clock(utc_s): valid from now on
static mp_obj_t backed_set_clock(mp_obj_t utc_object) {
    const mp_int_t utc_s = mp_obj_get_int(utc_object);
    header()->clock_offset = (int64_t)utc_s - (int64_t)(virtual_bench_us() / US_PER_S);
    backed.header->clock_valid = 1u;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(set_clock_obj, backed_set_clock);

static const mp_rom_map_elem_t backed_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_backed)},
    {MP_ROM_QSTR(MP_QSTR_attach), MP_ROM_PTR(&attach_obj)},
    {MP_ROM_QSTR(MP_QSTR_size), MP_ROM_PTR(&size_obj)},
    {MP_ROM_QSTR(MP_QSTR_read_into), MP_ROM_PTR(&read_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&write_obj)},
    {MP_ROM_QSTR(MP_QSTR_clock), MP_ROM_PTR(&clock_obj)},
    {MP_ROM_QSTR(MP_QSTR_set_clock), MP_ROM_PTR(&set_clock_obj)},
};
static MP_DEFINE_CONST_DICT(backed_globals, backed_globals_table);

const mp_obj_module_t backed_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&backed_globals,
};
MP_REGISTER_MODULE(MP_QSTR_backed, backed_module);
