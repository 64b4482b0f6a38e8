"""How the `pump` command ends when answers are lost, output cannot be written or a person breaks off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from host.api.client import MESSAGES
from tests.host.device import Device
from tests.host.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
BOLUS, SETTLE = MESSAGES["bolus"].id, MESSAGES["settle_order"].id
FULL = Path("/dev/full")
pytestmark = pytest.mark.req("HOST-1", "LINK-2")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(monkeypatch)


def lost(device: Device, *messages: int, to_pump: bool = False) -> None:
    """No answer to these messages comes, or they do not even arrive."""
    write = device.write

    def writes(data: bytes) -> None:
        from host.api.link import decode_frame

        found = decode_frame(data.strip(b"\0"))
        if found is None or found[1] not in messages:
            write(data)
        elif not to_pump:
            device.feed(data)

    device.write = writes  # type: ignore[method-assign]


def test_an_order_that_is_uncertain_has_its_own_exit_code(terminal: Terminal) -> None:
    lost(terminal.device, BOLUS, SETTLE)
    run = terminal.run("bolus", "0.4", "--yes")
    assert run.exit_code == 6 and "UNKNOWN" in run.stderr and "Do not repeat" in run.stderr
    assert terminal.device.done == [("bolus", 2, 400)]
    terminal.device.live(5)
    run = terminal.run("--json", "bolus", "0.4", "--yes")
    earlier, told = map(json.loads, run.stderr.splitlines())
    assert earlier["earlier"]["outcome"] == "unknown"
    assert (told["error"], told["exit_code"], told["outcome"]) == ("OrderUncertain", 6, "unknown")


def test_an_order_that_was_lost_is_not_uncertain(terminal: Terminal) -> None:
    lost(terminal.device, BOLUS, to_pump=True)
    run = terminal.run("--json", "bolus", "0.4", "--yes")
    told = json.loads(run.stderr)
    assert (told["error"], told["exit_code"], told["outcome"]) == ("OrderLost", 4, "known")
    assert terminal.device.done == []


def test_a_port_that_is_not_there_is_not_uncertain(terminal: Terminal) -> None:
    lost(terminal.device, *[message.id for message in MESSAGES.values()])
    told = json.loads(terminal.run("--json", "bolus", "0.4", "--yes").stderr)
    assert (told["exit_code"], told["outcome"]) == (4, "known")


def test_an_answer_that_is_settled_is_shown_like_any_other(terminal: Terminal) -> None:
    terminal.device.lose_replies = 3, BOLUS
    run = terminal.run("--json", "bolus", "0.4", "--yes")
    assert run.exit_code == 0 and json.loads(run.stdout)["strokes"] == 2


# In a process of its own, on a pump behind a socket.

SERVER = """
import socket, sys
sys.path.insert(0, {root!r})
from tests.host.device import Device
from host.api.link import decode_frame
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
device = Device()
while True:
    peer, _ = server.accept()
    while data := peer.recv(4096):
        names = [decode_frame(each) for each in data.split(b"\\0") if each]
        reply = device.feed(data)
        for found in names:
            print("heard", found[1] if found else 0, flush=True)
        if not any(found and found[1] in {silent!r} for found in names):
            peer.sendall(reply)
"""


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[int, Any]]]:
    running = []

    def start(*silent: int) -> tuple[int, Any]:
        script = SERVER.format(root=str(ROOT), silent=silent)
        server = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        running.append(server)
        assert server.stdout is not None
        return int(server.stdout.readline()), server.stdout

    yield start
    for server in running:
        server.kill()
        server.wait()


def command(port: int, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "host", "--port", f"socket://127.0.0.1:{port}", "--timeout", "20", *arguments]


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("json_option", [(), ("--json",)])
def test_a_full_output_says_what_was_done(serve: Callable[..., tuple[int, Any]], json_option: tuple[str, ...]) -> None:
    port, _ = serve()
    with FULL.open("w") as full:
        run = subprocess.run(
            command(port, *json_option, "bolus", "0.4", "--yes"),
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False,
        )  # fmt: skip
    assert run.returncode == 7, run.stderr
    assert "carried out: bolus" in run.stderr and "Traceback" not in run.stderr


@pytest.mark.parametrize("json_option", [(), ("--json",)])
def test_a_closed_output_says_what_was_done(
    serve: Callable[..., tuple[int, Any]], json_option: tuple[str, ...]
) -> None:
    port, _ = serve()
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run(
        command(port, *json_option, "bolus", "0.4", "--yes"),
        stdout=write, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    os.close(write)
    assert run.returncode == 7, run.stderr
    assert "carried out: bolus" in run.stderr and "Traceback" not in run.stderr


@pytest.mark.parametrize("words", ["--help", "bolus --help", "--version", "ports", "ports --json", "programmers keys"])
def test_what_is_shown_nowhere_is_no_success(words: str) -> None:
    shell = ["sh", "-c", '"$0" -m host "$@" >&-', sys.executable, *words.split()]
    run = subprocess.run(shell, capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 7 and "stdout is closed" in run.stderr


@pytest.mark.parametrize("settles", [True, False])
def test_breaking_off_amid_an_order_is_never_silent(serve: Callable[..., tuple[int, Any]], settles: bool) -> None:
    port, said = serve(BOLUS, *() if settles else (SETTLE,))
    arguments = command(port, "bolus", "0.4", "--yes")
    # Where it settles the Ctrl-C must come before it gives up by itself, on a busy machine too.
    arguments[arguments.index("20")] = "5" if settles else "1"
    # The shell of a background job has it ignored.
    heeds = ["env", "--default-signal=INT", *arguments]
    run = subprocess.Popen(heeds, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    watchdog = threading.Timer(50, run.kill)
    watchdog.start()
    for line in said:
        if line.split() == ["heard", str(BOLUS)]:
            run.send_signal(signal.SIGINT)
            break
    _, told = run.communicate()
    watchdog.cancel()
    assert run.returncode == (130 if settles else 6), told
    assert ("the pump has done it" if settles else "UNKNOWN") in told and "Traceback" not in told
