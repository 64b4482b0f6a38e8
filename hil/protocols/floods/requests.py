"""What a flood is made of: sealed requests of one kind, with the values that cost the pump most, or an attack."""

from __future__ import annotations

from typing import Any

from firmware import protocol
from hil.protocols.edges.loads import LINE_BYTES_PER_S
from hil.protocols.floods.attacks import ATTACKS, Attacker, Heard
from hil.sealing import sealed_frame
from host.api.client import MESSAGES, Programmer
from host.records import Limits

US_PER_S = 1_000_000
_HOLDS_US = 1_000_000  # short, so that orders that have not expired do not fill the table of orders
# Values of requests, where not the smallest that the table allows: those that cost the pump most.
_VALUES: dict[str, dict[str, Any]] = {
    "read_log": {"since_number": 0, "max_count": 7},
    "read_deliveries": {"since_id": 0, "max_count": 5},
    "stage_pattern": {"pattern": 1, "rates": [{"rate_mu_per_h": 200}] * protocol.HALF_HOURS},
    "telemetry": {"interval_s": 1, "for_s": 3600},
    "prepare": {"message_id": MESSAGES["bolus"].id, "request": bytes((232, 3, 0, 0))},
    "settle_order": {"message_id": MESSAGES["bolus"].id, "payload_crc": 1},
    "bolus": {"volume_mu": 1000},
    "set_limits": dict(zip(Limits.__slots__, (35_000, 40_000, 60_000, 500_000), strict=True)),
    "set_time": {"utc_s": 1_767_225_600},
    "recommend_rate": {"rate_mu_per_h": 0, "valid_min": 60},
    "temp_basal": {"kind": protocol.TEMP_RATE, "value": 0, "duration_min": 30},
    "set_settings": {"suspend_rate_mu_per_h": 200, "in_use_days": 45, "reservoir_low_mu": 800_000,
                     "reservoir_empty_mu": 400_000, "reservoir_stop_mu": 200_000},
    "acknowledge_alarm": {"alarm": 1},
    "enrol": {"role": protocol.ROLE_PATIENT, "label": "sixteen letters."},
    "provision": {"seed": bytes(32)},
}  # fmt: skip
# These requests end the bolus by design.
_ENDS = (*protocol.SAFE, "initialise_memory")
EMPTY, REPEAT, QUESTIONS, SETUPS = "empty orders", "one order again", "all questions", "session after session"
KINDS = (*(name for name in MESSAGES if name not in (*_ENDS, *ATTACKS)), EMPTY, REPEAT, QUESTIONS, SETUPS, *ATTACKS)
_ASKED = [each.name for each in MESSAGES.values() if not each.changes_delivery and each.name in KINDS]


class Sender:
    """Frames of one kind, in the session of `programmer`. `life` is the pump's; `ahead_us` is the pump's time minus the
    bench's; `heard` is what an attacker knows.
    """

    def __init__(self, kind: str, programmer: Programmer, life: int, ahead_us: int, heard: Heard) -> None:
        self.kind = kind
        self.sent = 0
        self._link = programmer.link
        self._life = life
        self._ahead_us = ahead_us
        self._attacker = Attacker(kind, programmer, heard) if kind in ATTACKS else None

    def frames(self, now_us: int, size: int) -> bytes:
        """Return frames of at least `size` bytes together, timed from `now_us` on."""
        data = bytearray()
        while len(data) < size:
            self.sent += 1
            data += self._frame(now_us + len(data) * US_PER_S // LINE_BYTES_PER_S)
        return bytes(data)

    def _frame(self, now_us: int) -> bytes:
        if self._attacker is not None:
            return self._attacker.frame(self.sent)
        name = "bolus" if self.kind in (EMPTY, REPEAT) else self.kind
        if self.kind == QUESTIONS:
            name = _ASKED[self.sent % len(_ASKED)]
        message = MESSAGES[name]
        if self.kind == EMPTY:
            return self._sealed(message.id, b"")
        values = {field.name: _least(field) for field in message.request} | _VALUES.get(name, {})
        if "command_id" in values:
            number = 1 if self.kind == REPEAT else self.sent
            expires_us = protocol.NEVER_US if self.kind == REPEAT else now_us + self._ahead_us + _HOLDS_US
            values.update(command_id=0x40000000 + number, life=self._life, expires_us=expires_us)
        return self._sealed(message.id, bytes(protocol.encode(message.request, values, False)))

    def _sealed(self, message_id: int, payload: bytes) -> bytes:
        return sealed_frame(self._link.session, self.sent, message_id, payload)[0]


def _least(field: protocol.Field) -> Any:
    if field.kind.startswith("str"):
        return ""
    if field.kind == "bytes":
        return bytes(field.low)
    return [] if field.kind == "records" else -(-field.low // field.step) * field.step
