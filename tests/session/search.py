"""Every order of events in a small world, tried on the session's C code: breadth first, no event sequence left out.

The world has a few hellos, openings, frames, rotations and resets; an attacker who keeps every message may deliver
each of them again, later, in any order, or with a bit turned over. Beside the C code runs a model of a page of Python,
written from docs/protocol.md. After each event the two are compared, and these rules are checked by themselves:

- a request is carried out at most once, over resets too;
- no two texts are sealed under one counter;
- the reply that is given again is the one that was given, byte for byte;
- an old session ends when a frame of the new one has come, and not before;
- a challenge opens one session;
- the slot's keys are those that the programmer knows.

States that differ only in keys and random numbers are one state. What holds for all of them holds however long the
sequence is, as far as the world's bounds allow it.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from c_ext.host.session_face import AGAIN, DROP, OPENED, TELEMETRY, Session
from tests.session.device import DEVICE_ID, KEY_AT, NEXT_AT, PATIENT, SCHEMA, slot_payload
from tests.session.programmer import Programmer
from tests.session.search_state import FIRST_KEY, Event, Opening, State, counted

SLOT, NEXT_BIT, MESSAGE, SEQUENCE = 1, 0x80, 0x20, 7
CHALLENGE_US = 10_000_000


class Bounds(NamedTuple):
    """How much of each there is in the world."""

    hellos: int = 2
    openings: int = 2
    frames: int = 2
    rotations: int = 1
    resets: int = 1
    telemetry: int = 1
    later: int = 1


class Violation(AssertionError):
    """What was broken, and the events that lead there."""


class World:
    """The events that are possible in a state, and what each does."""

    def __init__(self, cls: type[Session], bounds: Bounds) -> None:
        self.bounds = bounds
        self.session = cls(SCHEMA, 1)
        self._memory = self.session._ffi.buffer(self.session.c)
        self._blank = bytes(self._memory)

    def begin(self) -> State:
        """Return the first state: one programmer, no session."""
        self.session.record(SLOT)[4:90] = slot_payload(FIRST_KEY, PATIENT)
        record = bytes(self.session.record(SLOT))
        seed = bytes(4) + b"s" * 32 + DEVICE_ID + bytes(8)
        return self._started(State(stored=record, stored_before=record, seed=seed))

    def events(self, state: State) -> Iterator[Event]:
        """Yield what can happen."""
        hellos, rotations, resets, telemetry, later = state.counts
        bounds = self.bounds
        if hellos < bounds.hellos:
            yield ("hello",)
        if state.offered and len(state.openings) < bounds.openings:
            yield "offer", False
            if state.next >= 0:
                yield "offer", True
        for number in range(len(state.openings)):
            yield "accept", number, False
            yield "accept", number, True
        for session in range(len(state.sessions)):
            for counter in range(bounds.frames):
                yield "frame", session, counter, False
                yield "frame", session, counter, True
        yield ("reply",)
        if state.live >= 0 and telemetry < bounds.telemetry:
            yield ("telemetry",)
        if state.live >= 0 and not state.answered and rotations < bounds.rotations:
            yield ("rotate",)
        if resets < bounds.resets:
            yield "reset", False
            if state.stored != state.stored_before:
                yield "reset", True
        if state.challenge and later < bounds.later:
            yield ("later",)

    def after(self, state: State, event: Event) -> State:
        """Return the state after the event. Raises Violation."""
        self._memory[:] = state.image
        name, *rest = event
        try:
            found: State = getattr(self, f"_{name}")(replace(state, path=(*state.path, event)), *rest)
            self._check_keys(found)
        except AssertionError as error:
            raise Violation(f"{error}: {' '.join(map(str, (*state.path, event)))}") from error
        return replace(found, image=bytes(self._memory))

    def _hello(self, state: State) -> State:
        heard = self.session.hello(state.now_us, presence=True)
        assert heard is not None, "no answer to hello"
        if state.challenge:
            assert heard == state.challenge, "another challenge while one lives"
        else:
            known = {each.challenge for each in state.openings} | state.used | {state.offered}
            assert heard not in known, "a challenge came again"
        return counted(replace(state, challenge=heard, offered=heard), 0)

    def _offer(self, state: State, next: bool) -> State:
        key = state.next if next else state.key
        wire = SLOT | NEXT_BIT if next else SLOT
        programmer = Programmer(_Told, state.keys[key], wire, PATIENT, DEVICE_ID)
        made = Opening(programmer.opening(state.offered), programmer, key, next, state.offered)
        return replace(state, openings=(*state.openings, made))

    def _accept(self, state: State, number: int, forged: bool) -> State:
        opening = state.openings[number]
        payload = bytearray(opening.payload)
        payload[-1] ^= forged
        reply = bytearray(61)
        opened = self.session.accept(state.now_us, True, False, payload, reply) == OPENED
        fits = opening.key == (state.next if opening.next else state.key)
        if opened:
            assert opening.challenge not in state.used, "a challenge opened two sessions"
        assert opened == (not forged and opening.challenge == state.challenge != b"" and fits), (
            "an opening was taken" if opened else "an opening was refused"
        )
        if not opened:
            return state
        programmer = copy.copy(opening.programmer)  # others take another way from here
        programmer.handshake = copy.copy(programmer.handshake)
        programmer.opened(bytes(reply))
        pending = len(state.sessions)
        sessions = (*state.sessions, (number, programmer))
        return replace(state, sessions=sessions, pending=pending, challenge=b"", used=state.used | {opening.challenge})

    def _frame(self, state: State, session: int, counter: int, forged: bool) -> State:
        programmer = state.sessions[session][1]
        text = f"{session},{counter}".encode()
        frame = programmer.seal(SEQUENCE, MESSAGE, text, counter)
        frame[-1] ^= forged
        said = self.session.open(state.now_us, SEQUENCE, MESSAGE, frame)
        live = not forged and session == state.live
        new = not forged and (session == state.pending or (live and counter > state.last))
        if said >= 0:
            assert (session, counter) not in state.done, "a request was carried out twice"
            assert new, "a frame was taken"
            assert bytes(frame[4 : 4 + said]) == text, "another text"
            return self._taken(state, session, counter)
        assert not new, f"a frame of {'the live' if live else 'the new'} session was not taken"
        again = live and counter == state.last and state.answered
        assert (said == AGAIN) == again, "the last reply"
        if again:
            out = bytearray(247)
            length = self.session.again(out)
            kept = (bytes(out[:length]), self.session.reply_id())
            assert kept == (dict(state.replies)[session, counter], MESSAGE | 0x80), "another reply than before"
        elif live:
            assert said == DROP, "a frame of the live session was answered as a stranger's"
        return state

    def _taken(self, state: State, session: int, counter: int) -> State:
        """The request is carried out; the first of a session also settles with which key the slot goes on."""
        first = session != state.live
        state = replace(state, live=session, last=counter, answered=False, done=state.done | {(session, counter)})
        if not first:
            return state
        state = replace(state, pending=-1)
        changed = self.session.promote(SLOT)
        opening = state.openings[state.sessions[session][0]]
        if opening.next:
            assert changed, "the next key was not taken into use"
            state = self._stored(replace(state, key=opening.key, next=-1), state)
        return state

    def _reply(self, state: State) -> State:
        text = b"reply"
        out = bytearray(4) + text + bytearray(16)
        length = self.session.seal(state.now_us, SEQUENCE, MESSAGE | 0x80, out, len(text))
        owed = state.live >= 0 and not state.answered
        assert (length > 0) == owed, "a request has one reply"
        if not owed:
            return state
        state = self._sealed(state, bytes(out[:length]))
        read = state.sessions[state.live][1].read
        assert read(SEQUENCE, MESSAGE | 0x80, bytes(out[:length]), state.last) == text, "a reply that cannot be read"
        which = (state.live, state.last)
        return replace(state, answered=True, replies=(*state.replies, (which, bytes(out[:length]))))

    def _telemetry(self, state: State) -> State:
        out = bytearray(4) + b"telemetry" + bytearray(16)
        length = self.session.seal(state.now_us, 0, TELEMETRY, out, 9)
        assert length > 0, "no telemetry"
        return counted(self._sealed(state, bytes(out[:length])), 3)

    def _sealed(self, state: State, sealed: bytes) -> State:
        which = (state.live, int.from_bytes(sealed[:4], "little"))
        assert which not in state.sealed, "two texts under one counter"
        return replace(state, sealed=state.sealed | {which})

    def _rotate(self, state: State) -> State:
        assert self.session.fresh_key(SLOT, next=True), "no next key"
        key = bytes(self.session.record(SLOT)[NEXT_AT : NEXT_AT + 32])
        assert key not in state.keys, "a key came again"
        turned = replace(state, keys=(*state.keys, key), next=len(state.keys))
        # A session that was opened with a next key that is none any more has nothing to confirm.
        if state.pending >= 0 and state.openings[state.sessions[state.pending][0]].next:
            turned = replace(turned, pending=-1)
        return counted(self._stored(turned, state), 1)

    def _stored(self, state: State, before: State) -> State:
        record = bytes(self.session.record(SLOT))
        return replace(state, stored=record, stored_before=before.stored, key_before=(before.key, before.next))

    def _reset(self, state: State, cut: bool) -> State:
        record = state.stored_before if cut else state.stored
        key, next = state.key_before if cut else (state.key, state.next)
        state = replace(state, stored=record, stored_before=record, key=key, next=next, key_before=(key, next))
        gone = replace(state, challenge=b"", live=-1, last=-1, answered=True, pending=-1)
        return counted(self._started(gone), 2)

    def _later(self, state: State) -> State:
        return counted(replace(state, now_us=state.now_us + CHALLENGE_US, challenge=b""), 4)

    def _started(self, state: State) -> State:
        self._memory[:] = self._blank
        self.session.record(SLOT)[:] = state.stored
        self.session.seed_record()[:] = state.seed
        assert self.session.load(SLOT) == PATIENT
        self.session.renew(b"noise")
        seed = bytes(self.session.seed_record())
        assert self.session.ready()
        return replace(state, seed=seed, image=bytes(self._memory))

    def _check_keys(self, state: State) -> None:
        record = bytes(self.session.record(SLOT))
        assert record[KEY_AT : KEY_AT + 32] == state.keys[state.key], "the slot's key is not the programmer's"
        next = state.keys[state.next] if state.next >= 0 else bytes(32)
        assert record[NEXT_AT : NEXT_AT + 32] == next, "the next key is not the programmer's"


class _Told:
    schema_hash, suite = SCHEMA, 1


def search(cls: type[Session], bounds: Bounds, states_max: int = 1 << 62) -> dict[str, int]:
    """Try every sequence of events. Returns the numbers of states, events and the longest way. Raises Violation."""
    world = World(cls, bounds)
    first = world.begin()
    seen, queue = {first.same()}, deque([first])
    tried = longest = 0
    while queue and len(seen) < states_max:
        state = queue.popleft()
        for event in world.events(state):
            tried += 1
            found = world.after(state, event)
            if (same := found.same()) not in seen:
                seen.add(same)
                longest = max(longest, len(found.path))
                queue.append(found)
    return {"states": len(seen), "events": tried, "longest": longest, "left": len(queue)}
