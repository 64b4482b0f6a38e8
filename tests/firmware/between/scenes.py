"""What the pump is doing when something comes between two lines, and when that something comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware import protocol
from tests.firmware.between.pump import BURST_US, Device
from tests.firmware.hand import SECOND_US

MINUTE_US = 60 * SECOND_US
SETTINGS = {
    "suspend_rate_mu_per_h": 200,
    "auto_off_min": 0,
    "utc_offset_min": 0,
    "reservoir_low_mu": 800_000,
    "reservoir_empty_mu": 400_000,
    "reservoir_stop_mu": 200_000,
    "in_use_days": 45,
    "stroke_tone": 0,
}
LIMITS = {"max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000, "max_hour_mu": 60_000, "max_day_mu": 500_000}
NUMBER = {name: place for place, name in enumerate(protocol.PROCEDURES)}
PATENCY = NUMBER["patency"]


def do(device: Device, name: str, **values: Any) -> dict[str, Any]:
    """An order of the scene itself, which must be accepted."""
    reply = device.ask(name, **values)
    assert not reply["refused"], (name, reply)
    return reply


def _on(device: Device, us: int) -> None:
    device.live(device.now_us + us)


def basal(device: Device) -> None:
    do(device, "set_basal", rate_mu_per_h=30_000)
    _on(device, 30 * SECOND_US)


def slow(device: Device) -> None:
    """Far from any cap."""
    do(device, "set_basal", rate_mu_per_h=2_000)
    _on(device, 30 * SECOND_US)


def bolus(device: Device) -> None:
    do(device, "set_basal", rate_mu_per_h=6_000)
    do(device, "bolus", volume_mu=4_000)
    _on(device, 7 * SECOND_US)


def last_stroke(device: Device) -> None:
    """The next stroke is the bolus's last."""
    do(device, "set_basal", rate_mu_per_h=6_000)
    do(device, "bolus", volume_mu=600)
    _on(device, 3 * SECOND_US)


def waiting(device: Device) -> None:
    """Basal strokes wait behind a bolus."""
    do(device, "set_basal", rate_mu_per_h=30_000)
    do(device, "bolus", volume_mu=20_000)
    _on(device, 81 * SECOND_US)


def percent(device: Device) -> None:
    do(device, "set_basal", rate_mu_per_h=20_000)
    do(device, "temp_basal", kind=protocol.TEMP_PERCENT, value=150, duration_min=30)
    _on(device, 40 * SECOND_US)


def temporary(device: Device) -> None:
    do(device, "set_basal", rate_mu_per_h=20_000)
    do(device, "bolus", volume_mu=4_000)
    do(device, "temp_basal", kind=protocol.TEMP_RATE, value=35_000, duration_min=30)
    _on(device, 9 * SECOND_US)


def square(device: Device) -> None:
    do(device, "set_basal", rate_mu_per_h=2_000)
    do(device, "square_bolus", volume_mu=8_000, duration_min=30)
    _on(device, 2 * MINUTE_US)


def dual(device: Device) -> None:
    do(device, "set_basal", rate_mu_per_h=2_000)
    do(device, "dual_bolus", volume_mu=4_000, square_mu=4_000, duration_min=30)
    _on(device, 11 * SECOND_US)


def patterned(device: Device) -> None:
    """A pattern runs, and its boundary is near."""
    rates = [{"rate_mu_per_h": rate} for _ in range(24) for rate in (30_000, 20_000)]
    staged = do(device, "stage_pattern", pattern=0, rates=rates)
    do(device, "commit_pattern", pattern=0, fingerprint=staged["fingerprint"])
    do(device, "select_pattern", pattern=0)
    device.live(30 * MINUTE_US - 20 * SECOND_US)


def recommended(device: Device) -> None:
    do(device, "set_basal", rate_mu_per_h=10_000)
    do(device, "recommend_rate", rate_mu_per_h=30_000, valid_min=60)
    _on(device, 30 * SECOND_US)


def suspended(device: Device) -> None:
    do(device, "set_settings", **SETTINGS | {"suspend_rate_mu_per_h": 1_000})
    do(device, "set_basal", rate_mu_per_h=30_000)
    _on(device, 30 * SECOND_US)
    do(device, "suspend")
    _on(device, 11 * MINUTE_US)


def stopped(device: Device) -> None:
    do(device, "set_basal", rate_mu_per_h=30_000)
    _on(device, 30 * SECOND_US)
    do(device, "stop")
    _on(device, SECOND_US)


def stopping(device: Device) -> None:
    """Stopped, and the stroke in progress is not over."""
    do(device, "set_basal", rate_mu_per_h=6_000)
    do(device, "bolus", volume_mu=4_000)
    _on(device, 6 * SECOND_US + 100_000)
    do(device, "stop")


def idle(device: Device) -> None:
    """Running at no rate: nothing will come due."""
    do(device, "set_basal", rate_mu_per_h=0)
    _on(device, SECOND_US)


def procedure(device: Device) -> None:
    """A patency test makes its strokes."""
    do(device, "stop")
    do(device, "start_procedure", procedure=PATENCY)
    do(device, "answer_procedure", step=0, choice=0, value=0)
    do(device, "answer_procedure", step=1, choice=0, value=0)
    _on(device, 5 * SECOND_US)


def procedure_waits(device: Device) -> None:
    do(device, "stop")
    do(device, "start_procedure", procedure=PATENCY)
    do(device, "answer_procedure", step=0, choice=0, value=0)
    _on(device, 5 * SECOND_US)


def capped(device: Device) -> None:
    """The next stroke is one more than the hour allows."""
    do(device, "set_basal", rate_mu_per_h=30_000)
    do(device, "bolus", volume_mu=2_000)
    _on(device, 30 * SECOND_US)
    used = device.status()["strokes_commanded"]
    do(device, "set_limits", **LIMITS | {"max_hour_mu": used * 200})
    _on(device, SECOND_US)


def blind(device: Device) -> None:
    """The stroke sensor has gone: the next stroke is the one before which the guard stops."""
    do(device, "set_basal", rate_mu_per_h=6_000)
    do(device, "bolus", volume_mu=4_000)
    device.deaf = True
    _on(device, 3 * SECOND_US + 600_000)


def alarmed(device: Device) -> None:
    """An alarm stands that can be acknowledged."""
    basal(device)
    device.within(lambda: device.pump.alarms.raise_alarm("watchdog_reset"))
    _on(device, SECOND_US)


def faulted(device: Device) -> None:
    """The core has latched a fault."""
    blind(device)
    _on(device, 10 * SECOND_US)
    device.deaf = False


def out_of_memory(device: Device) -> None:
    """The memory takes nothing."""
    basal(device)
    device.memory.bad = lambda number: True  # type: ignore[attr-defined]
    _on(device, 60 * SECOND_US)


SCENES: dict[str, Callable[[Device], None]] = {
    each.__name__: each
    for each in (
        basal, slow, bolus, last_stroke, waiting, percent, temporary, square, dual, patterned, recommended, suspended,
        stopped, stopping, idle, procedure, procedure_waits, capped, blind, alarmed, faulted, out_of_memory,
    )
}  # fmt: skip


INSTANTS = ("armed", "edge", "over", "deadline")


def instant_us(device: Device, what: str) -> int | None:
    """When `what` comes next in the pump's life; None: it does not, or is not near. Lets a stroke begin, if it must."""
    with device.still():
        armed_us, deadline_us = device.core.next_us(), device.pump.therapy.deadline_us
    if what == "deadline":
        return deadline_us if device.now_us < deadline_us < device.now_us + 5 * MINUTE_US else None
    if what == "armed":
        return armed_us if armed_us > device.now_us else None
    if not device.playing:
        if armed_us < 0:
            return None
        device.live(armed_us + 1_000)
        if not device.playing:
            return None
    burst = device.bursts[-1]
    return burst.edge_us if what == "edge" else burst.start_us + BURST_US
