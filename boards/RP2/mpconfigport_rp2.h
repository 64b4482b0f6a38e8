// The configuration of MicroPython's port, less what nothing here uses and the port does not let a board leave out: the
// session has its own cryptography (c_ext/session), so AES and SHA-1 stay out of the image.
#include <mpconfigport.h>

#undef MICROPY_PY_CRYPTOLIB
#define MICROPY_PY_CRYPTOLIB (0)
#undef MICROPY_PY_HASHLIB_SHA1
#define MICROPY_PY_HASHLIB_SHA1 (0)

#include "../../c_ext/board/closed.h"

#if RELEVE_RELEASE
#define pyexec_raw_repl releve_no_console
#define pyexec_friendly_repl releve_no_console
#endif
