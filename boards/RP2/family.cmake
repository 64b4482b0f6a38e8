# MicroPython's build settings shared by the RP2040 and RP2350 boards; a board's mpconfigboard.cmake names its
# PICO_BOARD, includes this.
set(PICO_PLATFORM $ENV{RELEVE_PICO_PLATFORM})
set(MICROPY_FROZEN_MANIFEST ${CMAKE_CURRENT_LIST_DIR}/manifest.py)
include($ENV{RELEVE_GENERATED}/pins.cmake)
list(APPEND MICROPY_DEF_BOARD
    PICO_DEFAULT_UART=1 PICO_DEFAULT_UART_TX_PIN=${PIN_CONSOLE_TX} PICO_DEFAULT_UART_RX_PIN=${PIN_CONSOLE_RX}
)
if("$ENV{RELEVE_RELEASE}" STREQUAL "1")
    list(APPEND MICROPY_DEF_BOARD RELEVE_RELEASE=1)
endif()
set(MICROPY_MANIFEST_RELEVE_GENERATED $ENV{RELEVE_GENERATED})
# The UF2 file is made by MicroPython's own script.
set(PICO_NO_PICOTOOL 1)
# The compiler's floating point: nothing here needs the boot ROM's, and an emulator's boot ROM need not have it.
set(PICO_DEFAULT_DOUBLE_IMPL pico_double_compiler)
# Pins by registers, as on the RP2040: the motor is switched off before the SDK has switched the RP2350's coprocessors on.
list(APPEND MICROPY_DEF_BOARD PICO_USE_GPIO_COPROCESSOR=0)
# The port's configuration, less what nothing here uses.
list(APPEND MICROPY_DEF_BOARD MP_CONFIGFILE="${CMAKE_CURRENT_LIST_DIR}/mpconfigport_rp2.h")
