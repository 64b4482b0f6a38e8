"""Every order that changes delivery shows first what it will do, and until that is agreed to changes nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from firmware import protocol
from firmware.errors import Refused
from tests.firmware.answering import answering
from tests.firmware.hand import Hand
from tests.firmware.therapy.test_refused_is_nothing import BAD, everything
from tests.firmware.therapy.test_states import ORDERS, REACH

pytestmark = pytest.mark.req("SEC-3", "THER-9")
NOT_SHOWN = (*protocol.SAFE, "acknowledge_alarm")  # what makes less, and what delivers nothing
TWO_STEPS = [each.name for each in protocol.MESSAGES if each.changes_delivery and each.name not in NOT_SHOWN]


class Shown(Exception):
    """What an order would do."""


def stop_there(summary: dict[str, int]) -> None:
    assert summary
    raise Shown


def outcome(given: Callable[[Hand], None], hand: Hand, names: Sequence[str], *, shown_only: bool) -> str:
    """What becomes of an order: "shown", "done", or the refusal's code; unless it is done, all is as before."""
    before: dict[str, Any] = {}

    def method(part: Any, name: str, *args: Any, **values: Any) -> Any:
        before.update(everything(hand))
        return getattr(type(part), name)(part, *args, **values, **({"agree": stop_there} if shown_only else {}))

    parts = answering(None, hand.pump)
    for name in names:
        setattr(parts[name], name, partial(method, parts[name], name))
    try:
        given(hand)
    except Shown:
        assert everything(hand) == before
        return "shown"
    except Refused as error:
        assert everything(hand) == (before or everything(hand))
        return protocol.CODES[error.code]
    return "done"


@pytest.mark.parametrize("where", REACH)
def test_what_is_only_shown_changes_nothing_and_is_refused_as_the_order_is(where: str) -> None:
    for given_as, given in (BAD | ORDERS).items():
        if given_as == "limits above the hard ones":
            continue  # the table of messages refuses them before they come to this
        names = [name for name in TWO_STEPS if given_as in (BAD.keys() | {name})]
        first = outcome(given, REACH[where](), names, shown_only=True)
        then = outcome(given, REACH[where](), names, shown_only=False)
        assert first == ("shown" if then == "done" and names else then), given_as


@pytest.mark.parametrize("name", [name for name in TWO_STEPS if name != "initialise_memory"])
def test_every_order_is_shown_somewhere(name: str) -> None:
    assert "shown" in [outcome(ORDERS[name], REACH[where](), [name], shown_only=True) for where in REACH]
