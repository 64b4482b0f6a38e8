// Configuration of MicroPython for the WEACT_RP2040 board.
#include "../RP2/mpconfigboard_rp2.h"

#define MICROPY_HW_BOARD_NAME "Releve on WeAct RP2040"
