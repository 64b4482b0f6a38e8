"""The pump's time by hand: which stroke, edge or change comes when, what a cap withholds, what an end gives up."""

from __future__ import annotations

from typing import Any

import pytest

from hil.oracle.device import Device
from hil.oracle.exact import NEVER_US, Quantum
from hil.oracle.programme import Temp
from hil.oracle.pump import NORMALS, Pump, Seen, Watcher
from tests.oracle.hand import EDGE_US, EPOCH_S, MIN, H, Hand, S

Q = 200 * H  # a stroke
MU = H


def pump(rate_mu_per_h: int = 0, seen: list[int] | None = None) -> Pump:
    made = Pump(Quantum(500, 400), EDGE_US, Seen(seen or []))
    made.programme.by_hand_mu_per_h = rate_mu_per_h
    made.follow()
    return made


def starts(made: Pump, until_us: int) -> list[tuple[int, str]]:
    made.advance(until_us)
    return [(each.at_us, each.entry.kind) for each in made.strokes]


def notes(made: Pump) -> list[tuple[int, str]]:
    return [(each.at_us, each.what) for each in made.events]


@pytest.mark.req("DOSE-3")
def test_a_new_pump_has_one_account_of_basal_and_nothing_in_it() -> None:
    made = Pump(Quantum(500, 400), EDGE_US, Seen([]))
    assert [(each.id, each.kind, each.start_us, each.programmed_q) for each in made.entries] == [(1, "basal", 0, 0)]
    assert made.basal_entry is made.entries[0]
    assert (made.now_us, made.bench_us, made.rate, made.state) == (0, 0, 0, "running")
    assert (made.commanded, made.confirmed, made.abandoned, made.withheld) == (0, 0, 0, 0)
    assert (made.recorded_us, made.written_us, made.dark) == (0, 0, False)
    assert made.next_stroke_us() == NEVER_US and made.foreseen_stroke_us() == NEVER_US


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


@pytest.mark.req("DOSE-5")
def test_what_is_given_up_adds_up() -> None:
    made = pump(1_000)
    for waiting in (2, 3):
        made.basal.owed_q = waiting * Q + 5
        assert made.give_up_waiting() == waiting and made.basal.owed_q == 5
    assert made.basal_entry is not None and (made.basal_entry.abandoned, made.abandoned) == (5, 5)


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


# Which stroke


@pytest.mark.req("DOSE-3", "DOSE-4")
def test_a_normal_bolus_goes_first_and_starts_at_spacing() -> None:
    made = pump(3_000)
    made.advance(239 * S)
    made.begin("normal_bolus", 2)
    assert made.next_stroke_us() == 239 * S
    assert starts(made, 250 * S) == [(239 * S, "normal_bolus"), (241 * S, "normal_bolus"), (243 * S, "basal")]
    assert made.next_stroke_us() == 480 * S


@pytest.mark.req("DOSE-3")
def test_of_basal_and_a_square_bolus_what_is_owed_first_goes_first_and_of_what_waits_basal() -> None:
    made = pump(3_000)  # at 240 s
    made.begin("square_bolus", 10, 2_399 * S)  # at 239.9 s
    assert starts(made, 300 * S) == [(239_900_000, "square_bolus"), (241_900_000, "basal")]
    made = pump(3_000)
    made.begin("square_bolus", 10, 2_400 * S)
    assert starts(made, 300 * S) == [(240 * S, "basal"), (242 * S, "square_bolus")], "the same time: basal"
    made = pump(3_000)
    made.begin("square_bolus", 10, 2_390 * S)
    made.advance(238 * S)
    made.begin("normal_bolus", 3)
    assert starts(made, 300 * S)[3:] == [(244 * S, "basal"), (246 * S, "square_bolus")], "both wait"


@pytest.mark.req("DOSE-1")
def test_the_next_stroke_is_foreseen_over_changes_of_the_rate() -> None:
    made = pump(1_000)  # at 720 s
    assert made.next_stroke_us() == made.next_stroke_after_change_us() == made.foreseen_stroke_us() == 720 * S
    made.programme.recommended_mu_per_h, made.programme.recommended_until_us = 1_000, 360 * S
    made.programme.by_hand_mu_per_h = 2_000  # half is owed at 360 s, the other half 180 s later
    assert (made.next_stroke_us(), made.next_stroke_after_change_us(), made.foreseen_stroke_us()) == (
        720 * S, 540 * S, 540 * S,
    )  # fmt: skip
    made.programme.recommended_until_us = 720 * S
    assert made.next_stroke_after_change_us() == made.foreseen_stroke_us() == 720 * S, "before the change"
    made.programme.recommended_until_us = 719 * S
    assert made.next_stroke_after_change_us() == made.foreseen_stroke_us() == 719_500_000
    assert (made.now_us, made.programme.recommended_until_us) == (0, 719 * S), "nothing is touched"
    assert notes(made) == [(0, "delivery_ended")], "but that the rate was set"


def patterned(*rates: int) -> Pump:
    """A pattern of so many rates by the half-hour, the last one for the rest of the day; from midnight on."""
    made = pump()
    made.programme.rates[0] = [*rates, *[rates[-1]] * (48 - len(rates))]
    made.programme.pattern = 0
    made.programme.set_clock(0, EPOCH_S)
    made.follow()
    return made


@pytest.mark.req("DOSE-1", "THER-1")
def test_the_next_change_is_one_and_the_programme_knows_all() -> None:
    """0.05 U, nothing, nothing, then 0.15 U in half an hour: a stroke at its end."""
    made = patterned(100, 0, 0, 300, 0)
    assert (made.next_stroke_us(), made.next_stroke_after_change_us(), made.foreseen_stroke_us()) == (
        2 * H, NEVER_US, 2 * H,
    )  # fmt: skip
    same = patterned(100, 100, 300)  # half-hours of the same rate are no change
    assert same.next_stroke_us() == 2 * H
    assert same.next_stroke_after_change_us() == same.foreseen_stroke_us() == H + 20 * MIN
    nothing = patterned(0)
    assert nothing.next_stroke_after_change_us() == nothing.foreseen_stroke_us() == NEVER_US


@pytest.mark.req("DOSE-1")
@pytest.mark.parametrize(("hours", "foreseen"), [(48, True), (49, False)])
def test_nothing_is_foreseen_beyond_two_days(hours: int, foreseen: bool) -> None:
    made = pump(1)  # 0.2 U in 200 h
    made.programme.by_hand_mu_per_h = 35_000
    made.programme.recommended_mu_per_h, made.programme.recommended_until_us = 1, hours * H
    made.follow()
    left_q = Q - hours * H
    due_us = hours * H + -(-left_q // 35_000)
    assert made.foreseen_stroke_us() == (due_us if foreseen else NEVER_US)
    assert made.next_stroke_after_change_us() == (due_us if foreseen else 200 * H)


@pytest.mark.req("DOSE-1")
def test_a_fork_goes_its_own_way() -> None:
    made = pump(3_000)
    made.begin("normal_bolus", 3)
    made.begin("square_bolus", 2, 480 * S)
    made.advance(2 * S)
    fork = made.fork(Seen([]))
    assert starts(fork, 241 * S) == [(4 * S, "normal_bolus"), (240 * S, "basal")]
    assert (len(made.strokes), made.now_us, made.normal is not None) == (2, 2 * S, True)
    assert made.normal is not None and made.normal.left == 1 and fork.normal is None
    assert fork.square is not None and (fork.square.strokes, fork.square.over_us, fork.square.left) == (2, 480 * S, 2)
    assert [each.kind for each in fork.entries] == ["basal", "normal_bolus", "square_bolus"]
    assert fork.bench_us == 241 * S and fork.rate == 3_000
    fork.programme.by_hand_mu_per_h = 1
    assert made.programme.by_hand_mu_per_h == 3_000
    made.bench_offset_us = 9
    assert made.fork(Seen([])).bench_us == 2 * S + 9


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
        made = pump()
        made.bench_offset_us = 7
        made.seen = Seen([H + 3 * S + 7] if seen else [H + 3 * S])
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


# Ends


@pytest.mark.req("DOSE-3", "DOSE-5")
def test_a_bolus_that_ends_gives_up_what_is_left() -> None:
    made = pump()
    normal, square = made.begin("normal_bolus", 5), made.begin("square_bolus", 4, H)
    made.advance(S)
    assert made.normal is not None and made.drop(made.normal, "cancelled") == 4
    assert (normal.abandoned, normal.reason, normal.end_us, made.normal) == (4, "cancelled", S, None)
    assert made.abandoned == 4 and made.square is not None
    assert made.drop(made.square, "fault") == 4
    assert (square.reason, made.square, made.abandoned) == ("fault", None, 8)
    assert [each.values["entry"] for each in made.events] == [normal, square]


@pytest.mark.req("DOSE-5")
def test_a_cut_ends_all_and_keeps_the_fraction() -> None:
    made = pump(3_000)
    made.begin("normal_bolus", 300)
    made.begin("square_bolus", 4, 1_600 * S)
    made.advance(599 * S)  # 2.49 strokes of basal, 1 of the square wait; all 300 were made
    made.begin("normal_bolus", 3)
    assert made.cut("suspended") == 2 + 3 + 4
    assert made.basal.owed_q == 3_000 * 599 * S - 2 * Q
    assert [each.reason for each in made.entries if each.end_us == 599 * S] == ["suspended"] * 3
    assert (made.normal, made.square, made.basal_entry, made.abandoned) == (None, None, None, 9)
    ended = [each for each in made.entries if each.kind == "basal"][-1]
    assert ended.abandoned == 2
    assert made.cut("fault") == 0 and made.give_up_waiting() == 0
    made.basal.owed_q = Q
    assert made.give_up_waiting() == 1 and ended.abandoned == 2, "nobody's account"


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


@pytest.mark.req("DOSE-3")
def test_each_account_has_its_number_its_volume_and_its_place() -> None:
    made = pump()
    made.advance(5)
    normal = made.begin("dual_normal", 2)
    assert (normal.id, normal.kind, normal.start_us, normal.programmed_q) == (2, "dual_normal", 5, 2 * Q)
    assert made.normal is not None and (made.normal.strokes, made.normal.over_us) == (2, 0)
    assert made.recorded_us == 5 and made.normal_entry is normal and made.square_entry is None
    square = made.begin("dual_square", 3, H)
    assert (square.id, square.programmed_q, made.square_entry) == (3, 3 * Q, square)
    assert made.square is not None and made.square.over_us == H
    made.drop(made.normal, "cancelled")
    for kind in ("insulin_test", "buffer", "naoh", "diagnostic"):
        made.begin(kind, 1)
        assert made.normal_entry is None and kind in NORMALS, "a procedure's strokes are no bolus"
        made.drop(made.normal, "cancelled")
    made.begin("normal_bolus", 1)
    assert made.normal_entry is not None


@pytest.mark.req("DOSE-3")
def test_another_rate_is_another_account_and_the_same_rate_is_not() -> None:
    made = pump(1_000)
    count = len(made.entries)
    made.advance(S)
    made.follow()
    assert len(made.entries) == count
    made.programme.by_hand_mu_per_h = 1_050
    made.follow()
    assert [(each.reason, each.end_us) for each in made.entries[-2:]] == [("superseded", S), ("running", 0)]
    made.programme.temp = Temp(False, 1_050, H)
    made.follow()
    assert [each.kind for each in made.entries[-2:]] == ["basal", "temp_basal"], "a temporary one of the same rate too"
    count = len(made.entries)
    made.programme.temp = Temp(False, 1_100, H)
    made.follow()
    assert made.entries[-1].kind == "temp_basal" and made.rate == 1_100 and len(made.entries) == count
    made.programme.state = "stopped"
    made.programme.temp = None
    made.end_basal("fault")
    made.follow()
    assert (made.rate, made.basal_entry, len(made.entries)) == (0, None, count)
    made.programme.state = "suspended"
    made.follow()
    assert len(made.entries) == count + 1 and made.basal_entry is not None
    made.dark = True
    made.programme.state = "running"
    made.follow()
    assert (made.rate, len(made.entries)) == (1_050, count + 1), "without power no account shows it"


# What is noted


@pytest.mark.req("LOG-1")
def test_an_event_has_the_device_s_the_bench_s_and_the_log_s_time() -> None:
    made = pump()
    said: list[tuple[str, Any]] = []
    made.react = lambda what, values: said.append((what, values))
    made.bench_offset_us = 7
    made.advance(90 * S)
    made.note("anything", a=1)
    made.programme.set_clock(0, EPOCH_S)
    made.note("more")
    assert [(each.at_us, each.bench_us, each.time_s, each.what, each.values) for each in made.events] == [
        (90 * S, 90 * S + 7, 90, "anything", {"a": 1}), (90 * S, 90 * S + 7, EPOCH_S + 90, "more", {}),
    ]  # fmt: skip
    assert said == [("anything", {"a": 1}), ("more", {})] and made.written_us == 0
    made.note("refused")
    assert made.written_us == 90 * S


@pytest.mark.req("GUARD-1")
def test_what_the_pins_showed_is_asked_to_the_microsecond() -> None:
    seen = Seen([5, 9])
    assert seen.stroke_at(5) and seen.stroke_at(9) and not seen.stroke_at(6)
    assert Hand().device.pump.state == "running"
