// Configuration of MicroPython for the NUCLEO_L4A6ZG board.
#include "mpconfigboard_l4.h"

#define MICROPY_HW_BOARD_NAME "Releve on NUCLEO-L4A6ZG"
#define MICROPY_HW_MCU_NAME "STM32L4A6ZG"

// The console of a development image; a release has none.
#if !RELEVE_RELEASE
#define MICROPY_HW_UART3_TX (PINNAME_CONSOLE_TX)
#define MICROPY_HW_UART3_RX (PINNAME_CONSOLE_RX)
#define MICROPY_HW_UART_REPL PYB_UART_3
#define MICROPY_HW_UART_REPL_BAUD 115200
#endif
