"""`pump-bench provision`: gives a board on a desk its first keys, once, and this computer one of them.

The exit codes are those of `pump`.

Implements: SEC-1, SEC-2
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from host.api.client import Programmer
    from host.session.key import Key

ROLES = ("clinician", "patient")  # that a card enrols
_WAIT_S = 60
_EACH_S = 1
_PRESS = "Press the pump's button now, or hold the magnet to it for a moment ({}). Waiting {} s, Ctrl-C ends."
# A pump with keys does not tell a wire so, but begins the count for a lost card if somebody holds its button meanwhile.
_SOUNDS = (
    "If it sounds each second it has keys already, and counts ten minutes for a new card: let go. Nothing has changed."
)
_STEPS = ("1 of 2: the pump makes its card", "2 of 2, once more: it makes this computer's key")
_NOTHING = "The pump has been given nothing, and nothing was kept here."
_PERHAPS = (
    "Nothing was kept here. If the pump has made its card all the same, it has keys now and takes no more: hold its"
    " button for ten minutes and have a new card made (pump --port {} card lost)."
)
_CARD_ONLY = (
    "The pump has its card, {}; this computer has no key yet. Next: pump --port {} --identity {} enrol --card {}. If"
    " the pump has made that key already, revoke its slot then (pump programmers, pump revoke)."
)


def provision(
    port: Annotated[str, typer.Option(envvar="RELEVE_PORT", help="The board's serial port, or socket://host:port.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="Name of the key on this computer.")] = "default",
    role: Annotated[str, typer.Option(metavar="|".join(ROLES), help="What that key may do.")] = "clinician",
    label: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Whose it is, 1 to 16 bytes; default: this computer.")
    ] = None,
    card: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the card there, not to the screen.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; needs --card.")] = False,
) -> None:
    """Give a board without keys its first ones: its card, and a key for this computer. Once, with somebody at it.

    Do it on a desk, before the pump is anybody's: whoever is on the wire meanwhile, and changes what crosses it, can
    learn the card. Development platform, not a medical device.
    """
    from host.api.book import Book
    from host.api.provisioning import everybody_s
    from host.commands.enrolling import label_of
    from host.console import UsageError, connected
    from host.options import Options
    from host.session import keys
    from host.session.keyring import Keyring
    from host.text import Text

    def bare() -> Keyring:
        if role not in ROLES:
            raise UsageError(Text("{!r} is not a role that a card enrols: {}", role, ", ".join(ROLES)))
        keys.ensure_room(name)
        if card is None and as_json:
            raise UsageError("with --json the card goes into a file: --card FILE")
        if card is not None and card.exists():
            raise UsageError(Text("{} is there already; it is left as it is", card))
        if card is not None and not card.parent.is_dir():
            raise UsageError(Text("there is no folder {}", card.parent))
        return everybody_s()

    with connected(Options(port, as_json, None, None, None, False, name), bare) as pump:
        pump.book = Book()  # in these sessions nothing can be settled
        _Desk(pump, port, card, as_json).provision(name, role, label_of(label))


class _Desk:
    """What one run keeps, so that it can be told whenever the run ends."""

    def __init__(self, pump: Programmer, port: str, card: Path | None, as_json: bool) -> None:
        self._pump = pump
        self._port = port
        self._card = card
        self._as_json = as_json
        self._steps = iter(_STEPS)
        self._until_s = 0.0
        self._asked = False
        self._has_card = False

    def provision(self, name: str, role: str, label: str) -> None:
        """Provision the pump and keep the key. Whatever ends it before, what is kept then is said."""
        from host.api import provisioning
        from host.session import keys
        from host.session.errors import KeyNotReceived

        done = False
        try:
            made = provisioning.provision(
                self._pump.transport, self._ask, [(name, role, label)], self._pump.timeout_s,
                keep=self._keep, wait=self._wait,
            )  # fmt: skip
            (identity,) = made.programmers
            path = keys.save(identity)
            done = True
        except (KeyNotReceived, KeyboardInterrupt):
            if not self._has_card:
                typer.echo(_PERHAPS.format(self._port) if self._asked else _NOTHING, err=True)
            raise
        finally:
            if self._has_card and not done:
                where = f"in {self._card}" if self._card else "shown above"
                file = self._card or "FILE (its letters)"
                typer.echo(_CARD_ONLY.format(where, self._port, name, file), err=True)
        if self._as_json:
            told: dict[str, str | int] = {
                "device_id": made.device_id.hex(),
                "name": name,
                "path": str(path),
                "role": role,
                "label": label,
            }
            told |= {"slot": identity.slot, "generation": identity.generation, "card": str(self._card)}
            typer.echo(json.dumps(told))
        else:
            typer.echo(f"Provisioned: {role} {label!r} in slot {identity.slot}; the key named {name!r} is in {path}.")
            named = "" if name == keys.usual() else f" --identity {name}"
            typer.echo(f"Next: pump --port {self._port}{named} status")

    def _ask(self) -> None:
        self._asked = True
        self._until_s = time.monotonic() + _WAIT_S
        typer.echo(_PRESS.format(next(self._steps), _WAIT_S), err=True)
        if not self._has_card:
            typer.echo(_SOUNDS, err=True)

    def _wait(self) -> bool:
        time.sleep(_EACH_S)
        return time.monotonic() < self._until_s

    def _keep(self, key: Key) -> None:
        """Into its file, or onto the screen, at once: the pump has no other way to tell it."""
        from host.screens.programmers import card_text
        from host.session import card as cards
        from host.session.errors import KeyFileError
        from host.telling import Screen

        self._has_card = True
        if self._card is not None:
            try:
                cards.write_file(self._card, key)
                typer.echo(f"The card is in {self._card}.", err=True)
            except KeyFileError as error:
                typer.echo(f"{error}: here it is.", err=True)
                self._card = None
        if self._card is None:
            Screen(stderr=self._as_json).print(card_text(key))
