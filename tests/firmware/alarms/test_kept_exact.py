"""The latched alarms over a reset, one rule at a time: when they are written, what is taken up where records differ."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from firmware import protocol
from firmware.alarms import record
from firmware.alarms.latched import Active
from firmware.occlusion import codes as finding
from firmware.protocol.alarms import BY_NAME, BY_NUMBER
from firmware.storage import memory_map
from firmware.storage.journal import Journal
from tests.firmware.alarms.test_alarms_kept import filled, lowered, told, whole
from tests.firmware.hand import SECOND_US, STROKE_UU, Hand, alarms
from tests.firmware.ram import PowerCut, RamNvm
from tests.firmware.storage.test_restart_exact import capped
from tests.firmware.test_told_and_kept import logged

pytestmark = pytest.mark.req("ALARM-1", "ALARM-2")


@pytest.mark.req("STORE-4", "STORE-1")
def test_a_start_writes_the_state_as_often_whatever_it_finds_and_the_alarms_only_if_there_is_a_new_one() -> None:
    written = []
    for clock_lost in (False, True):
        hand = Hand()
        hand.pump.therapy.set_basal(1000)
        places = memory_map.Layout(hand.memory.size_bytes, 2500)
        before = hand.memory.writes_of(memory_map.STATE_AT), hand.memory.writes_of(places.alarms_at)
        after = hand.restarted(clock_lost=clock_lost)
        assert alarms(after) == ["clock_lost"] * clock_lost
        memory = after.memory
        written.append(
            (memory.writes_of(memory_map.STATE_AT) - before[0], memory.writes_of(places.alarms_at) - before[1])
        )
    assert written == [(written[0][0], 0), (written[0][0], 1)]


@pytest.mark.req("STORE-5")
def test_what_had_come_to_be_by_the_reset_and_was_not_told_is_told_at_the_start() -> None:
    hand = filled(300_000)
    hand.pump.alarms._changed = False
    hand.pump.alarms.stroke_over = lambda *_: None  # power goes before
    hand.pump.alarms.content_changed = lambda *_: None
    lowered(hand, hand.pump.refills.left_mu + 200)
    assert alarms(hand) == []
    after = hand.restarted()
    assert alarms(after) == ["low_reservoir"]
    assert told(after)[0]["detail"] == after.pump.refills.left_mu


def cut_before_the_state(hand: Hand, name: str, detail: int) -> None:
    """Raise it; power goes when the record of the alarms has it and the state does not."""
    hand.memory.cut_write, hand.memory.cut_bytes = len(hand.memory.writes) + 3, 0
    with pytest.raises(PowerCut):
        hand.pump.alarms.raise_alarm(name, detail)


@pytest.mark.req("STORE-2", "STORE-5")
@pytest.mark.parametrize("clock_lost", [False, True])
def test_an_alarm_that_only_its_own_record_has_is_one_and_is_told_once(clock_lost: bool) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(0)
    hand.live(1000 * SECOND_US)
    cut_before_the_state(hand, "communication_error", 77)
    after = hand.restarted(clock_lost=clock_lost)
    again = after.restarted()
    for each in (after, again):
        one = next(one for one in told(each) if one["alarm"] == BY_NAME["communication_error"].number)
        assert one["detail"] == 77 and one["since_us"] <= after.now_us
        assert clock_lost or one["since_us"] == 1000 * SECOND_US
    number = BY_NAME["communication_error"].number
    assert [each["detail"] for each in logged(again, protocol.EVENT_ALARM)].count(number) == 1


@pytest.mark.req("STORE-3")
def test_of_alarms_whose_record_is_damaged_no_figure_is_guessed() -> None:
    hand = Hand()
    hand.pump.alarms.raise_alarm("communication_error", 5)
    hand.pump.alarms.raise_alarm("clock_lost", 6)
    places = memory_map.Layout(hand.memory.size_bytes, 2500)
    for copy in range(2):
        hand.memory.flip(places.alarms_at + 20 + copy * (memory_map.ALARMS_BYTES + 8))
    after = hand.restarted()
    assert [(each["detail"], each["since_us"]) for each in told(after)] == [(0, after.now_us)] * 2


@pytest.mark.req("GUARD-1", "STORE-2")
def test_a_stroke_that_a_cap_took_as_power_went_is_told_at_the_start() -> None:
    after = capped().restarted(60 * SECOND_US)
    assert [(BY_NUMBER[each["alarm"]].name, each["detail"]) for each in told(after)] == [("hourly_maximum_exceeded", 1)]
    assert alarms(after.restarted(SECOND_US)) == ["hourly_maximum_exceeded"]


@pytest.mark.req("THER-4", "THER-6", "STORE-5")
def test_a_procedure_below_the_stop_level_goes_on_after_a_reset() -> None:
    hand = filled(200_000)
    hand.pump.switch.stop()
    level_mu = whole(hand.pump.refills.left_mu)
    levels = {"reservoir_low_mu": level_mu + 400, "reservoir_empty_mu": level_mu + 200, "reservoir_stop_mu": level_mu}
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | levels))
    hand.pump.clinic.start_procedure(protocol.PROCEDURES.index("patency"))
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | {"auto_off_min": 600}))
    assert hand.pump.status()["state"] == protocol.STATE_PROCEDURE
    after = hand.restarted()
    assert after.pump.status()["state"] == protocol.STATE_PROCEDURE
    after.pump.patterns.set_settings(**(after.pump.patterns.read_settings() | {"auto_off_min": 700}))
    assert after.pump.status()["state"] == protocol.STATE_PROCEDURE


@pytest.mark.req("STORE-2")
def test_that_the_pump_was_suspended_is_no_alarm_if_it_did_not_come_to_that() -> None:
    hand = Hand()
    ahead = [Active(BY_NAME[name], 0, 3) for name in ("pump_suspended", "communication_error", "pump_stopped")]
    record.pack_into(hand.journal.alarms, ahead, None)
    hand.journal.save_alarms()
    after = hand.restarted()
    assert after.pump.status()["state"] == protocol.STATE_RUNNING
    assert [(BY_NUMBER[each["alarm"]].name, each["detail"]) for each in told(after)] == [("communication_error", 3)]
    assert alarms(after.restarted()) == ["communication_error"]


@pytest.mark.req("STORE-2", "STORE-5")
@pytest.mark.parametrize(("order", "name"), [("suspend", "pump_suspended"), ("stop", "pump_stopped")])
def test_a_pump_that_is_halted_says_so_and_one_that_is_not_does_not_wherever_power_goes(order: str, name: str) -> None:
    halted = set()
    for cut in range(1, 30):
        hand = Hand()
        hand.pump.therapy.set_basal(6000)
        hand.live(600 * SECOND_US)
        hand.memory.cut_write = len(hand.memory.writes) + cut
        try:
            getattr(hand.pump.switch, order)()
        except PowerCut:
            pass
        else:
            break
        after = hand.restarted()
        stands = after.pump.status()["state"] != protocol.STATE_RUNNING
        assert (name in alarms(after)) == stands
        halted.add(stands)
    assert halted == {False, True}


@pytest.mark.req("OCC-2", "STORE-5")
def test_the_latest_finding_outlives_a_reset_though_its_alarm_is_not_new() -> None:
    hand = Hand()
    for found in (finding.PARTIAL, finding.BACKFLOW):
        hand.pump.alarms._watch = hand.pump.alarms._causes._watch = SimpleNamespace(
            standing=finding.Diagnosis(found, 1, 2, 3)
        )
        hand.pump.alarms.found(found)
    assert [each for each in alarms(hand) if each != "pump_stopped"] == ["under_delivery"]
    stored = Journal(RamNvm(image=bytes(hand.memory.cells)), hand.core.ticks(), STROKE_UU)
    stored.open()
    assert record.unpack_finding(stored.alarms).code == finding.BACKFLOW
