# The Pico SDK's name of the board.
set(PICO_BOARD "pico")
include(${CMAKE_CURRENT_LIST_DIR}/../RP2/family.cmake)
