// Configuration of MicroPython for the RPI_PICO board.
#include "../RP2040/mpconfigboard_rp2040.h"

#define MICROPY_HW_BOARD_NAME "Releve on Raspberry Pi Pico"
