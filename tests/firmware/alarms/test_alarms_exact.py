"""The latched alarms one by one: figures, marks, quiet, what an order that was not takes back."""

from __future__ import annotations

import struct

import pytest

from firmware.alarms import record
from firmware.alarms.annunciation import NEVER_US, TONE_MS, next_tone_us
from firmware.alarms.latched import QUIET_US, Active, Alarms
from firmware.occlusion import codes
from firmware.protocol import alarms

pytestmark = pytest.mark.req("ALARM-2", "ALARM-3")
MINUTE_US = 60_000_000
DAY_US = 86_400_000_000


class World:
    """Alarms whose causes are what is in `causes`."""

    def __init__(self) -> None:
        self.causes: set[str] = set()
        self.actions: list[int] = []
        self.told: list[tuple[str, str, int]] = []
        self.alarms = Alarms(
            self.causes.__contains__,
            self.actions.append,
            lambda event, alarm, detail: self.told.append((event, alarm.name, detail)),
        )

    def happen(self, name: str, now_us: int = 0, detail: int = 0, mark: int = 0) -> bool:
        self.causes.add(name)
        changed = self.alarms.raise_alarm(name, now_us, detail, mark)
        assert isinstance(changed, bool)
        return changed

    @property
    def latched(self) -> list[tuple[str, int, int, int, int]]:
        return [(a.alarm.name, a.since_us, a.detail, a.mark, a.quiet_until_us) for a in self.alarms.active()]


@pytest.mark.parametrize(
    ("detail", "kept"), [(-5, 0), (0, 0), (1, 1), (2**32 - 1, 2**32 - 1), (2**32, 2**32 - 1), (1 << 40, 2**32 - 1)]
)
def test_a_figure_fits_its_32_bits(detail: int, kept: int) -> None:
    world = World()
    world.happen("occlusion", 7, detail)
    assert world.latched == [("occlusion", 7, kept, 0, 0)] and world.told == [("raised", "occlusion", kept)]


def test_what_is_latched_stays_as_it_began_and_what_got_worse_sounds_again() -> None:
    world = World()
    assert world.happen("low_reservoir", 5, 800, 1) is True
    assert world.happen("low_reservoir", 9, 700, 1) is False
    assert world.alarms.acknowledge("low_reservoir", 10) is True
    assert world.latched == [("low_reservoir", 5, 800, 1, 10 + QUIET_US)] and QUIET_US == DAY_US
    assert world.happen("low_reservoir", 11, 600, 1) is False
    assert world.happen("low_reservoir", 12, 400, 2) is True
    assert world.latched == [("low_reservoir", 5, 800, 2, 0)]
    assert world.told == [("raised", "low_reservoir", 800), ("quieted", "low_reservoir", 800)]
    world.causes.clear()
    assert world.alarms.acknowledge("low_reservoir", 13) is False
    assert world.latched == [] and world.told[-1] == ("acknowledged", "low_reservoir", 800)


def test_an_order_that_was_not_has_acknowledged_nothing_and_hides_nothing_that_came_meanwhile() -> None:
    world = World()
    world.happen("occlusion", 1, 11)
    world.happen("refill_due", 2, 22, 1)
    world.happen("auto_off", 3)
    before = world.latched
    kept = world.alarms.kept()
    world.causes.remove("occlusion")
    world.alarms.acknowledge("occlusion", 4)
    world.alarms.acknowledge("refill_due", 4)
    world.happen("refill_due", 5, 0, 2)
    world.happen("clock_lost", 6)
    world.alarms.restore(kept)
    assert world.latched == [*before, ("clock_lost", 6, 0, 0, 0)]
    world.alarms.restore(world.alarms.kept())
    assert world.latched == [*before, ("clock_lost", 6, 0, 0, 0)]


def test_quiet_is_a_day_and_then_it_sounds_as_if_it_had_never_been() -> None:
    world = World()
    world.happen("low_reservoir", 0)
    world.alarms.acknowledge("low_reservoir", MINUTE_US)
    until_us = DAY_US + MINUTE_US
    sounds_us = next_tone_us(alarms.LOW, until_us)
    assert sounds_us == DAY_US + 30 * MINUTE_US
    for now_us in (MINUTE_US, DAY_US, until_us - 1, until_us, until_us + 1, sounds_us):
        assert world.alarms.next_tone_us(now_us) == sounds_us
    assert world.alarms.next_tone_us(sounds_us + 1) == sounds_us + 300_000


def test_who_was_quiet_is_no_longer_heard_beside_one_that_speaks_for_all() -> None:
    world = World()
    world.happen("low_reservoir", 0)
    world.happen("refill_due", 29 * MINUTE_US)
    world.alarms.acknowledge("low_reservoir", 30 * MINUTE_US - DAY_US)  # to be heard again at 30 min
    assert world.alarms.shown().alarm.name == "low_reservoir"
    world.happen("pump_stopped", 1)  # of more weight: it alone is heard
    world.alarms.acknowledge("refill_due", 0)
    quiet_until_us = 30 * MINUTE_US
    own_us = next_tone_us(alarms.BY_NAME["pump_stopped"].priority, quiet_until_us - 1) + 1
    assert world.alarms.next_tone_us(quiet_until_us - 1) == min(quiet_until_us, own_us)
    assert world.alarms.next_tone_us(quiet_until_us) == own_us > quiet_until_us


def test_of_the_quiet_the_first_to_be_heard_again_is_waited_for() -> None:
    world = World()
    world.happen("low_reservoir", 0)
    world.happen("refill_due", 0)
    world.alarms.acknowledge("low_reservoir", 45 * MINUTE_US)
    world.alarms.acknowledge("refill_due", 5 * MINUTE_US)
    assert world.alarms.next_tone_us(50 * MINUTE_US) == DAY_US + 30 * MINUTE_US
    assert World().alarms.next_tone_us(0) == NEVER_US


@pytest.mark.req("STORE-5")
@pytest.mark.parametrize("standing", [None, codes.Diagnosis(codes.OCCLUSION, 1 << 40, 7, 3500)])
def test_the_record_has_every_figure_to_its_last_bit(standing: codes.Diagnosis | None) -> None:
    if standing is not None:
        standing.stored_nl, standing.released_nl, standing.rise_pa = 1 << 33, 2**32 - 1, -(1 << 40)
        standing.level_pa, standing.compliance_pl_per_pa = 1 << 40, 1 << 35
    buffer = bytearray(record.RECORD_BYTES)
    active = [
        Active(alarm, 2**64 - 1 - place, 2**32 - 1 - place, 255 - place, 2**64 - 1 - (place << 40))
        for place, alarm in enumerate((alarms.ALARMS * 2)[:32])
    ]
    record.pack_into(buffer, active, standing)
    back = record.unpack(buffer)
    fields = ("alarm", "since_us", "detail", "mark", "quiet_until_us")
    assert [[getattr(a, name) for name in fields] for a in back] == [
        [getattr(a, name) for name in fields] for a in active
    ]
    found = record.unpack_finding(buffer)
    if standing is None:
        assert found is None
    else:
        assert found is not None
        assert (found.code, found.at_us, found.strokes, found.missed_nl) == (codes.OCCLUSION, 1 << 40, 7, 3500)
        # What is too great for its place is the greatest that fits, never something else.
        assert (found.stored_nl, found.released_nl) == (2**32 - 1, 2**32 - 1)
        assert (found.rise_pa, found.level_pa) == (-(2**31), 2**31 - 1)
        assert found.compliance_pl_per_pa == 2**32 - 1


@pytest.mark.req("STORE-3")
def test_a_record_of_another_version_or_with_too_many_is_none() -> None:
    buffer = bytearray(record.RECORD_BYTES)
    record.pack_into(buffer, [Active(alarms.ALARMS[0], 1, 2)], codes.Diagnosis(codes.STALL, 1, 2, 3))
    assert len(record.unpack(buffer)) == 1 and record.unpack_finding(buffer) is not None
    buffer[2] = 0  # no alarm has this number
    assert record.unpack(buffer) == []
    buffer[2], buffer[1] = 1, 33
    assert record.unpack(buffer) == []
    buffer[1] = 32
    assert len(record.unpack(buffer)) == 1
    buffer[0] += 1
    assert record.unpack(buffer) == [] and record.unpack_finding(buffer) is None
    assert struct.calcsize("<BBIQQ") * 32 + 2 + struct.calcsize("<BQIIIIiiI") == record.RECORD_BYTES


@pytest.mark.parametrize("priority", [alarms.HIGH, alarms.MEDIUM, alarms.LOW])
def test_the_next_tone_is_the_first_at_or_after_every_instant(priority: int) -> None:
    """Against the pattern written out for two hours."""
    minutes: list[list[int]] = []
    four, two, three = [0, 15_000, 30_000, 45_000], [0, 300], [0, 300, 600]
    for minute in range(130):
        if priority == alarms.HIGH:
            minutes.append(four if minute % 20 < 10 else sorted(at + more for at in four for more in two))
        elif priority == alarms.MEDIUM:
            minutes.append(two if minute < 10 else three if minute % 30 == 10 else [])
        else:
            minutes.append(three if minute % 30 == 0 else [])
    tones = [minute * MINUTE_US + at * 1000 for minute, each in enumerate(minutes) for at in each]
    before_us = 0
    for at_us in tones:
        for since_us in {before_us, (before_us + at_us) // 2, at_us - 1, at_us}:
            if before_us <= since_us:
                assert next_tone_us(priority, since_us) == at_us
        before_us = at_us + 1
    assert 100 <= TONE_MS < 300, "a double tone is two"
