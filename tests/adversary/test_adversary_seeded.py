"""Holes of the kind that the adversary looks for, made on purpose: each must be found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware import protocol
from firmware.link.commands import Commands
from firmware.link.door import Door
from firmware.link.link import Link
from firmware.session.keyring import Keyring
from firmware.storage.orders import Orders
from host.api import link
from host.api.conversation import MESSAGES, Conversation, decode_reply
from host.api.orders import Ordering
from host.errors import OrderLost
from host.records import Hello
from host.records.made import made
from host.session.plain import OFFER_BYTES, Forged, is_not_open
from tests.adversary import pump as pumps
from tests.adversary.play import foreign, play
from tests.adversary.scenario import Move, Scenario
from tests.adversary.scenario import made as scenario
from tests.session.device import session_class

pytestmark = [pytest.mark.req("SEC-1", "SEC-2", "SEC-4", "LINK-2"), pytest.mark.timeout(600)]
_MOST = 600


def found(kind: str, moves: tuple[Move, ...] = ()) -> bool:
    """Is a violation of this kind found: by these moves, or by the scenarios of the first seeds?"""
    foreign()
    scenarios = [Scenario(1, moves)] if moves else map(scenario, range(1, _MOST))
    return any(what.startswith(kind) for scenario in scenarios for what in play(scenario))


def test_a_pump_that_does_not_look_at_counters_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_class()
    opening = session.open

    def forgetful(self: Any, now_us: int, sequence: int, message_id: int, frame: Any) -> int:
        self.c.live.last = 0
        self.c.live.heard = 0
        length = opening(self, now_us, sequence, message_id, frame)
        return len(frame) - 20 if length == -1 else length

    monkeypatch.setattr(session, "open", forgetful)
    assert found("request: ")


def test_a_challenge_that_is_used_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_class()
    accept = session.accept

    def reusing(self: Any, *asked: Any) -> int:
        challenge = bytes(self._ffi.buffer(self.c.challenge))
        result = accept(self, *asked)
        self._ffi.buffer(self.c.challenge)[:] = challenge
        self.c.challenge_up = 1
        return int(result)

    monkeypatch.setattr(session, "accept", reusing)
    assert found("opening: the pump took one twice")


def test_replies_that_are_not_bound_to_their_request_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def loose(self: link.Asked, sequence: int, reply_id: int, payload: bytes) -> tuple[int, bytes] | None:
        if reply_id not in (self.message_id | protocol.REPLY_BIT, protocol.REFUSAL_ID) or self.session is None:
            return None if sequence != self.sequence else (reply_id, payload)
        if reply_id == protocol.REFUSAL_ID and is_not_open(payload):
            return (reply_id, payload) if sequence == self.sequence else None
        for counter in range(self.counter + 1):
            try:
                return reply_id, self.session.open_reply(sequence, reply_id, counter, payload)
            except Forged:
                pass
        raise Forged

    monkeypatch.setattr(link.Asked, "answered_by", loose)
    assert found("reply: ")


def test_a_role_that_is_not_the_slot_s_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = Commands.begun
    monkeypatch.setattr(Commands, "begun", lambda self, role, slot: begun(self, protocol.ROLE_CLINICIAN, slot))
    assert found("role: ")


def test_orders_that_are_forgotten_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer becomes "no session". Of the random scenarios the 524th is the first to find it."""
    moves: tuple[Move, ...] = (("way", 0, 5, "refuse", 0, 0), ("call", "clinician", "set_basal", 7))
    assert not found("order: ", moves)
    monkeypatch.setattr(Orders, "find", lambda self, *_: None)
    assert found("order: ", moves)


def test_a_revoked_key_that_lives_on_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keyring, "revoke", lambda self, slot: None)
    assert found("key: a void key")


def test_a_key_on_the_line_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = Door._refuse

    def telling(self: Any, message_id: int, out: Any) -> tuple[int, int]:
        reply_id, length = refuse(self, message_id, out)
        out[length : length + 16] = bytes(self._keyring._sealed.record(2)[24:40])
        return reply_id, length + 16

    monkeypatch.setattr(Door, "_refuse", telling)
    assert found("key: on the line")


def test_a_pump_that_answers_for_another_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that is not bound to the device's id."""
    foreign()
    monkeypatch.setattr(pumps, "twin", lambda: pumps.provisioned()[0])
    assert found("device: ")


def test_a_flood_that_keeps_people_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_class()
    hello = session.hello
    monkeypatch.setattr(session, "hello", lambda self, now_us, presence=False: hello(self, now_us))
    assert found("locked out: ")


def test_openings_that_use_up_the_challenge_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forged opening then throws the rightful one out."""
    session = session_class()
    accept = session.accept

    def wasting(self: Any, *asked: Any) -> int:
        result = accept(self, *asked)
        self.c.challenge_up = 0
        return int(result)

    monkeypatch.setattr(session, "accept", wasting)
    assert found("locked out: ")


def test_a_programmer_that_believes_a_pump_without_sessions_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    hello = Conversation.hello
    said: list[bytes] = []

    def believing(self: Any) -> None:
        self.identity = None
        said[:] = [self._greet()]
        self.link.session = self._opened(said[0]) if len(said[0]) == OFFER_BYTES else None

    def plain(self: Any) -> Any:
        self.open_session()
        if self.link.session is not None:
            return hello(self)
        told = decode_reply(MESSAGES["identity"], said[0][9:])
        self.identity = made(Hello, {"schema_hash": protocol.SCHEMA_HASH, "protocol_version": 2} | told)
        return self.identity

    monkeypatch.setattr(Conversation, "open_session", believing)
    monkeypatch.setattr(Conversation, "hello", plain)
    assert found("order: ", (("way", 1, 1, "pose", 10, 0), ("call", "clinician", "stop", 7)))


def test_a_programmer_that_takes_a_lost_order_for_not_done_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(self: Any, order: Any, cause: BaseException) -> dict[str, Any]:
        raise OrderLost(order.message.name, str(cause))

    monkeypatch.setattr(Ordering, "_find_out", careless)
    assert found("order: ")


@pytest.mark.parametrize(
    ("place", "name"), [(Link, "_end_frame"), (Commands, "status"), (Ordering, "now")], ids=["link", "pump", "host"]
)
def test_an_exception_is_found(place: type, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inner: Callable[..., Any] = getattr(place, name)
    calls = iter(range(10_000))

    def failing(self: Any, *asked: Any) -> Any:
        if next(calls) == 12:
            raise ZeroDivisionError
        return inner(self, *asked)

    moves: tuple[Move, ...] = tuple(("call", "clinician", ("status", "set_basal")[at % 2], at) for at in range(40))
    foreign()
    monkeypatch.setattr(place, name, failing)
    assert found("traceback: ", moves)
