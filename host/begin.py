"""How `pump` and `pump-bench` begin and end: Ctrl-C at any moment ends them without a traceback.

Implements: HOST-4, HIL-8
"""

from __future__ import annotations

# It loads nothing; signal itself has enums made, and Ctrl-C then would be a traceback.
import _signal as signal  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_EXIT_INTERRUPTED = 130


def begin(load: Callable[[], Callable[[], object]], *, insists: bool = False) -> None:
    """Load the program and run it.

    While it loads, nothing has been done that could be told: Ctrl-C ends the process at once. When it has run, all has
    been told: it does so again, for workers may still have to end. A program that `insists` ends with its own exit code
    then, whatever comes: what it has done is not to look interrupted. A SIGINT that is ignored (a shell's job in the
    background) stays so.
    """
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heard:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    program = load()
    if heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        program()
    except KeyboardInterrupt:  # before its first command was there
        raise SystemExit(_EXIT_INTERRUPTED) from None
    finally:
        for name in ("SIGINT", "SIGTERM", "SIGHUP") if insists else ():
            if hasattr(signal, name):  # Windows has no SIGHUP
                signal.signal(getattr(signal, name), signal.SIG_IGN)
        if heard and not insists:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
