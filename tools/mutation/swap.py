"""Puts a mutant into modules that are already imported: the changed function gets the code of its mutant.

So the tests are imported and collected once, and a fork of that process only has to run those that judge. A module's
private constant gets its mutated value if only functions read it. Other code that runs on import (a public constant,
which others have copied, a class's body, a function that fills a table) cannot be changed in this way: CannotSwap, and
worker.py imports it anew.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any


class CannotSwap(Exception):
    """The change is in code that has run on import, or the module has not been imported."""


def module_name(path: Path, root: Path) -> str:
    """Return the module name of the file at `path`."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def swap(path: Path, root: Path, source: str) -> None:
    """Give the functions of the module in `path` the code that they have in `source`. Raises CannotSwap."""
    module = sys.modules.get(module_name(path, root))
    if module is None:
        raise CannotSwap(path)
    text = path.read_text(encoding="utf-8")
    name, value = _constant(text, source)
    if name:
        if _read_on_import(text, name) or _taken_over(module.__name__, name, root):
            raise CannotSwap(path)
        vars(module)[name] = eval(compile(ast.Expression(value), str(path), "eval"), vars(module))  # noqa: S307
        return
    was = compile(text, str(path), "exec")
    changes = list(_changed(module, was, compile(source, str(path), "exec")))
    called = _called_on_import(text)
    if not changes or any(function.__qualname__.partition(".")[0] in called for function, _ in changes):
        raise CannotSwap(path)
    try:
        for function, code in changes:
            function.__code__ = code
    except ValueError as error:
        raise CannotSwap(path) from error


def _constant(text: str, source: str) -> tuple[str, ast.expr]:
    """Return (the private name in the module, its new value) if nothing else has changed; else ("", …)."""
    before, after = ast.parse(text).body, ast.parse(source).body
    differ = [(old, new) for old, new in zip(before, after, strict=False) if ast.dump(old) != ast.dump(new)]
    if len(before) == len(after) and len(differ) == 1:
        old, new = differ[0]
        if isinstance(old, ast.Assign) and isinstance(new, ast.Assign) and isinstance(old.targets[0], ast.Name):
            name = old.targets[0].id
            if name.startswith("_") and ast.dump(old.targets[0]) == ast.dump(new.targets[0]):
                return name, new.value
    return "", ast.Constant(None)


def _read_on_import(text: str, name: str) -> bool:
    """Return True if anything but the bodies of functions reads it."""
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load) for node in _on_import(text)
    )


def _called_on_import(text: str) -> set[str]:
    """Return the module's functions and classes that are called on import: their results already exist."""
    return {node.func.id for node in _on_import(text) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def _on_import(text: str) -> Iterator[ast.AST]:
    """Yield everything but the bodies of functions."""
    left: list[ast.AST] = [ast.parse(text)]
    while left:
        node = left.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            left += [*node.decorator_list, node.args]
        elif isinstance(node, ast.Lambda):
            left.append(node.args)
        else:
            left += ast.iter_child_nodes(node)


def _taken_over(module: str, name: str, root: Path) -> bool:
    """Return True if another module of ours has imported it by name."""
    pattern = re.compile(rf"from {re.escape(module)} import (\([^)]*|[^\n(]*)\b{name}\b")
    files = {str(getattr(each, "__file__", None)) for each in list(sys.modules.values())}
    ours = [each for each in map(Path, files) if each.suffix == ".py" and each.is_relative_to(root)]
    return any(pattern.search(each.read_text(encoding="utf-8")) for each in ours if "site-packages" not in each.parts)


def _changed(holder: Any, was: CodeType, now: CodeType) -> Iterator[tuple[FunctionType, CodeType]]:
    """Yield the functions of a module or class whose code differs."""
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
    """Return a function's code without its inner functions and line numbers."""
    consts = [(type(each), repr(each)) for each in code.co_consts if not isinstance(each, CodeType)]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return (code.co_code, consts, names, code.co_exceptiontable)


def _whole(code: CodeType) -> tuple[Any, ...]:
    return (code.co_name, _own(code), [_whole(each) for each in _inner(code)])
