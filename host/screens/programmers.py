"""The screens for programmers, keys and cards."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.markup import escape
from rich.text import Text as Plain

from host.records.programmers import KnownKey, ProgrammerSlot
from host.screens.common import NOT_A_DEVICE, Listing
from host.session import card
from host.session.key import Key
from host.texts.spoken import in_language, said
from host.units import local

_STATES = {"enrolled": "not used yet", "in_use": ""}


def shown(label: str) -> str:
    """A label as it can be shown, whatever is in it."""
    return escape(label if label.isprintable() else repr(label))


def quoted(name: str, language: str) -> str:
    """A name between the marks of `language`."""
    return repr(name) if language == "en" else f"« {name if name.isprintable() else repr(name)} »"


def programmers_table(
    found: Sequence[ProgrammerSlot], own: int | None, language: str = "en", offset_min: int = 0
) -> Listing:
    """Who has a key of the pump; `own` is the slot of this computer's, `offset_min` how far the pump's local clock is
    ahead of UTC.
    """
    rows = []
    for each in found:
        used = local(each.last_used_utc_s, offset_min) if each.last_used_utc_s else "-"
        notes = [
            _STATES.get(each.state, each.state),
            "rotating" if each.used_next else "",
            "this one" if each.slot == own else "",
        ]
        told = ", ".join(said(note, language) for note in notes if note)
        rows.append((str(each.slot), said(each.role, language), shown(each.label), used, told))
    title = f"{said('Programmers', language)} {said(NOT_A_DEVICE, language)}"
    headings = [said(each, language) for each in ("slot", "role", "label", "last session")]
    return Listing(title, (*headings, ""), rows)


def keys_table(found: Sequence[KnownKey], language: str = "en") -> Listing:
    """The keys of this computer."""
    rows = []
    for each in found:
        about = (said(each.role or "", language), shown(each.label or ""), str(each.slot), each.device_id or "")
        if each.error:
            about = (said("[red]unusable[/]", language), escape(in_language(each.error, language)), "", "")
        rows.append((each.identity, *about))
    headings = [said(each, language) for each in ("name", "role", "label", "slot", "pump")]
    return Listing(said("Keys of this computer", language), headings, rows)


def card_text(key: Key, language: str = "en") -> Group:
    """A card to be printed: letters, code, and what it is for."""
    groups = card.letters(key).split(" ")
    lines = [" ".join(groups[at : at + 4]) for at in range(0, len(groups), 4)]
    what = [
        "Card of the pump. Whoever has it, and is at the pump, can enrol a programmer; anywhere, stop or suspend it.",
        "Print it, keep it with the patient and in the clinic, and nowhere on a computer.",
    ]
    text = [*(said(each, language) for each in what), "", *lines, "", card.picture(key)]
    return Group(Plain("\n".join(text), no_wrap=True))
