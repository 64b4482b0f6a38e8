"""Answers and refusals by name, for the tests of settings and limits."""

from __future__ import annotations

from typing import Any

from firmware import protocol
from tests.firmware.desk import BY_NAME
from tests.firmware.hand import Hand, refused
from tests.firmware.test_told_and_kept import logged


def named(call: Any, code: int) -> tuple[str | None, int, int]:
    error = refused(call, code)
    return error.field_name, error.value, error.limit


def accepted(hand: Hand, name: str) -> list[tuple[int, ...]]:
    found = logged(hand, protocol.EVENT_ACCEPTED)
    return [(each["a"], each["b"], each["c"], each["d"]) for each in found if each["detail"] == BY_NAME[name].id]
