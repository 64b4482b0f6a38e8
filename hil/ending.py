"""How a run of `pump-bench` ends: with its verdict, interrupted, or as a broken bench, and never as another of these.

Implements: HIL-6, HIL-8
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import NoReturn

from rich.console import Console

from hil.errors import EXIT_BENCH, BenchError

EXIT_FAIL = 1
EXIT_INTERRUPTED = 130
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.ENOTDIR, errno.EISDIR)


@contextmanager
def ending() -> Iterator[None]:
    """Say how the run within has ended, and exit with the code of it."""
    try:
        yield
    except SystemExit as ended:
        if ended.code == EXIT_INTERRUPTED:
            _interrupted()
        raise
    except BenchError as error:
        if _by_ctrl_c(error):
            _interrupted()
        _broken(str(error))
    except BrokenProcessPool:
        _broken("a worker process has died: it was killed, or memory ran out")
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        _broken(f"the results cannot be written: {error}")
    except Exception as error:
        if _by_ctrl_c(error):  # an order that was cut off, whose outcome the pump was asked for
            _interrupted()
        raise


def _by_ctrl_c(error: BaseException | None) -> bool:
    """True if the error came of an interruption: a board that was left in mid-word, and asked again, is lost."""
    if error is None or isinstance(error, KeyboardInterrupt):
        return error is not None
    return _by_ctrl_c(error.__cause__) or _by_ctrl_c(error.__context__)


def _interrupted() -> NoReturn:
    Console(stderr=True).print("interrupted: nothing was judged", highlight=False)
    raise SystemExit(EXIT_INTERRUPTED) from None


def _broken(what: str) -> NoReturn:
    Console(stderr=True).print(f"[bold red]bench error[/] (this says nothing about dosing): {what}", highlight=False)
    raise SystemExit(EXIT_BENCH) from None
