"""What is told of the orders that an earlier program has left uncertain, for a person or a script.

Implements: LINK-2, HOST-5
"""

from __future__ import annotations

import json
import sys

from firmware import protocol
from firmware.protocol import ProtocolError
from host.api.book import Left
from host.plain import figure
from host.store import StoreError
from host.units import amount, utc
from host.words import field_words, message_words

_OUTCOMES = {
    "done": "the pump has carried it out",
    "not_done": "the pump has not carried it out and will not",
    "refused": "the pump has refused it: {why}",
    "begun": "the pump lost power while carrying it out; its log shows how far it got",
    "forgotten": "it is too long ago and the pump does not remember it; its log shows what it did",
    "unknown": "still UNKNOWN ({why}). Until it is settled only stop, suspend and cancel are sent",
}


def order_text(left: Left) -> str:
    """Return an order in a person's words: "bolus (volume 2 U)"."""
    name = message_words(left.order.message)
    try:
        fields = protocol.BY_ID[left.order.message_id].request
        values = protocol.decode(fields, left.order.payload)
    except (KeyError, ProtocolError):
        return name  # of another version of the link
    shown = [
        f"{field_words(field.name)} {amount(values[field.name], field.unit) if field.unit else values[field.name]}"
        for field in fields[len(protocol.ORDER) :]
        if not field.fields
    ]
    return f"{name} ({', '.join(shown)})" if shown else name


def tell(left: Left | StoreError, as_json: bool) -> None:
    """Tell what was left on stderr, whatever stderr is."""
    try:
        print(_json_of(left) if as_json else _text_of(left), file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):
        pass  # stderr is broken or closed


def _text_of(left: Left | StoreError) -> str:
    if isinstance(left, StoreError):
        return f"warning: {left}"
    try:
        when = utc(left.order.written_utc_s)
    except (ValueError, OverflowError, OSError):  # this computer's clock was far off
        when = "at a time that is not known"
    return f"An earlier order was uncertain: {order_text(left)}, given {when}. {_outcome(left)}."


def _outcome(left: Left) -> str:
    text = _OUTCOMES[left.outcome].format(why=left.why)
    return text[0].upper() + text[1:].rstrip(".")


def _json_of(left: Left | StoreError) -> str:
    if isinstance(left, StoreError):
        return json.dumps({"warning": "StoreError", "message": str(left)})
    order = {"order": left.order.message, "written_utc_s": figure(left.order.written_utc_s), "outcome": left.outcome}
    return json.dumps({"earlier": order, "message": _text_of(left)})
