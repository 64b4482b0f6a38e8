"""Bad input about keys, sessions, the store, as a person meets it: one clear error, nothing changed, nothing lost."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from host import store
from host.api.client import Programmer
from host.errors import Refused
from host.session import card, keys
from tests.host.test_host_programmers import Desk, enrolled
from tests.host.test_host_programmers_cli import Clinic

pytestmark = pytest.mark.req("HOST-1", "SEC-1", "SEC-2", "SEC-3", "LINK-2")


def card_file(clinic: Clinic, content: bytes) -> None:
    """What `enrol --card FILE` is given."""
    path = file_of(clinic)
    path.write_bytes(content)
    path.chmod(0o600)


def file_of(clinic: Clinic) -> Path:
    return clinic.store.with_suffix(".card")


def save(name: str, clinic: Clinic, **change: object) -> None:
    keys.save(replace(clinic.device.identities["clinician"], name=name, **change))  # type: ignore[arg-type]


def revoked(clinic: Clinic) -> None:
    new = enrolled(clinic.device, "clinician", name="lost")
    keys.save(replace(new, name="lost"))
    Programmer(clinic.device, keyring=clinic.device.keys()).revoke(new.slot, new.generation)


def full(clinic: Clinic) -> None:
    for _ in range(5):
        enrolled(clinic.device)
    clinic.device.present = True


def locked(clinic: Clinic) -> None:
    store.Store(clinic.store).strike_out(1)
    held = sqlite3.connect(clinic.store, isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    clinic.held = held  # type: ignore[attr-defined]  # as long as the test


OTHER = "of another pump, was revoked, or somebody keeps the pump's line busy"
BOLUS = ("bolus", "0.4", "--yes", "--identity")
ENROL = ("enrol", "--identity", "new", "--label", "new")
# What is wrong: how it came to be, what is given then, and the exit code and the words of the error.
WRONG: dict[str, tuple[Callable[[Clinic], object], tuple[str, ...], int, str]] = {
    "a card cut short": (
        lambda clinic: card_file(clinic, clinic.letters()[:40].encode()), (*ENROL, "--card", "FILE"), 2, "52 letters",
    ),
    "a picture of a card cut short": (
        lambda clinic: card_file(clinic, card.png(clinic.device.identities["card"].key)[:300]),
        (*ENROL, "--card", "FILE"), 2, "damaged, cut short",
    ),
    "a card of another pump": (
        lambda clinic: card_file(clinic, card.letters(enrolled(clinic.device).key).encode()),
        (*ENROL, "--card", "FILE"), 3, OTHER,
    ),
    "a key file of another pump": (
        lambda clinic: save("other", clinic, device_id=bytes(7) + b"\1"), (*BOLUS, "other"), 3, OTHER,
    ),
    "a key file cut short": (
        lambda clinic: keys.place("clinician").write_bytes(keys.place("clinician").read_bytes()[:100]),
        (*BOLUS, "clinician"), 3, "is damaged or cut short",
    ),
    "nobody at the pump": (lambda clinic: None, (*ENROL, "--by", "clinician"), 3, "nobody has shown presence"),
    "a patient who enrols": (
        lambda clinic: setattr(clinic.device, "present", True), (*ENROL, "--by", "patient"), 3, "role may not do that",
    ),
    "a slot that the pump does not know": (lambda clinic: save("six", clinic, slot=6), (*BOLUS, "six"), 3, OTHER),
    "a slot that is not there to revoke": (
        lambda clinic: None, ("revoke", "6", "--yes", "--identity", "clinician"), 2, "no programmer is '6'",
    ),
    "a revoked slot": (revoked, (*BOLUS, "lost"), 3, OTHER),
    "full slots": (full, (*ENROL, "--by", "clinician"), 3, "the pump knows seven programmers and its card"),
    "a clock of this computer that is wrong": (
        lambda clinic: clinic.monkeypatch.setattr(time, "time", lambda: 1.0),
        ("set-time", "--yes", "--identity", "clinician"), 2, "the time, 1 s, is below",
    ),
    "a locked store": (locked, (*BOLUS, "clinician"), 3, "another program is writing to it"),
    "a damaged store": (
        lambda clinic: clinic.store.write_bytes(b"x" * 5000), (*BOLUS, "clinician"), 3, "it is kept as",
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_bad_input_is_one_clear_error_and_changes_and_loses_nothing(
    wrong: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(store, "_WAIT_S", 0.02)
    clinic = Clinic(monkeypatch, tmp_path, "clinician", "patient")
    made, words, code, told = WRONG[wrong]
    with monkeypatch.context():
        made(clinic)
        before = state(clinic)
        run = clinic.run(*(each.replace("FILE", str(file_of(clinic))) for each in words))
    assert run.exit_code == code and told in run.stderr and "Traceback" not in run.stderr, run.stderr
    errors = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and run.stdout == ""
    assert state(clinic) == before


def state(clinic: Clinic) -> tuple[object, ...]:
    """What the pump has done, who it knows, and the keys of this computer."""
    known = Programmer(clinic.device, keyring=clinic.device.keys()).read_programmers()
    slots = [(each.slot, each.role, each.label, each.generation, each.used_next) for each in known]
    files = {path.name: path.read_bytes() for path in keys.folder().iterdir()}
    return clinic.device.done, slots, files


@pytest.mark.parametrize("now_s", [0.0, 1e11])
def test_a_clock_of_this_computer_that_is_wrong_is_in_the_way_of_nothing_else(
    now_s: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Sessions, presence and the expiry of orders go by the pump's own time."""
    clinic = Clinic(monkeypatch, tmp_path, "clinician")
    monkeypatch.setattr(time, "time", lambda: now_s)
    clinic.device.present = True
    assert clinic.run(*ENROL, "--by", "clinician").exit_code == 0
    for name in ("clinician", "new"):
        assert clinic.run("rotate", "--identity", name).exit_code == 0
        assert clinic.run(*BOLUS, name).exit_code == (0 if name == "clinician" else 3), "one bolus at a time"
        assert clinic.run("stop", "--yes", "--identity", name).exit_code == (0 if name == "clinician" else 3)
    assert clinic.run("programmers", "--identity", "new").exit_code == 0


@pytest.mark.parametrize("late_s", [119, 121])
def test_a_confirmation_that_comes_late_does_nothing(late_s: int) -> None:
    device = Desk()
    pump = Programmer(device, keyring=device.keys())
    prepared = pump.prepare("bolus", volume_mu=400)
    device.live(late_s - (device.hand.now_us - prepared.now["now_us"]) / 1_000_000)
    now = {"now_us": device.hand.now_us, "life": prepared.now["life"]}
    if late_s < 120:
        assert pump.send(prepared.message, {"volume_mu": 400}, now, prepared.confirms)["strokes"] == 2
        return
    with pytest.raises(Refused) as error:
        pump.send(prepared.message, {"volume_mu": 400}, now, prepared.confirms)
    assert error.value.code == "not_prepared" and device.done == []
    assert pump.bolus(400).strokes == 2
