"""How `pump` and `pump-bench` begin and end: Ctrl-C at any moment ends them without a traceback.

Implements: HOST-4, HIL-8
"""

from __future__ import annotations

import signal
from collections.abc import Callable


def begin(load: Callable[[], Callable[[], object]]) -> None:
    """Load the program and run it.

    While it loads, nothing has been done that could be told: Ctrl-C ends the process at once. When it has run, all has
    been told: no Ctrl-C, request to end or closed terminal changes its exit code any more. A SIGINT that is ignored (a
    shell's job in the background) stays so.
    """
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heard:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    program = load()
    if heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        program()
    finally:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):  # Windows has no SIGHUP
                signal.signal(getattr(signal, name), signal.SIG_IGN)
