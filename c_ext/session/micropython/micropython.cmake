# The C module `session` for MicroPython ports built with CMake.
get_filename_component(SESSION_CORE_DIR ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)

# A library of its own, compiled for speed, in flash: it is called from the main context only. mbedTLS's folders are for
# the one file that includes it (c_ext/host/build.py).
file(GLOB SESSION_CORE_SOURCES ${SESSION_CORE_DIR}/*.c ${SESSION_CORE_DIR}/mbedtls/*.c)
set(SESSION_MBEDTLS $ENV{RELEVE_MBEDTLS})
set(SESSION_EVEREST ${SESSION_MBEDTLS}/3rdparty/everest/include/everest)
add_library(session_core STATIC ${SESSION_CORE_SOURCES})
target_include_directories(session_core SYSTEM PRIVATE
    ${SESSION_MBEDTLS} ${SESSION_MBEDTLS}/include ${SESSION_EVEREST} ${SESSION_EVEREST}/kremlib
)
target_compile_definitions(session_core PRIVATE RELEVE_RELEASE=$ENV{RELEVE_RELEASE})
separate_arguments(SESSION_FLAGS UNIX_COMMAND "$ENV{RELEVE_CORE_FLAGS}")
target_compile_options(session_core PRIVATE
    -std=c11 -ffreestanding ${SESSION_FLAGS} -O2 -ffunction-sections -fdata-sections -Wall -Wextra -Werror
)

add_library(usermod_session INTERFACE)
target_sources(usermod_session INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/module.c ${CMAKE_CURRENT_LIST_DIR}/keys.c ${CMAKE_CURRENT_LIST_DIR}/methods.c
    ${CMAKE_CURRENT_LIST_DIR}/framing.c
)
target_include_directories(usermod_session INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(usermod_session INTERFACE session_core)
target_link_libraries(usermod INTERFACE usermod_session)
