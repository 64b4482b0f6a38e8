// startup.c: from reset to main() on a Cortex-M, and the two things a program needs of a debugger: print and exit.
//
// Semihosting: BKPT 0xAB with an operation in r0 and its argument in r1 (Arm IHI 0071). QEMU answers it.
#include "startup.h"

#define SYS_WRITE0 0x04u
#define SYS_EXIT_EXTENDED 0x20u
#define ADP_STOPPED_APPLICATION_EXIT 0x20026u
#define CRASHED 99

// Laid out by the linker scripts.
extern uint32_t stack_top[];
extern uint32_t data_load[];
extern uint32_t data_start[];
extern uint32_t data_end[];
extern uint32_t bss_start[];
extern uint32_t bss_end[];

void reset(void);
static void crashed(void);

static uint32_t semihost(uint32_t operation, uintptr_t argument) {
    register uint32_t r0 __asm("r0") = operation;
    register uintptr_t r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void startup_print(const char *text) {
    (void)semihost(SYS_WRITE0, (uintptr_t)text);
}

void startup_print_number(const char *name, uint32_t value) {
    static const char digits[] = "0123456789abcdef";
    char text[12];
    for (uint32_t i = 0u; i < 8u; i++) {
        text[i] = digits[(value >> (28u - (4u * i))) & 15u];
    }
    text[8] = '\n';
    text[9] = '\0';
    startup_print(name);
    startup_print(" ");
    startup_print(text);
}

void startup_exit(uint32_t status) {
    const uint32_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, status};
    (void)semihost(SYS_EXIT_EXTENDED, (uintptr_t)block);
    for (;;) {
    }
}

static void crashed(void) {
    startup_print("crashed\n");
    startup_exit(CRASHED);
}

typedef void (*vector_t)(void);
// The first word is no function but the stack's end: a union keeps the types honest.
typedef union {
    uint32_t *stack;
    vector_t handler;
} entry_t;

extern const entry_t startup_vectors[16];
__attribute__((section(".vectors"), used)) const entry_t startup_vectors[16] = {
    {.stack = stack_top}, {.handler = reset},   {.handler = crashed}, {.handler = crashed},
    {.handler = crashed}, {.handler = crashed}, {.handler = crashed}, {.handler = crashed},
    {.handler = crashed}, {.handler = crashed}, {.handler = crashed}, {.handler = crashed},
    {.handler = crashed}, {.handler = crashed}, {.handler = crashed}, {.handler = crashed},
};

void reset(void) {
    const uint32_t *from = data_load;
    for (uint32_t *to = data_start; to < data_end; to++) {
        *to = *from;
        from++;
    }
    for (uint32_t *to = bss_start; to < bss_end; to++) {
        *to = 0u;
    }
    startup_exit(startup_main());
}
