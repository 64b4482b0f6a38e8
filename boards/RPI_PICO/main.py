"""What the board does after a reset: run the pump. Whatever ends it is dealt with in C (c_ext/board/module.c)."""

import firmware.main  # noqa: F401  runs until the end of time
