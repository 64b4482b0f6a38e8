"""What became of an order is its programmer's to ask: no other slot is told it, or pushes it out by its own orders."""

from __future__ import annotations

from binascii import crc32
from typing import Any

import pytest

from firmware import protocol
from firmware.storage.orders import ENTRIES, HOLDS_US
from tests.firmware.agreeing import prepared
from tests.firmware.session.guarded import BY_NAME, Guarded, refusal
from tests.session.programmer import Programmer

pytestmark = pytest.mark.req("LINK-2", "SEC-2")


class Ward:
    """A pump and the programmers of some patients, one speaking at a time."""

    def __init__(self, patients: int = 2) -> None:
        self.pump = Guarded()
        self.ids = 500
        self.card = self.pump.provision()
        holder = self.pump.connect(self.card, 0, "card")
        assert isinstance(holder, Programmer)
        self.keys = [self.pump.enrol(holder, "patient") for _ in range(patients)]
        self.speaks: tuple[int, Programmer] | None = None

    def of(self, who: int) -> Programmer:
        """The session of this patient's programmer, a new one if another was speaking."""
        if self.speaks is None or self.speaks[0] != who:
            key, slot = self.keys[who]
            found = self.pump.connect(key, slot, "patient")
            assert isinstance(found, Programmer)
            assert isinstance(self.pump.ask(found, "read_time"), dict), "the session begins with its first frame"
            self.speaks = who, found
        return self.speaks[1]

    def restart(self) -> None:
        self.pump = self.pump.restarted()
        self.speaks = None

    def frame(self, who: int, name: str, **values: Any) -> tuple[int, bytes]:
        """An order of this programmer that holds for ten minutes, and is not sent yet."""
        self.of(who)
        message = BY_NAME[name]
        self.ids += 1
        order = {"life": self.pump.hand.pump.orders.life, "expires_us": self.pump.hand.now_us + HOLDS_US}
        values = order | {"command_id": self.ids, "confirms": 0} | values
        values["confirms"] = values["confirms"] or prepared(self.pump.commands, message, values)
        return message.id, protocol.encode(message.request, values)

    def send(self, who: int, frame: tuple[int, bytes]) -> Any:
        return self.pump.send(self.of(who), *frame)

    def order(self, who: int, name: str, **values: Any) -> tuple[tuple[int, bytes], Any]:
        frame = self.frame(who, name, **values)
        return frame, self.send(who, frame)

    def flood(self, who: int, orders: int) -> None:
        """So many orders, each with another id, done or refused, which all could come for ten minutes."""
        for number in range(orders):
            _, answer = self.order(who, "temp_basal" if number % 2 else "cancel_temp", **_TEMP[number % 2])
            assert isinstance(answer, dict) or answer in ("no_temp_active", "temp_active")

    def settle(self, who: int, frame: tuple[int, bytes]) -> Any:
        """What this programmer is told that became of the order."""
        message_id, payload = frame
        head = protocol.decode(protocol.ORDER, payload[: protocol.ORDER_BYTES])
        head.pop("confirms")
        values = head | {"message_id": message_id, "payload_crc": crc32(payload), "confirms": 0}
        message = BY_NAME["settle_order"]
        answer = self.pump.send(self.of(who), message.id, protocol.encode(message.request, values))
        if isinstance(answer, str):
            return answer
        outcome = protocol.OUTCOMES[answer["outcome"]]
        if outcome != "answered":
            return outcome
        reply = answer["reply"]
        if answer["reply_id"] == protocol.REFUSAL_ID:
            return refusal(reply)
        return protocol.decode(protocol.BY_ID[message_id].reply, reply)

    def accepted(self, name: str) -> int:
        return [each[0] for each in self.pump.events(protocol.EVENT_ACCEPTED)].count(BY_NAME[name].id)


_TEMP: tuple[dict[str, Any], ...] = ({}, {"kind": 0, "value": 100, "duration_min": 30})


@pytest.mark.parametrize("orders", [1, ENTRIES, ENTRIES + 1, 3 * ENTRIES])
@pytest.mark.parametrize("reset", [(), (0,), (1,), (0, 1)], ids=["no reset", "before", "after", "twice"])
def test_another_programmer_s_orders_push_out_no_outcome_that_could_still_be_asked_for(
    orders: int, reset: tuple[int, ...]
) -> None:
    ward = Ward()
    frame, first = ward.order(0, "bolus", volume_mu=200)
    refused, why = ward.order(0, "bolus", volume_mu=300)
    assert isinstance(first, dict) and why == "not_whole_strokes"
    if 0 in reset:
        ward.restart()
    ward.flood(1, orders)
    if 1 in reset:
        ward.restart()
    assert ward.pump.hand.now_us < HOLDS_US, "their expiry is not over"
    for _ in range(2):
        assert ward.settle(0, frame) == first and ward.settle(0, refused) == why
        assert ward.send(0, frame) == first and ward.send(0, refused) == why
    assert ward.accepted("bolus") == 1


def test_the_three_latest_of_each_slot_are_kept_whatever_all_others_do() -> None:
    ward = Ward(7)
    said = []
    for who in range(7):
        for volume_mu in (200, 400, 600):
            said.append((who, *ward.order(who, "bolus", volume_mu=volume_mu)))
    for who in (0, 3):
        ward.flood(who, 2 * ENTRIES)
    for restarts in range(2):
        for who, frame, answer in said:
            if who not in (0, 3):
                assert ward.settle(who, frame) == answer, (who, restarts)
        ward.restart()


def test_the_latest_order_of_a_slot_is_remembered_after_its_expiry_and_over_resets() -> None:
    ward = Ward()
    frame, first = ward.order(0, "bolus", volume_mu=200)
    ward.restart()
    ward.pump.pass_s(11 * 60)
    ward.speaks = None
    ward.flood(1, 2 * ENTRIES)
    ward.restart()
    assert ward.settle(0, frame) == first


def test_another_slot_is_not_told_an_outcome_and_cannot_void_overwrite_or_take_an_id() -> None:
    ward = Ward()
    frame, first = ward.order(0, "bolus", volume_mu=200)
    assert ward.settle(1, frame) == "void", "as of an id that nobody has used"
    assert ward.settle(0, frame) == first
    bolus = BY_NAME["bolus"]
    for volume_mu, meddle in ((400, "settle"), (600, "order")):
        ward.pump.pass_s(9)
        coming = ward.frame(0, "bolus", volume_mu=volume_mu)
        values = protocol.decode(bolus.request, coming[1])
        if meddle == "settle":
            assert ward.settle(1, coming) == "void"
        else:
            assert ward.order(1, "cancel_temp", command_id=values["command_id"])[1] == "no_temp_active"
        ward.of(0)  # in a new session, in which the summary is to be shown again
        values["confirms"] = prepared(ward.pump.commands, bolus, values)
        done = ward.send(0, (bolus.id, protocol.encode(bolus.request, values)))
        assert isinstance(done, dict) and done["strokes"] == volume_mu // 200, "nobody else has voided or taken it"
    assert ward.accepted("bolus") == 3


def test_an_order_that_never_arrived_is_void_whatever_others_have_done() -> None:
    ward = Ward()
    frame = ward.frame(0, "bolus", volume_mu=200)
    ward.flood(1, 3 * ENTRIES)
    assert ward.settle(0, frame) == "void"
    assert ward.send(0, frame) in ("other_life", "voided") and ward.accepted("bolus") == 0
    ward.restart()
    assert ward.settle(0, frame) == "void"


def test_a_programmer_gives_orders_in_spite_of_another_s() -> None:
    ward = Ward()
    for number in range(6):
        ward.flood(1, ENTRIES + 1)
        frame, answer = ward.order(0, "bolus", volume_mu=200)
        assert isinstance(answer, dict), number
        ward.pump.pass_s(3)
        assert ward.settle(0, frame) == answer


def test_a_slot_s_own_orders_push_out_its_own_oldest_which_are_never_done_again() -> None:
    ward = Ward()
    frame, _ = ward.order(0, "bolus", volume_mu=200)
    ward.flood(0, ENTRIES + 1)
    assert ward.settle(0, frame) == "forgotten"
    assert ward.send(0, frame) == "other_life" and ward.accepted("bolus") == 1
