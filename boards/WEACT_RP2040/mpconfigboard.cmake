# The Pico SDK's name of the board.
set(PICO_BOARD "weact_studio_rp2040_16mb")
include(${CMAKE_CURRENT_LIST_DIR}/../RP2/family.cmake)
