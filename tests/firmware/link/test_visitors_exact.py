"""How many events of visitors are written: a burst, then one each hour, and the next one tells how many were not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from firmware import protocol
from firmware.link.visitors import Sparing, Visitors
from tests.firmware.hand import SECOND_US

pytestmark = pytest.mark.req("LOG-1", "LOG-2")
HOUR_US = 3600 * SECOND_US


def test_a_burst_is_written_at_once_and_then_one_each_time() -> None:
    sparing = Sparing(3, 100)
    assert [sparing.told(0) for _ in range(5)] == [1, 1, 1, 0, 0]
    assert sparing.told(99) == 0 and sparing.told(100) == 4, "three untold, and this one"
    assert sparing.told(199) == 0 and sparing.told(200) == 2
    assert [sparing.told(450) for _ in range(3)] == [1, 1, 0], "two and a half intervals make two"
    assert [sparing.told(1_000) for _ in range(4)] == [2, 1, 1, 0], "and never more than the burst"


def test_one_at_a_time_has_no_burst() -> None:
    sparing = Sparing(1, 100)
    assert [sparing.told(at) for at in (7, 8, 106, 107, 207)] == [1, 0, 0, 3, 1]


class Log:
    """Visitors with a clock of one's own, and what they have noted."""

    def __init__(self) -> None:
        self.now_us = 0
        self.noted: list[tuple[object, ...]] = []
        memory = SimpleNamespace(note=lambda *what: self.noted.append(what))
        self.visitors = Visitors(SimpleNamespace(now_us=lambda: self.now_us), memory)


def test_a_connect_is_written_every_two_hours() -> None:
    log = Log()
    assert log.visitors.began(1) is True
    for at_us in (0, 2 * HOUR_US - 1):
        log.now_us = at_us
        assert log.visitors.began(1) is False
    log.now_us = 2 * HOUR_US
    assert log.visitors.began(1) is True
    kind = (protocol.CATEGORY_CONNECTIVITY, protocol.EVENT_CONNECTED, 1, 0)
    assert log.noted == [(*kind, (1,)), (*kind, (3,))]


def test_thirty_two_refusals_are_written_at_once_then_one_an_hour() -> None:
    log = Log()
    told = [log.visitors.refused(0x11, protocol.HOUR_LIMIT, 12_400) for _ in range(40)]
    assert told == [True] * 32 + [False] * 8
    log.now_us = HOUR_US - 1
    assert log.visitors.refused(0x11, protocol.HOUR_LIMIT, 1) is False
    log.now_us = HOUR_US
    assert log.visitors.refused(0x11, protocol.HOUR_LIMIT, -(1 << 40)) is True
    kind = (protocol.CATEGORY_COMMAND, protocol.EVENT_REFUSED, 0x11, protocol.HOUR_LIMIT)
    assert log.noted[0] == (*kind, (12_400, 1)) and log.noted[-1] == (*kind, (0xFFFFFFFF, 10))


def test_a_failed_question_counts_by_itself() -> None:
    log = Log()
    assert [log.visitors.stumbled(5) for _ in range(33)] == [True] * 32 + [False]
    assert log.noted[-1] == (protocol.CATEGORY_MALFUNCTION, protocol.EVENT_EXCEPTION, 5, 0, (1,))
    assert log.visitors.began(2) is True and log.visitors.intruded() is True and log.visitors.intruded() is False
    assert log.noted[-2:] == [
        (protocol.CATEGORY_CONNECTIVITY, protocol.EVENT_CONNECTED, 2, 0, (1,)),
        (protocol.CATEGORY_CONNECTIVITY, protocol.EVENT_OPENINGS_REFUSED, 0, 0, (1,)),
    ]
