"""Orders that a program of another version has left: asked about by their numbers, and told like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware import protocol
from host.api.book import Left
from host.api.client import MESSAGES
from host.errors import EarlierOrderDone, OrderUncertain
from host.left import order_text
from host.store import Store
from tests.host.device import Device
from tests.host.sealed import Sealed
from tests.host.test_host_left import Computer
from tests.host.test_host_orders_exact import Pump, programmer, settled

pytestmark = pytest.mark.req("LINK-2", "HOST-5")
UNKNOWN = 0x7E
HEAD = protocol.encode(protocol.ORDER, {"command_id": 5, "life": 1, "expires_us": 10_000_000, "confirms": 0})


@pytest.mark.parametrize("kind", [Device, Sealed])
@pytest.mark.parametrize("payload", [HEAD, HEAD[:-8], HEAD + bytes(40)], ids=["as now", "shorter", "longer"])
def test_an_order_that_this_version_does_not_know_is_settled(
    kind: type[Device], payload: bytes, tmp_path: Path
) -> None:
    computer = Computer(tmp_path / "store.sqlite", kind())
    pump = computer.program()
    pump.hello()
    life = pump.now(MESSAGES["bolus"])["life"]
    Store(computer.path).write_down(pump.pump_name(), "tea", UNKNOWN, 5, life, 10_000_000, payload)
    assert [order_text(Left(each, "", "")) for each in Store(computer.path).pending()] == ["tea"]
    again = computer.program()
    assert again.status().state == "running" and computer.told in (["not_done"], ["forgotten"])
    computer.device.live(1)
    assert again.bolus(400).strokes == 2 and computer.left == 0


@pytest.mark.parametrize("kind", [Device, Sealed])
def test_an_order_whose_reply_is_another_in_this_version_was_done_all_the_same(
    kind: type[Device], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computer = Computer(tmp_path / "store.sqlite", kind())
    computer.lose()
    changed = MESSAGES["bolus"]._replace(reply=MESSAGES["bolus"].reply[:1])
    monkeypatch.setattr("host.api.kept._BY_ID", {changed.id: changed})
    pump = computer.program()
    with pytest.raises(EarlierOrderDone):
        pump.bolus(400)
    assert computer.told == ["done"] and computer.boluses == 1 and computer.left == 0


def test_an_outcome_that_this_version_does_not_know_settles_nothing() -> None:
    """It must not pass for "not carried out"."""
    known = settled("answered")
    pump = Pump(settle_order=[(known[0], b"\x07" + known[1][1:])])
    made = programmer(pump)
    with pytest.raises(OrderUncertain):
        made.bolus(400)
    assert made.uncertain is not None
