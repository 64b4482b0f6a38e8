"""The watch between board and detector: which reading goes where, what stands, and how it is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from firmware.occlusion import codes
from firmware.occlusion.closed import NEVER_US
from firmware.occlusion.physics import Known, SyringeMock
from firmware.occlusion.watch import Watch, report, watch_of

pytestmark = pytest.mark.req("OCC-1", "OCC-2", "OCC-4")
SEEN = 1 << 24
LATE = 5_000_000


class Board:
    """Its latest stroke's readings as the board packs them, and the converter's now."""

    NAME, MECHANISM, PRESSURE_CALIBRATION = "BOARD", "syringe_mock", (100, 2_000, 4_000)
    stroke_nl = 125

    def __init__(self) -> None:
        self.packed = -1
        self.counts = 700
        self.ended_us = 90

    def stroke_readings(self) -> int:
        return self.packed

    def read_pressure_counts(self) -> int:
        return self.counts

    def stroke_ended_us(self) -> int:
        return self.ended_us

    stroke_lead_us = 50


def watched(**more: Any) -> tuple[Board, Watch, list[tuple[Any, ...]]]:
    """A watch whose detector takes down what it is told."""
    board = Board()
    watch = Watch(board.stroke_readings, board.read_pressure_counts, (512, 39_063, 4_095), 500, 104_222, **more)
    told: list[tuple[Any, ...]] = []
    detector = SimpleNamespace(
        stroke=lambda *what: told.append(("stroke", *what)),
        reading=lambda *what: told.append(("reading", *what)),
        start=lambda *what: told.append(("start", *what)),
        wake_us=LATE,
    )
    watch.detector = detector
    return board, watch, told


def test_a_strokes_readings_are_unpacked_and_a_board_without_any_tells_nothing() -> None:
    board, watch, told = watched()
    watch.stroke(1_000, 9_000)
    assert told == []
    for packed, seen in ((0, False), (0xABC | 0xFED << 12, False), (0xABC | 0xFED << 12 | SEEN, True)):
        board.packed = packed
        watch.stroke(1_000, 9_000)
        assert told.pop() == ("stroke", 1_000, packed & 0xFFF, packed >> 12 & 0xFFF, seen, 9_000)
    watch.stroke(1_000, 0)
    watch.stroke(1_000, -1)
    assert [each[-1] for each in told] == [0, NEVER_US]


def test_looks_count_from_the_strokes_end_and_the_next_one_starts_after_its_lead() -> None:
    board, watch, told = watched(ended_us=lambda: 90, lead_us=50)
    board.packed = SEEN
    watch.stroke(1_000, 9_000)
    watch.stroke(1_000, -1)
    assert [(each[1], each[-1]) for each in told] == [(90, 9_050), (90, NEVER_US)]


def test_a_reading_is_taken_when_the_detector_wants_one_and_no_earlier() -> None:
    _, watch, told = watched()
    watch.time(LATE - 1)
    assert told == []
    watch.time(LATE)
    assert told == [("reading", LATE, 700)]
    assert watch.wake_us(10, LATE + 1) == LATE and watch.wake_us(10, LATE - 1) == LATE - 1
    assert watch.wake_us(LATE + 5, LATE + 9) == LATE + 5


def finding(code: int) -> codes.Diagnosis:
    return codes.Diagnosis(code, 1, 2, 3)


@pytest.mark.parametrize("stood", range(1, 10))
@pytest.mark.parametrize("code", range(1, 10))
def test_no_lesser_finding_displaces_one_that_has_stopped_delivery(stood: int, code: int) -> None:
    stops = (codes.OCCLUSION, codes.AIR_LOCK, codes.STALL)
    _, watch, _ = watched()
    watch.found += [finding(stood), finding(code)]
    told = [watch.take().code, watch.take().code]
    turns_out = stood == codes.OCCLUSION and code in (codes.PARTIAL, codes.CLEARED)
    stands = code if code in stops or stood not in stops or turns_out else stood
    assert watch.standing is not None and watch.standing.code == stands and told == [stood, code] and watch.found == []


def test_a_start_forgets_what_stood_and_a_procedure_does_not() -> None:
    _, watch, told = watched()
    watch.found.append(finding(codes.OCCLUSION))
    watch.take()
    watch.found.append(finding(codes.PARTIAL))
    watch.procedure(70)
    assert watch.standing is not None and watch.found
    watch.start(80)
    assert watch.standing is None and watch.found == [] and told == [("start", 70), ("start", 80)]


def test_a_finding_is_told_in_mu_and_with_all_its_figures() -> None:
    _, watch, _ = watched()
    found = codes.Diagnosis(codes.OCCLUSION, 11, 12, 1_001)
    found.stored_nl, found.released_nl, found.rise_pa, found.level_pa, found.compliance_pl_per_pa = (
        2_002,
        3_003,
        4,
        5,
        6,
    )
    nothing = {
        "diagnosis": 0, "at_us": 0, "strokes": 0, "missed_mu": 0, "stored_mu": 0, "released_mu": 0, "rise_pa": 0,
        "level_pa": 0, "compliance_pl_per_pa": 0, "air_lock_watched": True,
    }  # fmt: skip
    assert report(watch, 400) == nothing
    assert report(None, 400) == nothing | {"diagnosis": codes.NOT_WATCHED, "air_lock_watched": False}
    watch.found.append(found)
    assert report(watch, 400) == nothing and watch.take() is found
    assert report(watch, 400) == {
        "diagnosis": codes.OCCLUSION, "at_us": 11, "strokes": 12, "missed_mu": 400, "stored_mu": 800,
        "released_mu": 1_201, "rise_pa": 4, "level_pa": 5, "compliance_pl_per_pa": 6, "air_lock_watched": True,
    }  # fmt: skip
    assert report(watch, 100)["missed_mu"] == 100


def test_the_watch_of_a_board_knows_its_mechanism_and_its_sensor() -> None:
    board = Board()
    watch = watch_of(board, 40_000)
    assert watch is not None and not watch.air_lock_watched, "behind a syringe no pulse shows"
    known = watch.detector._t.known
    assert isinstance(known, SyringeMock)
    assert (known.stroke_nl, known.burst_us) == (125, 40_000)
    assert (known.zero_counts, known.pa_per_kilocount, known.full_scale_counts) == (100, 2_000, 4_000)
    board.packed = 200 | 300 << 12 | SEEN
    watch.stroke(1_000, 9_000)
    assert (watch.detector._end_us, watch.detector._next_us) == (90, 9_050)
    board.stroke_readings = None  # type: ignore[method-assign, assignment]
    assert watch_of(board, 40_000) is None
    plain = watched()[1]
    assert plain.air_lock_watched and plain.standing is None and plain.found == []
    assert (Known.stroke_nl, Known.burst_us, Known.zero_counts) == (500, 104_222, 512), "one board's are its own"
    assert [codes.NAMES[code] for code in (*codes.STOPS, *codes.FOLLOW)] == [
        "occlusion", "air_lock", "motor_stall", "partial_occlusion", "occlusion_cleared",
    ]  # fmt: skip


def test_every_bit_of_a_reading_arrives() -> None:
    board, watch, told = watched()
    for bit in range(12):
        for before, end in ((1 << bit, 0), (0, 1 << bit), (0xFFF ^ 1 << bit, 0xFFF)):
            told.clear()
            board.packed = before | end << 12
            watch.stroke(1_000, 9_000)
            assert told[0][2:5] == (before, end, False)


def test_a_findings_volumes_are_told_in_whole_mu_rounded_down() -> None:
    _, watch, _ = watched()
    found = codes.Diagnosis(codes.OCCLUSION, 1, 2, 1_000_002)
    found.stored_nl, found.released_nl = 2_000_004, 3_000_007
    watch.standing = found
    told = report(watch, 400)
    assert (told["missed_mu"], told["stored_mu"], told["released_mu"]) == (400_000, 800_001, 1_200_002)
