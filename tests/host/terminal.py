"""The `pump` command in this process, with a device behind every port that it opens."""

import os
from itertools import count
from pathlib import Path

import typer
from typer.main import get_command
from typer.testing import CliRunner

from host import cli, console
from tests.host.device import Device

_STORES = count()
_COMMAND = get_command(cli.app)  # made once: it takes ten times as long as a command does


class Terminal:
    """Runs the command with a given device behind every port."""

    def __init__(self, monkeypatch, hand=None):
        self.device = Device(hand)
        self.ports = []
        self.monkeypatch = monkeypatch
        monkeypatch.setattr(console, "open_transport", self.open)
        monkeypatch.setattr(typer.testing, "_get_command", lambda _: _COMMAND)
        monkeypatch.delenv("RELEVE_PORT", raising=False)
        self.store = Path(os.environ["XDG_DATA_HOME"]) / f"{next(_STORES)}.sqlite"
        monkeypatch.setenv("RELEVE_STORE", str(self.store))

    def open(self, port):
        self.ports.append(port)
        self.device.closed = False
        self.device.rested()  # between two commands; the device's time stands still
        return self.device

    def person(self):
        self.monkeypatch.setattr(console, "interactive", lambda: True)

    def run(self, *arguments, answer=None, port="hand", env=None):
        options = ["--port", port] if port else []
        return CliRunner().invoke(cli.app, [*options, *arguments], input=answer, env={"COLUMNS": "200", **(env or {})})
