"""Orders that are prepared by the way, for tests of something else: nothing is logged or counted for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware import protocol
from firmware.compat import nobody
from firmware.link.commands import Commands
from firmware.link.prepared import Prepared, Shown, show


class Agreeing(Prepared):
    """Takes every order for one that was prepared."""

    def agreed(self, message: Any, asked: bytes, confirms: int, expires_us: int) -> Callable[..., None]:
        return nobody


def prepared(commands: Commands, message: protocol.Message, values: dict[str, Any]) -> int:
    """Prepare the order and return its hash; 0 if it needs none or would be refused."""
    fields = message.request[protocol.ORDER_FIELDS :]
    if not message.bound:
        return 0
    try:
        asked = protocol.encode(fields, values)
        commands._give(message, {field.name: values[field.name] for field in fields} | {"agree": show})
    except Shown as shown:
        commands._prepared.keep(message, asked, shown.values)
        return commands._prepared._hash
    except Exception:  # refused, or made to fail by the test: the order itself will be too
        pass
    return 0
