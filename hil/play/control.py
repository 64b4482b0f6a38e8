"""How a second terminal reaches a running pump's world: one line of JSON there, one line back, on loopback TCP.

The port is the one after the programmer link's.
"""

from __future__ import annotations

import json
import math
import socket
from typing import Any

from hil.errors import BenchError
from hil.play.world import NotPossible, World

HOST = "127.0.0.1"
_LINE_BYTES = 1024
_PATIENCE_S = 0.5  # for a line to arrive, while the pump stands still
_ANSWER_S = 30.0  # for the pump to be at the present; an emulator may lag


def answer(world: World, line: bytes) -> bytes:
    """Do what the line asks for. Anything else than an act is answered by its error."""
    try:
        asked = json.loads(line)
        name, figure = asked["fault"], asked.get("figure")
        if not isinstance(name, str) or not (figure is None or _is_figure(figure)):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        reply = {"error": "not a fault: one line of JSON with its name as fault, and perhaps a figure"}
    else:
        try:
            reply = {"done": world.do(name, figure)}
        except NotPossible as error:
            reply = {"error": str(error)}
    return json.dumps(reply).encode() + b"\n"


def serve_one(listener: socket.socket, world: World) -> None:
    """Take one connection, do what it asks, close it. One that asks nothing is dropped."""
    client, _ = listener.accept()
    with client:
        client.settimeout(_PATIENCE_S)
        try:
            client.sendall(answer(world, _line(client)))
        except OSError:
            pass


def ask(port: int, name: str, figure: float | None = None) -> str:
    """Have the pump that runs with its programmer link on `port` suffer this fault. Return what to expect.

    Raises NotPossible, or BenchError if no pump runs there.
    """
    try:
        with socket.create_connection((HOST, port + 1), timeout=_ANSWER_S) as server:
            server.sendall(json.dumps({"fault": name, "figure": figure}).encode() + b"\n")
            reply: dict[str, Any] = json.loads(_line(server))
    except (OSError, OverflowError, ValueError) as error:
        raise BenchError(
            f"no pump answers on TCP port {port + 1}; is one running (`make pump PORT={port}`)?"
        ) from error
    if "error" in reply:
        raise NotPossible(str(reply["error"]))
    return str(reply["done"])


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _line(end: socket.socket) -> bytes:
    data = b""
    while b"\n" not in data and len(data) < _LINE_BYTES:
        piece = end.recv(_LINE_BYTES)
        if not piece:
            break
        data += piece
    return data
