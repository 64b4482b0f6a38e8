"""`pump-bench provision` against the whole pump: what it keeps, and what it says when something is in the way."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from firmware import protocol
from hil.cli import app
from hil.play import provision as command
from host import console
from host.api.client import Programmer
from host.api.link import decode_frame, encode_frame
from host.errors import PortError
from host.session import card, keys
from host.session.keyring import Keyring
from host.session.plain import HELLO_ID
from tests.firmware.hand import Hand
from tests.host.sealed import Sealed

pytestmark = pytest.mark.req("SEC-1", "SEC-2")


class Desk(Sealed):
    """A new board on a desk. A button press lasts a second, and comes when it is asked for, after `late` attempts."""

    def __init__(self, hand: Hand | None = None, provisioned: bool = False) -> None:
        super().__init__(hand, provisioned)
        self.waited = 0
        self.presses_after = 2
        self.interrupt_after = 0

    def write(self, data: bytes) -> None:
        before = self.session.device_id()
        self.live(0.3)
        super().write(data)
        if self.session.device_id() != before:
            self.present = False  # it has its card, and is let go

    def wait(self, seconds: float) -> None:
        """In place of the program's sleep."""
        self.waited += 1
        if self.waited == self.interrupt_after:
            raise KeyboardInterrupt
        self.present = self.presses_after > 0 and self.waited % self.presses_after == 0
        self.live(seconds)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Desk:
    desk = Desk()
    monkeypatch.setattr(console, "open_transport", lambda _: desk)
    monkeypatch.setattr(command.time, "sleep", desk.wait)
    monkeypatch.setattr(command.time, "monotonic", lambda: float(desk.waited))
    monkeypatch.setattr(keys, "folder", lambda: tmp_path / "keys")
    monkeypatch.setenv("RELEVE_STORE", str(tmp_path / "store"))
    return desk


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["provision", "--port", "here", *words], env={"LANG": "C", "COLUMNS": "200"})


def letters_in(text: str) -> str:
    return " ".join(re.findall(r"\b[A-Z2-7]{4}\b", text)[:13])


def test_a_new_board_gets_its_card_and_this_computer_a_key(desk: Desk) -> None:
    done = run("--label", "desk")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("Press the pump's button now") == 2 and "Waiting 60 s" in done.stderr
    assert "Provisioned: clinician 'desk' in slot 1; the key named 'default' is in" in done.output
    path = keys.place("default")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Programmer(desk, keyring=Keyring("default")).status().state == "running"
    made = card.read(letters_in(done.stdout))
    assert card.picture(made).splitlines()[3] in done.stdout
    assert Programmer(desk, keyring=Keyring("card", card.identity(made))).stop()
    secret = json.loads(path.read_text())["key"]
    assert secret not in done.output


def test_with_json_the_card_is_in_a_file_and_the_key_nowhere_else(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "card.txt"
    done = run("--json", "--card", str(out), "--name", "ward", "--role", "patient", "--label", "p")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["name"], told["role"], told["slot"], told["card"]) == ("ward", "patient", 1, str(out))
    assert told["path"] == str(keys.place("ward")) and len(told["device_id"]) == 16
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert Programmer(desk, keyring=Keyring("card", card.identity(card.read_file(out)))).stop()
    assert out.read_text().strip() not in done.output


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--role", "service"), "is not a role that a card enrols: clinician, patient"),
        (("--json",), "--card FILE"),
        (("--card", "/nowhere/card"), "there is no folder /nowhere"),
        (("--label", "x" * 17), "must have 1 to 16 bytes"),
    ],
)
def test_what_is_written_wrongly_is_said_before_the_pump_is_asked(
    desk: Desk, words: tuple[str, ...], text: str
) -> None:
    done = run(*words)
    assert (done.exit_code, text in done.stderr) == (2, True), done.output
    assert not desk.waited and not any(desk.hand.memory.cells[64:1672])


def test_a_name_or_a_card_s_file_that_is_there_is_left_as_it_is(desk: Desk, tmp_path: Path) -> None:
    path = keys.place("default")
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    done = run()
    assert done.exit_code == 3 and "it is left as it is" in done.stderr and path.read_text() == "mine"
    out = tmp_path / "card"
    out.write_text("old")
    done = run("--name", "new", "--card", str(out))
    assert done.exit_code == 2 and "is there already" in done.stderr and out.read_text() == "old"
    assert not desk.waited


def test_nobody_at_the_pump_and_one_that_has_keys_are_told_alike(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.presses_after = 0
    done = run()
    assert done.exit_code == 3 and "it has some already, or nobody shows presence" in done.stderr
    assert 50 < desk.waited <= 60 and not keys.place("default").exists()
    other = Desk(provisioned=True)
    monkeypatch.setattr(console, "open_transport", lambda _: other)
    monkeypatch.setattr(command.time, "sleep", other.wait)
    monkeypatch.setattr(command.time, "monotonic", lambda: float(other.waited))
    done = run()
    assert done.exit_code == 3 and "it has some already" in done.stderr and not keys.place("default").exists()
    assert Programmer(other, keyring=other.keys()).status()


@pytest.mark.req("SEC-2", "THER-9")
def test_who_holds_the_button_of_a_pump_that_has_keys_is_told_why_it_sounds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts the ten minutes for a lost card; the wire alone cannot learn beforehand that it has keys."""
    other = Desk(provisioned=True)
    other.presses_after = 1  # held
    monkeypatch.setattr(console, "open_transport", lambda _: other)
    monkeypatch.setattr(command.time, "sleep", other.wait)
    monkeypatch.setattr(command.time, "monotonic", lambda: float(other.waited))
    done = run()
    assert (
        "If it sounds each second it has keys already" in done.stderr and "let go. Nothing has changed." in done.stderr
    )
    held = [each for each in Programmer(other, keyring=other.keys()).events() if each.event == "presence_held"]
    assert done.exit_code == 3 and held, done.output


def test_a_port_that_is_not_there_and_a_pump_that_is_silent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "write", lambda _: None)
    done = run()
    assert done.exit_code == 4 and "no answer to 'hello'" in done.stderr and not desk.waited

    def gone(port: str) -> None:
        raise PortError(f"cannot open port {port}")

    monkeypatch.setattr(console, "open_transport", gone)
    done = run()
    assert done.exit_code == 4 and "cannot open port here" in done.stderr


def test_a_pump_with_another_schema_is_given_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(data: bytes) -> None:
        frame = decode_frame(data.strip(b"\0"))
        assert frame is not None and frame[1] == HELLO_ID
        desk.uart.sent += encode_frame(frame[0], HELLO_ID | protocol.REPLY_BIT, bytes(18))

    monkeypatch.setattr(desk, "write", answer)
    done = run()
    assert done.exit_code == 5 and "another version of the link" in done.stderr


def test_ctrl_c_before_the_card_keeps_nothing_and_says_what_may_be(desk: Desk) -> None:
    desk.interrupt_after = 1
    done = run()
    assert done.exit_code == 130 and "Nothing was kept here" in done.stderr
    assert not keys.place("default").exists()


def test_ctrl_c_after_the_card_leaves_the_card_and_says_how_to_go_on(desk: Desk, tmp_path: Path) -> None:
    desk.interrupt_after = 3  # the button was pressed at the second wait
    out = tmp_path / "card"
    done = run("--card", str(out))
    assert done.exit_code == 130
    assert f"has its card, in {out}; this computer has no key yet" in done.stderr
    assert f"pump --port here --identity default enrol --card {out}" in done.stderr
    assert not keys.place("default").exists()
    desk.interrupt_after, desk.present = 0, True
    key = card.identity(card.read_file(out))
    assert Programmer(desk, keyring=Keyring("card", key)).enrol("clinician", "then").slot == 1


def test_a_card_whose_file_cannot_be_written_is_on_the_screen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise keys.KeyFileError("cannot write it: no space")

    monkeypatch.setattr(card, "write_file", full)
    done = run("--card", "card-of-a-full-disk")
    assert done.exit_code == 0 and "cannot write it: no space: here it is." in done.stderr
    assert Programmer(desk, keyring=Keyring("card", card.identity(card.read(letters_in(done.stdout))))).stop()


def test_a_card_that_did_not_arrive_is_said_with_the_way_out(desk: Desk) -> None:
    desk.lose_replies = (9, next(each.id for each in protocol.MESSAGES if each.name == "provision"))
    done = run()
    assert done.exit_code == 3 and "pump --port here card lost" in done.stderr, done.output
    assert not keys.place("default").exists()
