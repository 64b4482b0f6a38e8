"""That a rolling cap must cut a basal rate or a pattern every day, as the pump says it with an order and in its status.

Implements: GUARD-1, THER-9
"""

from __future__ import annotations

from host.texts.spoken import said

_TEXTS = {"hour": "the limit for one hour", "day": "the limit for 24 hours"}


def cut_text(found: str) -> str:
    """The warning to append after a sentence; empty if nothing is cut."""
    return "" if found == "none" else f" [bold red]Not all of it will be delivered: {_TEXTS[found]} cuts it.[/]"


def cut_note(found: str, language: str = "en") -> str:
    """The warning to append after a rate, within a line."""
    return "" if found == "none" else said(", [bold red]cut by {}[/]", language, said(_TEXTS[found], language))
