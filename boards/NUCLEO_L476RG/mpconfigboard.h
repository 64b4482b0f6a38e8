// Configuration of MicroPython for the NUCLEO_L476RG board.
#include "mpconfigboard_l4.h"

#define MICROPY_HW_BOARD_NAME "Releve on NUCLEO-L476RG"
#define MICROPY_HW_MCU_NAME "STM32L476RG"

// The console of a development image; a release has none.
#if !RELEVE_RELEASE
#define MICROPY_HW_UART1_TX (PINNAME_CONSOLE_TX)
#define MICROPY_HW_UART1_RX (PINNAME_CONSOLE_RX)
#define MICROPY_HW_UART_REPL PYB_UART_1
#define MICROPY_HW_UART_REPL_BAUD 115200
#endif
