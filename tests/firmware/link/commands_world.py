"""Commands for a pump that is a few lines long: it answers every message, and tells what it was asked."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from firmware.link.answered_by import ANSWERED_BY
from firmware.link.commands import Commands
from firmware.protocol import REFUSAL_ID, Message, decode, encode
from firmware.storage.orders import BYTES, Orders
from tests.firmware.desk import BY_NAME, lowest
from tests.firmware.ram import RamNvm

pytestmark = pytest.mark.req("LINK-1", "LINK-2", "THER-3")


class Pump:
    """Does what `does` says for each message's name; `told` is what it has heard besides."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.us = 1_000
        self.nvm = RamNvm(BYTES)
        self.orders = Orders(self.nvm, 0)
        self.orders.initialise(4)
        self.command_id = self.command_before = 7
        self.record = self
        self.fails: Exception | None = None
        self.failures = self
        part = Part(self)
        for name, _ in ANSWERED_BY:
            setattr(self, name, part)

    def now_us(self) -> int:
        return self.us

    def identity(self) -> dict[str, Any]:
        return lowest(BY_NAME["identity"].reply)

    def status(self) -> dict[str, Any]:
        return lowest(BY_NAME["status"].reply)

    def announced(self) -> None:
        pass

    def refused(self, *what: int) -> None:
        self.told.append(("refused", *what))

    def failed(self, error: Exception) -> None:
        self.told.append(("failed", error))

    def of_query(self, error: Exception) -> None:
        self.told.append(("of_query", error))


class Part:
    """Answers every message with the least that its fields allow."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump

    def __getattr__(self, name: str) -> Any:
        if name not in BY_NAME:
            raise AttributeError(name)

        def answer(**request: Any) -> dict[str, Any]:
            pump = self._pump
            pump.told.append((name, pump.command_id, pump.command_before))
            if pump.fails is not None:
                raise pump.fails
            return lowest(BY_NAME[name].reply)

        return answer


class World:
    def __init__(self, role: str = "bench", *, begun: bool = True) -> None:
        self.pump = Pump()
        self.commands = Commands(self.pump)
        if begun:
            self.commands.begun(protocol.ROLES.index(role))
        self.pump.told.clear()

    def payload(self, name: str, **values: Any) -> bytes:
        message: Message = BY_NAME[name]
        values = lowest(message.request) | values
        if message.changes_delivery:
            order = {"command_id": 21, "life": self.pump.orders.life, "expires_us": self.pump.us + 10}
            values |= order | {key: value for key, value in values.items() if key in order and value not in (0, 1)}
        return encode(message.request, values, check=False)

    def send(self, name: str, payload: bytes) -> tuple[Any, ...]:
        """("reply", fields) or the refusal: (code, field, value, limit)."""
        message = BY_NAME[name]
        reply_id, reply = self.commands.handle(message.id, memoryview(payload))
        if reply_id == REFUSAL_ID:
            fields = decode(protocol.REFUSAL, reply)
            assert fields["request_id"] == message.id
            return protocol.CODES[fields["code"]], fields["field_index"], fields["value"], fields["limit"]
        assert reply_id == message.id | 0x80
        return "reply", decode(message.reply, reply)

    def ask(self, name: str, **values: Any) -> tuple[Any, ...]:
        return self.send(name, self.payload(name, **values))

    def counted(self) -> dict[str, int]:
        return {name: count for name, count in vars(self.commands.counters).items() if count}
