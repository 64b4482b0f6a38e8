// runner.c: plays compiled test vectors on the dose core and compares every output and the raw state with the host's.
//
// It knows nothing of the core: the vectors hold addresses, arguments as the procedure call standard passes them, results,
// and digests of the memory that a call may change. tools/core/target/blob.py writes them, for this very image.
//
// Words of the stream, after MAGIC:
//   END
//   WRITE  address bytes word…               put words into memory (bytes rounded up)
//   CLEAR  address bytes
//   SET    number count (address bytes)…     define a set of memory regions
//   CALL   set arguments results function argument… mask… expected… digest
//   CHECK  address bytes digest              one region, such as the rolling caps' history after a sequence
#include "startup.h"

#define MAGIC 0x31564c52u  // "RLV1"
#define SETS_MAX 16u
#define ARGUMENTS_MAX 8u
#define SHOWN_MAX 5u
#define FNV_OFFSET 2166136261u
#define FNV_PRIME 16777619u

enum { END = 0, WRITE, CLEAR, SET, CALL, CHECK };

extern const uint32_t vectors[];  // where the linker script says; the emulator puts them there

// Any function of up to eight argument words. By the procedure call standard (Arm IHI 0042) the first four are r0 … r3, the
// others lie on the stack, and the caller clears up: words that the function does not take do no harm.
typedef uint64_t (*call_t)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);

static uint64_t call(uint32_t function, const uint32_t *arguments) {
    const call_t target = (call_t)(uintptr_t)(function | 1u);  // bit 0: Thumb code
    return target(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5], arguments[6],
                  arguments[7]);
}

// One call for an emulator that holds the program still between calls: it fills in the mailbox, runs from runner_one to
// runner_stop, and reads the result.
struct {
    uint32_t function;
    uint32_t arguments[ARGUMENTS_MAX];
    uint64_t result;
} runner_mailbox;

void runner_one(void);
void runner_one_body(void);

__attribute__((used)) void runner_one_body(void) {
    runner_mailbox.result = call(runner_mailbox.function, runner_mailbox.arguments);
    runner_mailbox.function = 0u;  // done
}

__attribute__((naked, used)) void runner_one(void) {
    __asm volatile(
        "ldr r0, =stack_top      \n"
        "mov sp, r0              \n"
        "bl runner_one_body      \n"
        ".global runner_stop     \n"
        "runner_stop:            \n"
        "b runner_stop           \n"
        ".ltorg                  \n");
}

// FNV-1a over words, the last one filled up with zero bytes.
static uint32_t digest(uint32_t begin, uint32_t address, uint32_t bytes) {
    uint32_t sum = begin;
    const uint8_t *from = (const uint8_t *)(uintptr_t)address;
    for (uint32_t at = 0u; at < bytes; at += 4u) {
        uint32_t word = 0u;
        for (uint32_t i = 0u; (i < 4u) && ((at + i) < bytes); i++) {
            word |= (uint32_t)from[at + i] << (8u * i);
        }
        sum = (sum ^ word) * FNV_PRIME;
    }
    return sum;
}

static uint32_t mismatches;

static void report(const char *what, uint32_t call, uint32_t expected, uint32_t got) {
    if (mismatches < SHOWN_MAX) {
        startup_print("mismatch: ");
        startup_print(what);
        startup_print("\n");
        startup_print_number("  call", call);
        startup_print_number("  expected", expected);
        startup_print_number("  got", got);
    }
    mismatches++;
}

static const uint32_t *play_call(const uint32_t *at, const uint32_t *const *sets, uint32_t number) {
    uint32_t arguments[ARGUMENTS_MAX] = {0u};
    const uint32_t *const set = sets[at[0]];
    const uint32_t argument_count = at[1];
    const uint32_t result_count = at[2];
    const uint32_t function = at[3];
    const uint32_t *next = &at[4];
    for (uint32_t i = 0u; i < argument_count; i++) {
        arguments[i] = *next++;
    }
    const uint64_t result = call(function, arguments);
    for (uint32_t i = 0u; i < result_count; i++) {
        const uint32_t got = (uint32_t)(result >> (32u * i)) & next[i];
        if (got != next[result_count + i]) {
            report("result", number, next[result_count + i], got);
        }
    }
    next += 2u * result_count;
    uint32_t sum = FNV_OFFSET;
    for (uint32_t i = 0u; i < set[0]; i++) {
        sum = digest(sum, set[1u + (2u * i)], set[2u + (2u * i)]);
    }
    if (sum != *next) {
        report("state", number, *next, sum);
    }
    return next + 1;
}

uint32_t startup_main(void) {
    const uint32_t *sets[SETS_MAX];
    const uint32_t *at = &vectors[1];
    uint32_t calls = 0u;
    uint32_t status = 0u;
    if (vectors[0] != MAGIC) {
        startup_print("no vectors\n");
        status = 2u;
    } else {
        while (*at != END) {
            const uint32_t operation = *at++;
            if (operation == WRITE) {
                const uint32_t words = (at[1] + 3u) / 4u;
                uint32_t *to = (uint32_t *)(uintptr_t)at[0];
                for (uint32_t i = 0u; i < words; i++) {
                    to[i] = at[2u + i];
                }
                at += 2u + words;
            } else if (operation == CLEAR) {
                uint8_t *to = (uint8_t *)(uintptr_t)at[0];
                for (uint32_t i = 0u; i < at[1]; i++) {
                    to[i] = 0u;
                }
                at += 2;
            } else if (operation == SET) {
                sets[at[0]] = &at[1];
                at += 2u + (2u * at[1]);
            } else if (operation == CALL) {
                at = play_call(at, sets, calls);
                calls++;
            } else if (operation == CHECK) {
                const uint32_t sum = digest(FNV_OFFSET, at[0], at[1]);
                if (sum != at[2]) {
                    report("memory", calls, at[2], sum);
                }
                at += 3;
            } else {
                report("no such operation", calls, 0u, operation);
                break;
            }
        }
        startup_print_number("calls", calls);
        startup_print_number("mismatches", mismatches);
        status = (mismatches != 0u) ? 1u : 0u;
    }
    return status;
}
