"""The differences between MicroPython and CPython, in one place.

This is the only module that asks which Python is running. Everything else imports what it needs from here.
"""

import sys

IS_MICROPYTHON = sys.implementation.name == "micropython"

if IS_MICROPYTHON:
    from micropython import const
else:

    def const(value):  # type: ignore[misc]  # the stub's is generic, which this file cannot say on MicroPython
        """Give `value` back: MicroPython's compiler folds such constants into the code, CPython has no need to."""
        return value
