"""Every error that can be met where French is offered can be said in French: read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from host import errors
from host.api.conversation import MESSAGES
from host.commands import reservoir
from host.texts.spoken import FRENCH
from host.words import field_words, message_words
from tests.host.test_host_french import SENT

pytestmark = pytest.mark.req("HOST-1")
ROOT = Path(__file__).resolve().parents[2]
# Of commands that speak English only, or of what is not met by those that speak French.
ENGLISH = (
    ("basal.py", "bolus.py", "clinic.py", "following.py", "here.py", "pattern.py", "day.py", "units.py")
    + ("store.py",)
)  # fmt: skip


def test_every_text_of_an_error_stands_in_the_table() -> None:
    texts = [*errors._TEXTS.values(), *errors._PROCEDURES.values(), errors._STOPPED_EMPTY, errors._RATE_TOO_HIGH]
    texts += [errors._UNDER_WAY, errors.IMPOSSIBLE, errors.LIGHTER, errors._NOT_FILLED, errors._TOO_MUCH]
    texts += [*errors._WAYS_OUT.values(), *(message_words(name) for name in MESSAGES)]
    texts += [each for question in reservoir.QUESTIONS.values() for each in question]
    for name in SENT:
        texts += [field_words(each.name) for each in MESSAGES[name].request if each.name in ("value", "interval_s")]
    assert [each for each in texts if each not in FRENCH] == []


def templates(tree: ast.AST) -> Iterator[tuple[int, str | None]]:
    """The templates of the texts of a module, by line; None: one that is not written out."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        named: dict[str, list[str]] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for each in ast.walk(node.value) if node.value else ():
                    if isinstance(each, ast.Constant) and isinstance(each.value, str):
                        for target in targets:
                            named.setdefault(ast.unparse(target), []).append(each.value)
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Text":
                what = node.args[0]
                if isinstance(what, ast.Constant):
                    yield node.lineno, str(what.value)
                    continue
                if isinstance(what, ast.IfExp):
                    continue
                for each in named.get(ast.unparse(what), [None] if ast.unparse(what) == "nothing" else []):
                    yield node.lineno, each


def raised_plainly(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Errors for people whose text is put together on the spot, so that nobody can say it in French."""
    kinds = ("NotNow", "UsageError", "AmountError", "PortError", "BadReply", "CardError", "KeyFileError")
    for node in ast.walk(tree):
        if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call) or not node.exc.args:
            continue
        text = node.exc.args[0]
        plain = isinstance(text, ast.Constant) and text.value not in FRENCH
        if ast.unparse(node.exc.func) in kinds and (plain or isinstance(text, ast.JoinedStr | ast.BinOp)):
            yield node.lineno, ast.unparse(text)


def test_every_error_that_can_be_met_in_french_can_be_said_in_french() -> None:
    for path in sorted((ROOT / "host").rglob("*.py")):
        if path.name in ENGLISH:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        where = path.relative_to(ROOT)
        assert [each for each in templates(tree) if each[1] not in FRENCH] == [], where
        assert [each for each in raised_plainly(tree) if each[1] != "'no fault is latched'"] == [], where
