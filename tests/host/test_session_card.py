"""The card: what is printed, what is read however it is typed, and what is refused and why."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from host.session import card
from host.session.errors import CardError, KeyFileError
from host.session.key import Key

pytestmark = pytest.mark.req("SEC-1")
SECRET = b"!verysecretverysecretverysecret!"
LETTERS = "EF3G K4TZ ONSW G4TF OR3G K4TZ ONSW G4TF OR3G K4TZ ONSW G4TF OQQ"


def test_a_card_has_52_letters_in_13_groups() -> None:
    text = card.letters(Key(SECRET))
    assert text[: len(LETTERS)] == LETTERS and [len(each) for each in text.split(" ")] == [4] * 13
    assert card.letters(Key(bytes(32))) == "AAAA " * 12 + "AAA" + text_of_check(bytes(32))


def text_of_check(key: bytes) -> str:
    import hashlib

    return "ABCDEFGHIJKLMNOP"[hashlib.sha256(b"releve-card" + key).digest()[0] >> 4]


def test_a_card_is_read_however_it_is_typed() -> None:
    dice = random.Random(16)
    for _ in range(200):
        key = Key(dice.randbytes(32))
        text = card.letters(key)
        for typed in (text, text.lower(), text.replace(" ", ""), text.replace(" ", "-"), f"  {text}\r\n", text.title()):
            assert card.read(typed) == key


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "52 letters in 13 groups of 4; these are 0"), (LETTERS, "these are 51"), (LETTERS + "AAA", "these are 54"),
        ("EF0G", "letter 3 of group 1 is the digit 0, which no card has: it is the letter O"),
        ("EFGH-1", "letter 1 of group 2 is the digit 1, which no card has: it is the letter I or L"),
        ("8", "the letter B"), ("9", "the letter G or P"), ("é", "is 'é', which no card has: A to Z and 2 to 7"),
        ("ſ", "is 'ſ'"), ("Ａ", "is 'Ａ'"), ("A,B", "letter 2 of group 1 is ','"),
    ],
)  # fmt: skip
def test_a_card_that_is_none_is_told_why(typed: str, told: str) -> None:
    with pytest.raises(CardError) as found:
        card.read(typed)
    assert told in str(found.value)


def test_a_wrong_letter_is_found_fifteen_times_in_sixteen() -> None:
    dice = random.Random(16)
    missed = tried = 0
    for _ in range(40):
        text = card.letters(Key(dice.randbytes(32))).replace(" ", "")
        for place in range(52):
            wrong = dice.choice([each for each in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if each != text[place]])
            tried += 1
            try:
                card.read(text[:place] + wrong + text[place + 1 :])
                missed += 1
            except CardError as error:
                assert "Compare group by group" in str(error)
    assert tried / 32 < missed < tried / 10


def test_a_card_s_file_is_its_letters(tmp_path: Path) -> None:
    path = tmp_path / "card.txt"
    card.write_file(path, Key(SECRET))
    assert path.read_text(encoding="ascii") == card.letters(Key(SECRET)) + "\n"
    assert card.read_file(path) == Key(SECRET)
    with pytest.raises(KeyFileError, match="already"):
        card.write_file(path, Key(bytes(32)))
    whole = path.read_bytes()
    for length in range(len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CardError, match="52 letters"):
            card.read_file(path)
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    with pytest.raises(CardError, match=r"the picture .* is damaged, cut short"):
        card.read_file(path)
    with pytest.raises(CardError, match=r"cannot read the card .*: No such file"):
        card.read_file(tmp_path / "none")
    if os.name == "posix":
        path.chmod(0o644)
        with pytest.raises(CardError, match="others can read the card"):
            card.read_file(path)


def test_the_card_s_code_is_a_qr_code_of_the_letters() -> None:
    import segno

    key = Key(SECRET)
    code = segno.make(card.letters(key).replace(" ", ""), error="m", micro=False)
    assert (code.version, code.mode) == (3, "alphanumeric"), "letters and digits alone make a small code"
    shown = card.picture(key)
    assert len(shown.splitlines()) == 19 and max(map(len, shown.splitlines())) == 37
    drawn = card.svg(key)
    assert drawn.startswith(b"<?xml") and b"<svg" in drawn and drawn != card.svg(Key(bytes(32)))
