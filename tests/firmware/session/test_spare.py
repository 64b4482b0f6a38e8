"""The key pair of the next session is made ahead, when the pump has nothing else to do and no stroke is near."""

from __future__ import annotations

import pytest

from tests.firmware.hand import SECOND_US
from tests.firmware.session.guarded import Guarded
from tests.firmware.session.test_enrolment import clinic
from tests.session.programmer import Programmer

pytestmark = pytest.mark.req("SEC-1", "DOSE-6")


def made(pump: Guarded) -> bool:
    return bool(pump.session.c.spare_up)


def counted(pump: Guarded) -> list[int]:
    """The times at which a pair is made from now on."""
    times: list[int] = []
    spare = pump.session.spare

    def noting() -> bool:
        times.append(pump.hand.now_us)
        return bool(spare())

    pump.session.spare = noting
    return times


def test_it_is_made_a_second_after_an_opening_once_and_used_by_the_next() -> None:
    pump, _, clinician = clinic()
    assert isinstance(pump.open(clinician), Programmer) and not made(pump), "its own was used up"
    times, opened_us = counted(pump), pump.hand.now_us
    pump.pass_s(1)
    assert made(pump) and times == [opened_us + SECOND_US]
    public = bytes(pump.session.c.spare.public)
    pump.pass_s(100)
    assert len(times) == 1, "no stroke and no hour makes another"
    reply = pump.take(5, clinician.opening(pump.hello()))
    assert reply is not None and reply[1][:32] == public and not made(pump)


def test_after_a_start_too_and_not_in_a_pump_without_keys() -> None:
    pump = clinic()[0].restarted()
    pump.hand.pump.opened()  # as main() does
    pump.pass_s(2)
    assert made(pump)
    blank = Guarded()
    blank.hand.pump.opened()
    blank.pass_s(2)
    assert not made(blank)


def test_it_waits_for_a_stroke_that_is_near_and_no_stroke_waits_for_it() -> None:
    def strokes(asked: bool) -> tuple[list[int], list[int]]:
        pump, _, clinician = clinic()
        pump.ask(clinician, "read_time")
        assert isinstance(pump.ask(clinician, "bolus", volume_mu=4000), dict)
        times, begun_us = counted(pump), pump.hand.now_us
        for ms in range(0, 30_000, 70):
            if asked and pump.hand.pump.programmers.due_us > 1 << 60:
                pump.hand.pump.opened()
            pump.hand.live(begun_us + ms * 1000)
        return times, pump.hand.strokes_us

    times, with_it = strokes(True)
    none, without = strokes(False)
    assert len(times) > 8 and len(none) == 1 and with_it == without and len(without) > 10
    assert any((later - at_us) % 70_000 for at_us, later in zip(times, times[1:], strict=False)), "some had to wait"
    for at_us in times:
        assert not [each for each in with_it if at_us <= each < at_us + 250_000]


def test_a_stroke_that_is_withheld_for_long_does_not_keep_the_pump_awake() -> None:
    pump, _, _ = clinic()
    programmers = pump.hand.pump.programmers
    pump.hand.pump.opened()
    programmers.rest(pump.hand.now_us - 1)
    assert programmers.due_us > 1 << 60 and made(pump)


def test_what_the_board_draws_is_mixed_in_when_a_session_begins() -> None:
    drawn = []
    for noise in (b"a", b"b"):
        pump, _, clinician = clinic()
        pump.keyring._noise = lambda noise=noise: noise
        assert isinstance(pump.open(clinician), Programmer)
        pump.ask(clinician, "read_time")
        pump.pass_s(11)
        drawn.append(pump.hello())
    assert drawn[0] != drawn[1]
