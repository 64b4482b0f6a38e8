// Configuration of MicroPython for the B_L475E_IOT01A board.
#include "mpconfigboard_l4.h"

#define MICROPY_HW_BOARD_NAME "Releve on B-L475E-IOT01A"
#define MICROPY_HW_MCU_NAME "STM32L475VG"

// The console of a development image; a release has none.
#if !RELEVE_RELEASE
#define MICROPY_HW_UART4_TX (PINNAME_CONSOLE_TX)
#define MICROPY_HW_UART4_RX (PINNAME_CONSOLE_RX)
#define MICROPY_HW_UART_REPL PYB_UART_4
#define MICROPY_HW_UART_REPL_BAUD 115200
#endif
