"""Provisioning: a session of a device without a slot, its key all zero, in which the device tells the card's key.

Whoever only listens then learns nothing, because the exchange of ephemeral keys hides the reply, and is kept out of
everything that follows. Whoever stands in the middle at that very moment opens two sessions and reads the card's key:
the model finds it, and nothing in the protocol excludes it.
"""

from tools.session.proofs.model import Model


class Active(Model):
    """An attacker who owns the line while the device is provisioned."""

    texts = ("command", "new_key")
    slots = ()

    def __init__(self, *broken: str) -> None:
        super().__init__(*broken)
        self.follows("att0(zero)")
        for end in ("has0", "holds0"):
            self.follows(f"{end}(zero,none,none)")
        self.asks("0", "n1", "enrol")
        self.replies("0", "N", "new_key(cd,drawn(S,X,I))", *self.received("0", "N", "enrol"))
        self.follows("carded(K)", *self.told("0", "n1", "new_key(cd,K)"))


class Passive(Model):
    """An attacker who has heard one honest provisioning to the end, and owns the line from then on."""

    texts = ("command", "new_key")
    slots = ("evil",)

    def __init__(self, *broken: str) -> None:
        super().__init__(*broken)
        secret = self._secret("none", "g(mine)", "g(theirs)", "dh(mine,theirs)")
        self.follows("att0(cd)")
        for heard in (
            "g(mine)",
            "aead(k(none,g(mine)),opening(made,zero,none,g(mine)),none)",
            "g(theirs)",
            f"aead({secret},answering(made,zero,none,g(mine),g(theirs)),none)",
            self._request(secret, "n1", "enrol"),
            self._reply(secret, "n1", "new_key(cd,card_key)"),
        ):
            self.follows(f"att0({heard})")
        for end in ("has0", "holds0"):
            self.follows(f"{end}(cd,card_key,card)")
