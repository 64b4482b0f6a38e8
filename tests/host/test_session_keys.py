"""The files of keys: what is written, and everything that is refused and left as it is."""

from __future__ import annotations

import json
import os
import random
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from host.session import card, keys
from host.session.errors import KeyFileError, NoKey
from host.session.key import Key
from host.session.keyring import Keyring

pytestmark = pytest.mark.req("SEC-1")
SECRET = b"!verysecretverysecretverysecret!"
BASE64 = "IXZlcnlzZWNyZXR2ZXJ5c2VjcmV0dmVyeXNlY3JldCE="
POSIX = pytest.mark.skipif(os.name != "posix", reason="files have modes on POSIX only")
NURSE = keys.Identity("nurse", bytes(range(8)), 3, "clinician", "Tablet é", 2, Key(SECRET))


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path / "releve" / "keys"


def test_a_key_is_kept_for_its_user_alone(folder: Path) -> None:
    old = os.umask(0)
    try:
        path = keys.save(NURSE)
    finally:
        os.umask(old)
    assert path == folder / "nurse.json" and keys.names() == ["nurse"] and keys.load("nurse") == NURSE
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "format": 1, "device_id": "0001020304050607", "slot": 3, "role": "clinician", "label": "Tablet é",
        "generation": 2, "key": BASE64, "next": None,
    }  # fmt: skip
    assert [each.name for each in folder.iterdir()] == ["nurse.json"], "nothing else is left behind"


def test_no_key_is_written_over(folder: Path) -> None:
    keys.save(NURSE)
    before = keys.place("nurse").read_bytes()
    other = replace(NURSE, key=Key(bytes(32)))
    with pytest.raises(KeyFileError, match=r"there is a key .* already; it is left as it is"):
        keys.save(other)
    with pytest.raises(KeyFileError, match="already"):
        keys.ensure_room("nurse")
    assert keys.place("nurse").read_bytes() == before
    keys.ensure_room("other")
    keys.save(other, replace=True)
    assert keys.load("nurse") == other
    keys.remove("nurse")
    keys.remove("nurse")
    assert keys.names() == []


def test_a_key_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(NoKey, match=r"no key named 'default'; no pump has enrolled it yet. To get one: pump enrol"):
        keys.load("default")
    keys.save(NURSE)
    with pytest.raises(NoKey, match="there are keys of the names nurse: --identity NAME"):
        keys.load("default")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", ".", "a.json", "-a", "é", "a" * 33, "a\0"])
def test_a_name_leads_nowhere_else(name: str) -> None:
    for call in (keys.place, keys.load, keys.ensure_room):
        with pytest.raises(KeyFileError, match="is no name of a key"):
            call(name)


@POSIX
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644, 0o601])
def test_a_key_that_others_can_read_is_refused(mode: int) -> None:
    path = keys.save(NURSE)
    path.chmod(mode)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match=r"others can read the key .*: it is not used\. .*chmod 600 .*pump revoke"):
        keys.load("nurse")
    assert path.read_bytes() == before and stat.S_IMODE(path.stat().st_mode) == mode
    path.chmod(0o400)
    assert keys.load("nurse") == NURSE


@POSIX
def test_another_user_s_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    keys.save(NURSE)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(KeyFileError, match="is another user's file"):
        keys.load("nurse")


def test_a_key_cut_short_anywhere_is_refused_and_nothing_of_it_is_shown(folder: Path) -> None:
    path = keys.save(replace(NURSE, next=Key(SECRET[::-1])))
    whole = path.read_bytes()
    for length in range(len(whole) - 2):  # without the last brace or with less
        path.write_bytes(whole[:length])
        with pytest.raises(KeyFileError, match="damaged or cut short: enrol anew") as found:
            keys.load("nurse")
        told = "".join(map(str, found.value.args)) + repr(found.value.__cause__)
        assert "very" not in told and BASE64[:8] not in told
        assert path.read_bytes() == whole[:length]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 2}, "has format 2, this program reads format 1"), ({"format": True}, "damaged"),
        ({"format": None}, "damaged"), ({"slot": 8}, "damaged"), ({"slot": -1}, "damaged"), ({"slot": "3"}, "damaged"),
        ({"slot": True}, "damaged"), ({"role": "king"}, "damaged"), ({"role": "none"}, "damaged"),
        ({"device_id": "00"}, "damaged"), ({"device_id": "x" * 16}, "damaged"), ({"key": "AAAA"}, "damaged"),
        ({"key": BASE64[:-1] + "*"}, "damaged"), ({"key": None}, "damaged"), ({"next": "AAAA"}, "damaged"),
        ({"next": 5}, "damaged"), ({"generation": 65536}, "damaged"), ({"label": "x" * 17}, "damaged"),
        ({"more": 1}, "damaged"),
    ],
)  # fmt: skip
def test_a_key_of_another_form_is_refused(change: dict[str, object], told: str) -> None:
    path = keys.save(NURSE)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(KeyFileError, match=told):
        keys.load("nurse")
    for text in ("[]", "1", '"x"', "[" * 3000, "{}", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(KeyFileError, match="damaged"):
            keys.load("nurse")


def test_what_cannot_be_written_leaves_the_old_key(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    keys.save(NURSE)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyFileError, match=r"cannot write .*: No space left on device"):
        keys.save(replace(NURSE, key=Key(bytes(32))), replace=True)
    assert keys.load("nurse") == NURSE and len(list(folder.iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    for call in (lambda: keys.save(NURSE), lambda: keys.ensure_room("nurse")):
        with pytest.raises(KeyFileError, match="cannot make the folder"):
            call()
    assert keys.names() == []


def test_the_keys_are_where_a_user_s_data_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for system in ("linux", "win32"):
        monkeypatch.setattr(sys, "platform", system)
        assert keys.folder() == tmp_path / "releve" / "keys"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert keys.folder() == Path("~/Library/Application Support/releve/keys").expanduser()


def test_a_key_is_in_no_repr() -> None:
    assert "very" not in repr(replace(NURSE, next=Key(SECRET))) and BASE64 not in repr(NURSE)


def test_a_rotation_is_kept_in_two_steps() -> None:
    keys.save(NURSE)
    ring = Keyring("nurse")
    assert ring.there and not Keyring("other").there
    assert ring.identity().openings() == [(3, NURSE.key), (0x83, NURSE.key)]
    fresh = Key(SECRET[::-1])
    ring.rotating(replace(NURSE, next=fresh))
    assert keys.load("nurse").openings() == [(0x83, fresh), (3, fresh), (3, NURSE.key)]
    ring.rotated()
    ring.rotated()
    assert keys.load("nurse") == ring.identity()
    assert ring.identity() == replace(NURSE, key=fresh, generation=NURSE.generation + 1), "as the device counts"
    ring.rotating(replace(NURSE, next=fresh, generation=0xFFFF))
    ring.rotated()
    assert ring.identity().generation == 0


def test_a_card_s_key_is_kept_nowhere(folder: Path) -> None:
    ring = Keyring("card", card.identity(Key(SECRET)))
    ring.rotating(replace(ring.identity(), next=Key(bytes(32))))
    ring.rotated()
    assert ring.there and not folder.exists() and ring.identity().key == Key(bytes(32))
    assert (ring.identity().slot, ring.identity().role, ring.identity().device_id) == (0, "card", bytes(8))


@POSIX
def test_a_kill_at_any_time_leaves_a_whole_key(folder: Path) -> None:
    """A program that rewrites a key without end is killed: what is there is the old key or a new one."""
    keys.save(NURSE)
    script = (
        "import sys; from dataclasses import replace; from host.session import keys; from host.session.key import Key\n"
        "old = keys.load('nurse'); print(1, flush=True)\n"
        "for n in range(10**9):\n"
        " new = replace(old, generation=n % 65536, key=Key(bytes([n % 256]) * 32)); keys.save(new, replace=True)"
    )
    dice = random.Random(16)
    for _ in range(10):
        program = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=Path.cwd())
        assert program.stdout is not None and program.stdout.readline()
        try:
            program.wait(dice.random() / 20)
        except subprocess.TimeoutExpired:
            program.kill()
        program.wait()
        program.stdout.close()
        found = keys.load("nurse")
        assert found.key.secret() == bytes([found.generation % 256]) * 32 or found == NURSE
