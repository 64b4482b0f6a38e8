// startup.h: what a bare-metal program gets from start-up, and what it must define.
#ifndef RELEVE_STARTUP_H
#define RELEVE_STARTUP_H

#include <stdint.h>

// Defined by the program; what it returns is the exit status.
uint32_t startup_main(void);

void startup_print(const char *text);
// One line: the name, a space, eight hexadecimal digits.
void startup_print_number(const char *name, uint32_t value);
void startup_exit(uint32_t status);

#endif
