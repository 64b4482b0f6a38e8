"""The mutants of the dose core: all ways to break it by changing one token.

A mutant is one replacement in one file. Kinds: comparison, boundary literal ±1, arithmetic, logical, bitwise, shift,
assignment, increment, constant (enumerator, boolean), negated condition, statement deletion. Comments, includes and
declarations of types are not changed; numbers in #define lines are.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TOKEN = re.compile(
    r"(?P<number>\b(?:0[xX][0-9a-fA-F]+|\d+)[uUlL]*\b)|(?P<name>\b[A-Za-z_]\w*\b)"
    r"|(?P<operator><<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]])"
)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
SWAPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "<": ("comparison", ("<=", ">=")),
    "<=": ("comparison", ("<", ">")),
    ">": ("comparison", (">=", "<=")),
    ">=": ("comparison", (">", "<")),
    "==": ("comparison", ("!=",)),
    "!=": ("comparison", ("==",)),
    "+": ("arithmetic", ("-",)),
    "-": ("arithmetic", ("+",)),
    "*": ("arithmetic", ("/",)),
    "/": ("arithmetic", ("*",)),
    "%": ("arithmetic", ("/",)),
    "&&": ("logical", ("||",)),
    "||": ("logical", ("&&",)),
    "&": ("bitwise", ("|",)),
    "|": ("bitwise", ("&",)),
    "^": ("bitwise", ("|", "&")),
    "<<": ("shift", (">>",)),
    ">>": ("shift", ("<<",)),
    "+=": ("assignment", ("-=",)),
    "-=": ("assignment", ("+=",)),
    "*=": ("assignment", ("/=",)),
    "/=": ("assignment", ("*=",)),
    "%=": ("assignment", ("/=",)),
    "&=": ("assignment", ("|=",)),
    "|=": ("assignment", ("&=",)),
    "^=": ("assignment", ("|=",)),
    "<<=": ("assignment", (">>=",)),
    ">>=": ("assignment", ("<<=",)),
    "++": ("increment", ("--",)),
    "--": ("increment", ("++",)),
}
# Written like a binary operator, but a pointer's or an address's if no value stands before it.
MAYBE_UNARY = {"+", "-", "*", "&"}
# `;` at the end of a statement that can be deleted: an assignment, a call, break.
STATEMENT = re.compile(r"^(?:\(void\))?[a-z_][\w\[\].\->]*\s*(?:[-+*/%&|^<>]*=[^=]|\(|\+\+|--)|^break$")
DECLARATION = re.compile(r"^(?:const\s+|static\s+)*\w+_t\b|^(?:bool|return|typedef|enum|struct)\b")
CONDITION = re.compile(r"\b(?:if|while)\s*\(")
NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)")


class Mutant(NamedTuple):
    """One replacement: text[begin:end] of `file` becomes `to`."""

    file: str
    line: int
    begin: int
    end: int
    kind: str
    old: str
    to: str
    code: str
    nth: int

    def apply(self, text: str) -> str:
        """Return the file with the mutation."""
        return text[: self.begin] + self.to + text[self.end :]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind}: `{self.old}` -> `{self.to}` ({self.nth})\n    {self.code}"


def blank_comments(text: str) -> str:
    """Return the text with comments replaced by spaces, so that positions stay."""
    return COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def enumerations(headers: list[Path]) -> dict[str, str]:
    """Map each enumerator to the next in its enumeration, the last to the first."""
    following: dict[str, str] = {}
    for header in headers:
        for body in re.findall(r"enum\s*\{(.*?)\}", blank_comments(header.read_text(encoding="utf-8")), re.DOTALL):
            names = re.findall(r"\b([A-Z][A-Z0-9_]+)\b", re.sub(r"=[^,]*", "", body))
            following |= dict(zip(names, names[1:] + names[:1], strict=True))
    return following


def _closing(text: str, opening: int) -> int:
    depth = 0
    for place in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise ValueError(f"unbalanced parenthesis at {opening}")


def _numbers(text: str) -> list[str]:
    found = NUMBER.fullmatch(text)
    assert found
    value, suffix = int(found[1], 0), found[2]
    return [f"{value + 1}{suffix}", *([f"{value - 1}{suffix}"] if value > 0 else [])]


def _line_spans(text: str) -> Iterator[tuple[int, str]]:
    place = 0
    for line in text.splitlines(keepends=True):
        yield place, line
        place += len(line)


def _tokens(blanked: str, header: bool) -> Iterator[tuple[re.Match[str], re.Match[str] | None]]:
    """Return (token, the token before it) of everything that may be mutated."""
    in_define = False
    for start, line in _line_spans(blanked):
        stripped = line.strip()
        if stripped.startswith("#") or in_define:
            # A header's guard and a file's includes are not mutated; a macro's value is.
            value = re.match(r"\s*#\s*define\s+\w+\s+", line)
            place = value.end() if value else (0 if in_define else len(line))
            in_define = line.rstrip().endswith("\\")
        elif header:
            continue
        else:
            place = 0
        before = None
        for token in TOKEN.finditer(blanked, start + place, start + len(line)):
            yield token, before
            before = token


def _token_changes(
    token: re.Match[str], before: re.Match[str] | None, following: dict[str, str]
) -> tuple[str, list[str]]:
    text = token[0]
    if token["number"]:
        return "literal", _numbers(text)
    if token["name"]:
        if text in ("true", "false"):
            return "constant", ["false" if text == "true" else "true"]
        return "constant", [following[text]] if text in following else []
    if text in MAYBE_UNARY:
        value = before is not None and (bool(before["number"]) or before[0] in (")", "]") or bool(before["name"]))
        type_name = before is not None and (before[0].endswith("_t") or before[0] in ("void", "return", "const"))
        if not value or type_name:
            return "", []
    if text in ("!", "~"):
        return ("logical" if text == "!" else "bitwise"), [""]
    kind, to = SWAPS.get(text, ("", ()))
    return kind, list(to)


def _structure(blanked: str) -> Iterator[tuple[int, int, str, str]]:
    """Return (begin, end, kind, replacement) of negated conditions and deleted statements."""
    for found in CONDITION.finditer(blanked):
        opening = found.end() - 1
        closing = _closing(blanked, opening)
        yield opening, closing + 1, "negated condition", f"(!{blanked[opening : closing + 1]})"
    for found in re.finditer(r"(?<=[;{}])([^;{}]*);", blanked):
        statement = found[1].strip()
        # Text after a label or an opening for( is part of something larger.
        statement = re.sub(r"^(?:case\b[^:]*|default\s*):\s*", "", statement)
        if STATEMENT.match(statement) and not DECLARATION.match(statement):
            begin = found.start(1) + found[1].index(statement)
            yield begin, begin + len(statement), "statement deletion", ""


def mutants(core_dir: Path) -> list[Mutant]:
    """Return every mutant of every file of a core, in order."""
    headers = sorted(core_dir.glob("*.h"))
    following = enumerations(headers)
    found: list[Mutant] = []
    for path in [*sorted(core_dir.glob("*.c")), *headers]:
        text = path.read_text(encoding="utf-8")
        blanked = blank_comments(text)
        assert len(blanked) == len(text)
        changes = []
        for token, before in _tokens(blanked, path.suffix == ".h"):
            kind, to_all = _token_changes(token, before, following)
            changes += [(token.start(), token.end(), kind, to) for to in to_all]
        if path.suffix == ".c":
            changes += list(_structure(blanked))
        found += _named(path, text, sorted(changes))
    return found


def _named(path: Path, text: str, changes: list[tuple[int, int, str, str]]) -> Iterator[Mutant]:
    seen: dict[tuple[str, str, str], int] = {}
    for begin, end, kind, to in changes:
        line = text.count("\n", 0, begin) + 1
        code = text.splitlines()[line - 1].strip()
        old = text[begin:end]
        # The number of this change among equal ones on equal lines of this file: identifies it without a line number.
        key = (code, old, to)
        seen[key] = seen.get(key, 0) + 1
        yield Mutant(path.name, line, begin, end, kind, old, to, code, seen[key])
