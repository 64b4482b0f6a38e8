// Configuration of MicroPython for the VIRTUAL board: close to a microcontroller's, in logical time, and fast.

#include <stdint.h>

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#include "ports/unix/variants/mpconfigvariant_common.h"

// Time is logical: it stands still while the program runs and moves only in virtual.idle() (benchlink/virtual.c). Any
// other sleep would last for ever, so it is refused.
uint64_t virtual_now_us(void);
#define mp_hal_ticks_us() ((mp_uint_t)virtual_now_us())
#define mp_hal_ticks_ms() ((mp_uint_t)(virtual_now_us() / 1000u))
#define mp_hal_time_ns() (virtual_now_us() * 1000u)
#define mp_hal_delay_ms(ms) \
    ((void)(ms), mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("logical time: use idle() instead of sleep")))
#undef MICROPY_PY_TIME_CUSTOM_SLEEP
#undef MICROPY_PY_TIME_INCLUDEFILE
#define MICROPY_PY_TIME_INCLUDEFILE "logicaltime.h"
// The ticks wrap after 18 minutes of µs, as on a 32-bit board, which reveals wrap bugs.
#define MICROPY_PY_TIME_TICKS_PERIOD (1 << 30)

// Call frames on a stack of their own (8 KB, about 50 calls deep) instead of the heap. On the heap a frame is allocated
// and freed at nearly every call, after which the next search for space restarts at the bottom of the heap: 15 times
// slower.
#define MICROPY_ENABLE_PYSTACK (1)
// A place for each name: two that share one evict each other.
#define MICROPY_OPT_MAP_LOOKUP_CACHE_SIZE (8192)
#undef MICROPY_MEM_STATS
#define MICROPY_MEM_STATS (0)

// Ctrl-C is raised between two bytecodes, never inside of C code that is talking to the bench.
#undef MICROPY_ASYNC_KBD_INTR
#define MICROPY_ASYNC_KBD_INTR (0)

// The same run gives the same bytes: no seed from the operating system.
#undef MICROPY_PY_RANDOM_SEED_INIT_FUNC

// Modules of the host computer, which a board does not have.
#undef MICROPY_PY_WEBSOCKET
#define MICROPY_PY_WEBSOCKET (0)
#undef MICROPY_PY_MACHINE
#define MICROPY_PY_MACHINE (0)
