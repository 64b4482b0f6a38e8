"""Programs that are killed at any time, and what the command line says of the orders that they have left."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import socket
from pathlib import Path

import pytest

from host.api.book import Book
from host.api.client import MESSAGES, Programmer
from host.api.link import decode_frame
from host.store import Store
from tests.host.device import Device
from tests.host.terminal import Terminal
from tests.host.test_host_left import Computer

pytestmark = pytest.mark.req("LINK-2", "HOST-5")
BOLUS, SETTLE = MESSAGES["bolus"].id, MESSAGES["settle_order"].id


class Wire:
    """A programmer's end of a socket."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end

    def write(self, data: bytes) -> None:
        self.end.sendall(data)

    def read(self, timeout_s: float) -> bytes:
        return self.end.recv(4096) if select.select([self.end], [], [], 20 * timeout_s)[0] else b""


def gives_boluses(path: Path, wire: Wire, tells: int) -> None:
    """A program that knows no end; each outcome is a line."""
    book = Book(Store(path), "a", lambda left: os.write(tells, f"{left.outcome}\n".encode()) and None)  # type: ignore[union-attr]
    pump = Programmer(wire, book=book)
    while True:
        pump.settle_left()
        book.done = ""
        pump.bolus(200)
        os.write(tells, b"done\n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals of POSIX")
def test_a_program_that_is_killed_at_any_time_leaves_nothing_that_is_told_wrongly(tmp_path: Path) -> None:
    """Programs give boluses without end and are killed. In the end each bolus that the pump has made was told as done,
    but for those whose program was killed between knowing and telling; none was told that was not.
    """
    dice = random.Random(16)
    computer = Computer(tmp_path / "store.sqlite", Device())
    computer.program().set_basal(0)
    lives, known = 25, ""
    for _ in range(lives):
        here, there = socket.socketpair()
        heard, tells = os.pipe()
        program = os.fork()
        if program == 0:
            try:
                here.close()
                gives_boluses(computer.path, Wire(there), tells)
            finally:
                os._exit(1)
        there.close()
        os.close(tells)
        frames = dice.randrange(2, 30)
        while frames and (data := here.recv(4096)):
            computer.device.live(5)
            computer.device.write(data)
            here.sendall(computer.device.uart.taken())
            frames -= 1
        select.select([], [], [], dice.random() / 100)
        os.kill(program, signal.SIGKILL)
        os.waitpid(program, 0)
        here.setblocking(False)
        try:
            while data := here.recv(4096):  # what it had sent
                computer.device.write(data)
        except OSError:
            pass
        computer.device.uart.taken()
        here.close()
        with os.fdopen(heard) as lines:
            known += lines.read()
    computer.program().status()
    known += "".join(f"{each}\n" for each in computer.told)
    outcomes = known.split()
    assert set(outcomes) <= {"done", "not_done"} and computer.left == 0
    computer.device.live(60)
    made, told = computer.program().status().strokes_commanded, outcomes.count("done")
    assert made - lives <= told <= made and told > lives


def test_the_command_line_tells_what_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    write = terminal.device.write

    def lost(data: bytes) -> None:
        found = decode_frame(data.strip(b"\0"))
        if found and found[1] in (BOLUS, SETTLE):
            terminal.device.feed(data)
        else:
            write(data)

    terminal.device.write = lost  # type: ignore[method-assign]
    run = terminal.run("bolus", "0.4", "--yes")
    assert run.exit_code == 6 and "UNKNOWN" in run.stderr
    run = terminal.run("status")
    assert run.exit_code == 0 and "An earlier order was uncertain: bolus (volume 0.40 U), given " in run.stderr
    assert "Still UNKNOWN" in run.stderr and "only stop, suspend and cancel are sent" in run.stderr
    run = terminal.run("set-basal", "1", "--yes")
    assert run.exit_code == 6 and "UNKNOWN: 'bolus'" in run.stderr
    assert terminal.run("cancel", "--yes").exit_code in (0, 3)
    terminal.device.write = write  # type: ignore[method-assign]
    run = terminal.run("--json", "set-basal", "1", "--yes")
    first, second = map(json.loads, run.stderr.splitlines())
    assert first["earlier"]["order"] == "bolus" and first["earlier"]["outcome"] == "done"
    assert second["error"] == "EarlierOrderDone" and run.exit_code == 6
    run = terminal.run("set-basal", "1", "--yes")
    assert run.exit_code == 0 and "earlier" not in run.stderr
    assert [each[0] for each in terminal.device.done if each[0] != "cancel_bolus"] == ["bolus", "set_basal"]


def test_the_command_line_warns_of_a_store_and_refuses_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    terminal.store.write_bytes(b"x" * 5000)
    run = terminal.run("status")
    assert run.exit_code == 0 and "warning: the store" in run.stderr and "it is kept as" in run.stderr
    terminal.store.write_bytes(b"x" * 5000)
    run = terminal.run("bolus", "0.4", "--yes")
    assert run.exit_code == 3 and "is damaged" in run.stderr and "o order was sent" in run.stderr
    terminal.store.unlink(missing_ok=True)
    terminal.store.mkdir()
    run = terminal.run("bolus", "0.4", "--yes")
    assert run.exit_code == 3 and terminal.device.done == []
    assert terminal.run("stop", "--yes").exit_code == 0 and terminal.device.done == [("stop",)]


@pytest.mark.parametrize("now_s", [-5.0, 0.0, 1e11, 1e17])
def test_a_computer_s_clock_that_is_wrong_does_not_hide_an_order(now_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    from host import store

    terminal = Terminal(monkeypatch)
    write = terminal.device.write
    monkeypatch.setattr(store.Store.__init__, "__defaults__", (lambda: now_s,))

    def lost(data: bytes) -> None:
        found = decode_frame(data.strip(b"\0"))
        if found and found[1] in (BOLUS, SETTLE):
            terminal.device.feed(data)
        else:
            write(data)

    terminal.device.write = lost  # type: ignore[method-assign]
    assert terminal.run("bolus", "0.4", "--yes").exit_code == 6
    terminal.device.write = write  # type: ignore[method-assign]
    run = terminal.run("status")
    assert "An earlier order was uncertain: bolus (volume 0.40 U), given " in run.stderr
    assert "The pump has carried it out" in run.stderr and run.exit_code == 0
