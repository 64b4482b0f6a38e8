"""No answer of the dose core is dropped: the firmware's sources are read for calls whose result nobody takes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from c_ext.host.face import Core

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
# What these answer is no refusal: they cannot fail, or have nothing to say.
_NOTHING_TO_SAY = {"stop", "confirmed", "ended", "save_into"}
ANSWERING = {name for name in vars(Core) if not name.startswith("_")} - _NOTHING_TO_SAY
# A core on trial, not the pump's: what it has done is compared, stroke by stroke.
EXEMPT = {"known_answers.py"}


def dropped(source: str) -> list[str]:
    """`line: call` of each statement that calls a core's method and does nothing with what it answers."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            continue
        called = node.value.func
        if not (isinstance(called, ast.Attribute) and called.attr in ANSWERING):
            continue
        owner = called.value
        name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
        if name.strip("_") == "core":
            found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.req("GUARD-1", "DOSE-5", "THER-3")
def test_no_answer_of_the_core_is_dropped() -> None:
    assert {"suspend", "set_basal", "settle", "permit", "set_limits", "load"} <= ANSWERING
    files = sorted(FIRMWARE.rglob("*.py"))
    assert files
    found = {path.name: dropped(path.read_text()) for path in files if path.name not in EXEMPT}
    assert {name: calls for name, calls in found.items() if calls} == {}


def test_the_gate_sees_a_dropped_answer_and_no_other() -> None:
    source = """
class Part:
    def suspend(self, core, now_us):
        self._core.suspend(now_us)
        core.plan_basal(now_us, 1, 2)
        self.pump.core.permit(1)
        core.stop(now_us, 8)
        if core.suspend(now_us) == 0:
            result = self._core.settle(now_us)
        self.therapy.suspend()
        return core.resume(now_us), result
"""
    assert [each.split(": ")[1] for each in dropped(source)] == [
        "self._core.suspend(now_us)",
        "core.plan_basal(now_us, 1, 2)",
        "self.pump.core.permit(1)",
    ]
