"""Orders whose answers are lost: settled by the programmer itself, told truly, and nothing more goes out before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware import protocol
from host.api.client import MESSAGES, Programmer
from host.errors import (
    EarlierOrderDone,
    HostError,
    OrderInterrupted,
    OrderLost,
    OrderUncertain,
    PortError,
    Refused,
)
from host.session.plain import HELLO_ID, OPEN_ID
from tests.firmware.hand import SECOND_US
from tests.host.lossy_path import BOLUS, Path, losing, number

pytestmark = pytest.mark.req("LINK-2", "HOST-3")


@pytest.fixture
def path() -> Path:
    return Path()


@pytest.fixture
def pump(path: Path) -> Programmer:
    pump = Programmer(path, first_command_id=1)
    pump.set_basal(0)
    return pump


def test_replies_that_are_lost_are_made_good(path: Path, pump: Programmer) -> None:
    path.loses = losing(3, BOLUS)
    assert pump.bolus(400).strokes == 2
    assert pump.uncertain is None and path.booked_mu == 400


def test_an_order_that_never_arrives_is_not_done_later(path: Path, pump: Programmer) -> None:
    path.loses = losing(3, BOLUS, to_pump=True)
    with pytest.raises(OrderLost, match="will not carry it out"):
        pump.bolus(400)
    assert pump.uncertain is None
    assert pump.bolus(600).strokes == 3
    assert path.booked_mu == 600


@pytest.mark.parametrize("delay_s", [0.3, 0.7, 1.0, 1.8])
def test_a_slow_path_ends_in_the_truth(path: Path, pump: Programmer, delay_s: float) -> None:
    """The first answer comes after the programmer's patience: the order is known all the same, and done once."""
    path.delay_us = round(delay_s * SECOND_US)
    slow = Programmer(path, first_command_id=50, timeout_s=2 * delay_s + 0.1, order_holds_s=60)
    slow.hello()
    prepared = slow.prepare("bolus", volume_mu=400)
    slow.timeout_s = 0.5
    slow.now = lambda message: prepared.now  # type: ignore[method-assign]
    assert prepared.confirm().strokes == 2
    assert path.booked_mu == 400 and slow.uncertain is None


def test_the_pump_restarts_between_the_order_and_its_answer(path: Path, pump: Programmer) -> None:
    """K1.4: the first attempt was done, its reply lost; the second meets a pump that has just started."""
    path.loses = losing(1, BOLUS)
    seen: list[int] = []

    def on_frame(message_id: int) -> None:
        if message_id == BOLUS:
            seen.append(message_id)
            if len(seen) == 2:
                path.restart()

    path.on_frame = on_frame
    assert pump.bolus(400).strokes == 2
    assert path.booked_mu == 400 and len(seen) >= 2


def test_the_pump_restarts_before_the_order_came(path: Path, pump: Programmer) -> None:
    path.on_frame = lambda message_id: path.restart() if message_id == BOLUS else None
    with pytest.raises(Refused, match="has restarted") as error:
        pump.bolus(400)
    assert error.value.code == "other_life" and path.booked_mu == 0 and pump.uncertain is None
    path.on_frame = lambda message_id: None
    assert pump.bolus(400).strokes == 2


def test_what_cannot_be_settled_is_said_and_stops_all_but_what_makes_less(path: Path, pump: Programmer) -> None:
    path.loses = lambda to_pump, message_id: not to_pump and message_id in (BOLUS, MESSAGES["settle_order"].id)
    with pytest.raises(OrderUncertain, match="UNKNOWN: 'bolus' may have been carried out") as error:
        pump.bolus(30_000)
    assert error.value.request == "bolus" and pump.uncertain is not None
    heard = len(path.heard)
    for order in (lambda: pump.bolus(200), lambda: pump.set_basal(100), lambda: pump.square_bolus(400, 30)):
        with pytest.raises(OrderUncertain):
            order()
    assert set(path.heard[heard:]) == {MESSAGES["settle_order"].id}
    assert pump.status().state == "running"
    pump.cancel_bolus()
    pump.stop()
    path.loses = lambda to_pump, message_id: False
    with pytest.raises(EarlierOrderDone, match="'resume' was not sent: 'bolus' before it was carried out after all"):
        pump.resume()
    assert path.hand.pump.status()["state"] == protocol.STATE_STOPPED
    pump.resume()
    assert path.booked_mu == 30_000


def test_an_uncertain_order_that_was_not_done_makes_room_for_the_next(path: Path, pump: Programmer) -> None:
    path.loses = lambda to_pump, message_id: message_id in (BOLUS, MESSAGES["settle_order"].id)
    with pytest.raises(OrderUncertain):
        pump.bolus(400)
    path.loses = lambda to_pump, message_id: False
    assert pump.bolus(600).strokes == 3
    assert path.booked_mu == 600


def test_a_port_that_breaks_leaves_an_order_uncertain(path: Path, pump: Programmer) -> None:
    write = path.write

    def broken(data: bytes) -> None:
        write(data)
        if number(data.strip(b"\0")) == BOLUS:
            path.write = path.read = gone  # type: ignore[method-assign, assignment]
            raise PortError("gone")

    def gone(_: object) -> None:
        raise PortError("gone")

    path.write = broken  # type: ignore[method-assign]
    with pytest.raises(OrderUncertain, match="gone"):
        pump.bolus(400)


@pytest.mark.parametrize("when", ["before", "after", "unknown"])
def test_a_person_who_breaks_off_is_told(path: Path, pump: Programmer, when: str) -> None:
    read, times = path.read, iter(range(1))

    def interrupted(timeout_s: float) -> bytes:
        if path.to_pump and number(path.to_pump[-1][1]) == BOLUS and next(times, None) is not None:
            if when == "before":
                path.to_pump.clear()
            raise KeyboardInterrupt
        return read(timeout_s)

    if when == "unknown":
        path.loses = lambda to_pump, message_id: not to_pump and message_id in (BOLUS, MESSAGES["settle_order"].id)

    path.read = interrupted  # type: ignore[method-assign]
    with pytest.raises(OrderInterrupted) as error:
        pump.bolus(400)
    text = {"before": "will not carry it out", "after": "has done it", "unknown": "UNKNOWN"}[when]
    assert text in str(error.value) and error.value.settled == (when != "unknown")
    assert path.booked_mu == (0 if when == "before" else 400)


@pytest.mark.parametrize("order", ["stop", "suspend", "cancel_bolus"])
def test_what_makes_less_asks_nothing_first_and_insists(path: Path, pump: Programmer, order: str) -> None:
    pump.bolus(2000)
    path.heard.clear()
    path.loses = losing(5, MESSAGES[order].id)
    getattr(pump, order)()
    assert set(path.heard) == {MESSAGES[order].id} and len(path.heard) == 6
    path.loses = lambda to_pump, message_id: True
    with pytest.raises(OrderUncertain, match="Give it again"):
        getattr(pump, order)()
    assert pump.uncertain is None


@pytest.mark.req("THER-3")
@pytest.mark.parametrize("order", ["stop", "suspend", "cancel_bolus"])
def test_what_makes_less_needs_a_session_and_nothing_else(path: Path, order: str) -> None:
    """Also when the pump tells neither the time nor its life."""
    Programmer(path, timeout_s=0.1).bolus(2000)
    path.connect()
    path.heard.clear()
    asked = (HELLO_ID, OPEN_ID, MESSAGES["identity"].id, MESSAGES[order].id)
    path.loses = lambda to_pump, message_id: to_pump and message_id not in asked
    getattr(Programmer(path, timeout_s=0.1), order)()
    assert path.heard == list(asked)
    assert path.hand.pump.status()["bolus_remaining_mu"] == 0


def test_what_makes_less_reaches_a_pump_that_has_restarted(path: Path, pump: Programmer) -> None:
    path.restart()
    pump.stop()
    assert path.hand.pump.status()["state"] == protocol.STATE_STOPPED


def test_an_order_that_power_has_cut_is_told_as_it_is(path: Path, pump: Programmer) -> None:
    from tests.firmware.ram import PowerCut

    told = set()
    for write in range(1, 8):
        arrive = path._arrive

        def cut(frame: bytes, arrive: Callable[[bytes], None] = arrive, write: int = write) -> None:
            if number(frame) == BOLUS and BOLUS not in path.heard:
                path.hand.memory.cut_write = len(path.hand.memory.writes) + write
                path.hand.memory.cut_bytes = 30
            try:
                arrive(frame)
            except PowerCut:
                path.restart()
            path.hand.memory.cut_write = 0

        path._arrive = cut  # type: ignore[method-assign]
        before = path.booked_mu
        try:
            pump.bolus(200)
            told.add("done")
            assert path.booked_mu == before + 200
        except OrderUncertain as error:
            told.add("begun" if error.begun else "unknown")
            assert path.booked_mu == before + 200
        except (Refused, OrderLost) as error:
            told.add(type(error).__name__)
            assert path.booked_mu == before
        path._arrive = arrive  # type: ignore[method-assign]
        path.heard.clear()
        path.hand.live(path.hand.now_us + 5 * SECOND_US)
    assert {"begun", "Refused"} <= told and "unknown" not in told


def test_every_error_of_an_order_is_a_host_error() -> None:
    for error in (OrderLost("bolus", ""), OrderUncertain("bolus", ""), EarlierOrderDone("bolus", "stop")):
        assert isinstance(error, HostError)
