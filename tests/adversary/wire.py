"""The line in the hands of somebody who sees, keeps, changes, delays and invents frames; he has no key."""

from __future__ import annotations

import random
from collections.abc import Callable

from firmware import protocol
from host.api.link import decode_frame, encode_frame
from host.session.plain import HELLO_ID, OFFER_BYTES, OPEN_ID

Frame = bytes  # as it is between two delimiters
_OPENING_BYTES = 49
_IDENTITY = {each.name: each for each in protocol.MESSAGES}["identity"].reply


def framed(sequence: int, message_id: int, payload: bytes) -> Frame:
    """Return a frame with a good CRC."""
    return encode_frame(sequence & 0xFFFF, message_id & 0xFF, payload[: protocol.MAX_PAYLOAD_BYTES])[:-1]


def hello() -> Frame:
    """Return anybody's hello."""
    return framed(7, HELLO_ID, protocol.SCHEMA_HASH.to_bytes(8, "little"))


def forged_opening(number: int) -> Frame:
    """Return an opening by somebody without a key."""
    draw = random.Random(number)
    return framed(number, OPEN_ID, bytes([number % 9 | (number & 0x80)]) + draw.randbytes(_OPENING_BYTES - 1))


def not_open(sequence: int, message_id: int) -> Frame:
    """Return the constant refusal, which anybody can send."""
    return framed(sequence, protocol.REFUSAL_ID, bytes(protocol.refusal(message_id & 0x7F, protocol.NOT_OPEN)))


class Wire:
    """What happens to frames on their way. `tape` is what has been heard, with its direction; `cross(frame)` carries a
    frame to another pump and returns its answers. `after`: what the line does to pump or programmer after this frame.
    """

    def __init__(self, tape: list[tuple[bool, Frame]], cross: Callable[[Frame], list[Frame]]) -> None:
        self.tape = tape
        self.after: list[str] = []
        self.floods = False
        self._posing = 0  # frames to the pump that are answered here, as a pump without sessions would
        self._crossing = 0  # frames to the pump that go to another one
        self._cross = cross
        self._acts: list[list[int | str]] = []  # to the pump?, frames to pass by, the act, its numbers
        self._swapped: list[tuple[bool, Frame]] = []
        self._late: list[tuple[bool, Frame]] = []

    def expect(self, to_pump: int, passing: int, act: str, a: int, b: int) -> None:
        """Do `act` to the frame that comes after `passing` others in this direction."""
        self._acts.append([to_pump, passing, act, a, b])

    def leave(self) -> None:
        """The adversary goes; what he holds back never comes."""
        self._acts, self._swapped, self._late = [], [], []
        self._crossing = self._posing = 0
        self.after.clear()

    def heard(self, to_pump: bool, number: int) -> Frame:
        """Return one of the frames that went in this direction."""
        there = [frame for way, frame in self.tape if way == to_pump] or [hello()]
        return there[number % len(there)]

    def silence(self) -> list[tuple[bool, Frame]]:
        """Nobody speaks: return what was held back, with its direction."""
        late, self._late = self._late, []
        return late

    def passing(self, frame: Frame, to_pump: bool) -> tuple[list[Frame], list[Frame]]:
        """Return (frames that go on, frames that go back) for one that its maker has sent."""
        self.tape.append((to_pump, frame))
        onward, back = [frame], []
        if self._crossing and to_pump:
            self._crossing -= 1
            return [], self._cross(frame)
        if self._posing and to_pump:
            self._posing -= 1
            return [], _posed(frame)
        if self.floods and to_pump:
            onward = [hello(), forged_opening(len(self.tape)), hello(), forged_opening(len(self.tape) + 1), *onward]
        waiting, self._swapped = self._swapped, []
        for act in self._due(to_pump):
            mine, onward = onward, []
            for each in mine:
                on, returned = self._done(str(act[2]), each, to_pump, int(act[3]), int(act[4]))
                onward += on
                back += returned
        onward += [each for way, each in waiting if way == to_pump]
        back += [each for way, each in waiting if way != to_pump]
        return onward, back

    def _due(self, to_pump: bool) -> list[list[int | str]]:
        due = []
        for act in self._acts:
            if act[0] == to_pump:
                if act[1] == 0:
                    due.append(act)
                act[1] = int(act[1]) - 1
        self._acts = [act for act in self._acts if int(act[1]) >= 0]
        return due

    def _done(self, act: str, frame: Frame, to_pump: bool, a: int, b: int) -> tuple[list[Frame], list[Frame]]:
        found = decode_frame(frame)
        if found is None:
            return [frame], []
        sequence, message_id, payload = found
        if act == "drop":
            return [], []
        if act == "double":
            return [frame] * (2 + b % 2), []
        if act == "swap":
            self._swapped.append((to_pump, frame))
            return [], []
        if act == "late":
            self._late.append((to_pump, frame))
            return [], []
        if act == "noise":
            changed = bytearray(frame)
            changed[a % len(changed)] ^= 1 << b % 8
            return [each for each in bytes(changed).split(b"\0") if each], []
        if act in ("interrupt", "power"):
            self.after.append(act)
            return ([] if b % 2 and not to_pump else [frame]), []  # the answer goes with the power
        if act == "pose":
            self._posing = 2 + a % 12 if to_pump else 0
            return [frame], []
        if act == "cross":
            if not to_pump:
                return [frame], []
            self._crossing = b % 8
            return [], self._cross(frame)
        if act == "flood":
            return [*([hello(), forged_opening(a)] * (1 + b % 12)), frame], []
        if act == "forge":
            return ([forged_opening(a), frame] if to_pump else [frame]), []
        if act == "refuse":
            refusal = not_open(sequence, message_id)
            if to_pump:
                return ([frame] if b % 2 else []), [refusal]
            return [refusal, frame] if b % 2 else [refusal], []
        if act == "reflect":
            mirrored = framed(sequence, message_id ^ (0x80 if b % 4 else 0), payload)
            return ([frame] if b % 2 else []), [mirrored]
        return self._changed(act, (sequence, message_id, payload), frame, to_pump, a, b)

    def _changed(
        self, act: str, found: tuple[int, int, bytes], frame: Frame, to_pump: bool, a: int, b: int
    ) -> tuple[list[Frame], list[Frame]]:
        sequence, message_id, payload = found
        if act == "flip":
            body = bytearray(sequence.to_bytes(2, "little") + bytes([message_id]) + payload)
            body[a % len(body)] ^= 1 << b % 8
            return [framed(body[0] | body[1] << 8, body[2], bytes(body[3:]))], []
        if act == "cut_short":
            length = a % (len(payload) + 1)
            return [framed(sequence, message_id, payload[:length] if b % 2 else payload[-length:])], []
        if act == "invent":
            invented = random.Random(a).randbytes(a % 64)
            if to_pump:  # an answer in place of the pump's, or a request in place of the programmer's
                return ([] if b % 2 else [framed(sequence, message_id, invented)]), (
                    [framed(sequence, message_id | 0x80, invented)] if b % 2 else []
                )
            return [framed(sequence, message_id, invented), *([frame] if b % 4 else [])], []
        if act == "downgrade" and message_id == HELLO_ID | 0x80 and len(payload) == OFFER_BYTES:
            return [framed(sequence, message_id, _downgraded(payload, a, b))], []
        other = self.heard(to_pump, a)
        seen = decode_frame(other) or found
        if b % 2:  # dressed as the answer, or the request, of now
            other = framed(sequence, message_id, seen[2])
        if act == "replay_before":
            return [other, frame], []
        if act == "replay_after":
            return [frame, other], []
        if act == "replay_instead":
            return [other], []
        return [_spliced(found, seen, b)], []


def _downgraded(offer: bytes, a: int, b: int) -> bytes:
    how = b % 4
    if how == 0:
        return offer[:9] + bytes([offer[9] ^ 0x80]) + offer[10:]
    if how == 1:
        return offer[:8] + bytes([a & 3, a >> 2 & 0xFF]) + offer[10:]
    if how == 2:
        return offer[:10] + random.Random(a).randbytes(8)
    return _plain_hello()


def _plain_hello() -> bytes:
    return protocol.SCHEMA_HASH.to_bytes(8, "little") + b"\2" + _plain_reply(_IDENTITY)


def _plain_reply(fields: tuple[protocol.Field, ...]) -> bytes:
    """What a pump without sessions might answer."""
    return bytes(protocol.encode(fields, {field.name: _plain_value(field) for field in fields}, False))


def _plain_value(field: protocol.Field) -> object:
    if field.kind == "records":
        return []
    if field.kind == "bytes":
        return bytes(field.low)
    return "x" if field.kind.startswith("str") else max(field.low, 0)


def _posed(frame: Frame) -> list[Frame]:
    found = decode_frame(frame)
    if found is not None and found[1] == HELLO_ID:
        return [framed(found[0], HELLO_ID | 0x80, _plain_hello())]
    if found is None or found[1] not in protocol.BY_ID:
        return []
    return [framed(found[0], found[1] | 0x80, _plain_reply(protocol.BY_ID[found[1]].reply))]


def _spliced(mine: tuple[int, int, bytes], other: tuple[int, int, bytes], how: int) -> Frame:
    sequence, message_id, payload = mine
    if how % 4 == 0:
        return framed(other[0], other[1], payload)
    if how % 4 == 1:
        return framed(sequence, message_id, payload[:4] + other[2][4:])
    if how % 4 == 2:
        return framed(sequence, message_id, other[2][:4] + payload[4:])
    half = len(payload) // 2
    return framed(sequence, message_id, payload[:half] + other[2][half:])
