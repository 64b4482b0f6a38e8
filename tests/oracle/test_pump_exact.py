"""The pump's time by hand: which stroke, edge or change comes when, what a cap withholds, what an end gives up."""

from __future__ import annotations

import pytest

from hil.oracle.device import Device
from hil.oracle.exact import NEVER_US, Quantum
from hil.oracle.programme import Temp
from hil.oracle.pump import Pump, Seen, Watcher
from tests.oracle.hand import EDGE_US, MIN, H, Hand, S
from tests.oracle.pumps import Q, notes, pump, starts

# Time


@pytest.mark.req("DOSE-1")
def test_what_is_due_at_the_very_time_has_happened() -> None:
    made = pump(3_000)  # a stroke every 240 s
    assert starts(made, 240 * S - 1) == []
    assert starts(made, 240 * S) == [(240 * S, "basal")]
    assert (made.commanded, made.confirmed, made.recorded_us) == (1, 0, 0)
    made.advance(240 * S + EDGE_US - 1)
    assert made.confirmed == 0 and len(made.unconfirmed) == 1
    made.advance(240 * S + EDGE_US)
    assert (made.confirmed, made.unconfirmed, made.recorded_us) == (1, [], 240 * S + EDGE_US)
    assert made.now_us == 240 * S + EDGE_US
    made.advance(0)
    assert made.now_us == 240 * S + EDGE_US, "time does not run back"


@pytest.mark.req("DOSE-3")
def test_basal_comes_to_be_owed_and_programmed_with_time() -> None:
    made = pump(1_000)
    made.advance(5 * S)
    made.advance(9 * S)
    assert made.basal.owed_q == 9_000 * S
    assert made.basal_entry is not None and made.basal_entry.programmed_q == 9_000 * S
    made.take_back(4_000 * S)
    assert (made.basal.owed_q, made.basal_entry.programmed_q) == (5_000 * S, 5_000 * S)
    made.end_basal("cancelled")
    made.pass_time(10 * S)
    made.take_back(1)
    assert made.basal.owed_q == 6_000 * S - 1 and made.entries[-1].programmed_q == 5_000 * S


@pytest.mark.req("DOSE-2")
def test_a_change_that_is_not_due_yet_does_not_happen() -> None:
    made = pump(1_000)
    made.programme.temp = Temp(False, 0, 30 * MIN)
    made.follow()
    made.advance(30 * MIN - 1)
    assert (made.now_us, made.rate) == (30 * MIN - 1, 0)
    made.advance(30 * MIN)
    assert (made.now_us, made.rate) == (30 * MIN, 1_000)


class Bell(Watcher):
    """Rings at its times."""

    def __init__(self, *times_us: int) -> None:
        self.left = [*times_us]
        self.rung: list[tuple[int, int, int]] = []

    def next_us(self, pump: Pump) -> int:
        return self.left[0] if self.left else NEVER_US

    def act(self, pump: Pump) -> None:
        self.rung.append((self.left.pop(0), pump.now_us, pump.commanded))


@pytest.mark.req("DOSE-1")
def test_those_that_act_by_themselves_act_at_their_time_after_a_stroke_of_the_same() -> None:
    made = pump(3_000)
    first, second = Bell(100 * S, 240 * S, 240 * S + 1), Bell(240 * S)
    made.watchers += [first, second]
    made.advance(300 * S)
    assert first.rung == [(100 * S, 100 * S, 0), (240 * S, 240 * S, 1), (240 * S + 1, 240 * S + 1, 1)]
    assert second.rung == [(240 * S, 240 * S, 1)]
    made.dark = True
    first.left = [400 * S]
    made.pass_time(400 * S)
    made.change()
    assert len(first.rung) == 3, "nobody acts without power"
    for method in (lambda: Watcher().next_us(made), lambda: Watcher().act(made)):
        with pytest.raises(NotImplementedError):
            method()


@pytest.mark.req("DOSE-1")
def test_an_edge_is_seen_before_a_change_of_the_same_microsecond() -> None:
    made = pump(3_000)
    edge_us = 240 * S + EDGE_US
    seen: list[int] = []

    class AtEdge(Bell):
        def act(self, pump: Pump) -> None:
            seen.append(pump.confirmed)
            super().act(pump)

    made.watchers.append(AtEdge(edge_us))
    made.advance(edge_us)
    assert seen == [1]


@pytest.mark.req("DOSE-1", "DOSE-4")
def test_an_edge_later_than_the_next_start_holds_nothing_up_and_one_at_the_same_time_comes_first() -> None:
    made = Pump(Quantum(500, 400), 2 * S + S // 2, Seen([]))
    made.begin("normal_bolus", 2)
    assert [at_us for at_us, _ in starts(made, 9 * S)] == [0, 2 * S] and made.confirmed == 2
    device = Device(500, 400, 2 * S, Seen([]))
    device.reservoir.fill(500_500, 0, 0)  # a stroke above the stop
    device.pump.begin("normal_bolus", 2)
    assert [at_us for at_us, _ in starts(device.pump, 9 * S)] == [0], "seen: the pump has stopped"


@pytest.mark.req("THER-2", "THER-7")
def test_a_temporary_rate_completes_and_a_recommendation_that_lapses_is_noted() -> None:
    made = pump(1_000)
    made.programme.temp = Temp(False, 5_000, 30 * MIN)
    made.follow()
    assert (made.rate, [each.kind for each in made.entries]) == (5_000, ["basal", "basal", "temp_basal"])
    made.advance(30 * MIN)
    assert made.rate == 1_000
    assert [(each.kind, each.reason, each.end_us) for each in made.entries[1:]] == [
        ("basal", "superseded", 0), ("temp_basal", "completed", 30 * MIN), ("basal", "running", 0),
    ]  # fmt: skip
    made.programme.recommended_mu_per_h, made.programme.recommended_until_us = 2_000, 40 * MIN
    made.follow()
    made.advance(40 * MIN)
    assert made.rate == 1_000 and made.events[-2].what == "rate_lapsed"
    assert made.events[-2].values == {"a": 1_000} and made.events[-1].what == "delivery_ended"
    made.programme.temp = Temp(False, 5_000, 50 * MIN)
    made.follow()
    made.dark = True
    made.pass_time(50 * MIN)
    made.change()
    assert made.entries[-1].reason == "running" and made.rate == 1_000, "without power no account ends"


# Caps


@pytest.mark.req("GUARD-1", "DOSE-3")
def test_a_cap_ends_a_normal_bolus_with_its_name_and_leaves_no_stroke_to_come() -> None:
    made = pump()
    made.caps.hour_mu = 600
    entry = made.begin("normal_bolus", 5)
    assert starts(made, H) == [(0, "normal_bolus"), (2 * S, "normal_bolus"), (4 * S, "normal_bolus")]
    assert (entry.commanded, entry.abandoned, entry.reason, entry.end_us) == (3, 2, "hour_cap", 6 * S)
    assert (made.abandoned, made.withheld, made.normal) == (2, 2, None)
    assert [what for _, what in notes(made) if what == "withheld"] == ["withheld"] * 2
    assert made.events[0].values == {"caps": ("hour_cap",)}


@pytest.mark.req("GUARD-1", "DOSE-3")
def test_basal_that_a_cap_withholds_is_given_up_and_the_next_is_owed_anew() -> None:
    made = pump(3_000)
    made.caps.day_mu = 200
    assert starts(made, 720 * S) == [(240 * S, "basal")]
    assert made.basal_entry is not None
    assert (made.basal_entry.abandoned, made.basal_entry.withheld_by, made.basal.owed_q) == (2, "day_cap", 0)
    assert made.basal_entry.runs


@pytest.mark.req("GUARD-1")
def test_where_the_safe_side_leaves_it_open_what_was_seen_decides() -> None:
    for seen in (False, True):
        made = pump(seen=[H + 3 * S + 7] if seen else [H + 3 * S])
        made.bench_offset_us = 7
        made.caps.hour_mu = 200
        first = made.begin("normal_bolus", 1)
        made.advance(H + 3 * S)  # the first is in the hour by the safe side only
        second = made.begin("normal_bolus", 1)
        made.advance(H + 4 * S)
        assert first.reason == "completed"
        assert second.reason == ("completed" if seen else "hour_cap")


@pytest.mark.req("GUARD-1", "DOSE-3")
def test_a_square_bolus_that_a_cap_has_cut_ends_with_the_cap_s_name() -> None:
    made = pump()
    entry = made.begin("square_bolus", 3, 3 * 1_800 * S)
    made.caps.hour_mu = 100
    made.advance(1_800 * S)
    made.caps.hour_mu = 60_000
    made.advance(3 * H)
    assert (entry.commanded, entry.abandoned, entry.reason) == (2, 1, "hour_cap")


# A stroke that is counted, made or not


@pytest.mark.req("STORE-2")
def test_a_stroke_that_counts_unmade_is_in_every_account_but_not_on_the_pins() -> None:
    said: list[str] = []
    made = pump(3_000)
    made.react = lambda what, _: said.append(what)
    made.pass_time(241 * S)
    assert made.count_unmade() is True
    assert (made.commanded, made.confirmed, made.strokes, said) == (1, 1, [], ["counted"])
    assert made.basal_entry is not None
    assert (made.basal_entry.commanded, made.basal_entry.confirmed) == (1, 1)
    assert made.basal.owed_q == 3_000 * S and made.last_start_us == 241 * S
    assert made.caps.starts_us == [241 * S]
    bolus = made.begin("normal_bolus", 2)
    made.pass_time(243 * S)
    assert made.count_unmade() is True
    assert (bolus.commanded, bolus.confirmed, made.basal.owed_q) == (1, 1, 9_000 * S)


@pytest.mark.req("STORE-2", "GUARD-1")
def test_a_cap_may_withhold_the_stroke_in_doubt() -> None:
    made = pump(3_000)
    made.caps.hour_mu = 100
    made.pass_time(240 * S)
    assert made.count_unmade() is False
    assert made.basal_entry is not None and made.basal_entry.abandoned == 1
    assert (made.commanded, made.abandoned, made.withheld, made.basal.owed_q) == (0, 1, 1, 0)
    for counted in (True, False):
        made = pump(3_000)
        made.caps.hour_mu = 200
        made.caps.count(-H)  # in the hour by the safe side only
        made.pass_time(1)
        made.basal.owed_q = Q
        assert made.count_unmade(counted) is counted
        assert made.commanded == counted
    made = pump()
    made.basal.owed_q = Q
    assert made.count_unmade(False) is True, "nothing speaks against it"


@pytest.mark.req("DOSE-5")
def test_a_stroke_in_progress_counts_when_the_motor_is_stopped_and_one_that_begins_is_not_made() -> None:
    made = pump()
    entry = made.begin("normal_bolus", 3)
    made.advance(1)
    assert made.in_last_stroke(entry) is False and made.in_last_stroke(None) is False
    made.finish_stroke()
    assert (made.confirmed, entry.confirmed, len(made.strokes)) == (1, 1, 1)
    made.advance(2 * S)
    made.finish_stroke()
    assert (made.confirmed, entry.confirmed, len(made.strokes)) == (2, 2, 1)
    made.finish_stroke()
    assert (made.confirmed, len(made.strokes)) == (2, 1)
    made.advance(4 * S)
    assert made.in_last_stroke(entry)
    made.advance(4 * S + EDGE_US)
    assert not made.in_last_stroke(entry)


@pytest.mark.req("GUARD-1")
def test_what_the_pins_showed_is_asked_to_the_microsecond() -> None:
    seen = Seen([5, 9])
    assert seen.stroke_at(5) and seen.stroke_at(9) and not seen.stroke_at(6)
    assert Hand().device.pump.state == "running"
