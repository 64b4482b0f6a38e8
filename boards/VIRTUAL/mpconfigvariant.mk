# Build settings of the VIRTUAL board, read by MicroPython's ports/unix/Makefile. README.md has the measurements behind them.

FROZEN_MANIFEST ?= $(VARIANT_DIR)/manifest.py
# Where the build puts what it makes (tools/ports/unix.py).
MICROPY_MANIFEST_RELEVE_GENERATED = $(RELEVE_GENERATED)
PROG = micropython

# None of these is used, and the first four would need packages of the system or parts that Debian's source leaves out.
MICROPY_PY_SSL = 0
MICROPY_PY_FFI = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_SOCKET = 0
MICROPY_PY_TERMIOS = 0
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
MICROPY_VFS_LFS2 = 0
# Also frees the allocator of a lock at every call.
MICROPY_PY_THREAD = 0

# Plain code for any machine of the kind (no -march). Fixed addresses save an indirection at every global.
COPT = -O2 -DNDEBUG -fno-pie
# The build id is made from debug information, which holds paths: without it equal sources give equal programs anywhere.
# benchlink/crc.c is the CRC-32.
LDFLAGS_EXTRA = -no-pie -Wl,--build-id=none -Wl,--wrap=uzlib_crc32
# The interpreter's loop and the garbage collector; GCC's manual advises -fno-gcse for computed gotos.
CSUPEROPT = -O3 -fno-gcse
# Symbols stay, so that a profiler can name functions.
STRIPFLAGS_EXTRA = --strip-debug
