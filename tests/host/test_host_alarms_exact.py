"""The texts of alarms: the language that is spoken, and the alarm that a person names."""

from __future__ import annotations

import pytest

from firmware.protocol.alarms import BY_NUMBER, PRIORITIES
from host.records import ActiveAlarm
from host.texts.alarms import TEXTS, described, language_of, number_of, title
from host.units import AmountError

pytestmark = pytest.mark.req("ALARM-1", "HOST-1")
NAMES = ("LC_ALL", "LC_MESSAGES", "LANG")


def test_the_language_is_the_one_asked_for_or_the_environment_s(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoken(asked: str | None, **environment: str) -> str:
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return language_of(asked)

    assert spoken(None) == "en" and spoken("fr") == "fr" and spoken("en", LANG="fr_FR.UTF-8") == "en"
    for value, language in (("fr_FR.UTF-8", "fr"), ("fr", "fr"), ("de_DE", "en"), ("C", "en"), ("f", "en"), ("", "en")):
        assert spoken(None, LANG=value) == language
    assert spoken(None, LC_ALL="fr_CA", LC_MESSAGES="en_GB", LANG="de") == "fr", "the first that is set decides"
    assert spoken(None, LC_ALL="", LC_MESSAGES="fr", LANG="en") == "fr"
    assert spoken(None, LC_ALL="C", LANG="fr") == "en"
    for text in ("de", "", "FR", "fr_FR"):
        with pytest.raises(AmountError, match=f"'{text}' is not a language of this programmer; it has en, fr"):
            spoken(text)


def test_an_alarm_is_named_by_name_number_or_title() -> None:
    for number, alarm in BY_NUMBER.items():
        dashes, blanks = alarm.name.replace("_", "-"), alarm.name.replace("_", " ").upper()
        titles = [texts[alarm.name][0] for texts in TEXTS.values()]
        for text in (alarm.name, dashes, f" {blanks} ", str(number), f" {number} ", *titles, *map(str.upper, titles)):
            assert number_of(text) == number
    for text in ("", "tea", "0", "9999", f"0{min(BY_NUMBER)}", "²", "٣", "1_0", "-1", "1.0"):
        with pytest.raises(AmountError, match="there is no alarm called"):
            number_of(text)


def test_an_alarm_is_told_with_its_texts_and_one_that_is_not_known_by_its_number() -> None:
    for language, texts in TEXTS.items():
        for number, alarm in BY_NUMBER.items():
            words = texts[alarm.name]
            assert title(number, language) == words[0]
            found = described(ActiveAlarm(number, 7, 8, cause_there=True, quiet=False), language)
            assert (found.alarm, found.name, found.priority) == (number, alarm.name, PRIORITIES[alarm.priority])
            assert (found.title, found.means, found.do) == words
            assert (found.since_us, found.detail, found.cause_there, found.quiet) == (7, 8, True, False)
        assert title(9999, language) == "alarm 9999"
