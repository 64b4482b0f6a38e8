// silent.c: a release says nothing. The port would print to a console's UART, if there were one.
#include <stddef.h>

#if RELEVE_RELEASE
// As MicroPython's py/mphal.h has it; returns the bytes that are done with.
unsigned int mp_hal_stdout_tx_strn(const char *text, size_t bytes);

unsigned int mp_hal_stdout_tx_strn(const char *text, size_t bytes) {
    (void)text;
    return bytes;
}
#endif
