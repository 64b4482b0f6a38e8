"""Commands for who may talk to the pump: list, enrol, revoke, rotate, the card, and the keys of this computer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from host.api.provisioning import everybody_s
from host.clock import told
from host.commands.enrolling import by_holding, card_key, label_of, with_presence
from host.console import NotNow, UsageError, confirm, connected, here, show, spoken_by
from host.errors import OWN_KEY
from host.options import Json, Language, Options, Yes, part, spoken_of
from host.records.programmers import CardMade, KnownKey, ProgrammerSlot
from host.screens.programmers import card_text, keys_table, programmers_table, quoted
from host.session import card as cards
from host.session import keys
from host.session.errors import KeyFileError
from host.session.keyring import Keyring
from host.session.keys import Identity
from host.text import Text
from host.texts.spoken import said

app = part()
commands = part(
    help="Show who may talk to the pump; enrol, revoke, rotate, card, keys. Also as pump enrol, and so on.",
    invoke_without_command=True,
)
app.add_typer(commands, name="programmers")
ROLES = ("patient", "clinician", "service")
NO_CARD = "that is the pump's card: pump card new makes another and voids this one; to be without a card: --the-card"
WITHOUT_CARD = (
    "This is the pump's card. Without one, whoever has no key can neither stop the pump nor enrol, until a clinician"
    " has another made (pump card new, which voids this one too). If no clinician's key is left, there is only the"
    " pump's button, held for ten minutes (pump card lost)."
)

Role = Annotated[str, typer.Option("--role", metavar="|".join(ROLES), help="What it may do; default: clinician.")]
Label = Annotated[str | None, typer.Option(metavar="TEXT", help="Whose it is, 1 to 16 bytes; default: this computer.")]


@commands.callback()
def programmers(ctx: typer.Context, language: Language = None, as_json: Json = False) -> None:
    """Without a command below: list."""
    ctx.obj = spoken_of(ctx, language, as_json)
    if ctx.invoked_subcommand is None:
        _list(ctx.obj)


@commands.command("list")
def list_programmers(ctx: typer.Context, language: Language = None, as_json: Json = False) -> None:
    """Show who has a key of the pump: slot, role, label, last use. Needs a clinician's key."""
    _list(spoken_of(ctx, language, as_json))


@commands.command()
def enrol(
    ctx: typer.Context,
    role: Role = "clinician",
    label: Label = None,
    card: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The card's letters, or a picture of its code; - for stdin; else it asks."),
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="A clinician's key of this computer, in place of the card.")
    ] = None,
    language: Language = None,
    as_json: Json = False,
) -> None:
    """Have the pump make a key for this computer, with its card or by a clinician, and with somebody at the pump.

    The key is kept under the name that --identity says. The picture is a photo, a scan or a PNG of the card's QR code.
    """
    options = spoken_of(ctx, language, as_json)
    name = options.identity or keys.usual()

    def opener() -> Keyring:
        if role not in ROLES:
            raise UsageError(Text("{!r} is not a role: {}", role, ", ".join(ROLES)))
        if card is not None and by is not None:
            raise UsageError("--card and --by: one is enough")
        keys.ensure_room(name)
        if by is None:
            return Keyring("card", cards.identity(card_key(card, spoken_by(options))))
        if by == name:
            raise UsageError(Text("the new key needs another name than {!r}: --identity NAME", name))
        ring = Keyring(keys.checked_name(by))
        ring.identity()
        return ring

    with connected(options, opener) as pump:
        words = spoken_by(options)
        shown = label_of(label)
        new = with_presence(pump, role, shown, words)
        identity = Identity(name, new.device_id, new.slot, role, shown, new.generation, new.key)
        try:
            path = keys.save(identity)
        except KeyFileError as error:
            text = Text("{}. The pump has slot {} for it: revoke it (pump revoke)", error.args[0], new.slot)
            raise KeyFileError(text) from error
        values = (_text(identity, words), quoted(name, words), path)
        show(options, _told(identity), said("Enrolled as {}; the key named {} is in {}.", words, *values))


@commands.command()
def revoke(
    ctx: typer.Context,
    who: Annotated[str, typer.Argument(metavar="SLOT|LABEL", help="Whose key, as pump programmers shows it.")],
    the_card: Annotated[bool, typer.Option("--the-card", help="With --yes: even if it is the pump's card.")] = False,
    yes: Yes = False,
    language: Language = None,
    as_json: Json = False,
) -> None:
    """Void a programmer's key, at once and for good. Needs a clinician's key, not the one that is voided."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        words = spoken_by(options)
        found = _which(who, pump.read_programmers())
        if not yes and found.slot == pump.keyring.identity().slot:
            raise NotNow(OWN_KEY)
        question = said("{} -> [bold]its key opens nothing any more[/]", words, _text(found, words))
        if found.role == "card":
            if yes and not the_card:
                raise UsageError(NO_CARD)
            question = f"{question}\n{said(WITHOUT_CARD, words)}"
        confirm(options, question, yes, language=words)
        pump.revoke(found.slot, found.generation)
        show(options, found, said("Revoked: {}.", words, _text(found, words)))


@commands.command()
def rotate(ctx: typer.Context, language: Language = None, as_json: Json = False) -> None:
    """Have the pump draw a new key for this computer. The old one holds until the new one has opened a session."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        if not pump.ready:
            pump.hello()
        new = pump.rotate()
        if new.next is not None:
            raise NotNow("the new key has not opened a session yet; the next command tries it again")
        words = spoken_by(options)
        text = "The key named {} is a new one, and the old one opens nothing any more."
        show(options, _told(new), said(text, words, quoted(new.name, words)))


@commands.command("keys")
def show_keys(ctx: typer.Context, language: Language = None, as_json: Json = False) -> None:
    """Show the keys of this computer, for --identity; no pump is asked."""
    options = spoken_of(ctx, language, as_json)
    with here(options):
        found: list[KnownKey] = []
        for name in keys.names():
            try:
                found.append(_told(keys.load(name)))
            except KeyFileError as error:
                found.append(KnownKey(name, str(keys.place(name)), error=error.args[0]))
        words = spoken_by(options)
        nothing = said("No keys in {}. To get one: pump enrol.", words, keys.folder())
        show(options, found, keys_table(found, words) if found else nothing)


@commands.command()
def card(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="new|lost|show", help="Have one made, or show one's letters.")],
    file: Annotated[str | None, typer.Argument(metavar="[FILE]", help="The card's file to show, - for stdin.")] = None,
    out: Annotated[str | None, typer.Option(metavar="FILE", help="Write the letters there, not to the screen.")] = None,
    svg: Annotated[str | None, typer.Option(metavar="FILE", help="Write the QR code there, to be printed.")] = None,
    png: Annotated[str | None, typer.Option(metavar="FILE", help="The same as PNG, which enrol --card reads.")] = None,
    yes: Yes = False,
    language: Language = None,
    as_json: Json = False,
) -> None:
    """A key on paper: it enrols programmers, stops or suspends the pump, and does nothing else.

    new: the old card opens nothing any more. Needs a clinician's key, and presence at the pump.

    lost: the same without card and clinician, for whoever is at the pump and holds its button for ten minutes without
    letting go. It sounds each second; therapy and programmers stay as they are.
    """
    options = spoken_of(ctx, language, as_json)
    lost = what == "lost"
    if what == "show":
        with here(options):
            if file is None or options.as_json or any(each is not None for each in (out, svg, png)):
                raise UsageError("pump card show FILE shows a card on the screen; - reads it from stdin")
            show(options, None, card_text(card_key(file, spoken_by(options)), spoken_by(options)))
        return
    with connected(options, everybody_s if lost else None) as pump:
        if what not in ("new", "lost") or file is not None:
            raise UsageError("write pump card new, pump card lost, or pump card show FILE")
        if options.as_json and out is None:
            raise UsageError("with --json a card goes into a file: --out FILE")
        for path in map(Path, filter(None, (out, svg, png))):
            if path.exists():
                raise UsageError(Text("{} is there already; it is left as it is", path))
            if not path.parent.is_dir():
                raise UsageError(Text("there is no folder {}", path.parent))
        words = spoken_by(options)
        question = said("Card -> [bold]a new one; the old one opens nothing any more[/]", words)
        confirm(options, question, yes, language=words)
        key = (by_holding(pump, words) if lost else with_presence(pump, "card", "card", words)).key
        if svg is not None:
            keys.write_private(Path(svg), cards.svg(key), replace=False)
        if png is not None:
            keys.write_private(Path(png), cards.png(key), replace=False)
        if out is not None:
            cards.write_file(Path(out), key)
        made = said("The new card is in {}.", words, escape(out)) if out else card_text(key, words)
        show(options, CardMade(out, svg, png), made)


def _list(options: Options) -> None:
    with connected(options) as pump:
        found = pump.read_programmers()
        own = pump.keyring.identity().slot
        show(options, found, programmers_table(found, own, spoken_by(options), told(pump, options).offset_min))


def _which(who: str, found: list[ProgrammerSlot]) -> ProgrammerSlot:
    chosen = [each for each in found if who in (str(each.slot), each.label)]
    by_slot = [each for each in chosen if str(each.slot) == who]
    if len(by_slot or chosen) != 1:
        there = ", ".join(f"{each.slot} {each.label!r}" for each in found)
        text = "several programmers are {!r}; there are: {}" if chosen else "no programmer is {!r}; there are: {}"
        raise UsageError(Text(text, who, there))
    return (by_slot or chosen)[0]


def _text(found: ProgrammerSlot | Identity, language: str) -> str:
    who = escape(quoted(found.label, language))
    return said("{} {} in slot {}", language, said(found.role, language), who, found.slot)


def _told(identity: Identity) -> KnownKey:
    """What may be shown of a key: nothing of the key."""
    return KnownKey(
        identity.name, str(keys.place(identity.name)), identity.device_id.hex(), identity.slot, identity.role,
        identity.label, identity.generation,
    )  # fmt: skip
