// MicroPython's configuration shared by the STM32L4 boards; a board's mpconfigboard.h adds its name and console.
#include <stdint.h>

#include "pins.h"

// The MSI, 4 MHz, held by the crystal, times 20: 80 MHz. c_ext/stm32/clock.h relies on it.
#define MICROPY_HW_CLK_PLLM (1)
#define MICROPY_HW_CLK_PLLN (40)
#define MICROPY_HW_CLK_PLLP (RCC_PLLP_DIV7)
#define MICROPY_HW_CLK_PLLQ (RCC_PLLQ_DIV4)
#define MICROPY_HW_CLK_PLLR (RCC_PLLR_DIV2)
#define MICROPY_HW_FLASH_LATENCY FLASH_LATENCY_4
#define MICROPY_HW_ENABLE_RTC (1)
#define MICROPY_HW_RTC_USE_LSE (1)
#define MICROPY_HW_ENABLE_RNG (1)

// No file system: nothing on the board can replace the frozen firmware. No USB: it would keep the chip awake.
#define MICROPY_HW_HAS_FLASH (0)
#define MICROPY_HW_ENABLE_INTERNAL_FLASH_STORAGE (0)
#define MICROPY_HW_ENABLE_USB (0)
// The timers that play strokes, and the one that switches the motor off.
#define MICROPY_HW_TIM_IS_RESERVED(id) (((id) == 2) || ((id) == 6) || ((id) == 15))

#define MICROPY_HW_I2C1_SCL (PINNAME_I2C_SCL)
#define MICROPY_HW_I2C1_SDA (PINNAME_I2C_SDA)

// What SRAM2 has left is heap as well.
#define MICROPY_GC_SPLIT_HEAP (1)

// Call frames on a stack of their own (c_ext/board/frames.c). The port makes a smaller one and takes it; this one follows
// before any Python runs.
#define RELEVE_FRAMES_BYTES (3584)
#define MICROPY_ENABLE_PYSTACK (1)
#define MICROPY_STACKLESS (1)
#define MICROPY_STACKLESS_STRICT (1)
void releve_frames_begin(void);
#define MICROPY_BOARD_RUN_BOOT_PY(state) (releve_frames_begin(), boardctrl_run_boot_py(state))

// A place for each name that the firmware looks up: with MicroPython's 128 they evict each other at every stroke.
#define MICROPY_OPT_MAP_LOOKUP_CACHE_SIZE (512)

// A soft reset discards the heap, and with it the dose core. A release has none: what would lead there starts anew, and
// the port's module pyb, with its console and its file systems, is left out.
#if RELEVE_RELEASE
int releve_no_console(void);
#define MICROPY_BOARD_START_SOFT_RESET(state) ((void)releve_no_console())
#define MICROPY_PY_PYB (0)
#define MICROPY_PY_PYB_LEGACY (0)
#else
void releve_soft_reset(void);
#define MICROPY_BOARD_START_SOFT_RESET(state) (releve_soft_reset(), boardctrl_start_soft_reset(state))
#endif

// Whatever ends main.py restarts the board, except Ctrl-C (c_ext/board/module.c).
void releve_before_python(uint32_t flags);
void releve_after_python(uint32_t flags, void *raised);
#define MICROPY_BOARD_BEFORE_PYTHON_EXEC(kind, flags) releve_before_python(flags)
#define MICROPY_BOARD_AFTER_PYTHON_EXEC(kind, flags, raised, result) releve_after_python(flags, raised)

// From reset on (c_ext/board/start.h).
void start_begin(void);
#define MICROPY_BOARD_STARTUP() start_begin()
void releve_fatal_error(const char *message) __attribute__((noreturn));
#define MICROPY_BOARD_FATAL_ERROR(message) releve_fatal_error(message)
