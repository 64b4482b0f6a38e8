"""The differences between MicroPython and CPython, in one place.

This is the only module that asks which Python is running. Everything else imports what it needs from here.
"""

import sys

IS_MICROPYTHON = sys.implementation.name == "micropython"

if IS_MICROPYTHON:
    from micropython import const
else:

    def const(value):
        """Return `value`. MicroPython's compiler folds `NAME = const(1)` into the code; CPython has no need to."""
        return value
