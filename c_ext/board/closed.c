// closed.c: what a release image has instead of a file system and a console.
#include "py/builtin.h"
#include "py/mpconfig.h"
#include "start.h"

#if RELEVE_RELEASE
int releve_no_console(void);

// There is nothing to import but what is frozen, which is looked up before this.
mp_import_stat_t mp_import_stat(const char *path) {
    (void)path;
    return MP_IMPORT_STAT_NO_EXIST;
}

// The port comes here if main.py ended without a restart: the pump starts anew.
int releve_no_console(void) {
    start_anew(START_PYTHON);
}
#endif
