// closed.h: the configuration of MicroPython in a release image, for the end of a port's. A release runs what is frozen
// into it and nothing else (SEC-5): it has no file system, nothing that reads, compiles or loads a program, and no prompt
// (closed.c). tools/closed_image.py looks for all that in the linked image.
#ifndef RELEVE_BOARD_CLOSED_H
#define RELEVE_BOARD_CLOSED_H

#if RELEVE_RELEASE
#undef MICROPY_VFS
#define MICROPY_VFS (0)
#undef MICROPY_VFS_FAT
#define MICROPY_VFS_FAT (0)
#undef MICROPY_VFS_LFS2
#define MICROPY_VFS_LFS2 (0)
#undef MICROPY_READER_VFS
#define MICROPY_READER_VFS (0)
#undef MICROPY_PERSISTENT_CODE_LOAD
#define MICROPY_PERSISTENT_CODE_LOAD (0)
#undef MICROPY_EMIT_THUMB
#define MICROPY_EMIT_THUMB (0)
#undef MICROPY_EMIT_INLINE_THUMB
#define MICROPY_EMIT_INLINE_THUMB (0)
#undef MICROPY_PY_OS_DUPTERM
#define MICROPY_PY_OS_DUPTERM (0)
#undef MICROPY_PY_OS_DUPTERM_NOTIFY
#define MICROPY_PY_OS_DUPTERM_NOTIFY (0)
#undef MICROPY_PY_MACHINE_BOOTLOADER
#define MICROPY_PY_MACHINE_BOOTLOADER (0)
#undef MICROPY_MODULE_FROZEN_STR
#define MICROPY_MODULE_FROZEN_STR (0)
#define MICROPY_ENABLE_COMPILER (0)
#define MICROPY_PY_BUILTINS_EVAL_EXEC (0)
#define MICROPY_PY_BUILTINS_EXECFILE (0)
#define MICROPY_PY_BUILTINS_INPUT (0)
#define MICROPY_PY_BUILTINS_HELP (0)
#define MICROPY_PY_IO (0)
#define MICROPY_PY_JSON (0)
#define MICROPY_PY_SYS_STDFILES (0)
#define MICROPY_HELPER_REPL (0)
// MicroPython's import of files leaves a variable that nothing uses then.
#pragma GCC diagnostic ignored "-Wunused-variable"
#endif

#endif
