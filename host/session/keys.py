"""The keys of this computer's programmers: one file each, readable by its user alone.

    <data folder>/releve/keys/NAME.json

JSON with format, device_id (16 hex digits), slot, role, label, generation, key and next (base64; null: none). `next` is
a key that the device has drawn in a rotation and that has not opened a session yet. A file that others can read, that
is cut short or of another format is refused and left as it is. A new one appears whole or not at all.

Implements: SEC-1
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host.configuration import data_folder
from host.session.errors import KeyFileError, KeyNameError, NoKey
from host.session.key import KEY_BYTES, Key
from host.text import Text

FORMAT = 1
DEVICE_ID_BYTES = 8
SLOTS = 8
PROVISIONING_SLOT = 0x0F  # which needs no key, and which a device allows for as long as it has none
LABEL_BYTES = 16
GENERATIONS = 0x10000  # they are counted in 16 bits
NEXT = 0x80  # with a slot's number: its next key
DEFAULT = "default"
PLAY = "play"  # of the simulated pump that `make pump` runs, which leaves it here
ROLES = ("none", "patient", "clinician", "service", "card", "provisioning", "bench")  # of a slot, by number
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "format": int, "device_id": str, "slot": int, "role": str, "label": str, "generation": int, "key": str,
    "next": (str, type(None)),
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_DAMAGED = "the key {} is damaged or cut short: enrol anew (pump enrol), then remove it"
_MOST_BYTES = 4096  # a key's file has some 250


@dataclass(frozen=True)
class Identity:
    """A programmer as one device knows it: `slot` and `role` there, its key, and the next one if it is rotating."""

    name: str
    device_id: bytes
    slot: int
    role: str
    label: str
    generation: int
    key: Key
    next: Key | None = None

    def __post_init__(self) -> None:
        if len(self.device_id) != DEVICE_ID_BYTES:
            raise ValueError(f"a device's id has {DEVICE_ID_BYTES} bytes")
        if not 0 <= self.slot < SLOTS and not (self.role == "provisioning" and self.slot == PROVISIONING_SLOT):
            raise ValueError(f"slot {self.slot} is not one of 0 to {SLOTS - 1}")
        if self.role not in ROLES[1:]:
            raise ValueError(f"{self.role!r} is not a role")
        if len(self.label.encode()) > LABEL_BYTES or not 0 <= self.generation < GENERATIONS:
            raise ValueError("the label or the generation does not fit")

    @property
    def pump(self) -> str:
        """What an order's store knows the pump by, with this key: its id and the slot. A card's does not say whose."""
        return f"{self.device_id.hex()}/{self.slot}" if any(self.device_id) else ""

    def openings(self) -> list[tuple[int, Key]]:
        """Return what may open a session, as (the slot's number as it is sent, the key), in the order to try it.

        During a rotation that is the next key as such; the next key as the slot's own, if the device has made it that
        and this file did not come to know; the old key. Else the key; and the same as the device's next one, if it
        could not store that it has made it the key, and has restarted.
        """
        if self.next is None:
            return [(self.slot, self.key), (self.slot | NEXT, self.key)]
        return [(self.slot | NEXT, self.next), (self.slot, self.next), (self.slot, self.key)]


def folder() -> Path:
    """Return where the keys are."""
    return data_folder() / "keys"


def checked_name(name: str) -> str:
    """Return `name` if it can be one of a key. Raises KeyNameError."""
    if not _NAME.fullmatch(name):
        raise KeyNameError(Text("{!r} is no name of a key: letters, digits, - and _, at most 32", name))
    return name


def place(name: str) -> Path:
    """Return where the key of this name is, whether it is there or not. Raises KeyFileError."""
    return folder() / f"{checked_name(name)}.json"


def usual() -> str:
    """Return the name of the key to use where none is named: the default one, or that of a simulated pump if only it is
    there.
    """
    return DEFAULT if place(DEFAULT).exists() or not place(PLAY).exists() else PLAY


def names() -> list[str]:
    """Return the names of this computer's keys."""
    try:
        return sorted(each.stem for each in folder().iterdir() if each.suffix == ".json" and _NAME.fullmatch(each.stem))
    except OSError:
        return []


def known(pump: str) -> bool:
    """Is there a key of this pump and slot (Identity.pump) on this computer?"""
    for name in names():
        with suppress(KeyFileError, NoKey):
            if load(name).pump == pump:
                return True
    return False


def load(name: str) -> Identity:
    """Return the identity of this name. Raises NoKey, KeyFileError."""
    path = place(name)
    try:
        text = _read_private(path)
    except FileNotFoundError as error:
        raise NoKey(name, names()) from error
    except OSError as error:
        raise KeyFileError(Text("cannot read the key {}: {}", path, error.strerror)) from error
    found = _parsed(path, text)
    try:
        return Identity(
            name, bytes.fromhex(found["device_id"]), found["slot"], found["role"], found["label"],
            found["generation"], _key(found["key"]), None if found["next"] is None else _key(found["next"]),
        )  # fmt: skip
    except ValueError:  # binascii.Error is one; its text may be of the key
        raise KeyFileError(Text(_DAMAGED, path)) from None


def save(identity: Identity, *, replace: bool = False) -> Path:
    """Write an identity's file, whole or not at all, and return its place.

    Raises KeyFileError if it cannot be written, or is there already and `replace` is not given.
    """
    path = place(identity.name)
    values = {
        "format": FORMAT, "device_id": identity.device_id.hex(), "slot": identity.slot, "role": identity.role,
        "label": identity.label, "generation": identity.generation, "key": _text(identity.key),
        "next": None if identity.next is None else _text(identity.next),
    }  # fmt: skip
    write_private(path, (json.dumps(values, indent=1) + "\n").encode(), replace=replace)
    return path


def ensure_room(name: str) -> None:
    """Make sure that a key of this name can be saved, before a pump makes one. Raises KeyFileError."""
    path = place(name)
    if path.exists():
        raise KeyFileError(_is_there(path))
    _make_folder(path.parent)
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise KeyFileError(Text("cannot write a key into {}: {}", path.parent, error.strerror)) from error


def remove(name: str) -> None:
    """Remove a key that its pump has revoked. Raises KeyFileError."""
    try:
        place(name).unlink(missing_ok=True)
    except OSError as error:
        raise KeyFileError(Text("cannot remove the key {}: {}", place(name), error.strerror)) from error


def write_private(path: Path, content: bytes, *, replace: bool) -> None:
    """Write a file that its user alone can read, whole or not at all. Raises KeyFileError."""
    _make_folder(path.parent)
    temporary = ""
    try:
        number, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")  # 0600, whatever the umask
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(temporary).replace(path)
        else:
            os.link(temporary, path)  # fails if it is there; a check before it could be overtaken
        _settle(path.parent)
    except FileExistsError as error:
        raise KeyFileError(_is_there(path)) from error
    except OSError as error:
        raise KeyFileError(Text("cannot write {}: {}", path, error.strerror)) from error
    finally:
        with suppress(OSError):
            Path(temporary).unlink()


def _is_there(path: Path) -> Text:
    text = "there is a key {} already; it is left as it is. Choose another name with --identity, or remove it"
    return Text(text, path)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KeyFileError(Text("cannot make the folder {}: {}", path, error.strerror)) from error


def _settle(path: Path) -> None:
    """Have the folder's new entry outlive a power cut, where a folder can be synchronised."""
    if os.name == "posix":
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _read_private(path: Path) -> bytes:
    with path.open("rb") as file:
        if os.name == "posix":  # elsewhere the user's folder itself keeps others out
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid():
                raise KeyFileError(
                    Text("the key {} is another user's file: it is not used. Enrol anew: pump enrol", path)
                )
            if stat.S_IMODE(status.st_mode) & 0o077:
                raise KeyFileError(
                    Text(
                        "others can read the key {}: it is not used. If nobody has: chmod 600 {}; else revoke it"
                        " (pump revoke) and enrol anew",
                        path,
                        path,
                    )
                )
        return file.read(_MOST_BYTES)


def _parsed(path: Path, text: bytes) -> dict[str, Any]:
    damaged = Text(_DAMAGED, path)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # its text has the file's
        raise KeyFileError(damaged) from None
    if not isinstance(found, dict) or type(found.get("format")) is not int:
        raise KeyFileError(damaged)
    if found["format"] != FORMAT:
        raise KeyFileError(
            Text("the key {} has format {}, this program reads format {}", path, found["format"], FORMAT)
        )
    if set(found) != set(_FIELDS):
        raise KeyFileError(damaged)
    for name, kind in _FIELDS.items():
        if not isinstance(found[name], kind) or isinstance(found[name], bool):
            raise KeyFileError(damaged)
    return found


def _key(text: str) -> Key:
    try:
        return Key(base64.b64decode(text, validate=True))
    except binascii.Error:
        raise ValueError(f"it must have {KEY_BYTES} bytes in base64") from None


def _text(key: Key) -> str:
    return base64.b64encode(key.secret()).decode()
