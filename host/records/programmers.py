"""Records of the programmers that a pump knows. A key in them shows nothing of itself (host/session/key.py)."""

from __future__ import annotations

from dataclasses import dataclass

from host.session.key import Key


@dataclass(frozen=True, slots=True)
class ProgrammerSlot:
    """A slot that is not free. `used_next`: a new key was drawn that has opened no session yet; `last_used_utc_s` is
    None for never, or if the clock was lost.
    """

    slot: int
    state: str
    role: str
    generation: int
    used_next: bool
    last_used_utc_s: int | None
    label: str


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that the pump has drawn for a slot; `device_id` as eight bytes."""

    slot: int
    generation: int
    device_id: bytes
    key: Key


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key of this computer, without the key: `device_id` as hex digits, `file` where it is; `error`: why it cannot be
    used, and then nothing else is known of it.
    """

    identity: str
    file: str
    device_id: str | None = None
    slot: int | None = None
    role: str | None = None
    label: str | None = None
    generation: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CardMade:
    """A new card's files, None for one that was not asked for."""

    file: str | None
    svg: str | None
    png: str | None
