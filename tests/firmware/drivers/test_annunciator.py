"""The annunciator's driver."""

from __future__ import annotations

import pytest

from firmware.alarms.annunciation import TONE_MS
from firmware.drivers.annunciator import Annunciator


@pytest.mark.req("ALARM-3")
def test_a_tone_is_the_board_s_and_counted() -> None:
    sounded: list[int] = []
    annunciator = Annunciator(sounded.append)
    annunciator.sound(TONE_MS)
    annunciator.sound(10_000)
    assert sounded == [TONE_MS, 10_000]
    assert annunciator.tones == 2


@pytest.mark.req("ALARM-3")
@pytest.mark.parametrize("duration_ms", [0, -1, 10_001])
def test_a_tone_of_no_length_or_too_long_is_refused_and_nothing_sounds(duration_ms: int) -> None:
    sounded: list[int] = []
    annunciator = Annunciator(sounded.append)
    with pytest.raises(ValueError, match=f"a tone of {duration_ms} ms: 1 to 10000 ms"):
        annunciator.sound(duration_ms)
    assert sounded == []
    assert annunciator.tones == 0
