"""Keys, sessions, the store and earlier orders are told in French where French is spoken."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware import protocol
from host import left, store
from host.api.book import Left
from host.errors import HostError
from host.session import keys
from host.session.errors import KeyFileError, NoKey, SessionRefused
from host.store import Pending, StoreError
from host.text import Text
from host.texts.spoken import FRENCH, in_language
from host.texts.spoken_keys import FRENCH_KEYS

pytestmark = pytest.mark.req("HOST-1")
ORDER = {"command_id": 1, "life": 2, "expires_us": 3, "confirms": 0, "volume_mu": 2400}
PAYLOAD = protocol.encode(next(each for each in protocol.MESSAGES if each.name == "bolus").request, ORDER)


@pytest.mark.parametrize(
    "error",
    [NoKey("a", []), NoKey("a", ["b", "c"]), SessionRefused("a"), KeyFileError(Text(keys._DAMAGED, "x"))]
    + [StoreError(Text(text, *"abc"[: text.count("{}")])) for text in (store._UNUSABLE, store._STAYS, store._KEPT)],
)
def test_an_error_of_keys_and_the_store_has_its_french(error: HostError) -> None:
    text = error.args[0]
    assert isinstance(text, Text) and text.template in FRENCH
    assert in_language(text, "fr") != str(error) and "no pump" not in in_language(text, "fr")


@pytest.mark.parametrize("outcome", left._OUTCOMES)
def test_an_earlier_order_is_told_in_french(outcome: str, capsys: pytest.CaptureFixture[str]) -> None:
    order = Pending(1, "p", 1_800_000_000, "bolus", 0x11, PAYLOAD)
    left.tell(Left(order, outcome, "il n'y a personne"), False, "fr")
    told = capsys.readouterr().err
    assert told.startswith("Un ordre précédent était incertain : bolus (") and "2,40 U" in told
    assert FRENCH[left._OUTCOMES[outcome]].format("il n'y a personne") in told
    left.tell(Left(order, outcome, "x"), True, "fr")
    assert "An earlier order was uncertain: bolus (volume 2.40 U)" in capsys.readouterr().err


def test_every_text_of_the_list_is_one_that_is_said() -> None:
    sources = "".join(
        each.read_text(encoding="utf-8").replace('"\n', '"')
        for name in ("session/errors.py", "session/keys.py", "store.py", "left.py", "screens/status.py")
        for each in [Path(left.__file__).parent / name]
    )
    flat = " ".join(sources.replace('" "', "").split()).replace('" "', "").replace('""', "")
    for text in FRENCH_KEYS:
        assert text[:40] in flat, text
