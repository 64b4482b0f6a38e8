"""The requests of a flood: frames of one kind, with the values that cost the pump most."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from firmware import protocol
from hil.protocols.edges.loads import LINE_BYTES_PER_S
from host.api.client import MESSAGES
from host.api.link import encode_frame
from host.records import Limits

US_PER_S = 1_000_000
_HOLDS_US = 1_000_000  # short, so that orders that have not expired do not fill the table of orders
# Values of requests, where not the smallest that the table allows: those that cost the pump most.
_VALUES: dict[str, dict[str, Any]] = {
    "hello": {"schema_hash": protocol.SCHEMA_HASH},
    "read_log": {"since_number": 0, "max_count": 7},
    "read_deliveries": {"since_id": 0, "max_count": 5},
    "stage_pattern": {"pattern": 1, "rates": [{"rate_mu_per_h": 200}] * protocol.HALF_HOURS},
    "telemetry": {"interval_s": 1, "for_s": 3600},
    "prepare": {"message_id": MESSAGES["bolus"].id, "request": [{"byte": each} for each in (232, 3, 0, 0)]},
    "settle_order": {"message_id": MESSAGES["bolus"].id, "payload_crc": 1},
    "bolus": {"volume_mu": 1000},
    "set_limits": dict(zip(Limits.__slots__, (35_000, 40_000, 60_000, 500_000), strict=True)),
    "set_time": {"utc_s": 1_767_225_600},
    "recommend_rate": {"rate_mu_per_h": 0, "valid_min": 60},
    "temp_basal": {"kind": protocol.TEMP_RATE, "value": 0, "duration_min": 30},
    "set_settings": {"suspend_rate_mu_per_h": 200, "in_use_days": 45, "reservoir_low_mu": 800_000,
                     "reservoir_empty_mu": 400_000, "reservoir_stop_mu": 200_000},
    "acknowledge_alarm": {"alarm": 1},
}  # fmt: skip
# These requests end the bolus by design.
_ENDS = (*protocol.SAFE, "initialise_memory")
NOISE, EMPTY, REPEAT = "noise", "empty orders", "one order again"
KINDS = (*(name for name in MESSAGES if name not in _ENDS), NOISE, EMPTY, REPEAT)


@dataclass
class Sender:
    """Frames of one kind. `life` is the pump's; `ahead_us` is the pump's time minus the bench's."""

    kind: str
    life: int
    ahead_us: int

    def __post_init__(self) -> None:
        self.sent = 0
        self._random = random.Random(self.kind)

    def frames(self, now_us: int, size: int) -> bytes:
        """Return frames of at least `size` bytes together, timed from `now_us` on."""
        data = bytearray()
        while len(data) < size:
            self.sent += 1
            data += self._frame(now_us + len(data) * US_PER_S // LINE_BYTES_PER_S)
        return bytes(data)

    def _frame(self, now_us: int) -> bytes:
        if self.kind == NOISE:
            return self._random.randbytes(100) + b"\0"
        name = "bolus" if self.kind in (EMPTY, REPEAT) else self.kind
        message = MESSAGES[name]
        if self.kind == EMPTY:
            return b"\0" + encode_frame(self.sent & 0xFFFF, message.id, b"")
        values = {field.name: _least(field) for field in message.request} | _VALUES.get(name, {})
        if "command_id" in values:
            number = 1 if self.kind == REPEAT else self.sent
            expires_us = protocol.NEVER_US if self.kind == REPEAT else now_us + self.ahead_us + _HOLDS_US
            values.update(command_id=0x40000000 + number, life=self.life, expires_us=expires_us)
        return b"\0" + encode_frame(self.sent & 0xFFFF, message.id, protocol.encode(message.request, values, False))


def _least(field: protocol.Field) -> Any:
    return [] if field.kind == "records" else -(-field.low // field.step) * field.step
