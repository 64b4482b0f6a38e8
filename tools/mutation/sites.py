"""The mutants of a Python file: all ways to break it by one change.

Comparison, arithmetic, logic, literals ±1, negated conditions, deleted statements, min for max. Only code that runs in
a function is changed, and the numbers of module constants. Tables of messages, alarms and texts are data; tests that
repeat them would prove nothing.
"""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

from tools.core.mutation.sites import Mutant

OPERATORS = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "+": ("-",),
    "-": ("+",),
    "*": ("//",),
    "//": ("*",),
    "%": ("//",),
    "&": ("|",),
    "|": ("&",),
    "^": ("&",),
    "<<": (">>",),
    ">>": ("<<",),
    "+=": ("-=", "="),
    "-=": ("+=", "="),
    "*=": ("//=",),
    "//=": ("*=",),
    "|=": ("&=", "="),
    "&=": ("|=", "="),
    "<<=": (">>=",),
    ">>=": ("<<=",),
}
NAMES = {
    "and": ("or",),
    "or": ("and",),
    "not": ("",),
    "True": ("False",),
    "False": ("True",),
    "min": ("max",),
    "max": ("min",),
    "continue": ("break",),
    "break": ("pass",),
}
# Tokens before a binary operator. After anything else, + or - is a sign and * an unpacking.
_ENDS_VALUE = (tokenize.NAME, tokenize.NUMBER, tokenize.STRING)
_KEYWORDS = {
    "return",
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "lambda",
    "yield",
    "assert",
    "while",
    "elif",
    "for",
}
_Change = tuple[int, int, str, str]


class _Places:
    """Converts a row and a column, in characters or in UTF-8 bytes as `ast` counts, into an index of the text."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))

    def of_token(self, place: tuple[int, int]) -> int:
        return self.starts[place[0] - 1] + place[1]

    def of_node(self, row: int, column_bytes: int) -> int:
        return self.starts[row - 1] + len(self.lines[row - 1].encode()[:column_bytes].decode())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.of_node(node.lineno, node.col_offset), self.of_node(node.end_lineno, node.end_col_offset)


def _spans(tree: ast.Module, places: _Places) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return (spans to change, exclusions in them): function bodies, module constants; docstrings, annotations."""
    may: list[tuple[int, int]] = []
    not_in: list[tuple[int, int]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            may.append((places.span(node.body[0])[0], places.span(node.body[-1])[1]))
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                not_in.append(places.span(first))
            for argument in [*node.args.args, *node.args.kwonlyargs]:
                if argument.annotation:
                    not_in.append(places.span(argument.annotation))
            if node.returns:
                not_in.append(places.span(node.returns))
        elif isinstance(node, ast.AnnAssign):
            not_in.append(places.span(node.annotation))
        elif isinstance(node, ast.Assert):
            not_in.append(places.span(node))
        elif isinstance(node, ast.Raise) and node.exc is not None:
            # The text of an error is for people; tests only check that it is raised.
            not_in += [places.span(each) for each in ast.walk(node.exc) if isinstance(each, ast.JoinedStr)]
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and _is_number(statement.value) and not _is_version(statement):
            may.append(places.span(statement.value))
    return may, not_in


def _is_version(statement: ast.Assign) -> bool:
    """Return True for a version. It is a name: any other number would do as well, and it changes soon."""
    return all(isinstance(each, ast.Name) and each.id.endswith("VERSION") for each in statement.targets)


def _is_number(value: ast.expr) -> bool:
    if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "const":
        return True
    return isinstance(value, ast.Constant) and type(value.value) is int


def _tokens(text: str, places: _Places) -> Iterator[_Change]:
    before: tokenize.TokenInfo | None = None
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        begin, end = places.of_token(token.start), places.of_token(token.end)
        if token.type == tokenize.OP and token.string in OPERATORS:
            ends_value = before is not None and (
                (before.type in _ENDS_VALUE and before.string not in _KEYWORDS) or before.string in (")", "]", "}")
            )
            if ends_value or token.string not in ("-", "+", "*"):
                for to in OPERATORS[token.string]:
                    yield begin, end, "operator", to
        elif token.type == tokenize.NAME and token.string in NAMES:
            if before is None or before.string not in (".", "is"):
                for to in NAMES[token.string]:
                    yield begin, end, "name", to
        elif token.type == tokenize.NUMBER:
            for to in _numbers(token.string):
                yield begin, end, "literal", to
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            before = token


def _numbers(text: str) -> list[str]:
    try:
        value = int(text, 0)
    except ValueError:
        return []  # a float or a complex number
    return [str(value + 1), *([str(value - 1)] if value > 0 else [])]


def _acts(node: ast.AST) -> TypeGuard[ast.stmt]:
    """Return True for a statement that does something, so that it can be deleted. Naming a value does not count, nor
    does the empty value of a seam: whoever builds the part puts its own there.
    """
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    if isinstance(node, ast.Assign):
        seam = isinstance(node.value, ast.Name) and node.value.id == "nobody"
        return not seam and not all(isinstance(each, ast.Name) for each in node.targets)
    return isinstance(node, ast.AugAssign | ast.Delete | ast.Raise)


def _structure(tree: ast.Module, places: _Places) -> Iterator[_Change]:
    for node in ast.walk(tree):
        tests: list[ast.expr] = []
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            tests = [node.test]
        elif isinstance(node, ast.comprehension):
            tests = node.ifs
        for test in tests:
            yield (*places.span(test), "negated condition", "(not (%s))")
        if _acts(node):
            yield (*places.span(node), "statement deletion", "pass")
        elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
            yield (*places.span(node), "statement deletion", "return None")


def statements(text: str) -> dict[int, range]:
    """Map each line to the lines of its statement; for one with a body, to the lines before the body."""
    found: dict[int, range] = {}
    for node in ast.walk(ast.parse(text)):  # from the outermost to the innermost
        if isinstance(node, ast.stmt):
            assert node.end_lineno is not None
            body = getattr(node, "body", None)
            end = max(body[0].lineno, node.lineno + 1) if body else node.end_lineno + 1
            found.update(dict.fromkeys(range(node.lineno, end), range(node.lineno, end)))
    return found


def mutants(path: Path, name: str) -> list[Mutant]:
    """Return every mutant of the file at `path`, in order; `name` is its name in reports."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    places = _Places(text)
    may, not_in = _spans(tree, places)
    changes = set()
    for begin, end, kind, to in [*_tokens(text, places), *_structure(tree, places)]:
        inside = any(first <= begin and end <= last for first, last in may)
        if inside and not any(first <= begin and end <= last for first, last in not_in):
            changes.add((begin, end, kind, to.replace("%s", text[begin:end])))
    return list(_named(name, text, sorted(changes)))


def _named(name: str, text: str, changes: list[_Change]) -> Iterator[Mutant]:
    lines = text.splitlines()
    seen: dict[tuple[str, str, str], int] = {}
    for begin, end, kind, to in changes:
        line = text.count("\n", 0, begin) + 1
        code = lines[line - 1].strip()
        old = text[begin:end]
        # The number of this change among equal ones on equal lines of this file: identifies it without a line number.
        key = (code, old, to)
        seen[key] = seen.get(key, 0) + 1
        yield Mutant(name, line, begin, end, kind, old, to, code, seen[key])
