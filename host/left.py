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
from host.texts.spoken import in_language, said
from host.units import amount, utc
from host.words import field_words, message_words

_OUTCOMES = {
    "done": "The pump has carried it out",
    "not_done": "The pump has not carried it out and will not",
    "refused": "The pump has refused it: {}",
    "begun": "The pump lost power while carrying it out; its log shows how far it got",
    "forgotten": "It is too long ago and the pump does not remember it; its log shows what it did",
    "unknown": "Still UNKNOWN ({}). Until it is settled only stop, suspend and cancel are sent",
}


def order_text(left: Left, language: str = "en") -> str:
    """Return an order in a person's words: "bolus (volume 2 U)"."""
    name = said(message_words(left.order.message), language)
    try:
        fields = protocol.BY_ID[left.order.message_id].request
        values = protocol.decode(fields, left.order.payload)
    except (KeyError, ProtocolError):
        return name  # of another version of the link
    shown = []
    for field in fields[len(protocol.ORDER) :]:
        if not field.fields:
            value = amount(values[field.name], field.unit) if field.unit else str(values[field.name])
            shown.append(f"{said(field_words(field.name), language)} {in_language(value, language)}")
    return f"{name} ({', '.join(shown)})" if shown else name


def tell(left: Left | StoreError, as_json: bool, language: str = "en") -> None:
    """Tell what was left on stderr, whatever stderr is."""
    try:
        print(_json_of(left) if as_json else _text_of(left, language), file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):
        pass  # stderr is broken or closed


def _text_of(left: Left | StoreError, language: str) -> str:
    if isinstance(left, StoreError):
        return said("warning: {}", language, in_language(left.args[0], language))
    try:
        when = utc(left.order.written_utc_s)
    except (ValueError, OverflowError, OSError):  # this computer's clock was far off
        when = said("at a time that is not known", language)
    outcome = said(_OUTCOMES[left.outcome], language, in_language(left.why, language)).rstrip(".")
    return said(
        "An earlier order was uncertain: {}, given {}. {}.", language, order_text(left, language), when, outcome
    )


def _json_of(left: Left | StoreError) -> str:
    if isinstance(left, StoreError):
        return json.dumps({"warning": "StoreError", "message": str(left)})
    order = {"order": left.order.message, "written_utc_s": figure(left.order.written_utc_s), "outcome": left.outcome}
    return json.dumps({"earlier": order, "message": _text_of(left, "en")})
