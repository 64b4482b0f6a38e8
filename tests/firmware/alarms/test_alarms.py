"""The alarm table, its texts, latching and tones."""

import pytest

from firmware.alarms.annunciation import NEVER_US, next_tone_us
from firmware.alarms.latched import Alarms, NotActive, StillThere
from firmware.protocol import alarms
from host.texts import alarms_en, alarms_fr
from tools.docs.alarms import PAGE, page

MINUTE_US = 60_000_000
# SPEC ALARM-1, word for word but for the case and the blanks.
SPECIFIED = """
pump low battery, depleted battery, system error, self-test fail, low reservoir, empty reservoir, communication error,
not initialised, initialised to defaults, pump stopped, pump suspended, auto-off, hourly maximum exceeded,
daily maximum exceeded, occlusion, air lock, under-delivery, over-delivery, motor stall, pressure-sensor fault,
stroke-sensor fault, clock lost, memory integrity, watchdog reset, refill due
"""


class World:
    """What the alarms look at and act on."""

    def __init__(self):
        self.causes = set()
        self.actions = []
        self.told = []
        self.alarms = Alarms(
            self.causes.__contains__, self.actions.append, lambda event, alarm, _: self.told.append((event, alarm.name))
        )

    def happen(self, name, now_us=0):
        self.causes.add(name)
        self.alarms.raise_alarm(name, now_us)


@pytest.fixture
def world():
    return World()


@pytest.mark.req("ALARM-1")
def test_the_table_is_the_specification_s():
    names = {name.strip().replace(" ", "_").replace("-", "_") for name in SPECIFIED.split(",")}
    assert names == set(alarms.BY_NAME)
    assert [alarm.number for alarm in alarms.ALARMS] == list(range(1, len(alarms.ALARMS) + 1))


@pytest.mark.req("ALARM-1")
def test_the_page_is_made_from_the_table():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tools.docs.alarms"


@pytest.mark.req("ALARM-1")
@pytest.mark.parametrize("texts", [alarms_en.TEXTS, alarms_fr.TEXTS], ids=["en", "fr"])
def test_every_alarm_has_a_title_a_meaning_and_what_to_do(texts):
    assert texts.keys() == alarms.BY_NAME.keys()
    for title, meaning, advice in texts.values():
        assert 0 < len(title) <= 21 and meaning.endswith(".") and advice.endswith(".")


@pytest.mark.req("ALARM-2")
def test_whom_an_alarm_yields_to_exists_and_does_not_yield_back():
    for alarm in alarms.ALARMS:
        for name in alarm.yields_to:
            other = alarms.BY_NAME[name]
            assert alarm.name not in other.yields_to and other is not alarm


@pytest.mark.req("ALARM-2")
def test_an_alarm_latches_until_its_cause_is_gone(world):
    world.happen("occlusion", 5)
    world.happen("occlusion", 9)
    assert [(each.alarm.name, each.since_us) for each in world.alarms.active()] == [("occlusion", 5)]
    with pytest.raises(StillThere):
        world.alarms.acknowledge("occlusion")
    assert len(world.alarms.active()) == 1
    world.causes.clear()
    assert len(world.alarms.active()) == 1, "a cause that goes does not clear its alarm"
    world.alarms.acknowledge("occlusion")
    assert world.alarms.active() == () and world.alarms.shown() is None
    assert world.told == [("raised", "occlusion"), ("refused", "occlusion"), ("acknowledged", "occlusion")]
    with pytest.raises(NotActive):
        world.alarms.acknowledge("occlusion")


@pytest.mark.req("ALARM-2")
def test_the_action_is_taken_and_none_starts_delivery(world):
    world.happen("low_reservoir")
    assert world.actions == []
    world.happen("occlusion")
    world.happen("motor_stall")
    assert world.actions == [alarms.STOP, alarms.STOP_NOW]
    world.causes.clear()
    for name in ("occlusion", "motor_stall", "low_reservoir"):
        world.alarms.acknowledge(name)
    assert world.actions == [alarms.STOP, alarms.STOP_NOW]


@pytest.mark.req("ALARM-2")
def test_the_specific_wins_over_the_vague_and_high_over_low(world):
    world.happen("refill_due", 1)
    world.happen("pump_stopped", 2)
    world.happen("system_error", 3)
    assert world.alarms.shown().alarm.name == "system_error"
    world.happen("motor_stall", 4)
    assert world.alarms.shown().alarm.name == "motor_stall"
    world.happen("occlusion", 5)
    assert world.alarms.shown().alarm.name == "motor_stall", "of equal ones the older"
    world.causes.clear()
    for name in ("motor_stall", "occlusion", "system_error"):
        world.alarms.acknowledge(name)
    assert world.alarms.shown().alarm.name == "pump_stopped"


def tones(priority, until_us):
    found, at_us = [], 0
    while (at_us := next_tone_us(priority, at_us)) < until_us:
        found.append(at_us)
        at_us += 1
    return found


@pytest.mark.req("ALARM-3")
def test_severe_is_four_tones_a_minute_then_four_double_ones_and_again():
    heard = tones(alarms.HIGH, 40 * MINUTE_US)
    for minute in range(40):
        inside = [at_us - minute * MINUTE_US for at_us in heard if at_us // MINUTE_US == minute]
        single = [0, 15_000_000, 30_000_000, 45_000_000]
        double = sorted([*single, *(at_us + 300_000 for at_us in single)])
        assert inside == (single if minute % 20 < 10 else double)


@pytest.mark.req("ALARM-3")
def test_medium_and_low():
    three = [0, 300_000, 600_000]
    assert tones(alarms.LOW, 31 * MINUTE_US) == [*three, *(30 * MINUTE_US + at_us for at_us in three)]
    heard = tones(alarms.MEDIUM, 41 * MINUTE_US)
    assert len([at_us for at_us in heard if at_us < 10 * MINUTE_US]) == 20
    assert [at_us - 10 * MINUTE_US for at_us in heard[20:23]] == three and heard[23] == 40 * MINUTE_US


@pytest.mark.req("ALARM-3")
def test_the_shown_alarm_s_next_tone(world):
    assert world.alarms.next_tone_us(7) == NEVER_US
    world.happen("low_reservoir", 1000)
    assert world.alarms.next_tone_us(1000) == 1000
    assert world.alarms.next_tone_us(700_000) == 30 * MINUTE_US + 1000
    world.happen("occlusion", 2_000_000)
    assert world.alarms.next_tone_us(2_000_001) == 17_000_000
