// rom.c: a stub boot ROM of our own for the emulated Pico. It has the entries that the SDK and MicroPython look up,
// laid out as the RP2040 datasheet describes (2.8.3 Bootrom Contents), and contains no code of the real one.
//
// The flash functions drive the emulator's invented controller (hil/emulator/flash.js) and wait for it, so that the CPU
// is held up as by the real chip. Floats are libgcc's; the real ROM flushes denormals to zero, libgcc does not.
#include <stddef.h>
#include <stdint.h>

#define FLASH_BASE 0x40070000u
#define FLASH_COMMAND (*(volatile uint32_t *)(FLASH_BASE + 0x00u))
#define FLASH_ADDRESS (*(volatile uint32_t *)(FLASH_BASE + 0x04u))
#define FLASH_LENGTH (*(volatile uint32_t *)(FLASH_BASE + 0x08u))
#define FLASH_SOURCE (*(volatile uint32_t *)(FLASH_BASE + 0x0cu))
#define FLASH_BUSY (*(volatile uint32_t *)(FLASH_BASE + 0x10u))
#define FLASH_EXIT_XIP 1u
#define FLASH_ERASE 2u
#define FLASH_PROGRAM 3u
#define FLASH_ENTER_XIP 4u

#define BOOT2 0x10000001u
#define CODE(a, b) ((uint16_t)((a) | ((b) << 8)))

// On a fault outside the image a real ROM stays in the handler. The emulator records the fault.
static void halt(void) {
    for (;;) {
    }
}

// --- memory and bits ---------------------------------------------------------------------------------------------------
static uint32_t popcount32(uint32_t value) {
    uint32_t count = 0u;
    for (; value != 0u; value &= value - 1u) {
        count++;
    }
    return count;
}

static uint32_t reverse32(uint32_t value) {
    uint32_t result = 0u;
    for (uint32_t i = 0u; i < 32u; i++) {
        result = (result << 1u) | ((value >> i) & 1u);
    }
    return result;
}

static uint32_t clz32(uint32_t value) {
    uint32_t count = 0u;
    while ((count < 32u) && ((value & (0x80000000u >> count)) == 0u)) {
        count++;
    }
    return count;
}

static uint32_t ctz32(uint32_t value) {
    uint32_t count = 0u;
    while ((count < 32u) && ((value & (1u << count)) == 0u)) {
        count++;
    }
    return count;
}

void *memset(void *to, int value, size_t bytes);
void *memcpy(void *to, const void *from, size_t bytes);

void *memset(void *to, int value, size_t bytes) {
    uint8_t *at = to;
    uint8_t *const end = at + bytes;
    const uint32_t word = (uint8_t)value * 0x01010101u;
    while ((at < end) && (((uintptr_t)at & 3u) != 0u)) {
        *at++ = (uint8_t)value;
    }
    for (; at + 4 <= end; at += 4) {
        *(uint32_t *)(void *)at = word;
    }
    while (at < end) {
        *at++ = (uint8_t)value;
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t bytes) {
    uint8_t *at = to;
    const uint8_t *source = from;
    uint8_t *const end = at + bytes;
    if ((((uintptr_t)at ^ (uintptr_t)source) & 3u) == 0u) {
        while ((at < end) && (((uintptr_t)at & 3u) != 0u)) {
            *at++ = *source++;
        }
        for (; at + 4 <= end; at += 4, source += 4) {
            *(uint32_t *)(void *)at = *(const uint32_t *)(const void *)source;
        }
    }
    while (at < end) {
        *at++ = *source++;
    }
    return to;
}

// --- flash -------------------------------------------------------------------------------------------------------------
static void connect_internal_flash(void) {
}

static void flash_exit_xip(void) {
    FLASH_COMMAND = FLASH_EXIT_XIP;
}

static void flash_wait(void) {
    while (FLASH_BUSY != 0u) {
    }
}

static void flash_range_erase(uint32_t address, size_t count, uint32_t block_size, uint8_t block_command) {
    (void)block_size;
    (void)block_command;
    FLASH_ADDRESS = address;
    FLASH_LENGTH = count;
    FLASH_COMMAND = FLASH_ERASE;
    flash_wait();
}

static void flash_range_program(uint32_t address, const uint8_t *data, size_t count) {
    FLASH_ADDRESS = address;
    FLASH_SOURCE = (uint32_t)(uintptr_t)data;
    FLASH_LENGTH = count;
    FLASH_COMMAND = FLASH_PROGRAM;
    flash_wait();
}

static void flash_flush_cache(void) {
}

static void flash_enter_cmd_xip(void) {
    FLASH_COMMAND = FLASH_ENTER_XIP;
}

// --- floats ------------------------------------------------------------------------------------------------------------
extern float __aeabi_fadd(float, float);
extern float __aeabi_fsub(float, float);
extern float __aeabi_fmul(float, float);
extern float __aeabi_fdiv(float, float);
extern int32_t __aeabi_f2iz(float);
extern uint32_t __aeabi_f2uiz(float);
extern float __aeabi_i2f(int32_t);
extern float __aeabi_ui2f(uint32_t);
extern int64_t __aeabi_f2lz(float);
extern uint64_t __aeabi_f2ulz(float);
extern float __aeabi_l2f(int64_t);
extern float __aeabi_ul2f(uint64_t);
extern double __aeabi_f2d(float);

// Offsets are the datasheet's (2.8.3.2). Entries left out end in halt(), so their use is noticed.
#define ADDRESS_OF(function) ((const void *)(function))
#define LEFT_OUT ADDRESS_OF(halt)
static const void *const soft_float_table[32] = {
    [0] = ADDRESS_OF(__aeabi_fadd),
    [1] = ADDRESS_OF(__aeabi_fsub),
    [2] = ADDRESS_OF(__aeabi_fmul),
    [3] = ADDRESS_OF(__aeabi_fdiv),
    [4 ... 6] = LEFT_OUT,
    [7] = ADDRESS_OF(__aeabi_f2iz),
    [8] = LEFT_OUT,
    [9] = ADDRESS_OF(__aeabi_f2uiz),
    [10] = LEFT_OUT,
    [11] = ADDRESS_OF(__aeabi_i2f),
    [12] = LEFT_OUT,
    [13] = ADDRESS_OF(__aeabi_ui2f),
    [14 ... 22] = LEFT_OUT,
    [23] = ADDRESS_OF(__aeabi_l2f),
    [24] = LEFT_OUT,
    [25] = ADDRESS_OF(__aeabi_ul2f),
    [26] = LEFT_OUT,
    [27] = ADDRESS_OF(__aeabi_f2lz),
    [28] = LEFT_OUT,
    [29] = ADDRESS_OF(__aeabi_f2ulz),
    [30] = LEFT_OUT,
    [31] = ADDRESS_OF(__aeabi_f2d),
};

// --- tables ------------------------------------------------------------------------------------------------------------
typedef struct {
    uint32_t code;
    const void *at;
} entry_t;

const entry_t rom_functions[] = {
    {CODE('P', '3'), ADDRESS_OF(popcount32)},
    {CODE('R', '3'), ADDRESS_OF(reverse32)},
    {CODE('L', '3'), ADDRESS_OF(clz32)},
    {CODE('T', '3'), ADDRESS_OF(ctz32)},
    {CODE('M', 'S'), ADDRESS_OF(memset)},
    {CODE('S', '4'), ADDRESS_OF(memset)},
    {CODE('M', 'C'), ADDRESS_OF(memcpy)},
    {CODE('C', '4'), ADDRESS_OF(memcpy)},
    {CODE('I', 'F'), ADDRESS_OF(connect_internal_flash)},
    {CODE('E', 'X'), ADDRESS_OF(flash_exit_xip)},
    {CODE('R', 'E'), ADDRESS_OF(flash_range_erase)},
    {CODE('R', 'P'), ADDRESS_OF(flash_range_program)},
    {CODE('F', 'C'), ADDRESS_OF(flash_flush_cache)},
    {CODE('C', 'X'), ADDRESS_OF(flash_enter_cmd_xip)},
    {0u, NULL},
};

const entry_t rom_data[] = {
    {CODE('S', 'F'), ADDRESS_OF(soft_float_table)},
    {0u, NULL},
};

// The words at 0x14 and 0x16 hold the addresses of the tables, the one at 0x18 that of this function; so the format of
// the tables is ours.
const void *rom_table_lookup(const entry_t *entry, uint32_t code) {
    while ((entry->code != 0u) && (entry->code != code)) {
        entry++;
    }
    return entry->at;
}

// The reset entry. The second stage returns to the image's vector table itself, because its link register is 0.
__attribute__((naked, noreturn)) void rom_reset(void) {
    __asm__ volatile("ldr r0, =%c0\n mov r1, #0\n mov lr, r1\n bx r0\n .ltorg" : : "i"(BOOT2));
}

void rom_halt(void) {
    halt();
}
