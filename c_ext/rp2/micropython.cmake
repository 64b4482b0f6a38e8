# The C module `hardware` of RP2040 and RP2350 boards.
get_filename_component(HARDWARE_BOARD_DIR ${CMAKE_CURRENT_LIST_DIR}/../board ABSOLUTE)
add_library(usermod_hardware INTERFACE)
target_sources(usermod_hardware INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/annunciator.c
    ${CMAKE_CURRENT_LIST_DIR}/bus.c
    ${CMAKE_CURRENT_LIST_DIR}/console.c
    ${CMAKE_CURRENT_LIST_DIR}/crash.c
    ${CMAKE_CURRENT_LIST_DIR}/early.c
    ${CMAKE_CURRENT_LIST_DIR}/hardware.c
    ${CMAKE_CURRENT_LIST_DIR}/interrupts.c
    ${CMAKE_CURRENT_LIST_DIR}/link.c
    ${CMAKE_CURRENT_LIST_DIR}/pressure.c
    ${CMAKE_CURRENT_LIST_DIR}/sensor.c
    ${CMAKE_CURRENT_LIST_DIR}/stroke.c
    ${CMAKE_CURRENT_LIST_DIR}/trng.c
    ${HARDWARE_BOARD_DIR}/bus_clear.c
    ${HARDWARE_BOARD_DIR}/closed.c
    ${HARDWARE_BOARD_DIR}/frames.c
    ${HARDWARE_BOARD_DIR}/image.c
    ${HARDWARE_BOARD_DIR}/module.c
    ${HARDWARE_BOARD_DIR}/start.c
)
# pins.h is made from the board's table of pins.
target_include_directories(usermod_hardware INTERFACE ${CMAKE_CURRENT_LIST_DIR} $ENV{RELEVE_GENERATED})
target_link_libraries(usermod_hardware INTERFACE
    hardware_adc hardware_dma hardware_gpio hardware_i2c hardware_irq hardware_pio hardware_timer hardware_uart hardware_watchdog
)
# bus.c has its own.
target_link_options(usermod_hardware INTERFACE -Wl,--wrap=i2c_write_blocking_until
    -Wl,--wrap=mp_machine_i2c_transfer_adaptor)
if(PICO_RP2350)
    # trng.c has its own.
    target_link_options(usermod_hardware INTERFACE -Wl,--wrap=rosc_random_u8 -Wl,--wrap=rosc_random_u32)
endif()
target_link_libraries(usermod INTERFACE usermod_hardware)
