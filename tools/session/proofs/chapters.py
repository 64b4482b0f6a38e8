"""What the session is used for, each as an addition to the opening: secrets, orders, enrolment, rotation."""

from tools.session.proofs.model import ROLES, Model

MAY_DOSE = ("patient", "clinician")
MAY_ENROL = ("clinician", "card")


class Opening(Model):
    """The opening and one command, with texts that stay secret although the slot's key leaks afterwards."""

    known = ("0", "1")
    slots = ("sl", "cl", "evil")

    def __init__(self, *broken: str) -> None:
        super().__init__(*broken)
        self.asks("0", "n1", "secret", "honest(I)")
        self.replies("0", "n1", "secret_answer", *self.received("0", "n1", "M"), "honest(I)")
        self.follows("honest(sl)")


class Orders(Model):
    """Orders that are prepared, shown and confirmed, and replies to questions."""

    slots = ("sl", "evil", "ecard")
    texts = ("command", "prepare", "confirm", "summary")

    def __init__(self, *broken: str) -> None:
        super().__init__(*broken)
        for role in ROLES if "no_role" in self.broken else MAY_DOSE:
            self.follows(f"may_dose({role})")
        # The pump's state as the summary tells it; the person agrees only if it is calm.
        for state in ("calm", "changed"):
            self.follows(f"state({state})")
            self.follows(f"att0({state})")
        self.follows("att0(summary(N,M,O))", "att0(M)", "state(O)")
        self._prepared()
        # Two questions of one session; the answer says which request it is the answer to.
        for counter in ("n2", "n3"):
            self.asks("0", counter, "ask")
            self.follows(f"answered({counter},H,C,I,M)", *self.told("0", counter, "M"))
        self.replies("0", "N", "answer(S,N)", *self.received("0", "N", "ask"))

    def _prepared(self) -> None:
        order, bare = "order0(H,C,I)", "bare_confirm" in self.broken
        self.asks("0", "n0", f"prepare({order})")
        prepared = "prepared(S,I,R,M,O)"
        self.follows(prepared, *self.received("0", "N", "prepare(M)"), "state(O)", "may_dose(R)")
        self.replies("0", "N", "summary(S,M,O)", *self.received("0", "N", "prepare(M)"), prepared)
        shown = f"summary(N,{order},{{}})"
        self.follows("shown(H,C,I,N,O)", *self.told("0", "n0", shown.format("O")))
        agreed = order if bare else shown.format("calm")
        self.asks("0", "n1", f"confirm({agreed})", *self.told("0", "n0", shown.format("calm")))
        confirm = f"confirm({'M' if bare else 'summary(S,M,O)'})"
        self.follows("dosed(S,I,M,O)", *self.received("0", "N", confirm), prepared)


class Enrolment(Model):
    """A new patient's slot: the device draws its key and tells it to the session that asked."""

    slots = ("cd", "evil")
    texts = ("command", "new_key", "give")

    def __init__(self, *broken: str) -> None:
        super().__init__(*broken)
        for role in ROLES if "no_role" in self.broken else MAY_ENROL:
            self.follows(f"may_enrol({role})")
        new, key, asked = "new", "drawn(S,X,I)", self.received("0", "N", "enrol")
        self.asks("0", "n1", "enrol", "may_enrol(R)")
        self.follows("enrolled(S,X,I,P,R)", *asked, "may_enrol(R)", "first(I)")
        self.follows(f"has0({new},{key},patient)", "enrolled(S,X,I,P,R)")
        self.follows(f"att0({new})")
        if "bare_key" in self.broken:
            self.follows(f"att0({key})", "enrolled(S,X,I,P,R)")
        self.replies("0", "N", f"new_key({new},{key})", *asked, "enrolled(S,X,I,P,R)")
        self.follows(f"holds0({new},K,patient)", *self.told("0", "n1", f"new_key({new},K)"), "may_enrol(R)", "first(I)")
        if "any_key" in self.broken:
            self.replies("0", "N", "new_key(J,K)", *self.received("0", "N", "give(J)"), "has0(J,K,Q)")


class Rotation(Model):
    """The slot's next key. At time 0 both open; at time 1 the next one has opened, and the old one is known to all."""

    known = ("0", "1")
    times = ("0", "1")
    texts = ("command", "next_key")

    def __init__(self, *broken: str) -> None:
        super().__init__(*broken)
        turned, asked = "turned(S,X,I)", self.received("0", "N", "rotate")
        self.asks("0", "n1", "rotate")
        self.follows("rotated(S,X,I,P,R)", *asked, "first(I)")
        if "bare_key" in self.broken:
            self.follows(f"att0({turned})", "rotated(S,X,I,P,R)")
        self.replies("0", "N", f"next_key({turned})", *asked, "rotated(S,X,I,P,R)")
        self.follows("renewed(I,K,R)", *self.told("0", "n1", "next_key(K)"), "first(I)")
        # A slot's next key is opened with under another slot number: bit 7.
        self.follows("att0(next)")
        self.follows("has0(next,turned(S,X,sl),R)", "rotated(S,X,sl,P,R)")
        self.follows("holds0(next,K,R)", "renewed(sl,K,R)")
        self.follows("has1(sl,turned(S,X,sl),R)", "rotated(S,X,sl,P,R)")
        self.follows("holds1(sl,K,R)", "renewed(sl,K,R)")
        if "keeps_old" in self.broken:
            self.follows(f"has1(sl,{self.key('sl')},patient)")
