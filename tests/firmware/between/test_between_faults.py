"""An exception, a failed write, a power cut at places of every order, event and start-up, and the next life.

What must hold then: between_faults.py. Here at some places of each, always the same ones; `make between-nightly` takes
all of them.
"""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from firmware import events, protocol
from firmware.errors import FirmwareError
from firmware.storage.memory import Memory
from tests.firmware.between.asked import ORDERS
from tests.firmware.between.events import EVENTS
from tests.firmware.between.faults import event_faults, order_faults, start_faults
from tests.firmware.between.faulty import FAULTY_EVENTS, Faulty, FaultyEvent
from tests.firmware.between.scenes import SCENES
from tests.firmware.between.test_between_orders import HOME, said

STRIDE = 37
# Which of them brings each bit of what idle() returns; a frame on the link brings the orders, STOP is VIRTUAL's.
BRINGS = {"TIME": "hourly", "STROKE": "stroke over", "WITHHELD": "withheld", "FAULT": "fault"}


def offset(name: str) -> int:
    """Other places for each."""
    return zlib.crc32(name.encode())


@pytest.mark.req("STORE-1", "STORE-2", "LOG-1", "LINK-2", "DOSE-5")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("order", ORDERS)
def test_an_order_amid_which_something_fails(order: str) -> None:
    for scene in HOME[order]:
        runs, wrong = order_faults(scene, order, STRIDE, offset(scene + order))
        assert runs and not wrong, f"{order}, {scene}:\n{said(wrong)}"


@pytest.mark.req("STORE-1", "STORE-2", "LOG-1", "ALARM-2", "DOSE-5", "THER-10")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("event", FAULTY_EVENTS)
def test_an_event_amid_which_something_fails(event: str) -> None:
    runs, wrong = event_faults(event, STRIDE, offset(event))
    assert runs and not wrong, f"{event}:\n{said(wrong)}"


@pytest.mark.req("STORE-2", "STORE-3", "STORE-5", "GUARD-3")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scene", SCENES)
def test_a_start_amid_which_something_fails(scene: str) -> None:
    runs, wrong = start_faults(scene, 6 * STRIDE, offset(scene))
    assert runs and not wrong, f"{scene}:\n{said(wrong)}"


def test_every_order_and_every_event_is_among_them() -> None:
    changing = {each.name for each in protocol.MESSAGES if each.changes_delivery}
    assert {ORDERS[each][0] for each in HOME} == changing
    bits = {name for name in vars(events) if name.isupper()} - {"UART", "STOP"}
    assert bits == set(BRINGS)
    assert set(BRINGS.values()) | set(EVENTS) <= set(FAULTY_EVENTS)
    for bit, event in BRINGS.items():
        run = FaultyEvent(event)
        seen = []
        handle = run.device.pump.handle
        run.device.pump.handle = lambda happened: (seen.append(happened), handle(happened))  # type: ignore[func-returns-value]  # noqa: B023
        run.undisturbed()
        assert any(happened & getattr(events, bit) for happened in seen), event


@pytest.mark.req("LOG-1")
def test_an_event_that_is_forgotten_with_its_failed_write_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug put back on purpose."""
    right = Memory._put_queued

    def forget(self: Any) -> None:
        try:
            right(self)
        except FirmwareError:
            self._waiting = []

    monkeypatch.setattr(Memory, "_put_queued", forget)
    wrong = []
    for write in range(1, 5):
        run = Faulty("bolus", "cancel_bolus")
        run.failing(write, 1)
        wrong += run.wrong
    assert wrong
