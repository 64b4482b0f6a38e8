"""A board paced to the wall clock, with its programmer UART on a pseudo-terminal and on a TCP port.

Any program that can talk to a serial port or a socket can use it like a pump on a desk. Both ends are one UART: bytes
from the pump go to both, and bytes from either go to the pump. One program at a time is let in by TCP, as on a serial
device that is opened exclusively; another is told that the port is in use. The next TCP port takes faults (control.py).

Implements: HOST-5
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hil.backends.board import Board
from hil.errors import BenchError
from hil.play import control
from hil.play.world import World

US_PER_S = 1_000_000
_READ_BYTES = 1024
_TRIES = 100
_BACKGROUND_S = 0.2  # at most until a server in the background ends
IN_USE = b"port in use\r\n"  # host/api/transport.py knows it


class PumpServer:
    """Serves `board` at `pace` device seconds a second on loopback TCP `port` (0: any free one) and on a pty.

    `pace` may be set while it serves in the background, which follows within 0.2 s. `tcp_port` and `pty_path` hold the
    addresses; faults come on the port after `tcp_port`. A board with a console (the
    emulated Pico) has it on a pseudo-terminal of its own, `console_path`. A line typed at `keyboard`, a file descriptor
    or -1, shows presence. Raises BenchError if a port is taken.
    """

    def __init__(self, board: Board, *, port: int = 0, pace: float = 1.0, keyboard: int = -1) -> None:
        self._board = board
        self._world = World(board)
        self.pace = pace
        self._keyboard = keyboard
        self._listener, self._control = _listen(port)
        self.tcp_port: int = self._listener.getsockname()[1]
        self._pty, self._pty_slave, self.pty_path = _open_pty()
        self._console, self._console_slave, self.console_path = _open_pty() if self.has_console else (-1, -1, "")
        self._client: socket.socket | None = None
        self._turned_away: list[socket.socket] = []

    @property
    def has_console(self) -> bool:
        """True if the board has a console besides its link."""
        return hasattr(self._board, "write_console")

    @property
    def now_us(self) -> int:
        """The pump's present time."""
        return int(self._board.now_us)

    def serve(self, *, on_stroke: Callable[[int], None] | None = None, for_s: float | None = None) -> None:
        """Run until KeyboardInterrupt, or for `for_s` seconds; `on_stroke(n)` is called when stroke n has started."""
        board, world = self._board, self._world
        start_s = time.monotonic()
        start_us = board.now_us
        strokes = len(board.stroke_starts_us)

        def catch_up() -> float:
            elapsed_s = time.monotonic() - start_s
            world.run_until_us(start_us + round(elapsed_s * self.pace * US_PER_S))
            return elapsed_s

        while True:
            elapsed_s = catch_up()
            self._send(board.take_received())
            if self.has_console:
                _write_pty(self._console, board.take_console())  # type: ignore[attr-defined]
            while strokes < len(board.stroke_starts_us):
                strokes += 1
                if on_stroke is not None:
                    on_stroke(strokes)
            if for_s is not None and elapsed_s >= for_s:
                return
            pause_s = (world.next_event_us - start_us) / self.pace / US_PER_S - (time.monotonic() - start_s)
            left_s = 3600.0 if for_s is None else for_s - elapsed_s
            sources: list[socket.socket | int] = [self._control, self._pty, *self._turned_away, self._listener]
            if self._client is not None:
                sources.append(self._client)
            if self.has_console:
                sources.append(self._console)
            if self._keyboard >= 0:
                sources.append(self._keyboard)
            ready, _, _ = select.select(sources, [], [], max(0.0, min(pause_s, left_s)))
            if ready:
                catch_up()  # what has come meets the pump at its present time, not at that of its last event
            for each in ready:
                self._take_in(each)

    @contextmanager
    def in_background(self) -> Iterator[PumpServer]:
        """Serve in a thread of its own, and close the ports at the end."""
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                self.serve(for_s=_BACKGROUND_S)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()
            self.close()

    def close(self) -> None:
        """Close the ports. The board stays open; it is the caller's."""
        for each in (self._listener, self._control, self._client, *self._turned_away):
            if each is not None:
                each.close()
        for fd in (self._pty, self._pty_slave, self._console, self._console_slave):
            if fd >= 0:
                os.close(fd)

    def _take_in(self, source: socket.socket | int) -> None:
        if source is self._control:
            control.serve_one(self._control, self._world)
            return
        if source is self._listener:
            self._let_in(self._listener.accept()[0])
            return
        if isinstance(source, socket.socket):
            if source is self._client or source in self._turned_away:  # not dropped as another was let in
                self._hear(source)
            return
        try:
            data = os.read(source, _READ_BYTES)
        except OSError:  # nothing after all
            return
        if source == self._keyboard:
            if data:
                self._world.do("show-presence")
            else:
                self._keyboard = -1  # its end
            return
        if source == self._console:
            self._board.write_console(data)  # type: ignore[attr-defined]
        else:
            self._board.write(data)

    def _let_in(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setblocking(False)
        if self._client is not None:
            self._hear(self._client)  # it may have gone just before
        if self._client is None:
            self._client = client
            return
        try:
            client.send(IN_USE)
            client.shutdown(socket.SHUT_WR)
        except OSError:  # it has gone already
            client.close()
            return
        # Closed while something unread is there it would be reset, and the words with it: its end closes first.
        self._turned_away.append(client)

    def _hear(self, client: socket.socket) -> None:
        """Take in all that a client has sent; drop one that has gone."""
        while True:
            try:
                data = client.recv(_READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._drop(client)
                return
            if client is self._client:
                self._board.write(data)

    def _send(self, data: bytes) -> None:
        if not data:
            return
        _write_pty(self._pty, data)
        if self._client is not None:
            try:
                self._client.sendall(data)
            except OSError:
                self._drop(self._client)

    def _drop(self, client: socket.socket) -> None:
        if client is self._client:
            self._client = None
        else:
            self._turned_away.remove(client)
        client.close()


def _listen(port: int) -> tuple[socket.socket, socket.socket]:
    """Listen on `port` and on the next one; 0: on any two that are free."""
    for _ in range(_TRIES):
        first = _listen_on(port)
        try:
            return first, _listen_on(first.getsockname()[1] + 1)
        except BenchError:
            first.close()
            if port:
                raise
    raise BenchError("no two TCP ports side by side are free")


def _listen_on(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((control.HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise BenchError(f"TCP port {port} cannot be used: {error}. Choose another with PORT=…") from error
    listener.listen()
    return listener


def _open_pty() -> tuple[int, int, str]:
    """Open a raw pseudo-terminal. Return our end, the other end, and the other end's name.

    The other end stays open here too: without a reader on it ours would report an error.
    """
    ours, other = os.openpty()
    tty.setraw(other)
    os.set_blocking(ours, False)
    return ours, other, os.ttyname(other)


def _write_pty(fd: int, data: bytes) -> None:
    try:
        os.write(fd, data)
    except BlockingIOError:
        pass  # nobody reads the pseudo-terminal: as on a real UART, the bytes are lost
