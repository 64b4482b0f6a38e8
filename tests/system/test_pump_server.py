"""The paced virtual pump on its pseudo-terminal and its TCP port, used with the programmer as anybody would."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from hil.backends.virtual import VirtualBoard
from hil.bench import programmer_at
from hil.errors import BenchError
from hil.keys import Provisioned
from hil.plant import Plant, load_mechanism
from hil.play.server import PumpServer
from host.api.transport import SerialTransport
from host.errors import PortError


@pytest.fixture
def server() -> Iterator[PumpServer]:
    board = VirtualBoard(Plant(load_mechanism(), 1), keys=Provisioned().cells)
    server = PumpServer(board, pace=1000.0)
    thread = threading.Thread(target=server.serve, kwargs={"for_s": 4.0})
    thread.start()
    yield server
    thread.join()
    server.close()
    board.close()


@pytest.mark.req("LINK-1")
def test_the_same_pump_answers_on_both_ports(server: PumpServer) -> None:
    tcp = SerialTransport(f"socket://localhost:{server.tcp_port}")
    pty = SerialTransport(server.pty_path)
    over_tcp, over_pty = programmer_at(tcp, timeout_s=1.0), programmer_at(pty, timeout_s=1.0)
    over_tcp.hello()
    over_tcp.set_basal(20_000)
    assert over_pty.status().basal_rate_mu_per_h == 20_000
    first = over_tcp.status()
    while (second := over_tcp.status()).strokes_delivered < 3:
        pass
    assert second.now_us > first.now_us
    tcp.close()
    pty.close()


@pytest.mark.req("HOST-5")
@pytest.mark.parametrize("by", ["tcp", "pty"])
def test_a_second_program_is_told_that_the_port_is_in_use(server: PumpServer, by: str) -> None:
    where = f"socket://localhost:{server.tcp_port}" if by == "tcp" else server.pty_path
    first = SerialTransport(where)
    assert programmer_at(first, timeout_s=1.0).hello()
    for _ in range(3):
        with pytest.raises(PortError, match="is in use by another program"), SerialTransport(where) as second:
            programmer_at(second, timeout_s=1.0).hello()
    assert programmer_at(first, timeout_s=1.0).hello(), "the first goes on"
    first.close()
    for _ in range(20):  # one after the other, as fast as they come
        with SerialTransport(where) as next_one:
            assert programmer_at(next_one, timeout_s=1.0).hello()


@pytest.mark.req("THER-3", "HOST-1")
def test_a_request_meets_the_pump_at_its_present_time() -> None:
    """However long nobody has talked: the pump itself has nothing to do for an hour here."""
    board = VirtualBoard(Plant(load_mechanism(), 1), keys=Provisioned().cells)
    server = PumpServer(board, pace=1.0)
    thread = threading.Thread(target=server.serve, kwargs={"for_s": 3.0})
    thread.start()
    port = SerialTransport(f"socket://localhost:{server.tcp_port}")
    try:
        programmer = programmer_at(port, timeout_s=1.0)
        first = programmer.status()
        time.sleep(1.2)
        second = programmer.status()
        assert second.now_us - first.now_us > 1_100_000
    finally:
        port.close()
        thread.join()
        server.close()
        board.close()


@pytest.mark.req("HIL-6")
def test_a_port_that_is_taken_is_named(server: PumpServer) -> None:
    with pytest.raises(BenchError, match=str(server.tcp_port)):
        PumpServer(server._board, port=server.tcp_port)
