"""What a person says at a step of a procedure: one of its choices, and its figure in the units of people.

Implements: HOST-4, THER-5
"""

from __future__ import annotations

from decimal import Decimal

from firmware.protocol.procedures import Input, Step
from host.errors import Refused
from host.records.summaries import AnswerSummary, InterruptSummary
from host.screens.common import plain
from host.screens.service import BY_NAME
from host.text import Text
from host.texts.spoken import number_said, said
from host.units import AmountError, parse_milli, parse_whole
from host.units import plain as digits

# The unit in which people enter a value, and how many of the link's units make a thousandth of it.
_UNITS = {"nl": ("mL", 1000)}
_SMALL_NL = 1_000_000


def unit_of(takes: Input) -> tuple[str, int]:
    """Return the unit of people, and how many of the link's make a thousandth of it; 0 if it is entered as it is."""
    if takes.unit == "nl" and takes.high < _SMALL_NL:
        return "µL", 1
    return _UNITS.get(takes.unit, (takes.unit, 0))


def asked(step: Step, language: str = "en") -> str:
    """Return the question for the figure of a step."""
    name = _name(step.takes)
    low, high, unit = _limits(step.takes)
    values = (number_said(low, language), number_said(high, language), said(unit, language))
    return said("{}, {} to {} {}", language, said(name, language), *values)


def _limits(takes: Input) -> tuple[str, str, str]:
    unit, per_milli = unit_of(takes)
    low, high = (digits(Decimal(each) / per_milli) if per_milli else str(each) for each in (takes.low, takes.high))
    return low, high, unit


def parse(takes: Input, text: str) -> int:
    """Return the figure `text` in the link's unit. Raises AmountError."""
    unit, per_milli = unit_of(takes)
    if per_milli:
        value = parse_milli(text, unit) * per_milli
    elif takes.low < 0 and text.strip().startswith("-"):  # a pressure may be below that of the air
        value = -Decimal(parse_whole(text.strip()[1:], unit))
    else:
        value = Decimal(parse_whole(text, unit))
    if value != int(value) or not takes.low <= value <= takes.high:
        raise AmountError(Text("{!r} {} is not within {} to {} {}", text, unit, *_limits(takes)))
    return int(value)


def in_units(takes: Input, error: Refused) -> Refused:
    """Return a refusal; of a figure that is out of range it says so in the unit in which the figure was entered."""
    if error.code == "out_of_range":
        unit, per_milli = unit_of(takes)
        found = (error.value, error.limit)
        value, limit = (f"{digits(Decimal(each) / per_milli) if per_milli else each} {unit}" for each in found)
        beyond = "below the least allowed," if error.value < error.limit else "above the greatest allowed,"
        error.args = (Text("the {field}, {value}, is {beyond} {limit}", field=_name(takes), value=value, beyond=beyond,
                           limit=limit),)  # fmt: skip
    return error


def _name(takes: Input) -> str:
    return plain(takes.name.removesuffix("_nl").removesuffix("_pa"))


def answered(summary: AnswerSummary, language: str) -> str:
    """Return what the pump says that an answer would do."""
    step = _step_of(summary)
    text = ""
    if step.takes is not None:
        unit, per_milli = unit_of(step.takes)
        figure = digits(Decimal(summary.value) / per_milli) if per_milli else str(summary.value)
        text = f", {number_said(figure, language)} {said(unit, language)}"
    if summary.strokes:
        text += said(", {} strokes", language, summary.strokes)
    choice = said(plain(step.choices[summary.choice][0]), language)
    return said("At '{}': [bold]{}[/]{}", language, said(plain(step.name), language), choice, text)


def interrupted(summary: InterruptSummary, language: str) -> str:
    """Return what the pump says that an interruption would do."""
    step = _step_of(summary)
    leads = said(plain(str(step.interrupt)), language)
    text = said("At '{}': interrupt -> [bold]{}[/]", language, said(plain(step.name), language), leads)
    return text + said(", {} strokes are not made", language, summary.strokes_left) * bool(summary.strokes_left)


def _step_of(summary: AnswerSummary | InterruptSummary) -> Step:
    step: Step = BY_NAME[summary.procedure].steps[summary.step]
    return step


def words_of(offered: list[str], language: str) -> str:
    """Return the choices as a person reads them."""
    return ", ".join(said(plain(each), language) for each in offered)


def word(text: str, offered: list[str], language: str = "en") -> str:
    """As chosen(), but raises AmountError for what is not offered."""
    found = chosen(text, offered, language)
    if found not in offered:
        raise AmountError(Text("say one of: {}", words_of(offered, language)))
    return found


def chosen(text: str, offered: list[str], language: str) -> str:
    """Return the choice that `text` begins, in `language` or by its own name; `text` itself if that is not one."""
    begun = text.strip().lower().replace("_", " ")
    found = [each for each in offered if said(plain(each), language).startswith(begun) or plain(each).startswith(begun)]
    return found[0] if len(found) == 1 and begun else text
