"""The pump's replies to questions.

Implements: THER-9, LINK-2 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hil.oracle import figures
from hil.oracle.exact import US_PER_S

if TYPE_CHECKING:
    from hil.oracle.device import Device


def answer_to(device: Device, name: str, values: Mapping[str, Any]) -> figures.Expected:
    """Return the figures of the reply that the specification settles."""
    pump = device.pump
    if name == "status":
        return figures.status(device)
    if name == "read_time":
        return {"now_us": pump.now_us, "utc_s": pump.programme.utc_s(pump.now_us)}
    if name == "read_procedure":
        return device.procedures.shown()
    if name == "read_settings":
        return dict(device.settings.values)
    if name == "read_reservoir":
        return figures.reservoir(device)
    if name == "self_test":
        return {"passed": True}
    if name == "telemetry":
        return {"until_us": pump.now_us + (values["for_s"] * US_PER_S if values["interval_s"] else 0)}
    return {}
