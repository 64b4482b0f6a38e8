"""Which object answers which message."""

from typing import Any

from firmware.link.answered_by import ANSWERED_BY


def answering(commands: Any, pump: Any) -> dict[str, Any]:
    """Each message's name, and the part of the pump that answers it, or the commands."""
    found = {}
    for part, names in ANSWERED_BY:
        for name in names:
            found[name] = commands if part == "commands" else getattr(pump, part)
    return found
