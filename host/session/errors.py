"""Errors of keys, cards and sessions: what happened and what to do next. None tells more of a key than where it is."""

from __future__ import annotations

from host.errors import HostError
from host.text import Text

OTHER_KEY = "it was given with another key of this computer: any command with that one settles it (--identity)"


class SessionError(HostError):
    """Base of these errors; nothing about therapy was sent."""


class NoKey(SessionError):
    """There is no key of this name here, and the pump speaks to nobody without one."""

    def __init__(self, name: str, others: list[str]) -> None:
        has = Text("there are keys of the names {}: --identity NAME", ", ".join(others))
        text = "this computer has no key named {!r}; {}. To get one: pump enrol"
        super().__init__(Text(text, name, has if others else "no pump has enrolled it yet"))


class KeyFileError(SessionError):
    """A key's file is there and cannot be used; it is left as it is."""


class KeyNameError(KeyFileError):
    """What was typed is no name of a key."""


class CardError(SessionError):
    """What was typed or read is no card's key."""


class SessionRefused(SessionError):
    """The pump opened no session. It does not say why, and neither does this: a guesser would learn from it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            Text(
                "the pump opened no session with the key named {!r}: the key is of another pump, was revoked, or"
                " somebody keeps the pump's line busy. Check the port and --identity; show presence at the pump and"
                " try again; else enrol anew: pump enrol",
                name,
            )
        )


_NOT_RECEIVED = {
    "key": "the pump may have made a key that did not arrive here ({}). The keys from before hold. Look with"
    " pump programmers for a slot that nobody has used, revoke it, and try again",
    "next": "the pump may have made a key that did not arrive here ({}). The one from before holds: pump rotate",
    "card": "the pump may have made a card that did not arrive here ({}). One from before then opens nothing any more:"
    " have another made, pump card new, or without a clinician's key pump card lost",
}


class KeyNotReceived(SessionError):
    """The pump may have made a key that has not arrived: `made` is "key", "next" (by rotation) or "card"."""

    def __init__(self, made: str, why: str) -> None:
        super().__init__(Text(_NOT_RECEIVED[made], why))


class NotProvisioned(SessionRefused):
    """Only a pump without keys opens a session to be given some, and only while presence is shown at it."""

    def __init__(self) -> None:
        SessionError.__init__(
            self,
            "the pump does not let itself be given keys: it has some already, or nobody shows presence at it (press its"
            " button)",
        )
