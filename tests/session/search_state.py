"""A state of tests/session/search.py: a model of device, programmers and attacker, beside the C code's image."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from tests.session.programmer import Programmer

FIRST_KEY = b"\x11" * 32
Event = tuple[Any, ...]


class Opening(NamedTuple):
    """An opening that the programmer made: with which key, by its number, for which challenge."""

    payload: bytes
    programmer: Programmer
    key: int
    next: bool
    challenge: bytes


@dataclass(frozen=True)
class State:
    """The model, and beside it the image of the C code. Sessions and openings go by their number, keys too."""

    image: bytes = b""
    stored: bytes = b""  # the slot's record, and the one that a cut in its last write leaves
    stored_before: bytes = b""
    seed: bytes = b""
    now_us: int = 0
    counts: tuple[int, ...] = (0,) * 5  # hellos, rotations, resets, telemetry, later
    challenge: bytes = b""  # alive in the device
    offered: bytes = b""  # the last one that the programmer heard
    used: frozenset[bytes] = frozenset()
    openings: tuple[Opening, ...] = ()
    sessions: tuple[tuple[int, Programmer], ...] = ()  # of which opening, and whoever has its keys
    live: int = -1
    last: int = -1
    answered: bool = True
    pending: int = -1
    keys: tuple[bytes, ...] = (FIRST_KEY,)
    key: int = 0
    next: int = -1
    key_before: tuple[int, int] = (0, -1)
    done: frozenset[tuple[int, int]] = frozenset()
    replies: tuple[tuple[tuple[int, int], bytes], ...] = ()
    sealed: frozenset[tuple[int, int]] = frozenset()
    path: tuple[Event, ...] = field(default=(), compare=False)

    def same(self) -> tuple[Any, ...]:
        """Return what makes two states one."""
        challenges = [self.challenge, self.offered, *(each.challenge for each in self.openings)]
        order = {each: number for number, each in enumerate(dict.fromkeys(challenges))}
        made = tuple((order[each.challenge], each.key, each.next) for each in self.openings)
        known = (order[self.challenge], order[self.offered], self.challenge == b"", made)
        opened = tuple(number for number, _ in self.sessions)
        slot = (len(self.keys), self.key, self.next, self.key_before, self.stored == self.stored_before)
        replied = tuple(sorted(which for which, _ in self.replies))
        line = (self.live, opened, self.last, self.answered, self.pending, self.done, replied, self.sealed)
        return self.counts, known, slot, line


def counted(state: State, which: int) -> State:
    """Return the state with one more of the events of kind `which`."""
    counts = list(state.counts)
    counts[which] += 1
    return replace(state, counts=tuple(counts))
