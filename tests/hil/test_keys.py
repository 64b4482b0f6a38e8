"""The keys that the bench writes into a pump's memory are those that the firmware finds there."""

from __future__ import annotations

from firmware import protocol
from hil.keys import KEYS_AT, Provisioned
from tests.firmware.hand import Hand
from tests.firmware.ram import RamNvm
from tests.firmware.session.guarded import Guarded
from tests.session.programmer import Programmer


def test_the_firmware_finds_the_card_and_the_bench() -> None:
    made = Provisioned(7)
    memory = RamNvm()
    memory.cells[KEYS_AT : KEYS_AT + len(made.cells)] = made.cells
    pump = Guarded(Hand(memory))
    assert pump.keyring.provisioned and pump.session.device_id() == made.bench.device_id
    assert [pump.keyring.fields(slot) for slot in range(3)] == [
        (protocol.SLOT_IN_USE, protocol.ROLE_CARD, 1, "card"),
        (protocol.SLOT_IN_USE, protocol.ROLE_BENCH, 1, "bench"),
        (protocol.SLOT_FREE, 0, 0, ""),
    ]
    bench = pump.connect(made.bench.key.secret(), 1, "bench")
    assert isinstance(bench, Programmer)
    assert isinstance(pump.ask(bench, "identity"), dict)
    assert pump.ask(bench, "set_basal", rate_mu_per_h=1000)["new_rate_mu_per_h"] == 1000
    assert pump.ask(bench, "self_test")["passed"] in (True, False)
    assert Provisioned(7).cells == made.cells != Provisioned(8).cells
