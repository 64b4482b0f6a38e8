"""Power goes amid an order whose first stroke has begun: it is counted, however little is in the memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware import dose_codes, protocol
from tests.firmware.desk import Desk
from tests.firmware.hand import SECOND_US, Hand, deliveries
from tests.firmware.ram import PowerCut
from tests.firmware.test_told_and_kept import logged
from tests.firmware.therapy.therapy_by_hand import HOUR_US

CHANGES = ("bolus", "set_basal", "plan_basal", "resume", "temp_basal", "cancel_temp", "settle")


def counts(hand: Hand) -> int:
    return int(hand.core.state()[dose_codes.GUARD_COMMANDED])


def amid(hand: Hand, give: Callable[[Desk], Any], cut: int) -> tuple[bool, int]:
    """`give` an order with the stroke's interrupt after each call of the core; power goes in its write `cut`.

    (was it cut, how many strokes began)
    """
    core, desk, began = hand.core, Desk(hand), []

    def watched(call: Callable[..., Any]) -> Callable[..., Any]:
        def calls(*values: Any) -> Any:
            result = call(*values)
            if not began and 0 <= core.next_us() <= hand.now_us:
                core.promise(hand.now_us, hand.now_us)
                began.extend([hand.now_us] if core.service(hand.now_us) == 1 else [])
            return result

        return calls

    for name in CHANGES:
        setattr(core, name, watched(getattr(core, name)))
    hand.memory.cut_write = len(hand.memory.writes) + cut
    try:
        give(desk)
    except PowerCut:
        return True, len(began)
    return False, len(began)


def procedure(hand: Hand) -> None:
    hand.pump.switch.stop()
    hand.pump.clinic.start_procedure(5)
    hand.pump.clinic.answer_procedure(0, 0, 0)


BOLUS = {"volume_mu": 1000}
ORDERS: dict[str, tuple[Callable[[Hand], Any], Callable[[Desk], Any]]] = {
    "bolus": (lambda hand: None, lambda desk: desk.ask("bolus", **BOLUS)),
    "bolus beside basal": (
        lambda hand: hand.pump.therapy.set_basal(5000), lambda desk: desk.ask("bolus", **BOLUS),
    ),
    "bolus beside a square one": (
        lambda hand: hand.pump.boluses.square_bolus(4000, 60), lambda desk: desk.ask("bolus", **BOLUS),
    ),
    "dual bolus": (
        lambda hand: None, lambda desk: desk.ask("dual_bolus", volume_mu=400, square_mu=400, duration_min=30),
    ),
    "strokes of a procedure": (procedure, lambda desk: desk.ask("answer_procedure", step=1, choice=0, value=0)),
    "strokes of one that was stopped": (
        lambda hand: (procedure(hand), hand.pump.switch.stop()),
        lambda desk: desk.ask("answer_procedure", step=1, choice=0, value=0),
    ),
}  # fmt: skip


@pytest.mark.req("STORE-2", "LOG-2", "LINK-2")
@pytest.mark.parametrize("gone_us", [1, SECOND_US, HOUR_US])
@pytest.mark.parametrize("what", ORDERS)
def test_a_stroke_that_began_amid_an_order_is_counted_wherever_power_goes(what: str, gone_us: int) -> None:
    before, give = ORDERS[what]
    for cut in range(1, 40):
        hand = Hand()
        hand.live(HOUR_US // 3)
        before(hand)
        hand.live(hand.now_us + 10 * SECOND_US)
        had = counts(hand)
        was_cut, began = amid(hand, give, cut)
        if not was_cut:
            break
        after = hand.restarted(gone_us)
        assert began <= counts(after) - had <= 1, cut
        told = sum(each["delivered_strokes"] for each in deliveries(after))
        log = sum(each["c"] for each in logged(after, protocol.EVENT_DELIVERY_ENDED))
        assert told + had >= counts(after) and log == counts(after), cut
        assert after.pump.status()["strokes_delivered"] == counts(after)
        made = len(after.strokes_us)
        after.live(after.now_us + 60 * SECOND_US)
        assert len(after.strokes_us) - made <= 1 + 60 // 144, "no bolus goes on"
    assert 3 < cut < 39


@pytest.mark.req("STORE-2")
def test_an_order_that_power_cut_before_it_acted_counts_no_stroke_that_could_not_start() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(200)
    hand.live(1_900_000)  # 2 s apart: none can start for 0.1 s
    hand.memory.cut_write = len(hand.memory.writes) + 3
    with pytest.raises(PowerCut):
        Desk(hand).ask("bolus", **BOLUS)
    assert counts(hand.restarted(1)) in (1, 2)  # by the second that the clock tells it may have been
    safe = Hand()
    safe.pump.therapy.set_basal(200)
    safe.live(HOUR_US // 3)
    safe.memory.cut_write = len(safe.memory.writes) + 3
    try:
        Desk(safe).ask("stop")
    except PowerCut:
        pass
    assert counts(safe.restarted(1)) == 0, "a stop asks for nothing"
