"""The serial transport on a real TCP socket and a real pseudo-terminal; no board needed."""

import os
import pty
import socket
import threading
import tty

import pytest

from host.api.client import Programmer
from host.api.transport import SerialTransport, list_serial_ports
from host.errors import PortError
from tests.host.device import Device


def serve(read, write):
    device = Device()
    while True:
        try:
            data = read()
        except OSError:
            return
        if not data:
            return
        write(device.feed(data))


@pytest.fixture
def tcp_port():
    server = socket.create_server(("127.0.0.1", 0))

    def run():
        connection, _ = server.accept()
        with connection:
            serve(lambda: connection.recv(256), connection.sendall)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield f"socket://127.0.0.1:{server.getsockname()[1]}"
    thread.join(10)
    server.close()


@pytest.fixture
def pty_port():
    master, slave = pty.openpty()
    tty.setraw(slave)
    thread = threading.Thread(target=serve, args=(lambda: os.read(master, 256), lambda data: os.write(master, data)))
    thread.start()
    yield os.ttyname(slave)
    os.close(slave)
    thread.join(10)
    os.close(master)


@pytest.mark.req("HOST-1")
@pytest.mark.parametrize("kind", ["tcp_port", "pty_port"])
def test_a_pump_is_reached_through_any_pyserial_port(kind, request):
    transport = SerialTransport(request.getfixturevalue(kind))
    pump = Programmer(transport, timeout_s=10)
    assert pump.hello().board == "HAND"
    assert pump.set_basal(1250).new_rate_mu_per_h == 1250
    assert transport.read(0.01) == b""
    transport.close()
    transport.close()


def test_a_port_that_goes_away_is_a_port_error():
    server = socket.create_server(("127.0.0.1", 0))
    transport = SerialTransport(f"socket://127.0.0.1:{server.getsockname()[1]}")
    server.accept()[0].close()
    with pytest.raises(PortError, match="broke while receiving"):
        transport.read(10)
    transport.close()
    with pytest.raises(PortError, match="broke while sending"):
        transport.write(b"x")
    server.close()


@pytest.mark.parametrize("port", ["/dev/does-not-exist", "nonsense://x", "socket://127.0.0.1:1"])
def test_a_port_that_cannot_be_opened_is_named(port):
    with pytest.raises(PortError, match=f"cannot open port {port}"):
        SerialTransport(port)


def test_ports_can_be_listed():
    assert isinstance(list_serial_ports(), list)
