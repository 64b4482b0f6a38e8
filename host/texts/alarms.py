"""Texts of alarms for people, in the language asked for, or that of the environment.

Implements: ALARM-1, HOST-1
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from firmware.protocol.alarms import BY_NAME, BY_NUMBER, PRIORITIES
from host.records import ActiveAlarm
from host.text import Text
from host.texts import alarms_en, alarms_fr
from host.units import AmountError

TEXTS: dict[str, dict[str, tuple[str, str, str]]] = {"en": alarms_en.TEXTS, "fr": alarms_fr.TEXTS}
_ENVIRONMENT = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set decides (POSIX)


@dataclass(frozen=True, slots=True)
class AlarmText:
    """A latched alarm with its texts."""

    alarm: int
    name: str
    priority: str
    title: str
    means: str
    do: str
    since_us: int
    detail: int
    cause_there: bool
    quiet: bool


def language_of(asked: str | None) -> str:
    """Return "en" or "fr". Raises AmountError if another language is `asked` for; another one of the environment gives
    "en".
    """
    if asked is not None:
        if asked not in TEXTS:
            raise AmountError(Text("{!r} is not a language of this programmer; it has {}", asked, ", ".join(TEXTS)))
        return asked
    found = next((os.environ[name] for name in _ENVIRONMENT if os.environ.get(name)), "")
    return found[:2] if found[:2] in TEXTS else "en"


def title(number: int, language: str) -> str:
    """Return the title of an alarm; of one that only a newer firmware knows, "alarm" and its number."""
    alarm = BY_NUMBER.get(number)
    return TEXTS[language][alarm.name][0] if alarm else f"alarm {number}"


def described(active: ActiveAlarm, language: str) -> AlarmText:
    """Return a latched alarm with its texts."""
    alarm = BY_NUMBER[active.alarm]
    texts = TEXTS[language][alarm.name]
    priority = PRIORITIES[alarm.priority]
    return AlarmText(
        active.alarm,
        alarm.name,
        priority,
        *texts,
        active.since_us,
        active.detail,
        cause_there=active.cause_there,
        quiet=active.quiet,
    )


def number_of(text: str) -> int:
    """Return the number of the alarm that a person names: by name, number, or title in any language."""
    for number in BY_NUMBER:
        if text.strip() == str(number):
            return int(number)
    name = text.strip().lower().replace("-", "_").replace(" ", "_")
    if name in BY_NAME:
        return int(BY_NAME[name].number)
    for texts in TEXTS.values():
        for each, words in texts.items():
            if words[0].lower() == text.strip().lower():
                return int(BY_NAME[each].number)
    raise AmountError(Text("there is no alarm called {!r}; `pump alarms` shows the names", text))
