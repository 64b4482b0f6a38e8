"""The watch in the pump: what a finding does to delivery, and what the programmer sees of it."""

from __future__ import annotations

import pytest

from firmware import events, protocol
from firmware.errors import Refused
from firmware.occlusion import codes
from firmware.occlusion.watch import Watch
from firmware.protocol.alarms import BY_NAME
from firmware.upkeep.rounds import WATCH_US
from hil.plant import Fault, FaultyPlant, load_mechanism
from tests.firmware import hand as hands
from tests.firmware.hand import SECOND_US, alarms


class Hand(hands.Hand):
    """A pump on a plant, and the hand that plays the part of a board's interrupts and of its idle()."""

    def __init__(self, fault: Fault) -> None:
        self.plant = FaultyPlant(load_mechanism(), 1, fault=fault)
        self.packed = -1
        self.burst_us = 104_222
        watch = Watch(lambda: self.packed, self._counts, (512, 39_063, 4095), 500, self.burst_us)
        super().__init__(watch=watch)

    def _counts(self) -> int:
        return self.plant.pressure_counts(self.now_us)

    def live(self, until_us: int) -> None:
        while True:
            due_us = self.core.next_us()
            wake_us = min(self.pump.deadline_us, due_us if due_us >= 0 else 1 << 62)
            assert self.now_us <= self.pump.deadline_us <= self.now_us + WATCH_US
            if wake_us > until_us:
                break
            self.core.promise(self.now_us, self.pump.deadline_us)
            self.now_us = max(self.now_us, wake_us)
            happened = events.TIME if self.now_us >= self.pump.deadline_us else 0
            if 0 <= due_us <= self.now_us:
                action = self.core.service(self.now_us)
                if action == 1:
                    before = self._counts()
                    edge_us = self.plant.stroke(self.now_us, 96, self.burst_us)
                    self.now_us = edge_us or self.now_us + self.burst_us + 50_000
                    if edge_us:
                        self.core.confirmed()
                    self.core.ended()
                    self.packed = before | self._counts() << 12 | (edge_us > 0) << 24
                    happened |= events.STROKE
                elif action == 3:
                    happened |= events.FAULT
            self.core.settle(self.now_us)
            self.pump.handle(happened)
        self.now_us = until_us


@pytest.mark.req("OCC-1", "OCC-4")
def test_an_occlusion_in_a_bolus_suspends_and_what_clears_is_reported() -> None:
    hand = Hand(Fault("occlusion", 5 * SECOND_US, 300 * SECOND_US))
    hand.pump.boluses.bolus(4000)
    hand.live(30 * SECOND_US)
    status = hand.pump.status()
    assert (status["state"], protocol.DIAGNOSES[status["diagnosis"]]) == (protocol.STATE_STOPPED, "occlusion")
    assert (status["missed_mu"], status["released_mu"]) == (400, 0)
    found = hand.pump.reports.read_diagnosis()
    assert found["strokes"] == 2
    assert found["stored_mu"] == pytest.approx(400, rel=0.1)
    assert found["compliance_pl_per_pa"] == pytest.approx(75, rel=0.1)
    assert alarms(hand) == ["occlusion", "pump_stopped"]
    hand.live(600 * SECOND_US)
    status = hand.pump.status()
    assert (status["state"], protocol.DIAGNOSES[status["diagnosis"]]) == (
        protocol.STATE_STOPPED,
        "occlusion_cleared",
    )
    assert status["released_mu"] == pytest.approx(400, rel=0.1)
    newest = hand.pump.reports.read_log(0, 8)["newest_number"]
    found = [
        each
        for each in hand.pump.reports.read_log(newest - 8, 16)["events"]
        if each["event"] == protocol.EVENT_DIAGNOSIS
    ]
    assert [(each["category"], each["detail"]) for each in found] == [
        (protocol.CATEGORY_ALARM, codes.OCCLUSION),
        (protocol.CATEGORY_ALARM, codes.CLEARED),
    ]
    assert (found[0]["a"], found[0]["b"], found[1]["d"]) == (2, 400, status["released_mu"])


@pytest.mark.req("OCC-1")
def test_resume_begins_afresh_and_finds_it_again() -> None:
    hand = Hand(Fault("occlusion", 0))
    hand.pump.therapy.set_basal(35_000)
    hand.live(120 * SECOND_US)
    assert hand.pump.status()["diagnosis"] == codes.OCCLUSION
    hand.pump.switch.resume()
    assert hand.pump.status()["diagnosis"] == codes.NONE
    hand.live(240 * SECOND_US)
    assert hand.pump.status()["diagnosis"] == codes.OCCLUSION
    assert len(hand.plant.strokes) == 4


@pytest.mark.req("OCC-2")
def test_a_stall_is_named_and_stops() -> None:
    hand = Hand(Fault("motor_stall", 0))
    hand.pump.boluses.bolus(4000)
    hand.live(30 * SECOND_US)
    assert hand.pump.status()["diagnosis"] == codes.STALL
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED
    assert alarms(hand) == ["motor_stall", "pump_stopped"]
    assert hand.halted >= 1, "at once; and again when no stroke can begin any more"
    assert len(hand.plant.strokes) == 2


@pytest.mark.req("OCC-2")
def test_a_finding_that_asks_for_no_stop_stops_nothing() -> None:
    hand = Hand(Fault("sensor_stuck", 0))
    hand.pump.boluses.bolus(4000)
    hand.live(60 * SECOND_US)
    assert hand.pump.status()["diagnosis"] == codes.SENSOR_STUCK
    assert len(hand.plant.strokes) == 20


@pytest.mark.req("OCC-2")
def test_a_board_that_brings_no_readings_says_so() -> None:
    hand = hands.Hand()
    assert protocol.DIAGNOSES[hand.pump.status()["diagnosis"]] == "not_watched"
    assert hand.pump.deadline_us == WATCH_US
    with pytest.raises(Refused):
        hand.pump.switch.resume()


def test_the_link_names_findings_as_the_detector_does() -> None:
    assert protocol.DIAGNOSES == codes.NAMES


@pytest.mark.req("OCC-2")
def test_a_lesser_finding_does_not_displace_one_that_stopped() -> None:
    watch = Watch(lambda: -1, lambda: 0, (512, 39_063, 4095), 500, 104_222)
    for code in (codes.SENSOR_DRIFT, codes.OCCLUSION, codes.SENSOR_STUCK):
        watch.found.append(codes.Diagnosis(code, 0, 0, 0))
        assert watch.take().code == code
    assert watch.standing.code == codes.OCCLUSION
    watch.found.append(codes.Diagnosis(codes.CLEARED, 0, 0, 0))
    watch.take()
    assert watch.standing.code == codes.CLEARED


@pytest.mark.req("STORE-5", "ALARM-2")
@pytest.mark.parametrize("kind", ["occlusion", "motor_stall", "sensor_stuck"])
def test_a_finding_stands_over_a_reset_with_its_figures(kind: str) -> None:
    hand = Hand(Fault(kind, 0))
    hand.pump.boluses.bolus(4000)
    hand.live(60 * SECOND_US)
    assert hand.rtc.now_s is not None
    hand.rtc.now_s += hand.now_us // SECOND_US
    before = hand.pump.reports.read_diagnosis()
    assert before["diagnosis"] != codes.NONE
    watch = Watch(lambda: -1, lambda: 512, (512, 39_063, 4095), 500, 104_222)
    after = hands.Hand(hand.memory, hand.rtc, watch)
    assert after.pump.reports.read_diagnosis() == before
    found = after.pump.alarms.read_alarms(0)["records"]
    assert all(each in found for each in hand.pump.alarms.read_alarms(0)["records"])
    name = {"sensor_stuck": "pressure_sensor_fault"}.get(kind, kind)
    hands.refused(lambda: after.pump.alarms.acknowledge_alarm(BY_NAME[name].number), protocol.CAUSE_THERE)
    if kind == "occlusion":
        after.pump.switch.resume()
        last = hands.Hand(after.memory, after.rtc, Watch(lambda: -1, lambda: 512, (512, 39_063, 4095), 500, 104_222))
        assert last.pump.reports.read_diagnosis()["diagnosis"] == codes.NONE


def _answered(hand: Hand, *choices: int) -> None:
    for choice in choices:
        at = hand.pump.clinic.read_procedure()["step"]
        hand.pump.clinic.answer_procedure(at, choice, 0)


@pytest.mark.req("OCC-1", "PWR-1", "THER-6")
@pytest.mark.parametrize("procedure", [1, 2, 3, 4, 5])
def test_a_look_that_waits_as_a_procedure_begins_keeps_no_pump_awake(procedure: int) -> None:
    hand = Hand(Fault("occlusion", 0))
    hand.pump.boluses.bolus(200)
    hand.live(SECOND_US)
    assert hand.pump.deadline_us < 20 * SECOND_US, "a look at the stroke waits"
    hand.pump.switch.stop()
    hand.pump.clinic.start_procedure(procedure)
    hand.now_us += 60 * SECOND_US
    wakes = hand.pump.upkeep.energy.wakes
    hand.pump.handle(events.TIME)
    assert hand.pump.deadline_us > hand.now_us
    hand.live(hand.now_us + 60 * SECOND_US)
    assert hand.pump.upkeep.energy.wakes - wakes < 20
    assert hand.pump.status()["diagnosis"] == codes.NONE


@pytest.mark.req("OCC-1", "THER-6")
@pytest.mark.parametrize(("kind", "found"), [("occlusion", codes.OCCLUSION), ("sensor_stuck", codes.NONE)])
def test_every_stroke_of_a_patency_test_and_the_looks_after_the_last_tell_of_the_catheter(
    kind: str, found: int
) -> None:
    hand = Hand(Fault(kind, 0))
    hand.pump.switch.stop()
    hand.pump.clinic.start_procedure(5)
    seen = []
    taken = hand.pump._watch.stroke
    hand.pump._watch.stroke = lambda *when: (seen.append(when), taken(*when))
    _answered(hand, 0, 0)
    hand.live(hand.now_us + 60 * SECOND_US)
    assert len(seen) == len(hand.plant.strokes) > 0
    assert hand.pump.deadline_us > hand.now_us
    assert hand.pump.status()["diagnosis"] == found
