"""An order outlives the program that gave it: the next shows what is uncertain, settles it, and only then orders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from firmware import protocol
from host.api.book import Book, Left
from host.api.client import MESSAGES, Programmer
from host.api.link import decode_frame
from host.errors import EarlierOrderDone, LinkTimeout, OrderUncertain
from host.session import keys
from host.store import Store, StoreError
from tests.host.device import Device
from tests.host.sealed import Sealed

pytestmark = pytest.mark.req("LINK-2", "HOST-5")
BOLUS, SETTLE = MESSAGES["bolus"].id, MESSAGES["settle_order"].id
KINDS = pytest.mark.parametrize("kind", [Device, Sealed])


class Gone(BaseException):
    """The program is no more: no handler of its own runs."""


class Dying:
    """The transport of a program that is gone at its operation `at`, before it or after it."""

    def __init__(self, device: Device, at: int, after: bool) -> None:
        self.device, self.left, self.after = device, at, after

    def write(self, data: bytes) -> None:
        self._step(lambda: self.device.write(data))

    def read(self, timeout_s: float) -> bytes:
        found = self._step(lambda: self.device.read(timeout_s))
        assert isinstance(found, bytes)
        return found

    def _step(self, do: Callable[[], object]) -> object:
        self.left -= 1
        self.device.live(0.3)  # so that the pump's plain answers are not too many in a second
        if self.left == 0 and not self.after:
            raise Gone
        found = do()
        if self.left == 0:
            raise Gone
        return found


class Computer:
    """Programs on one computer, one after the other, and what they tell of the orders left by those before."""

    def __init__(self, path: Path, device: Device) -> None:
        self.path = path
        self.device = device
        self.told: list[str] = []
        self.whys: list[str] = []

    def program(self, transport: object = None, port: str = "a") -> Programmer:
        how = {"keyring": self.device.keys()} if isinstance(self.device, Sealed) else {}
        self.device.uart.taken()
        book = Book(Store(self.path), port, self._hear)
        return Programmer(transport or self.device, book=book, **how)  # type: ignore[arg-type]

    def _hear(self, left: Left | StoreError) -> None:
        self.told.append(left.outcome if isinstance(left, Left) else "store")
        self.whys.append(left.why if isinstance(left, Left) else str(left))

    def dies(self, at: int, after: bool) -> bool:
        """A program gives a bolus and is gone at this operation; False if it came to its end before."""
        try:
            self.program(Dying(self.device, at, after)).bolus(400)
        except Gone:
            return True
        return False

    def lose(self) -> None:
        """A program gives a bolus, which the pump makes, and is gone before it knows."""
        for at in range(1, 40):
            assert self.dies(at, True)
            if self.boluses:
                break
        assert self.boluses == self.left == 1
        self.told.clear()

    @property
    def boluses(self) -> int:
        kinds = [each["kind"] for each in self.device.pump.reports.read_deliveries(0, 10_000)["records"]]
        return kinds.count(protocol.KIND_NORMAL_BOLUS)

    @property
    def left(self) -> int:
        return len(Store(self.path).pending())


@KINDS
@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("after", [False, True])
def test_wherever_a_program_dies_the_next_one_tells_the_truth(
    kind: type[Device], restarts: bool, after: bool, tmp_path: Path
) -> None:
    seen = set()
    for at in range(1, 40):
        computer = Computer(tmp_path / f"{at}.sqlite", kind())
        died = computer.dies(at, after)
        if restarts:
            computer.device.restart()
        computer.device.live(1)
        done = computer.boluses
        told = computer.told
        assert computer.program().status().state == "running"
        assert computer.left == 0, "it is settled"
        if died:
            assert told in ([["done"]] if done else [["not_done"], []]), at
            seen.add(told[0] if told else "nothing")
        else:
            assert told == [] and done == 1
            break
        computer.device.live(700)
        assert computer.boluses == done, "what was told stays true"
        assert computer.program().bolus(200).strokes == 1 and told == computer.told
    assert not died and seen == {"nothing", "done"} | ({"not_done"} if not after else set())


@KINDS
def test_an_order_after_one_that_was_done_is_not_sent(kind: type[Device], tmp_path: Path) -> None:
    computer = Computer(tmp_path / "store.sqlite", kind())
    computer.lose()
    pump = computer.program()
    with pytest.raises(EarlierOrderDone, match="'basal rate' was not sent: 'bolus' before it"):
        pump.set_basal(1000)
    assert computer.told == ["done"] and computer.left == 0 and computer.boluses == 1
    assert computer.program().set_basal(1000), "whoever has been told can go on"


@KINDS
def test_stop_passes_whatever_is_uncertain(kind: type[Device], tmp_path: Path) -> None:
    computer = Computer(tmp_path / "store.sqlite", kind())
    computer.lose()
    asked: list[int] = []
    pump = computer.program()
    write = computer.device.write

    def listens(data: bytes) -> None:
        found = decode_frame(data.strip(b"\0"))
        asked.append(found[1] if found else -1)
        write(data)

    computer.device.write = listens  # type: ignore[method-assign]
    pump.stop()
    assert SETTLE not in asked and computer.left == 1
    pump.settle_left()
    assert SETTLE in asked and computer.told == ["done"] and computer.left == 0


@KINDS
def test_what_cannot_be_settled_stays_and_keeps_other_orders_back(kind: type[Device], tmp_path: Path) -> None:
    computer = Computer(tmp_path / "store.sqlite", kind())
    computer.lose()
    write = computer.device.write

    def deaf(data: bytes) -> None:
        found = decode_frame(data.strip(b"\0"))
        if found and found[1] != SETTLE:
            write(data)

    computer.device.write = deaf  # type: ignore[method-assign]
    pump = computer.program()
    assert pump.status().state and computer.told == ["unknown"] and computer.left == 1
    with pytest.raises(OrderUncertain, match="UNKNOWN: 'bolus' may have been carried out"):
        pump.set_basal(1000)
    pump.cancel_bolus()
    computer.device.write = write  # type: ignore[method-assign]
    assert computer.left == 1
    computer.program().status()
    assert computer.told == ["unknown", "done"] and computer.left == 0


@KINDS
def test_a_pump_that_is_not_reached_leaves_it_uncertain_and_it_is_shown(kind: type[Device], tmp_path: Path) -> None:
    computer = Computer(tmp_path / "store.sqlite", kind())
    device = computer.device
    computer.lose()
    device.write = lambda data: None  # type: ignore[method-assign]
    with pytest.raises(LinkTimeout):
        computer.program().status()
    assert computer.told == ["unknown"] and "no answer to 'hello'" in computer.whys[0] and computer.left == 1


def test_another_pump_s_order_is_left_alone(tmp_path: Path) -> None:
    computer = Computer(tmp_path / "store.sqlite", Device())
    computer.lose()
    other = Computer(computer.path, Sealed())
    other.program(port="a").set_basal(1000)
    assert computer.told == other.told == [] and computer.left == 1, "at this port is another pump now"
    computer.device.live(700)
    computer.program(port="b").status()
    assert computer.told == ["done"]


def test_an_order_too_old_is_told_as_such(tmp_path: Path) -> None:
    computer = Computer(tmp_path / "store.sqlite", Device())
    at = next(at for at in range(1, 40) if computer.dies(at, False) and computer.left)
    assert at and not computer.boluses
    computer.device.hand = type(computer.device.hand)()  # another pump at the same port, or one that forgot everything
    computer.device.connect()
    computer.program().status()
    assert computer.told in (["not_done"], ["forgotten"]) and computer.left == 0


@pytest.mark.parametrize("trouble", ["locked", "damaged", "foreign"])
def test_a_store_that_cannot_be_used_keeps_orders_back_but_not_stop(
    trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    from host import store as module

    monkeypatch.setattr(module, "_WAIT_S", 0.02)
    computer = Computer(tmp_path / "store.sqlite", Device())
    held = sqlite3.connect(computer.path, isolation_level=None)
    if trouble == "locked":
        Store(computer.path).strike_out(1)
        held.execute("BEGIN EXCLUSIVE")
    elif trouble == "damaged":
        computer.path.write_bytes(b"x" * 5000)
    else:
        held.execute("CREATE TABLE theirs (a)")
    pump = computer.program()
    assert pump.status().state == "running", "looking is possible"
    with pytest.raises(StoreError):
        pump.bolus(400)
    if trouble == "damaged":
        assert computer.told == ["store"] and list(tmp_path.glob("*damaged-1"))
        with pytest.raises(StoreError):
            pump.bolus(400)  # an order in the damaged one may be uncertain: whoever orders must have been told
    assert pump.stop() and computer.boluses == 0
    if trouble == "damaged":
        pump = computer.program()
        pump.resume()
        assert pump.bolus(400)
    held.close()


class Shared(Computer):
    """The same with the keys of a patient and of a clinician; `key`: the one that programs have."""

    key = "patient"

    def program(self, transport: object = None, port: str = "a") -> Programmer:
        assert isinstance(self.device, Sealed)
        self.device.uart.taken()
        book = Book(Store(self.path), port, self._hear)
        return Programmer(transport or self.device, book=book, keyring=self.device.keys(self.key))  # type: ignore[arg-type]


def test_an_order_that_another_key_gave_is_shown_and_settled_by_that_key_only(tmp_path: Path) -> None:
    """The pump tells an outcome to the slot that gave the order; to another it says void, which is not true here."""
    computer = Shared(tmp_path / "store.sqlite", Sealed())
    computer.lose()
    computer.key = "clinician"
    pump = computer.program()
    with pytest.raises(OrderUncertain, match="another key of this computer"):
        pump.set_basal(1000)
    assert computer.told == ["unknown"] and "another key" in computer.whys[0] and computer.left == 1
    assert pump.stop(), "what reduces delivery waits for nothing"
    assert pump.status().state == "stopped"
    computer.told.clear()
    computer.key = "patient"
    computer.program().status()
    assert computer.told == ["done"] and computer.left == 0


def test_an_order_of_a_key_that_is_not_here_any_more_waits_no_longer_than_it_can_come(tmp_path: Path) -> None:
    computer = Shared(tmp_path / "store.sqlite", Sealed())
    computer.lose()
    computer.key = "clinician"
    computer.device.live(601)
    pump = computer.program()
    pump.set_basal(1000)
    assert computer.told == ["forgotten"] and computer.left == 0


def test_an_order_of_a_key_that_is_here_is_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    computer = Shared(tmp_path / "store.sqlite", Sealed())
    assert isinstance(computer.device, Sealed)
    computer.lose()
    keys.save(computer.device.identities["patient"])
    computer.key = "clinician"
    computer.device.restart()
    computer.program().set_basal(1000)
    assert computer.told == [] and computer.left == 1
    computer.key = "patient"
    computer.program().status()
    assert computer.told == ["done"] and computer.left == 0
