"""The commands about programmers, keys and the card, against the whole pump."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from host.api.client import Programmer
from host.commands import enrolling as module
from host.records.programmers import ProgrammerSlot
from host.session import card, keys
from host.session.errors import SessionRefused
from host.session.key import Key
from host.session.keyring import Keyring
from tests.host.terminal import Terminal
from tests.host.test_host_programmers import Desk, enrolled

pytestmark = pytest.mark.req("SEC-1", "SEC-2", "HOST-1")


class Clinic(Terminal):
    """The command line, the pump, and the keys that this computer has of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *names: str) -> None:
        super().__init__(monkeypatch)
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        monkeypatch.setattr(module.time, "sleep", lambda s: None)
        self.device = Desk()
        for role in names:
            keys.save(replace(self.device.identities[role], name=role))

    def letters(self) -> str:
        return card.letters(self.device.identities["card"].key)


def secret_in(text: str, *made: Key) -> bool:
    import base64

    return any(each.secret().hex() in text or base64.b64encode(each.secret()).decode() in text for each in made)


def test_a_computer_enrols_by_the_letters_of_the_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clinic = Clinic(monkeypatch, tmp_path)
    clinic.person()
    clinic.device.present = True
    typed = f"no card\n{clinic.letters().lower()}\n"
    run = clinic.run("enrol", "--label", "Tablet", answer=typed)
    assert run.exit_code == 0, run.stderr
    assert "letter 3 of group 1" not in run.stderr and "these are" in run.stderr
    assert "Enrolled as clinician 'Tablet' in slot 3; the key named 'default' is in " in run.stdout
    path = keys.place("default")
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not secret_in(run.stdout + run.stderr, keys.load("default").key)
    run = clinic.run("status")
    assert run.exit_code == 0 and "development image, not a release" in run.stdout
    run = clinic.run("enrol", answer=clinic.letters() + "\n")
    assert run.exit_code == 3 and "there is a key" in run.stderr and "left as it is" in run.stderr


def test_a_computer_enrols_by_a_card_s_file_and_by_a_clinician(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clinic = Clinic(monkeypatch, tmp_path, "clinician")
    clinic.device.present = True
    file = tmp_path / "card.txt"
    card.write_file(file, clinic.device.identities["card"].key)
    run = clinic.run("--json", "programmers", "enrol", "--card", str(file), "--role", "patient", "--label", "é")
    told = json.loads(run.stdout)
    assert (told["slot"], told["role"], told["label"], told["identity"]) == (3, "patient", "é", "default")
    assert run.exit_code == 0 and not secret_in(run.stdout, keys.load("default").key)
    run = clinic.run("enrol", "--identity", "second", "--by", "clinician", "--role", "service")
    assert run.exit_code == 0 and keys.load("second").role == "service"
    run = clinic.run("enrol", "--identity", "third", "--card", "-", answer=clinic.letters())
    assert run.exit_code == 0 and keys.load("third").slot == 5


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--card", "FILE", "--by", "clinician"), 2, "one is enough"), (("--role", "king"), 2, "'king' is not a role"),
        ((), 2, "the card's letters are asked for on a terminal"), (("--by", "nobody"), 3, "no key named 'nobody'"),
        (("--by", "default"), 2, "needs another name"), (("--card", "/no/such"), 2, "cannot read the card"),
        (("--by", "clinician", "--label", "x" * 17), 2, "must have 1 to 16 bytes"),
        (("--by", "clinician", "--label", ""), 2, "must have 1 to 16 bytes"),
        (("--by", "clinician"), 3, "nobody has shown presence"), (("--identity", "../x"), 2, "is no name of a key"),
        (("--by", "patient"), 3, "role"), (("--card", "-"), 2, "52 letters"),
    ],
)  # fmt: skip
def test_what_enrols_nobody_says_why_and_changes_nothing(
    words: tuple[str, ...], code: int, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clinic = Clinic(monkeypatch, tmp_path, "clinician", "patient")
    run = clinic.run("enrol", *words)
    assert run.exit_code == code and told in run.stderr and run.stderr.count("\n") == 1
    assert keys.names() == ["clinician", "patient"]
    assert len(Programmer(clinic.device, keyring=clinic.device.keys()).read_programmers()) == 3


def test_a_card_of_another_pump_enrols_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clinic = Clinic(monkeypatch, tmp_path)
    clinic.device.present = True
    run = clinic.run("enrol", "--card", "-", answer=card.letters(Key(bytes(32))))
    assert run.exit_code == 3 and "opened no session" in run.stderr and keys.names() == []


def test_presence_is_waited_for_when_somebody_is_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clinic = Clinic(monkeypatch, tmp_path, "clinician")
    clinic.person()
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        clinic.device.present = len(waits) == 3

    monkeypatch.setattr(module.time, "sleep", sleep)
    run = clinic.run("enrol", "--identity", "new", "--by", "clinician")
    assert run.exit_code == 0 and waits == [1, 1, 1] and run.stderr.count("Show presence at the pump now") == 1


def test_programmers_are_shown_and_revoked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clinic = Clinic(monkeypatch, tmp_path, "clinician")
    as_clinician = {"RELEVE_IDENTITY": "clinician"}
    for words in (("programmers",), ("programmers", "list")):
        run = clinic.run(*words, env=as_clinician)
        assert run.exit_code == 0 and "this one" in run.stdout and "pat" in run.stdout and "not used yet" in run.stdout
    assert clinic.run("settings", "--utc-offset", "+02:00", "--yes", env=as_clinician).exit_code == 0
    assert "UTC+02:00  this one" in clinic.run("programmers", env=as_clinician).stdout
    run = clinic.run("--json", "programmers", env=as_clinician)
    assert [each["slot"] for each in json.loads(run.stdout)] == [0, 1, 2]
    for words in (("programmers", "--json"), ("programmers", "--json", "list"), ("programmers", "list", "--json")):
        assert clinic.run(*words, env=as_clinician).stdout == run.stdout
    run = clinic.run("revoke", "nobody", "--yes", env=as_clinician)
    assert run.exit_code == 2 and "no programmer is 'nobody'; there are: 0 'card', 1 'pat', 2 'cli'" in run.stderr
    assert clinic.run("revoke", "pat", env=as_clinician).exit_code == 2, "nobody can be asked"
    clinic.person()
    assert clinic.run("revoke", "pat", answer="n\n", env=as_clinician).exit_code == 1
    run = clinic.run("programmers", "revoke", "pat", answer="y\n", env=as_clinician)
    assert run.exit_code == 0 and "Revoked: patient 'pat' in slot 1." in run.stdout
    run = clinic.run("revoke", "2", "--yes", env=as_clinician)
    assert run.exit_code == 3 and "cannot end its own key" in run.stderr
    run = clinic.run("revoke", "2", answer="y\n", env=as_clinician)
    assert run.exit_code == 3 and "cannot end its own key" in run.stderr and "Do it?" not in run.stderr
    keys.save(replace(clinic.device.identities["patient"], name="lost"))
    run = clinic.run("status", "--identity", "lost")
    assert run.exit_code == 3 and "of another pump, was revoked, or" in run.stderr


def test_who_revokes_the_card_is_told_what_that_means_and_a_script_must_say_that_it_means_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clinic = Clinic(monkeypatch, tmp_path, "clinician")
    as_clinician = ("--identity", "clinician")
    for who in ("0", "card"):
        run = clinic.run("revoke", who, "--yes", *as_clinician)
        assert run.exit_code == 2 and run.stdout == "" and "that is the pump's card: pump card new" in run.stderr
    clinic.person()
    for words, told in (((), "pump card lost"), (("--the-card",), "(pump card new"), (("--language", "fr"), "dix min")):
        run = clinic.run("revoke", "0", *words, *as_clinician, answer="n\n")
        assert run.exit_code == 1 and told in run.stderr
    run = clinic.run("revoke", "pat", *as_clinician, answer="n\n")
    assert run.exit_code == 1 and "This is the pump's card" not in run.stderr
    assert Programmer(clinic.device, keyring=clinic.device.keys("card")).stop(), "nothing was revoked"
    run = clinic.run("revoke", "0", "--yes", "--the-card", "--json", *as_clinician)
    assert run.exit_code == 0 and json.loads(run.stdout)["role"] == "card" and run.stderr == ""
    with pytest.raises(SessionRefused):
        Programmer(clinic.device, keyring=clinic.device.keys("card")).stop()
    clinic.device.present = True
    run = clinic.run("card", "new", "--yes", "--out", str(tmp_path / "card.txt"), *as_clinician)
    assert run.exit_code == 0 and [each.slot for each in _listed(clinic)] == [0, 1, 2]


def _listed(clinic: Clinic) -> list[ProgrammerSlot]:
    return Programmer(clinic.device, keyring=clinic.device.keys("clinician")).read_programmers()


def test_a_key_is_rotated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clinic = Clinic(monkeypatch, tmp_path, "patient")
    run = clinic.run("rotate", "--identity", "patient")
    assert run.exit_code == 0 and "The key named 'patient' is a new one" in run.stdout
    new = keys.load("patient")
    assert new.key != clinic.device.identities["patient"].key and new.next is None
    assert not secret_in(run.stdout + run.stderr, new.key)
    assert clinic.run("status", "--identity", "patient").exit_code == 0


def test_a_new_card_voids_the_old_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clinic = Clinic(monkeypatch, tmp_path, "clinician")
    clinic.device.present = True
    out, svg, png = tmp_path / "card.txt", tmp_path / "card.svg", tmp_path / "card.png"
    words = ("--identity", "clinician", "card", "new", "--yes")
    run = clinic.run(*words, "--out", str(out), "--svg", str(svg), "--png", str(png), "--json")
    assert run.exit_code == 0 and json.loads(run.stdout) == {"file": str(out), "svg": str(svg), "png": str(png)}
    assert card.read_file(png) == card.read_file(out)
    clinic.device.present = True
    run = clinic.run("enrol", "--card", str(png), "--identity", "read", "--label", "read")
    assert run.exit_code == 0 and keys.load("read").role == "clinician"
    new = card.read_file(out)
    assert new != clinic.device.identities["card"].key and b"<svg" in svg.read_bytes()
    run = clinic.run("card", "show", str(out), port=None)
    assert card.letters(new)[:19] in run.stdout and "█" in run.stdout and run.exit_code == 0
    clinic.device.present = True
    run = clinic.run(*words, "--out", str(out))
    assert run.exit_code == 2 and "left as it is" in run.stderr
    assert clinic.run("--json", *words).exit_code == 2
    old = Keyring("card", clinic.device.identities["card"])
    with pytest.raises(SessionRefused):
        Programmer(clinic.device, keyring=old).stop()
    assert Programmer(clinic.device, keyring=Keyring("card", card.identity(new))).stop()


def test_a_card_is_replaced_by_who_holds_the_pump_s_button(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clinic = Clinic(monkeypatch, tmp_path)
    begun_us = clinic.device.hand.now_us

    def sleep(seconds: float) -> None:
        clinic.device.live(seconds)
        clinic.device.present = True

    monkeypatch.setattr(module.time, "sleep", sleep)
    out = tmp_path / "card.txt"
    run = clinic.run("card", "lost", "--yes", "--out", str(out))
    assert run.exit_code == 0, run.stderr
    assert "Hold the pump's button now" in run.stderr and "ten minutes without letting go" in run.stderr
    assert 600 <= (clinic.device.hand.now_us - begun_us) / 1e6 < 630
    new = card.read_file(out)
    with pytest.raises(SessionRefused):
        Programmer(clinic.device, keyring=Keyring("card", clinic.device.identities["card"])).stop()
    assert Programmer(clinic.device, keyring=Keyring("card", card.identity(new))).stop()
    log = clinic.run("log", "--identity", "none", "--json")
    assert log.exit_code != 0
    keys.save(replace(clinic.device.identities["clinician"], name="c"))
    log = clinic.run("log", "--identity", "c")
    assert "somebody holds the button for a new card" in log.stdout and "a new card may be made" in log.stdout


def test_a_button_that_nobody_holds_gives_no_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clinic = Clinic(monkeypatch, tmp_path)
    monkeypatch.setattr(module, "_HOLD_TRIES", 3)
    clinic.device.present = True
    run = clinic.run("card", "lost", "--yes")
    assert run.exit_code != 0 and "nothing has changed, the old card holds" in run.stderr and not run.stdout.strip()
    assert Programmer(clinic.device, keyring=Keyring("card", clinic.device.identities["card"])).stop()


def test_the_keys_of_this_computer_are_shown_without_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clinic = Clinic(monkeypatch, tmp_path)
    assert "No keys in" in clinic.run("programmers", "keys", port=None).stdout
    clinic = Clinic(monkeypatch, tmp_path, "clinician", "patient")
    keys.place("patient").write_text("{}")
    run = clinic.run("programmers", "keys", port=None)
    assert run.exit_code == 0 and "clinician" in run.stdout and "unusable" in run.stdout and "damaged" in run.stdout
    assert not secret_in(run.stdout, clinic.device.identities["clinician"].key)
    told = json.loads(clinic.run("programmers", "keys", "--json", port=None).stdout)
    assert told[0]["slot"] == 2 and "damaged" in told[1]["error"]


def test_a_label_from_the_pump_is_shown_as_it_can_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clinic = Clinic(monkeypatch, tmp_path, "clinician")
    enrolled(clinic.device, name="[red]\x1b[2J")
    run = clinic.run("programmers", "--identity", "clinician")
    assert run.exit_code == 0 and "[red]\\x1b[2J" in run.stdout and "\x1b" not in run.stdout
