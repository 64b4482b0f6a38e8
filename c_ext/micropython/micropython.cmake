# The C module `dosecore` for MicroPython ports built with CMake.
get_filename_component(DOSECORE_CORE_DIR ${CMAKE_CURRENT_LIST_DIR}/../core ABSOLUTE)
get_filename_component(DOSECORE_BOARD_DIR ${CMAKE_CURRENT_LIST_DIR}/../board ABSOLUTE)

# The core and the boards' part of the interrupts: a library of its own, with the flags of every target
# (tools/core/cost/budget.toml), all of it in RAM: no cache miss of the flash delays a stroke.
file(GLOB DOSECORE_CORE_SOURCES ${DOSECORE_CORE_DIR}/*.c)
list(APPEND DOSECORE_CORE_SOURCES
    ${DOSECORE_BOARD_DIR}/interrupts.c ${DOSECORE_BOARD_DIR}/ring.c ${DOSECORE_BOARD_DIR}/service.c
)
add_library(dosecore_core STATIC ${DOSECORE_CORE_SOURCES})
separate_arguments(DOSECORE_FLAGS UNIX_COMMAND "$ENV{RELEVE_CORE_FLAGS}")
target_compile_options(dosecore_core PRIVATE
    -std=c11 -ffreestanding -fno-jump-tables -fno-function-sections -fno-data-sections ${DOSECORE_FLAGS}
    -Wall -Wextra -Werror
)
add_custom_command(TARGET dosecore_core POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} --rename-section .text=.time_critical.dosecore
        --rename-section .rodata=.time_critical.dosecore_rodata $<TARGET_FILE:dosecore_core>
    VERBATIM
)

add_library(usermod_dosecore INTERFACE)
target_sources(usermod_dosecore INTERFACE 
    ${CMAKE_CURRENT_LIST_DIR}/dosecore.c ${CMAKE_CURRENT_LIST_DIR}/requests.c ${CMAKE_CURRENT_LIST_DIR}/readings.c
    ${CMAKE_CURRENT_LIST_DIR}/counts.c ${CMAKE_CURRENT_LIST_DIR}/roomy.c
)
target_include_directories(usermod_dosecore INTERFACE ${CMAKE_CURRENT_LIST_DIR})
# The core's interrupt is a real one here: the binding masks it.
target_compile_definitions(usermod_dosecore INTERFACE DOSECORE_MASKED=1)
target_link_libraries(usermod_dosecore INTERFACE dosecore_core)
target_link_libraries(usermod INTERFACE usermod_dosecore)
