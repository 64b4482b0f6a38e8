"""The differences between MicroPython and CPython, in one place.

This is the only module that asks which Python is running. Everything else imports what it needs from here.
"""

import sys

IS_MICROPYTHON = sys.implementation.name == "micropython"

if IS_MICROPYTHON:
    from micropython import const
else:

    def const(value):  # type: ignore[misc]  # the stub's is generic, which this file cannot say on MicroPython
        """Return `value`. MicroPython's compiler folds such constants into the code; CPython has nothing to do."""
        return value


try:
    from roomy import roomy  # a C module of every board that is a pump
except ImportError:

    def roomy(thing):  # type: ignore[misc]
        """Return `thing`; on a pump's board its attribute table then has as many free places as attributes.

        Called last in __init__() of objects whose methods every stroke calls: in a full table MicroPython searches
        every place before it asks the class (c_ext/micropython/roomy.c).
        """
        return thing


def forget(package, name):
    """Drop the module `name` of `package` on a board, where its table of names would stay on the heap: others have
    taken over what they need of it. Import nothing from it later; it would be loaded anew.
    """
    if IS_MICROPYTHON:
        del sys.modules[package + "." + name]
        delattr(sys.modules[package], name)


def nobody(*what):
    """Stands in for a callback that is not set yet: does nothing, and refuses nothing."""
