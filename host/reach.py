"""How a command reaches its pump: how long it waits, with which key, and where its orders are written down.

Implements: HOST-1
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from host import left, store
from host.api.book import Book
from host.options import HOLDS_S, TIMEOUT_S, Options
from host.session.keyring import Keyring
from host.session.keys import checked_name, usual
from host.store import Store
from host.units import parse_seconds

_TIMEOUTS_S = Decimal("0.01"), Decimal(600)
_HOLDS_S = Decimal(1), Decimal(600)  # the pump bounds an order's expiry (LINK-2)


def how_to_reach(options: Options, language: Callable[[], str]) -> dict[str, Any]:
    """Return what a Programmer is made with; `language()` is what this run speaks. Raises AmountError, KeyFileError."""
    place = Path(options.store) if options.store else store.place()
    return {
        "timeout_s": parse_seconds(options.timeout or TIMEOUT_S, *_TIMEOUTS_S),
        "order_holds_s": parse_seconds(options.holds or HOLDS_S, *_HOLDS_S),
        # A random start keeps replies to an earlier run of this program from being taken for ours.
        "first_sequence": secrets.randbelow(0x10000),
        "keyring": Keyring(checked_name(options.identity or usual())),
        "book": Book(Store(place), f"port {options.port}", lambda each: left.tell(each, options.as_json, language())),
    }
