"""The screens for programmers, keys and cards."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.markup import escape
from rich.text import Text

from host.records.programmers import KnownKey, ProgrammerSlot
from host.screens.common import NOT_A_DEVICE, Listing
from host.session import card
from host.session.key import Key
from host.units import utc

_STATES = {"enrolled": "not used yet", "in_use": ""}


def shown(label: str) -> str:
    """A label as it can be shown, whatever is in it."""
    return escape(label if label.isprintable() else repr(label))


def programmers_table(found: Sequence[ProgrammerSlot], own: int | None) -> Listing:
    """Who has a key of the pump; `own` is the slot of this computer's."""
    rows = []
    for each in found:
        used = utc(each.last_used_utc_s) if each.last_used_utc_s else "-"
        notes = [
            _STATES.get(each.state, each.state),
            "rotating" if each.used_next else "",
            "this one" if each.slot == own else "",
        ]
        rows.append((str(each.slot), each.role, shown(each.label), used, ", ".join(filter(None, notes))))
    return Listing(f"Programmers {NOT_A_DEVICE}", ("slot", "role", "label", "last session", ""), rows)


def keys_table(found: Sequence[KnownKey]) -> Listing:
    """The keys of this computer."""
    rows = [
        (each.identity, "[red]unusable[/]", escape(each.error), "", "")
        if each.error
        else (each.identity, each.role or "", shown(each.label or ""), str(each.slot), each.device_id or "")
        for each in found
    ]
    return Listing("Keys of this computer", ("name", "role", "label", "slot", "pump"), rows)


def card_text(key: Key) -> Group:
    """A card to be printed: letters, code, and what it is for."""
    groups = card.letters(key).split(" ")
    lines = [" ".join(groups[at : at + 4]) for at in range(0, len(groups), 4)]
    text = [
        "Card of the pump. Whoever has it, and is at the pump, can enrol a programmer; anywhere, stop or suspend it.",
        "Print it, keep it with the patient and in the clinic, and nowhere on a computer.",
        "", *lines, "", card.picture(key),
    ]  # fmt: skip
    return Group(Text("\n".join(text), no_wrap=True))
