"""`pump-bench provision` at a board without keys, over TCP in real time: VIRTUAL, as a board on a desk would be."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hil.backends.virtual import VirtualBoard
from hil.cli import app
from hil.plant import load_mechanism
from hil.play import control
from hil.play.server import PumpServer
from hil.play.world import PlayPlant
from host.api.client import Programmer
from host.api.transport import SerialTransport
from host.session import card, keys
from host.session.keyring import Keyring


@pytest.mark.req("SEC-1", "SEC-2")
def test_a_board_without_keys_is_provisioned_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keys, "folder", lambda: tmp_path / "keys")
    board = VirtualBoard(PlayPlant(load_mechanism(), 1))
    out = tmp_path / "card"
    with PumpServer(board).in_background() as server:
        port = f"socket://localhost:{server.tcp_port}"
        words = ["provision", "--port", port, "--name", "desk", "--card", str(out)]
        control.ask(server.tcp_port, "show-presence", 60)
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        with Programmer(SerialTransport(port), keyring=Keyring("desk")) as pump:
            assert pump.status().state == "running"
            assert [(each.slot, each.role) for each in pump.read_programmers()] == [(0, "card"), (1, "clinician")]
        with Programmer(SerialTransport(port), keyring=Keyring("card", card.identity(card.read_file(out)))) as pump:
            assert pump.stop()
    board.close()
