"""The commands about programmers, keys and the card in French: whatever a person does, right or wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from host.commands import enrolling
from host.session import card, keys
from host.session.key import Key
from host.texts.spoken import in_language
from tests.host.test_host_french import FR, english
from tests.host.test_host_programmers import enrolled
from tests.host.test_host_programmers_cli import Clinic

pytestmark = pytest.mark.req("HOST-1", "SEC-2")
OTHER = card.letters(Key(bytes(32)))
# Of keys, roles, labels and files, as they are typed.
NAMES = {"clinician", "patient", "service", "pat", "cli", "same", "FICHIER", "NOM", "new", "lost", "such", "xyz"}
# What is typed at a terminal, and after the bar the answers, a semicolon between two. CARD: the card's letters.
TYPED = """
programmers --identity clinician |
programmers list --identity patient |
programmers list --identity nobody |
programmers list --identity ../x |
programmers keys |
programmers rotate --identity patient |
revoke pat --identity clinician | o
revoke pat --identity clinician | n
revoke 9 --identity clinician |
revoke same --identity clinician |
revoke 2 --identity clinician | o
revoke pat --identity patient | o
enrol | CARD
enrol | xyz; CARD
enrol | 0000; 1111; é
enrol | OTHER
enrol | SWAPPED; CARD
enrol --role king | CARD
enrol --by clinician --card x |
enrol --by clinician --identity clinician |
enrol --by nobody |
enrol --by clinician --label xxxxxxxxxxxxxxxxxxxxxxxxx |
enrol --by clinician --role patient |
enrol --by patient --identity neu |
enrol --card FILE |
enrol --card SHARED |
enrol --card FOLDER |
enrol --card PICTURE |
enrol --card /no/such |
enrol --identity patient | CARD
card new --identity clinician | o
card new --identity clinician | n
card new --identity clinician --out FILE |
card new --identity clinician --out /no/such/file |
card new --identity clinician --out FOLDER/new --svg FOLDER/svg | o
card lost | o
card tea |
card show |
card show FILE |
card show PICTURE |
"""


@pytest.mark.parametrize("present", [False, True])
@pytest.mark.parametrize("line", [line for line in TYPED.splitlines() if line], ids=lambda line: line.strip(" |"))
def test_nothing_is_said_in_english(line: str, present: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clinic = Clinic(monkeypatch, tmp_path, "clinician", "patient")
    clinic.person()
    monkeypatch.setattr(enrolling, "_HOLD_TRIES", 2)
    for _ in range(2):
        enrolled(clinic.device, name="same")
    clinic.device.present = present
    letters = clinic.letters()
    swapped = letters[1] + letters[0] + letters[2:]
    file, shared, picture = tmp_path / "card.txt", tmp_path / "shared.txt", tmp_path / "card.png"
    card.write_file(file, clinic.device.identities["card"].key)
    shared.write_text(letters, encoding="ascii")
    shared.chmod(0o644)
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    picture.chmod(0o600)
    places = {"FILE": file, "SHARED": shared, "PICTURE": picture, "FOLDER": tmp_path}
    typed, _, answers = line.partition("|")
    words = [re.sub("FILE|SHARED|PICTURE|FOLDER", lambda found: str(places[found[0]]), each) for each in typed.split()]
    given = [each.strip().replace("CARD", letters).replace("OTHER", OTHER) for each in answers.split(";")]
    given = [swapped if each == "SWAPPED" else each for each in given]
    run = clinic.run(*words, *FR, answer="\n".join([*given, ""]))
    assert run.exit_code in (0, 1, 2, 3, 4), run.stderr
    shown = re.sub("« [^»]*»", "", run.stdout + run.stderr)
    for each in (*map(str, places.values()), *[each for each in given if len(each) > len("1111")]):
        shown = shown.replace(each, "")
    shown = re.sub(r"^[A-Z2-7 ]+$|[0-9a-f]{16}|[^ ]+\.json", "", shown, flags=re.MULTILINE)
    assert english(shown) - NAMES == set(), shown


def test_what_the_system_says_of_a_key_is_french() -> None:
    with pytest.raises(keys.KeyFileError) as error:
        keys.write_private(Path("/proc/no/such"), b"", replace=False)
    assert in_language(error.value.args[0], "fr").startswith("impossible de créer le dossier /proc/no : ")
    assert english(in_language(error.value.args[0], "fr").replace("/proc/no", "")) == set()
