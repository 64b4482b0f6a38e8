"""A mutant put into modules that are imported already: the changed function gets the code of its mutant.

So the tests are imported and collected once, and a fork of that process needs only to play those that judge. What is
run on import (a module's constants, a class's body) cannot be changed so: CannotSwap, and worker.py imports it anew.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any


class CannotSwap(Exception):
    """The change is in what has run on import, or nobody has imported it."""


def module_name(path: Path, root: Path) -> str:
    """How the file at `path` is imported."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def swap(path: Path, root: Path, source: str) -> None:
    """Give the functions of the module in `path` the code that they have in `source`. Raises CannotSwap."""
    module = sys.modules.get(module_name(path, root))
    if module is None:
        raise CannotSwap(path)
    was = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    changes = list(_changed(module, was, compile(source, str(path), "exec")))
    if not changes:
        raise CannotSwap(path)
    try:
        for function, code in changes:
            function.__code__ = code
    except ValueError as error:
        raise CannotSwap(path) from error


def _changed(holder: Any, was: CodeType, now: CodeType) -> Iterator[tuple[FunctionType, CodeType]]:
    """The functions of a module or class whose codes differ."""
    before, after = _inner(was), _inner(now)
    if _own(was) != _own(now) or [each.co_name for each in before] != [each.co_name for each in after]:
        raise CannotSwap(was.co_name)
    for old, new in zip(before, after, strict=True):
        if _whole(old) == _whole(new):
            continue
        held = inspect.getattr_static(holder, old.co_name, None)
        if isinstance(held, type):
            yield from _changed(held, old, new)
        else:
            yield _function(held, old), new


def _function(held: Any, code: CodeType) -> FunctionType:
    candidates = [held, *[getattr(held, name, None) for name in ("fget", "fset", "__func__")]]
    for each in candidates:
        if isinstance(each, FunctionType) and each.__code__.co_firstlineno == code.co_firstlineno:
            return each
    raise CannotSwap(code.co_name)


def _inner(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def _own(code: CodeType) -> tuple[Any, ...]:
    """What it does, but for the functions in it and for its line numbers."""
    consts = [(type(each), repr(each)) for each in code.co_consts if not isinstance(each, CodeType)]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return (code.co_code, consts, names, code.co_exceptiontable)


def _whole(code: CodeType) -> tuple[Any, ...]:
    return (code.co_name, _own(code), [_whole(each) for each in _inner(code)])
