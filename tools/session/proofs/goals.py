"""What must not follow, what must, and the broken models in which the former does."""

from typing import NamedTuple

from tools.session.proofs.chapters import Enrolment, Opening, Orders, Rotation
from tools.session.proofs.model import Model
from tools.session.proofs.provisioning import Active, Passive


class Goal(NamedTuple):
    """Facts of a chapter that must not follow.

    breaks: with each of these (several at once are joined by +) they must follow, or the goal says nothing.
    given: what is broken already, and does no harm. reached: they must follow as it is.
    """

    says: str
    chapter: type[Model]
    facts: str
    breaks: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    reached: bool = False


def honest(says: str, chapter: type[Model], facts: str) -> Goal:
    """Return the goal that something can be done at all."""
    return Goal(says, chapter, facts, reached=True)


ORDER = "order0(H,challenge0(S),sl)"
ELSEWHERE = "order0(H,challenge0(d2),I)"
TWICE = "did0(d1,sl,order0(H,C,I)) & did0(d2,sl,order0(H,C,I))"
REPLAY = "no_challenge+same_ephemeral"

GOALS = (
    # The opening and one command.
    honest("a session opens, and its command is carried out", Opening, f"did0(S,sl,{ORDER})"),
    Goal(
        "a request's text is known, the slot's key having leaked afterwards", Opening, "att1(secret)", ("no_exchange",)
    ),
    Goal(
        "a reply's text is known, the slot's key having leaked afterwards",
        Opening,
        "att1(secret_answer)",
        ("no_exchange",),
    ),
    Goal("the slot's key is known", Opening, "att0(key(sl))", ("leaked",)),
    Goal("a command is carried out that nobody gave", Opening, "did0(S,sl,bad)", ("leaked", "no_key")),
    Goal(
        "a command given in one session is carried out in another",
        Opening,
        f"did0(d1,sl,{ELSEWHERE})",
        ("no_challenge", "leaked"),
    ),
    Goal(
        "a command made for the attacker's challenge is carried out",
        Opening,
        "did0(S,sl,order0(H,fake,I))",
        ("no_challenge", "leaked"),
    ),
    Goal(
        "a command given under one slot is carried out under another",
        Opening,
        "did0(S,sl,order0(H,C,cl))",
        ("no_slot",),
    ),
    Goal("one command is carried out in two sessions", Opening, TWICE, (REPLAY, "leaked")),
    Goal("the same, the device's generator having failed", Opening, TWICE, (REPLAY,), ("same_ephemeral",)),
    Goal("an attacker's opening costs curve work", Opening, "open0(S,fake,sl,P,R)", ("no_key", "leaked")),
    Goal(
        "an opening for one challenge costs curve work at another",
        Opening,
        "open0(d1,x0(H,challenge0(d2),I),sl,P,R)",
        ("no_challenge",),
    ),
    Goal("one opening costs curve work twice", Opening, "open0(d1,X,sl,P,R) & open0(d2,X,sl,Q,T)", ("no_challenge",)),
    # Prepare, summary, confirm; replies; roles.
    honest("an order is prepared, shown, confirmed and carried out", Orders, f"dosed(S,sl,{ORDER},calm)"),
    honest("a question is answered", Orders, "answered(n2,H,challenge0(S),sl,answer(S,n2))"),
    Goal("an order is carried out that nobody gave", Orders, "dosed(S,sl,bad,O)", ("leaked", "no_key")),
    Goal(
        "an order does what its programmer was not shown", Orders, "dosed(S,sl,M,changed)", ("bare_confirm", "leaked")
    ),
    Goal(
        "an order given in one session is carried out in another",
        Orders,
        f"dosed(d1,sl,{ELSEWHERE},O)",
        ("no_challenge", "leaked"),
    ),
    Goal(
        "a programmer is shown another session's summary",
        Orders,
        "shown(H,challenge0(d2),sl,d1,O)",
        ("no_challenge", "bare_reply", "leaked"),
    ),
    Goal(
        "the reply to one request is taken as another's",
        Orders,
        "answered(n2,H,C,sl,answer(S,n3))",
        ("unbound_reply", "bare_reply"),
    ),
    Goal("a reply is taken that nobody gave", Orders, "answered(n2,H,C,sl,bad)", ("bare_reply", "no_key")),
    Goal(
        "a programmer's own request is taken as a reply",
        Orders,
        "answered(n2,H,C,sl,ask)",
        ("one_direction", "bare_reply"),
    ),
    Goal("a card's order changes the delivery", Orders, "dosed(S,ecard,M,O)", ("no_role", "told_role")),
    # A new slot.
    honest(
        "a slot is enrolled by a card, and its command is carried out",
        Enrolment,
        "did0(S,new,order0(H,challenge0(S),new))",
    ),
    Goal("a new slot's key is known", Enrolment, "att0(drawn(S,X,cd))", ("bare_key", "any_key", "leaked")),
    Goal("a patient's slot enrols", Enrolment, "enrolled(S,X,evil,P,R)", ("no_role", "told_role")),
    Goal("an attacker's slot is told another's key", Enrolment, "att0(key(cd))", ("any_key",)),
    Goal("a programmer keeps a key that no device made", Enrolment, "holds0(new,bad,R)", ("bare_reply", "no_key")),
    Goal(
        "a command is carried out under the new slot that nobody gave",
        Enrolment,
        "did0(S,new,bad)",
        ("bare_key", "any_key", "no_role"),
    ),
    # A slot's next key.
    honest(
        "the next key opens beside the old one",
        Rotation,
        "did0(S,next,order0(H,challenge0(S),next)) & did0(Z,sl,order0(H,challenge0(Z),sl))",
    ),
    honest("afterwards the next key opens", Rotation, "did1(S,sl,order1(H,challenge1(S),sl))"),
    Goal(
        "the next key is known, the old one having leaked afterwards",
        Rotation,
        "att1(turned(S,X,sl))",
        ("bare_key", "no_exchange", "leaked"),
    ),
    Goal(
        "afterwards the old key, leaked, gives a command",
        Rotation,
        "did1(S,sl,bad)",
        ("keeps_old", "no_exchange", "bare_key"),
    ),
    Goal("afterwards the old key opens", Rotation, "open1(S,X,sl,key(sl),R)", ("keeps_old",)),
    Goal("a programmer keeps a next key that no device made", Rotation, "holds1(sl,bad,R)", ("bare_reply", "leaked")),
    # Provisioning, with the all-zero key.
    honest(
        "the card made at a provisioning that was overheard opens", Passive, "did0(S,cd,order0(H,challenge0(S),cd))"
    ),
    Goal("who overheard a provisioning knows the card's key", Passive, "att0(card_key)", ("no_exchange",)),
    Goal("who overheard a provisioning gives a command as the card", Passive, "did0(S,cd,bad)", ("no_exchange",)),
    honest(
        "**not excluded**: who stands between the two at a provisioning knows the card's key",
        Active,
        "carded(drawn(S,X,zero)) & att0(drawn(S,X,zero))",
    ),
)
