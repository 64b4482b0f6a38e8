"""Runs the pump after a reset. C code handles whatever ends it (c_ext/board/module.c)."""

import gc

# Collect often while modules are loaded: what stays then lies close together, and large buffers find room after it.
gc.threshold(gc.mem_free() // 8)

import firmware.main  # noqa: E402, F401  runs until the end of time
