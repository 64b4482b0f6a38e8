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


try:
    from roomy import roomy  # a C module of every board that is a pump
except ImportError:

    def roomy(thing):  # type: ignore[misc]
        """Give `thing` back, on such a board with as many free places as attributes in its table.

        Last in __init__() of what each stroke asks for its methods: in a full table MicroPython looks into every place
        before it asks the class (c_ext/micropython/roomy.c).
        """
        return thing


def nobody(*what):
    """The place of a listener that is not there yet: does nothing, and objects to nothing."""
