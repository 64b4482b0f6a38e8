"""The card: a device's key on paper, 52 letters and digits in 13 groups of 4, also as a QR code.

Base32 (RFC 4648: A to Z, 2 to 7) of the key's 256 bits and 4 bits of checksum. The alphabet has neither 0, 1, 8 nor 9,
so whoever types one of them is told which place is meant.

Implements: SEC-1, SEC-2
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from pathlib import Path

from host.session import picture as picture_of
from host.session.errors import CardError
from host.session.key import KEY_BYTES, Key
from host.session.keys import DEVICE_ID_BYTES, Identity, write_private
from host.text import Text

LETTERS = 52
SLOT = 0  # of the card, in every device
_GROUP = 4
_CHECK_BITS = 4
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_MISTAKEN = {"0": "the letter O", "1": "the letter I or L", "8": "the letter B", "9": "the letter G or P"}
_BETWEEN = " \t\r\n-–—·."
_MOST_BYTES = 4096  # of a card's letters
_SVG = (b"<?xml", b"<svg")


def letters(key: Key) -> str:
    """Return the 52 letters, in groups of four."""
    number = int.from_bytes(key.secret(), "big") << _CHECK_BITS | _check(key)
    text = "".join(_ALPHABET[number >> 5 * place & 31] for place in range(LETTERS - 1, -1, -1))
    return " ".join(text[at : at + _GROUP] for at in range(0, LETTERS, _GROUP))


def read(text: str) -> Key:
    """Return the key of what was typed: any case, with blanks or hyphens or without. Raises CardError."""
    found = [each for each in text if each not in _BETWEEN]
    for place, each in enumerate(found):
        if each.upper() not in _ALPHABET or not each.isascii():
            raise CardError(_no_letter(each, place))
    if len(found) != LETTERS:
        text = "a card has {} letters in {} groups of {}; these are {}"
        raise CardError(Text(text, LETTERS, LETTERS // _GROUP, _GROUP, len(found)))
    number = 0
    for each in found:
        number = number << 5 | _ALPHABET.index(each.upper())
    key = Key((number >> _CHECK_BITS).to_bytes(KEY_BYTES, "big"))
    if number & (1 << _CHECK_BITS) - 1 != _check(key):
        raise CardError(
            "a letter of the card is wrong, or two have changed places. Compare group by group; easily mistaken are"
            " O and Q, I and L, B and 8, S and 5, Z and 2, U and V"
        )
    return key


def identity(key: Key) -> Identity:
    """Return the identity of a card, which holds no device's id."""
    return Identity("card", bytes(DEVICE_ID_BYTES), SLOT, "card", "card", 0, key)


def write_file(path: Path, key: Key) -> None:
    """Write the letters into a file that its user alone can read. Raises KeyFileError, also if it is there."""
    text = f"{letters(key)}\n"
    write_private(path, text.encode("ascii"), replace=False)


def read_file(path: Path) -> Key:
    """Return the key of a card's file: its letters, or a picture of its code. Raises CardError."""
    try:
        with path.open("rb") as file:
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                text = "others can read the card {}: it is not used. If nobody has: chmod 600 {}"
                raise CardError(Text(text, path, path))
            content = file.read(picture_of.MOST_BYTES + 1)
    except OSError as error:
        raise CardError(Text("cannot read the card {}: {}", path, error.strerror)) from error
    if content.startswith(_SVG):
        text = "{} is an SVG, which is printed and not read: take its PNG, or type the card's letters"
        raise CardError(Text(text, path))
    if len(content) <= _MOST_BYTES and b"\0" not in content:
        try:
            return read(content.decode())
        except UnicodeDecodeError:
            pass  # no letters
    if len(content) > picture_of.MOST_BYTES:
        raise CardError(Text("{} is too large for a picture of a card", path))
    return picture_of.read(path, content, read)


def picture(key: Key) -> str:
    """Return the card's QR code, for a terminal."""
    out = io.StringIO()
    _code(key).terminal(out, compact=True)
    return out.getvalue()


def svg(key: Key) -> bytes:
    """Return the card's QR code as SVG, to be printed."""
    return _saved(key, "svg")


def png(key: Key) -> bytes:
    """Return the card's QR code as PNG, to be printed or read back."""
    return _saved(key, "png")


def _saved(key: Key, kind: str) -> bytes:
    out = io.BytesIO()
    _code(key).save(out, kind=kind, scale=6)
    return out.getvalue()


def _code(key: Key):  # type: ignore[no-untyped-def]
    import segno  # cards alone need it

    return segno.make(letters(key).replace(" ", ""), error="m", micro=False)


def _check(key: Key) -> int:
    return hashlib.sha256(b"releve-card" + key.secret()).digest()[0] >> 8 - _CHECK_BITS


def _no_letter(each: str, place: int) -> Text:
    where = (place % _GROUP + 1, place // _GROUP + 1)
    if each in _MISTAKEN:
        return Text("letter {} of group {} is the digit {}, which no card has: it is {}", *where, each, _MISTAKEN[each])
    return Text("letter {} of group {} is {!r}, which no card has: A to Z and 2 to 7", *where, each)
