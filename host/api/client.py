"""The typed Python API of the programmer: one method per message.

    with Programmer.at("socket://localhost:7007") as pump:
        pump.set_basal(1250)                # mU/h
        print(pump.status().strokes_delivered)

Development platform, not a medical device.

Implements: LINK-1, HOST-3
"""

from __future__ import annotations

from typing import Any

from host.api.conversation import MESSAGES
from host.api.device import EVENTS_PAGE, PAGE, Upkeep
from host.api.dosing import Dosing
from host.api.programmers import Programmers
from host.api.service import Service
from host.api.transport import SerialTransport

__all__ = ["EVENTS_PAGE", "MESSAGES", "PAGE", "Programmer"]


class Programmer(Dosing, Upkeep, Service, Programmers):
    """A conversation with one pump. It sends a hello before the first request.

    A request is tried up to `attempts` times with a time-out of `timeout_s` each. An order (a request that changes
    delivery) carries an id, so that the pump carries it out once however often it arrives, and expires after
    `order_holds_s` of the device's time, at most 10 min. If its answer is lost, the pump is asked for the outcome. If
    that fails too, the order is `uncertain` (OrderUncertain), and until settle() has found the outcome only orders
    that reduce delivery are sent: stop, suspend, cancel_bolus. `check=False` leaves range checks to the pump, for
    tests; `first_command_id` makes the ids of a test predictable.

    Every method raises PortError, LinkTimeout, OrderLost, OrderUncertain, EarlierOrderDone, BadReply, SchemaMismatch,
    Refused (by the pump, nothing changed), InvalidRequest, WrongType or NoSuchName (found before sending), all of them
    `HostError`; and OrderInterrupted, a KeyboardInterrupt, if a person interrupts an order.

    In a `with` statement it closes its transport at the end, if that can be closed.
    """

    @classmethod
    def at(cls, port: str, **how: Any) -> Programmer:
        """Open `port`, a device or a pyserial URL, and return a programmer on it. Raises PortError."""
        return cls(SerialTransport(port), **how)

    def __enter__(self) -> Programmer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the transport; a second time does nothing."""
        close = getattr(self.transport, "close", None)
        if close is not None:
            close()
