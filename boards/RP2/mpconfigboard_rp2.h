// MicroPython's configuration shared by the RP2040 and RP2350 boards; a board's mpconfigboard.h adds its name.
#include <stdint.h>

#ifndef RELEVE_RELEASE
#define RELEVE_RELEASE (0)
#endif

// 640 KB for the image. The rest would be a file system, which is unused: nothing on the board can replace the frozen firmware.
#define MICROPY_HW_FLASH_STORAGE_BYTES (PICO_FLASH_SIZE_BYTES - (640 * 1024))

// No USB: its interrupts would wake an idle pump every millisecond. The console is UART1; a release has none.
#define MICROPY_HW_ENABLE_USBDEV (0)
#define MICROPY_HW_USB_CDC (0)
#define MICROPY_HW_ENABLE_UART_REPL (!RELEVE_RELEASE)

// One core, one thread: the second core stays asleep.
#define MICROPY_PY_THREAD (0)

// Call frames on a stack of their own (c_ext/board/frames.c): in the 8 KB of the C stack 26 calls had room, an interrupt
// included, and an alarm that stops delivery is as many deep.
#define RELEVE_FRAMES_BYTES (4096)
#define MICROPY_ENABLE_PYSTACK (1)
#define MICROPY_STACKLESS (1)
#define MICROPY_STACKLESS_STRICT (1)
void releve_frames_begin(void);
#define MICROPY_BOARD_STARTUP() releve_frames_begin()

// A place for each name that the firmware looks up: with MicroPython's 128 they evict each other at every stroke.
#define MICROPY_OPT_MAP_LOOKUP_CACHE_SIZE (512)

// A soft reset discards the heap, and with it the dose core.
void releve_soft_reset(void);
#define MICROPY_BOARD_START_SOFT_RESET() releve_soft_reset()

// Whatever ends main.py restarts the board, except Ctrl-C (c_ext/board/module.c).
void releve_before_python(uint32_t flags);
void releve_after_python(uint32_t flags, void *raised);
#define MICROPY_BOARD_BEFORE_PYTHON_EXEC(kind, flags) releve_before_python(flags)
#define MICROPY_BOARD_AFTER_PYTHON_EXEC(kind, flags, raised, result) releve_after_python(flags, raised)
