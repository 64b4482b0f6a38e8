"""Two steps for whatever changes delivery: what the programmer was shown, and whether that is what an order would do.

Every such order calls `agree(summary)` between its checks and its effects. To prepare it, `agree` is show(), which ends
it there with nothing changed; so what is told has passed the order's own checks. When the order comes, `agree` is that
of Prepared.agreed(), which refuses it unless it is the order that was prepared, and unless the part of the summary that
is bound (firmware/protocol/summaries.py), made again at this instant, is the same. So an order that is refused for a
reason of its own is refused for that reason, prepared or not.

Implements: SEC-3, THER-9
"""

import hashlib

from firmware import protocol
from firmware.compat import const
from firmware.errors import Refused
from firmware.protocol.codec import BOUND, NUMBER, SHOWN

HOLDS_US = const(120000000)
_HASH_BYTES = const(8)


class Shown(Exception):
    """An order has passed its checks; `values` are those of its summary."""

    def __init__(self, values):
        super().__init__()
        self.values = values


def show(values):
    """Stop an order between its checks and its effects."""
    raise Shown(values)


class Prepared:
    """The one order that has been prepared, if any, in RAM. `now_us()` is device time."""

    def __init__(self, now_us):
        self._now_us = now_us
        self.forget()

    def forget(self):
        """Nothing has been prepared."""
        self._order = (0, b"")  # message id, the order's own fields
        self._bound = b""
        self._hash = 0
        self._at_us = -HOLDS_US - 1

    def keep(self, message, asked, values):
        """Keep what an order with the own fields `asked` would do, in place of what was kept; return the summary."""
        self._bound = protocol.fit(message[BOUND], values)
        summary = self._bound + protocol.fit(message[SHOWN], values)
        self._order = (message[NUMBER], asked)
        digest = hashlib.sha256(bytes([message[NUMBER]]) + asked + summary).digest()
        self._hash = int.from_bytes(digest[:_HASH_BYTES], "little")
        self._at_us = self._now_us()
        return summary

    def agreed(self, message, asked, confirms, expires_us):
        """The `agree` of an order with these own fields that carries this hash. It raises Refused, also if the order
        has expired during its checks, and lets an order pass once.
        """
        order = (message[NUMBER], bytes(asked))

        def agree(values):
            now_us = self._now_us()
            if now_us > expires_us:
                raise Refused(protocol.EXPIRED, "expires_us", now_us, expires_us)
            late = now_us - self._at_us > HOLDS_US
            if late or order != self._order or confirms != self._hash:
                raise Refused(protocol.NOT_PREPARED, "confirms", 0)
            bound = self._bound
            self.forget()
            if protocol.fit(message[BOUND], values) != bound:
                raise Refused(protocol.CHANGED_MEANWHILE, "confirms", 0)

        return agree
