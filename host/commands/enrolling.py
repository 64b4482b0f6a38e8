"""What a new key needs of a person: the card's letters, a label, presence at the pump.

Implements: SEC-1, SEC-2
"""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path

import typer

from host import console
from host.api.book import Book
from host.api.client import Programmer
from host.api.provisioning import replace_card
from host.console import NotNow, UsageError
from host.errors import Refused
from host.records.programmers import NewKey
from host.session import card as cards
from host.session import keys
from host.session.errors import CardError
from host.session.key import Key
from host.telling import Screen
from host.text import Text
from host.texts.spoken import in_language, said

_PRESENCE_S = 60
_HOLD_EACH_S = 5
_HOLD_TRIES = 20 * 60 // _HOLD_EACH_S  # twice the ten minutes: somebody may let go
_TRIES = 3
_ASK_PRESENCE = "Show presence at the pump now: press its button, or hold the magnet to it. Waiting {} s, Ctrl-C ends."
_ASK_TO_HOLD = (
    "Hold the pump's button now, or the magnet to it, for ten minutes without letting go. The pump sounds each second;"
    " if it falls silent, it was let go, and the ten minutes begin anew. Ctrl-C ends."
)
_NOT_HELD = (
    "the pump's button was not held for ten minutes in one go, or somebody keeps its line busy: nothing has changed,"
    " the old card holds. Hold it from the first sound on, and repeat"
)
_ASK_LETTERS = "The card's 52 letters, any case, with blanks or without"


def card_key(file: str | None, language: str) -> Key:
    """Return the key of a card: of its `file` (-: stdin), or of the letters that a person types. Raises CardError."""
    if file == "-":
        return cards.read(sys.stdin.read(4096))
    if file is not None:
        return cards.read_file(Path(file))
    if not console.interactive():
        raise UsageError(
            "the card's letters are asked for on a terminal; without one: --card FILE, or --card - for stdin"
        )
    for left in range(_TRIES - 1, -1, -1):
        try:
            return cards.read(typer.prompt(said(_ASK_LETTERS, language), err=True))
        except CardError as error:
            if not left:
                raise
            Screen(stderr=True).print(in_language(error.args[0], language), markup=False)
    raise AssertionError


def label_of(label: str | None) -> str:
    """Return the label to enrol under, of this computer unless one is given. Raises UsageError."""
    if label is None:
        label = platform.node().encode("ascii", "ignore")[: keys.LABEL_BYTES].decode() or "programmer"
    if not 1 <= len(label.encode()) <= keys.LABEL_BYTES or not label.isprintable():
        raise UsageError(Text("the label {!r} must have 1 to {} bytes that can be printed", label, keys.LABEL_BYTES))
    return label


def with_presence(pump: Programmer, role: str, label: str, language: str) -> NewKey:
    """Ask for a key until presence is shown at the pump, for a minute if somebody is here to be told."""
    for second in range(_PRESENCE_S):
        try:
            return pump.enrol(role, label)
        except Refused as error:
            if error.code != "no_presence" or not console.interactive():
                raise
        if second == 0:
            Screen(stderr=True).print(said(_ASK_PRESENCE, language, _PRESENCE_S))
        time.sleep(1)
    return pump.enrol(role, label)


def by_holding(pump: Programmer, language: str) -> NewKey:
    """Ask for a card until the button was held for ten minutes."""
    pump.book = Book()  # in this session nothing can be settled
    screen = Screen(stderr=True)
    screen.print(said(_ASK_TO_HOLD, language))
    left = iter(range(_HOLD_TRIES, 0, -1))

    def wait() -> bool:
        tries = next(left, 0)
        if not tries:
            raise NotNow(_NOT_HELD)
        time.sleep(_HOLD_EACH_S)
        return True

    return replace_card(pump, wait)
