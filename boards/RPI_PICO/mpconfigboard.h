// Configuration of MicroPython for the RPI_PICO board.
#include "../RP2/mpconfigboard_rp2.h"

#define MICROPY_HW_BOARD_NAME "Releve on Raspberry Pi Pico"
