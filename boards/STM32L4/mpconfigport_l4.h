// The configuration of MicroPython's port; a release has less than the port lets a board leave out.
#include <mpconfigport.h>

#include "../../c_ext/board/closed.h"

#if RELEVE_RELEASE
#undef MICROPY_PY_OS_SYNC
#define MICROPY_PY_OS_SYNC (0)
#undef MICROPY_REPL_INFO
#define MICROPY_REPL_INFO (0)
// No terminal is duplicated; the port asks all the same.
#define mp_os_dupterm_poll(flags) (0u)
#define mp_os_dupterm_rx_chr() (-1)
#endif
