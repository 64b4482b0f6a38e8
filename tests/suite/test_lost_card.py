"""A card that is lost, on the whole pump: its button held for ten minutes gives a new one, and dosing goes on."""

from __future__ import annotations

import pytest

from hil.bench import Bench
from host.api.client import Programmer
from host.api.provisioning import everybody_s, replace_card
from host.session import card
from host.session.errors import SessionRefused
from host.session.keyring import Keyring

pytestmark = pytest.mark.req("SEC-2")


def test_ten_minutes_at_the_button_give_a_card(bench: Bench) -> None:
    board = bench.board
    if not hasattr(board, "presence"):
        pytest.skip("somebody would have to hold the button of a board on a desk for ten minutes")
    bench.programmer.set_basal(35_000)
    begun_us, strokes = bench.now_us, len(bench.stroke_starts_us)
    board.presence = True

    def wait() -> bool:
        bench.run_for(seconds=10)
        return bench.now_us - begun_us < 700e6

    made = replace_card(Programmer(board, keyring=everybody_s()), wait)
    held_us = bench.now_us - begun_us
    board.presence = False
    assert 600e6 <= held_us < 630e6
    assert Programmer(board, keyring=Keyring("card", card.identity(made.key))).stop()
    starts = bench.stroke_starts_us[strokes:]
    assert len(starts) in (29, 30, 31), "35 U/h, in strokes of 0.2 U"
    assert max(later - at for at, later in zip(starts, starts[1:], strict=False)) < 20.6e6
    board.presence = True
    with pytest.raises(SessionRefused):
        Programmer(board, keyring=everybody_s()).provision()
