"""Commands for who may talk to the pump: list, enrol, revoke, rotate, the card, and the keys of this computer."""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from host import console
from host.api.book import Book
from host.api.client import Programmer
from host.api.provisioning import everybody_s, replace_card
from host.console import NotNow, UsageError, confirm, connected, here, show
from host.errors import Refused
from host.options import Json, Options, Yes, options_of, part
from host.records.programmers import CardMade, KnownKey, NewKey, ProgrammerSlot
from host.screens.programmers import card_text, keys_table, programmers_table
from host.session import card as cards
from host.session import keys
from host.session.errors import CardError, KeyFileError
from host.session.key import Key
from host.session.keyring import Keyring
from host.session.keys import Identity
from host.telling import Screen

app = part()
commands = part(
    help="Show who may talk to the pump; enrol, revoke, rotate, card, keys. Also as pump enrol, and so on.",
    invoke_without_command=True,
)
app.add_typer(commands, name="programmers")
ROLES = ("patient", "clinician", "service")
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

Role = Annotated[str, typer.Option("--role", metavar="|".join(ROLES), help="What it may do; default: clinician.")]
Label = Annotated[str | None, typer.Option(metavar="TEXT", help="Whose it is, 1 to 16 bytes; default: this computer.")]


@commands.callback()
def programmers(ctx: typer.Context) -> None:
    """Without a command below: list."""
    if ctx.invoked_subcommand is None:
        _list(options_of(ctx))


@commands.command("list")
def list_programmers(ctx: typer.Context, as_json: Json = False) -> None:
    """Show who has a key of the pump: slot, role, label, last use. Needs a clinician's key."""
    _list(options_of(ctx, as_json))


@commands.command()
def enrol(
    ctx: typer.Context,
    role: Role = "clinician",
    label: Label = None,
    card: Annotated[
        str | None, typer.Option(metavar="FILE", help="The card's file, - for stdin; else its letters are asked for.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="A clinician's key of this computer, in place of the card.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Have the pump make a key for this computer, with its card or by a clinician, and with somebody at the pump.

    The key is kept under the name that --identity says. The letters of a card's picture are what any QR reader shows.
    """
    options = options_of(ctx, as_json)
    name = options.identity or keys.usual()

    def opener() -> Keyring:
        if role not in ROLES:
            raise UsageError(f"{role!r} is not a role: " + ", ".join(ROLES))
        if card is not None and by is not None:
            raise UsageError("--card and --by: one is enough")
        keys.ensure_room(name)
        return _clinician(by, name) if by is not None else Keyring("card", cards.identity(_card_key(card)))

    with connected(options, opener) as pump:
        shown = _label(label)
        new = _with_presence(pump, role, shown)
        identity = Identity(name, new.device_id, new.slot, role, shown, new.generation, new.key)
        try:
            path = keys.save(identity)
        except KeyFileError as error:
            raise KeyFileError(f"{error}. The pump has slot {new.slot} for it: revoke it (pump revoke)") from error
        text = f"Enrolled as {role} {escape(repr(shown))} in slot {new.slot}; the key named {name!r} is in {path}."
        show(options, _told(identity), text)


@commands.command()
def revoke(
    ctx: typer.Context,
    who: Annotated[str, typer.Argument(metavar="SLOT|LABEL", help="Whose key, as pump programmers shows it.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Void a programmer's key, at once and for good. Needs a clinician's key, not the one that is voided."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        found = _which(who, pump.read_programmers())
        confirm(options, f"{_text(found)} -> [bold]its key opens nothing any more[/]", yes)
        pump.revoke(found.slot, found.generation)
        show(options, found, f"Revoked: {_text(found)}.")


@commands.command()
def rotate(ctx: typer.Context, as_json: Json = False) -> None:
    """Have the pump draw a new key for this computer. The old one holds until the new one has opened a session."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        if not pump.ready:
            pump.hello()
        if pump.link.session is None:
            raise NotNow("this pump has no keys yet")
        new = pump.rotate()
        if new.next is not None:
            raise NotNow("the new key has not opened a session yet; the next command tries it again")
        show(options, _told(new), f"The key named {new.name!r} is a new one, and the old one opens nothing any more.")


@commands.command("keys")
def show_keys(ctx: typer.Context, as_json: Json = False) -> None:
    """Show the keys of this computer, for --identity; no pump is asked."""
    options = options_of(ctx, as_json)
    with here(options):
        found: list[KnownKey] = []
        for name in keys.names():
            try:
                found.append(_told(keys.load(name)))
            except KeyFileError as error:
                found.append(KnownKey(name, str(keys.place(name)), error=str(error)))
        show(options, found, keys_table(found) if found else f"No keys in {keys.folder()}. To get one: pump enrol.")


@commands.command()
def card(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="new|lost|show", help="Have one made, or show one's letters.")],
    file: Annotated[str | None, typer.Argument(metavar="[FILE]", help="The card's file to show, - for stdin.")] = None,
    out: Annotated[str | None, typer.Option(metavar="FILE", help="Write the letters there, not to the screen.")] = None,
    svg: Annotated[str | None, typer.Option(metavar="FILE", help="Write the QR code there, to be printed.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """A key on paper: it enrols programmers, stops or suspends the pump, and does nothing else.

    new: the old card opens nothing any more. Needs a clinician's key, and presence at the pump.

    lost: the same without card and clinician, for whoever is at the pump and holds its button for ten minutes without
    letting go. It sounds each second; therapy and programmers stay as they are.
    """
    options = options_of(ctx, as_json)
    lost = what == "lost"
    if what == "show":
        with here(options):
            if file is None or out is not None or svg is not None or options.as_json:
                raise UsageError("pump card show FILE shows a card on the screen; - reads it from stdin")
            show(options, None, card_text(_card_key(file)))
        return
    with connected(options, everybody_s if lost else None) as pump:
        if what not in ("new", "lost") or file is not None:
            raise UsageError("write pump card new, pump card lost, or pump card show FILE")
        if options.as_json and out is None:
            raise UsageError("with --json a card goes into a file: --out FILE")
        for path in map(Path, filter(None, (out, svg))):
            if path.exists():
                raise UsageError(f"{path} is there already; it is left as it is")
            if not path.parent.is_dir():
                raise UsageError(f"there is no folder {path.parent}")
        confirm(options, "Card -> [bold]a new one; the old one opens nothing any more[/]", yes)
        key = (_by_holding(pump) if lost else _with_presence(pump, "card", "card")).key
        if svg is not None:
            keys.write_private(Path(svg), cards.svg(key), replace=False)
        if out is not None:
            cards.write_file(Path(out), key)
        show(options, CardMade(out, svg), f"The new card is in {escape(out)}." if out else card_text(key))


def _list(options: Options) -> None:
    with connected(options) as pump:
        found = pump.read_programmers()
        own = pump.keyring.identity().slot if pump.link.session else None
        show(options, found, programmers_table(found, own))


def _clinician(by: str, name: str) -> Keyring:
    if by == name:
        raise UsageError(f"the new key needs another name than {name!r}: --identity NAME")
    ring = Keyring(keys.checked_name(by))
    ring.identity()
    return ring


def _card_key(file: str | None) -> Key:
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
            return cards.read(typer.prompt("The card's 52 letters, any case, with blanks or without", err=True))
        except CardError as error:
            if not left:
                raise
            Screen(stderr=True).print(str(error), markup=False)
    raise AssertionError


def _label(label: str | None) -> str:
    if label is None:
        label = platform.node().encode("ascii", "ignore")[: keys.LABEL_BYTES].decode() or "programmer"
    if not 1 <= len(label.encode()) <= keys.LABEL_BYTES or not label.isprintable():
        raise UsageError(f"the label {label!r} must have 1 to {keys.LABEL_BYTES} bytes that can be printed")
    return label


def _with_presence(pump: Programmer, role: str, label: str) -> NewKey:
    """Ask for a key until presence is shown at the pump, for a minute if somebody is here to be told."""
    for second in range(_PRESENCE_S):
        try:
            return pump.enrol(role, label)
        except Refused as error:
            if error.code != "no_presence" or not console.interactive():
                raise
        if second == 0:
            Screen(stderr=True).print(_ASK_PRESENCE.format(_PRESENCE_S))
        time.sleep(1)
    return pump.enrol(role, label)


def _by_holding(pump: Programmer) -> NewKey:
    """Ask for a card until the button was held for ten minutes."""
    pump.book = Book()  # in this session nothing can be settled
    screen = Screen(stderr=True)
    screen.print(_ASK_TO_HOLD)
    left = iter(range(_HOLD_TRIES, 0, -1))

    def wait() -> bool:
        tries = next(left, 0)
        if not tries:
            raise NotNow(_NOT_HELD)
        time.sleep(_HOLD_EACH_S)
        return True

    return replace_card(pump, wait)


def _which(who: str, found: list[ProgrammerSlot]) -> ProgrammerSlot:
    chosen = [each for each in found if who in (str(each.slot), each.label)]
    by_slot = [each for each in chosen if str(each.slot) == who]
    if len(by_slot or chosen) != 1:
        there = ", ".join(f"{each.slot} {each.label!r}" for each in found)
        raise UsageError(f"{'several programmers are' if chosen else 'no programmer is'} {who!r}; there are: {there}")
    return (by_slot or chosen)[0]


def _text(found: ProgrammerSlot) -> str:
    return f"{found.role} {escape(repr(found.label))} in slot {found.slot}"


def _told(identity: Identity) -> KnownKey:
    """What may be shown of a key: nothing of the key."""
    return KnownKey(
        identity.name, str(keys.place(identity.name)), identity.device_id.hex(), identity.slot, identity.role,
        identity.label, identity.generation,
    )  # fmt: skip
