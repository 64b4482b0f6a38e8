"""Runs the pump after a reset. C code handles whatever ends it (c_ext/board/module.c)."""

import gc

if gc.mem_free() < 131072:
    # Collect often while modules are loaded: what stays then lies close together, and large buffers find room after it.
    gc.threshold(8192)

import firmware.main  # noqa: F401  runs until the end of time
