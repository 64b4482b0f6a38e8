"""What really happened: what programmers sealed and were told, what the pump heard and did; and what is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from firmware import protocol

# What each role may have the pump do, by SPEC SEC-2, apart from the firmware's own table.
PATIENT_DOES = frozenset(
    ("bolus", "cancel_bolus", "suspend", "stop", "resume", "temp_basal", "cancel_temp", "square_bolus", "dual_bolus",
     "recommend_rate", "set_time", "acknowledge_alarm", "rotate")
)  # fmt: skip
CARD_DOES = frozenset(("stop", "suspend", "enrol"))
SERVICE_DOES = frozenset(("rotate", "self_test", "clear_fault", "initialise_memory"))
CLINICIAN_NEVER = frozenset(("initialise_memory", "clear_fault", "self_test", "provision"))
KEYS_HANDED_OUT = (0xC0, 0xC3)  # the replies to enrol and rotate end in a key


def may(role: str, name: str) -> bool:
    """May a programmer with this role have the pump do this?"""
    if role == "clinician":
        return name not in CLINICIAN_NEVER
    return name in {"patient": PATIENT_DOES, "card": CARD_DOES, "service": SERVICE_DOES}.get(role, frozenset())


@dataclass
class Effect:
    """Something that a request made the pump do. `complete`: it was not cut short by a loss of power."""

    name: str
    number: int
    payload: bytes
    complete: bool = False


@dataclass(frozen=True)
class Opened:
    """A session as its programmer knows it."""

    who: str
    role: str
    slot: int
    key: bytes


@dataclass
class Truth:
    """The books of one scenario. A request is known by (session number, counter)."""

    wrong: list[str] = field(default_factory=list)
    sessions: dict[int, Opened] = field(default_factory=dict)
    sealed: dict[tuple[int, int], tuple[int, bytes]] = field(default_factory=dict)
    handled: dict[tuple[int, int], tuple[int, bytes] | None] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    outcomes: dict[tuple[int, bytes], str] = field(default_factory=dict)  # of orders: done, not_done, maybe
    openings: set[bytes] = field(default_factory=set)
    taken: Counter[bytes] = field(default_factory=Counter)  # openings that the pump took
    void: set[bytes] = field(default_factory=set)  # keys that must open nothing any more
    secrets: set[bytes] = field(default_factory=set)  # every key there ever was
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)  # (enrol, revoke, rotate; returned or failed)
    cuts: int = 0

    def amiss(self, what: str) -> None:
        """Note what is wrong."""
        if what not in self.wrong:
            self.wrong.append(what)

    # The pump.

    def opening_taken(self, opening: bytes) -> None:
        """The pump has answered an opening with a session."""
        self.taken[opening] += 1
        if opening not in self.openings:
            self.amiss("opening: the pump took one that no programmer made")
        if self.taken[opening] > 1:
            self.amiss("opening: the pump took one twice")

    def hears(self, request: tuple[int, int], message_id: int, payload: bytes, slot: int, role: str) -> None:
        """The pump is about to carry out a request."""
        name = protocol.BY_ID[message_id].name if message_id in protocol.BY_ID else hex(message_id)
        if request in self.handled:
            self.amiss(f"request: {name} was heard twice")
        if self.sealed.get(request) != (message_id, payload):
            self.amiss(f"request: nobody sealed the {name} that was heard")
        opened = self.sessions.get(request[0])
        if opened is None or (opened.slot, opened.role) != (slot, role):
            self.amiss(f"session: {name} was heard from slot {slot} as {role}, the programmer is {opened}")
        elif opened.key in self.void:
            self.amiss(f"key: a void key of {opened.role} was heard, with {name}")
        self.handled[request] = None

    def begins(self, request: tuple[int, int], message_id: int, name: str, payload: bytes) -> Effect:
        """The pump begins to do what was asked for."""
        opened = self.sessions.get(request[0])
        if opened is not None and not may(opened.role, name):
            self.amiss(f"role: {name} for a {opened.role}")
        self.effects.append(Effect(name, message_id, payload))
        return self.effects[-1]

    # The programmers.

    def told(self, requests: list[tuple[int, int]], reply_id: int, payload: bytes) -> None:
        """A programmer takes this for the pump's answer to its request, or to the one before."""
        length = len(payload) - (32 if reply_id in KEYS_HANDED_OUT else 0)
        answers = [answer for each in requests if (answer := self.handled.get(each)) is not None]
        if not any(each[0] == reply_id and each[1][:length] == payload[:length] for each in answers):
            self.amiss(f"reply: the pump did not answer that request with {reply_id:#x}")

    # Afterwards.

    def judge(self, log: list[tuple[Any, ...]], ledger: list[dict[str, int]], line: bytes) -> None:
        """Hold what was done against what was told: `log` are the accepted orders, `ledger` the deliveries, `line` all
        that was on the line.
        """
        done = Counter((each.number, each.payload) for each in self.effects if each.complete)
        begun = Counter((each.number, each.payload) for each in self.effects if not each.complete)
        for order, outcome in self.outcomes.items():
            self._order(order, outcome, done[order], begun[order])
        orders = [each for each in self.effects if protocol.BY_ID[each.number].changes_delivery]
        for each in orders:
            if (each.number, each.payload) not in self.outcomes:
                self.amiss(f"order: {each.name} took effect, and no programmer gave it")
        for name in ("enrol", "revoke", "rotate"):
            effects = [each.complete for each in self.effects if each.name == name]
            returned, failed = self.calls[name, "returned"], self.calls[name, "failed"]
            # A revocation is asked again when its answer was lost; the key is void once and for good.
            most = len(effects) if name == "revoke" else returned + failed
            if not returned <= effects.count(True) <= len(effects) <= most:
                self.amiss(f"programmers: {name} returned {returned} times, failed {failed}, done {len(effects)}")
        self._books(orders, log, ledger)
        for secret in self.secrets:
            if secret in line or secret[:16] in line or secret[16:] in line:
                self.amiss("key: on the line in clear")

    def _order(self, order: tuple[int, bytes], outcome: str, done: int, begun: int) -> None:
        name = protocol.BY_ID[order[0]].name
        told = f"order: {name} was told {outcome}, done {done} times, begun {begun} times"
        if outcome == "not_done" and done:
            self.amiss(told)
        if name in protocol.SAFE:  # repeating it does no harm; each time was asked for (see hears())
            if outcome == "done" and not done:
                self.amiss(told)
        elif done + begun > 1 or (outcome == "done" and not done):
            self.amiss(told)

    def _books(self, orders: list[Effect], log: list[tuple[Any, ...]], ledger: list[dict[str, int]]) -> None:
        logged = Counter(each[0] for each in log)
        complete = Counter(each.name for each in orders if each.complete)
        most = Counter(each.name for each in orders)
        for name in logged | most:
            if not (complete[name] if not self.cuts else 0) <= logged[name] <= most[name]:
                self.amiss(f"log: {name} accepted {logged[name]} times, done {complete[name]} to {most[name]}")
        boluses = [each for each in ledger if each["kind"] == protocol.KIND_NORMAL_BOLUS]
        # Each loss of power may leave a stroke in doubt, which is booked as a bolus of one stroke.
        if len(boluses) > most["bolus"] + self.cuts:
            self.amiss(f"ledger: {len(boluses)} boluses, {most['bolus']} done")
