// trng.c: random numbers of an RP2350, from its TRNG together with the ring oscillator that MicroPython samples.
//
// Both are mixed, so the result is as good as the better one, and there is always one: a TRNG that fails its own tests
// gives nothing. The linker substitutes these for MicroPython's functions, which os.urandom() and mbedTLS call. The
// RP2040 has no TRNG.
#include "pico.h"

#if !PICO_RP2040

#include <stddef.h>
#include <stdint.h>

#include "hardware/structs/trng.h"

// System clocks from sample to sample; "a few tens" at least (RP2350 datasheet, 12.12.2).
#define SAMPLE_CLOCKS 200u
// 192 bits take a millisecond: the balancer keeps one bit of four samples. Some ten times that, at 10 clocks a look.
#define LOOKS_MAX 150000u
#define RESET_LOOKS_MAX 1000u

uint8_t __wrap_rosc_random_u8(size_t cycles);
uint32_t __wrap_rosc_random_u32(void);
uint8_t __real_rosc_random_u8(size_t cycles);

static uint32_t words[count_of(trng_hw->ehr_data)];
static uint32_t bytes_left;

// Collects with all of the block's tests on.
static void collect(void) {
    // The reset also forgets a failed test; until it is over, nothing can be written.
    trng_hw->trng_sw_reset = TRNG_TRNG_SW_RESET_BITS;
    for (uint32_t i = 0u; (i < RESET_LOOKS_MAX) && (trng_hw->sample_cnt1 != SAMPLE_CLOCKS); i++) {
        trng_hw->sample_cnt1 = SAMPLE_CLOCKS;
    }
    trng_hw->trng_debug_control = 0u;  // the boot ROM has switched the tests off
    trng_hw->rnd_source_enable = TRNG_RND_SOURCE_ENABLE_RND_SRC_EN_BITS;
    uint32_t looks = 0u;
    while (((trng_hw->trng_valid & TRNG_TRNG_VALID_EHR_VALID_BITS) == 0u) && (looks < LOOKS_MAX)) {
        looks++;
    }
    for (uint32_t i = 0u; i < count_of(words); i++) {
        words[i] = (looks < LOOKS_MAX) ? trng_hw->ehr_data[i] : 0u;
    }
    trng_hw->rnd_source_enable = 0u;
    bytes_left = sizeof(words);
}

uint8_t __wrap_rosc_random_u8(size_t cycles) {
    if (bytes_left == 0u) {
        collect();
    }
    bytes_left--;
    const uint8_t random = (uint8_t)(words[bytes_left / 4u] >> (8u * (bytes_left % 4u)));
    return random ^ __real_rosc_random_u8(cycles);
}

uint32_t __wrap_rosc_random_u32(void) {
    uint32_t value = 0u;
    for (uint32_t i = 0u; i < 4u; i++) {
        value = (value << 8u) | __wrap_rosc_random_u8(32u);
    }
    return value;
}

#endif
