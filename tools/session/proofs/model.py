"""The session as Horn clauses: what an attacker who owns the line can come to know, and make the two ends do.

A clause says: from all of these facts follows that one. Everything on the line is known to the attacker (`att`), and
an end takes from the line whatever the attacker knows. There are as many sessions, at both ends, as the attacker
likes. A fact that follows is an attack; one that does not follow, with however many steps, is none.
docs/session-proofs.md says what this leaves out.

Names end in their time, 0 or 1. From time 1 on the attacker has the key of the honest patient's slot. Variables:
programmer's session H, opened for challenge C; device's session S, opened by X; slot I, its key P, its role R.
Terms: `g(X)` public key, `dh` exchange, `k(P,X)` key of the opening, `s(P,X,Y,Z)` the secret of which a session's keys
are made, `aead(K,D,M)` text M sealed under key K with what is bound to it, D. D begins with the key's purpose: an
attacker who has one of a session's keys by putting it together has all.
"""

# What is taken out of the protocol, or given to the attacker, so that an attack appears.
BREAKS = {
    "leaked": "the attacker has the slot's key from the start",
    "no_key": "the slot's key is not mixed in",
    "no_exchange": "the session's keys are made without the exchange of ephemeral keys",
    "same_ephemeral": "the device's generator has failed: one ephemeral key in all sessions",
    "no_challenge": "the opening is not bound to the challenge",
    "no_slot": "the opening is not bound to the slot, and two honest slots have one key",
    "told_role": "the device takes the role that the opening names",
    "no_role": "the device does not ask for the role",
    "bare_confirm": "a confirm names the order, not the summary",
    "bare_reply": "a reply is not sealed",
    "unbound_reply": "a reply does not name the request's counter",
    "one_direction": "both directions have one key, and nothing tells their frames apart",
    "bare_key": "a new key is told in clear",
    "any_key": "a session may ask for any slot's key",
    "keeps_old": "the old key still opens after the new one has",
}
ROLES = ("patient", "clinician", "card")
# Honest: a patient's programmer, a clinician's, a card. The attacker's own: a programmer and a card.
HONEST = {"sl": "patient", "cl": "clinician", "cd": "card"}
HOSTILE = {"evil": "patient", "ecard": "card"}
PUBLIC = ("none", "bad", "fake", "ask", "enrol", "rotate")
# Texts that the attacker can put together and take apart.
TEXTS = ("command(M)", "prepare(M)", "confirm(M)", "summary(N,M,O)", "next_key(M)", "new_key(N,M)", "give(M)")


class Model:
    """The clauses of the opening and of commands, in TPTP's words. A chapter adds to them. `broken`: out of BREAKS."""

    # For which times the attacker works things out, and at which there are sessions.
    known: tuple[str, ...] = ("0",)
    times: tuple[str, ...] = ("0",)
    # Out of HONEST and HOSTILE.
    slots: tuple[str, ...] = ("sl", "evil")
    # Which of TEXTS there are: what no end takes or makes, nobody needs to put together.
    texts: tuple[str, ...] = ("command",)

    def __init__(self, *broken: str) -> None:
        if unknown := set(broken) - set(BREAKS):
            raise ValueError(f"no such break: {', '.join(sorted(unknown))}")
        self.broken = frozenset(broken)
        self.clauses = ["cnf(commutes,axiom,(dh(X,Y)=dh(Y,X)))."]
        self._beginning()
        for time in self.known:
            self._attacker(f"att{time}")
        for time in self.times:
            self._opening(time)
            self._commands(time)

    def text(self, goal: str) -> str:
        """Return the problem, which is satisfiable if `goal`, facts joined by ` & `, does not follow."""
        denied = " | ".join(f"~{fact}" for fact in goal.split(" & "))
        return "\n".join([*self.clauses, f"cnf(goal,negated_conjecture,({denied})).", ""])

    def follows(self, then: str, *given: str) -> None:
        """Add the clause: from all of `given` follows `then`."""
        literals = [*(f"~{each}" for each in given), then]
        self.clauses.append(f"cnf(c{len(self.clauses)},axiom,({' | '.join(literals)})).")

    def received(self, time: str, counter: str, text: str) -> tuple[str, str]:
        """Return the facts that make the device's session S take `text` as request `counter`."""
        return f"open{time}(S,X,I,P,R)", f"att{time}({self._request(self._device_secret(time), counter, text)})"

    def replies(self, time: str, counter: str, text: str, *given: str) -> None:
        """The device's session S replies to request `counter`, if it is open and `given` holds."""
        reply = self._reply(self._device_secret(time), counter, text)
        self.follows(f"att{time}({reply})", *dict.fromkeys((f"open{time}(S,X,I,P,R)", *given)))

    def asks(self, time: str, counter: str, text: str, *given: str) -> None:
        """The programmer's session H makes request `counter`, if it is open and `given` holds."""
        request = self._request(self._host_secret(time), counter, text)
        self.follows(f"att{time}({request})", *dict.fromkeys((f"up{time}(H,C,I,P,R,Y)", *given)))

    def told(self, time: str, counter: str, text: str) -> tuple[str, str]:
        """Return the facts that make the programmer's session H take `text` as the reply to request `counter`."""
        return f"up{time}(H,C,I,P,R,Y)", f"att{time}({self._reply(self._host_secret(time), counter, text)})"

    def key(self, slot: str) -> str:
        """Return the key that a slot begins with."""
        return "key(shared)" if "no_slot" in self.broken and slot in HONEST else f"key({slot})"

    def _host_secret(self, time: str) -> str:
        mine = f"x{time}(H,C,I)"
        return self._secret("P", f"g({mine})", "g(Y)", f"dh({mine},Y)")

    def _ephemeral(self, time: str) -> str:
        return f"y{time}(one)" if "same_ephemeral" in self.broken else f"y{time}(S,X,I)"

    def _device_secret(self, time: str) -> str:
        theirs = self._ephemeral(time)
        return self._secret("P", "g(X)", f"g({theirs})", f"dh(X,{theirs})")

    def _secret(self, key: str, initiator: str, responder: str, exchange: str) -> str:
        """As in Noise, a session's keys hang on slot key, ephemerals and exchange, but not on the prologue."""
        exchange = "none" if "no_exchange" in self.broken else exchange
        return f"s({self._mixed(key)},{initiator},{responder},{exchange})"

    def _mixed(self, key: str) -> str:
        return "none" if "no_key" in self.broken else key

    def _request(self, secret: str, counter: str, text: str) -> str:
        return f"aead({secret},{'any' if 'one_direction' in self.broken else f'request({counter})'},{text})"

    def _reply(self, secret: str, counter: str, text: str) -> str:
        if "bare_reply" in self.broken:
            return text
        bound = (
            "any"
            if "one_direction" in self.broken
            else "reply"
            if "unbound_reply" in self.broken
            else f"reply({counter})"
        )
        return f"aead({secret},{bound},{text})"

    def _attacker(self, att: str) -> None:
        """Everything but what the primitives promise: no inverse of `g`, no text or seal without its key."""

        def makes(term: str, *parts: str) -> None:
            self.follows(f"{att}({term})", *(f"{att}({part})" for part in parts))

        makes("g(X)", "X")
        makes("dh(X,Y)", "X", "g(Y)")
        makes("k(P,X)", "P", "X")
        makes("s(P,X,Y,Z)", "P", "X", "Y", "Z")
        # What is bound to a text is never secret.
        makes("aead(K,D,M)", "K", "M")
        makes("M", "K", "aead(K,D,M)")
        for text in TEXTS:
            name, _, parts = text.rstrip(")").partition("(")
            if name in self.texts:
                makes(text, *parts.split(","))
                makes("M", text)

    def _beginning(self) -> None:
        """What there is at the beginning, and what the attacker gets at time 1."""
        for slot in self.slots:
            role = (HONEST | HOSTILE)[slot]
            self.follows(f"has0({slot},{self.key(slot)},{role})")
            self.follows(f"first({slot})")
            self.follows(f"att0({slot})")
            if slot in HONEST:
                self.follows(f"holds0({slot},{self.key(slot)},{role})")
            if slot in HOSTILE or "leaked" in self.broken:
                self.follows(f"att0({self.key(slot)})")
        for constant in PUBLIC:
            self.follows(f"att0({constant})")
        if "1" in self.known:
            self.follows("att1(X)", "att0(X)")
            self.follows(f"att1({self.key('sl')})")

    def _opening(self, time: str) -> None:
        """Hello, open and its answer, at both ends."""
        att, challenge = f"att{time}", f"challenge{time}(S)"
        slot = "none,none" if "no_slot" in self.broken else "I,R"

        def bound(challenge: str) -> str:
            return f"{'none' if 'no_challenge' in self.broken else challenge},{slot}"

        first = f"aead(k({self._mixed('P')},{{x}}),opening({{b}},{{x}}),none)"
        answer = "aead({s},answering({b},{x},{y}),none)"
        self.follows(f"{att}({challenge})")
        # The programmer opens, for whatever challenge it is told.
        mine, theirs = f"g(x{time}(H,C,I))", f"g({self._ephemeral(time)})"
        holder = (f"{att}(C)", f"holds{time}(I,P,R)")
        self.follows(f"{att}({mine})", *holder)
        self.follows(f"{att}({first.format(b=bound('C'), x=mine)})", *holder)
        # The device: the tag first, then the curve.
        record = f"has{time}(I,P,{'Q' if 'told_role' in self.broken else 'R'})"
        opened = f"open{time}(S,X,I,P,R)"
        self.follows(opened, f"{att}(g(X))", record, f"{att}({first.format(b=bound(challenge), x='g(X)')})")
        self.follows(f"{att}({theirs})", opened)
        sealed = answer.format(b=bound(challenge), x="g(X)", y=theirs, s=self._device_secret(time))
        self.follows(f"{att}({sealed})", opened)
        # The programmer takes the answer.
        taken = answer.format(b=bound("C"), x=mine, y="g(Y)", s=self._host_secret(time))
        self.follows(f"up{time}(H,C,I,P,R,Y)", *holder, f"{att}(g(Y))", f"{att}({taken})")

    def _commands(self, time: str) -> None:
        """One request that is carried out at once, as a stop is."""
        self.asks(time, "n0", f"command(order{time}(H,C,I))")
        self.follows(f"did{time}(S,I,M)", *self.received(time, "n0", "command(M)"))
