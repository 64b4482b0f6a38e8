"""Runs the pump after a reset. C code handles whatever ends it (c_ext/board/module.c)."""

import firmware.main  # noqa: F401  runs until the end of time
