"""The journal by itself: what counts with which save, and what a copy that is damaged, or a save that fails, leaves."""

from __future__ import annotations

import pytest

from c_ext.host import Core
from firmware.errors import MemoryAbsent
from firmware.storage import memory_map
from firmware.storage.journal import DAMAGED, NEW, ONE_COPY, WHOLE, Journal
from firmware.storage.settings import PAYLOAD_BYTES as SETTINGS_BYTES
from firmware.storage.slots import OVERHEAD_BYTES
from firmware.storage.state_record import PAYLOAD_BYTES
from tests.firmware.hand import MOTOR, STROKE_UU
from tests.firmware.ram import PowerCut, RamNvm

pytestmark = [pytest.mark.req("STORE-1", "STORE-2", "STORE-3")]
STATE_SLOT = PAYLOAD_BYTES + OVERHEAD_BYTES
SETTINGS_SLOT = SETTINGS_BYTES + OVERHEAD_BYTES


def journal(nvm: RamNvm, stroke_uu: int = STROKE_UU) -> Journal:
    return Journal(nvm, Core(motor=MOTOR).ticks(), stroke_uu)


def initialised() -> tuple[RamNvm, Journal]:
    nvm = RamNvm()
    made = journal(nvm)
    assert made.open() == NEW
    made.initialise(1)
    return nvm, made


def opened(nvm: RamNvm) -> tuple[int, Journal]:
    again = journal(RamNvm(image=bytes(nvm.cells)))
    return again.open(), again


def places(nvm: RamNvm) -> memory_map.Layout:
    return memory_map.Layout(nvm.size_bytes, len(Core(motor=MOTOR).ticks()))


def copies(nvm: RamNvm, what: str, made: Journal) -> tuple[int, int]:
    if what == "format":
        return memory_map.FORMAT_AT, memory_map.FORMAT_AT + memory_map.FORMAT_PAYLOAD_BYTES + OVERHEAD_BYTES
    if what == "state":
        return memory_map.STATE_AT, memory_map.STATE_AT + STATE_SLOT
    at = made._places[made._place]
    return at, at + SETTINGS_SLOT


def test_what_is_saved_is_there_and_what_is_not_is_not() -> None:
    nvm, made = initialised()
    made.record.strokes, made.record.permitted, made.record.command_id = 7, 8, 99
    made.save()
    made.record.strokes = 8
    state, again = opened(nvm)
    assert state == WHOLE
    assert (again.record.strokes, again.record.permitted, again.record.command_id) == (7, 8, 99)


@pytest.mark.parametrize("only_stroke", [False, True])
@pytest.mark.parametrize("copy", [0, 1])
@pytest.mark.parametrize("what", ["format", "state", "settings"])
def test_with_the_next_save_there_are_two_copies_again_be_it_only_a_stroke_s(
    what: str, copy: int, only_stroke: bool
) -> None:
    nvm, made = initialised()
    nvm.flip(copies(nvm, what, made)[copy] + 6)
    mended = RamNvm(image=bytes(nvm.cells))
    again = journal(mended)
    assert again.open() == ONE_COPY
    again.record.strokes = 3
    again.save(only_stroke)
    before = len(mended.writes)
    again.save(only_stroke)
    assert {address for address, _ in mended.writes[before:]} == set(copies(mended, "state", again)), "once is enough"
    state, third = opened(mended)
    assert state == WHOLE and third.record.strokes == 3
    for each in copies(mended, what, third):
        mended.flip(each + 6)
    assert opened(mended)[0] == DAMAGED


@pytest.mark.parametrize("only_stroke", [False, True])
def test_settings_count_with_the_next_save_whatever_it_is(only_stroke: bool) -> None:
    nvm, made = initialised()
    for minutes in (65, 70, 75):
        made.settings.auto_off_min = minutes
        made.save_settings()
        assert opened(nvm)[1].settings.auto_off_min == (0 if minutes == 65 else minutes - 5)
        made.save(only_stroke)
        state, again = opened(nvm)
        assert (state, again.settings.auto_off_min) == (WHOLE, minutes)
    for each in copies(nvm, "settings", made):
        nvm.flip(each + 6)
    assert opened(nvm)[0] == DAMAGED, "the settings before are no settings"


def test_settings_that_are_taken_back_or_could_not_be_stored_are_what_they_were() -> None:
    nvm, made = initialised()
    made.settings.auto_off_min = 65
    made.save_settings()
    made.take_back_settings()
    assert made.settings.auto_off_min == 0
    nvm.failing = True
    made.settings.auto_off_min = 70
    with pytest.raises(MemoryAbsent):
        made.save_settings()
    nvm.failing = False
    assert made.settings.auto_off_min == 0
    made.save()
    state, again = opened(nvm)
    assert (state, again.settings.auto_off_min) == (WHOLE, 0)
    made.take_back_settings()  # nothing is stored beside those in force
    made.settings.auto_off_min = 75
    made.save_settings()
    made.save()
    assert opened(nvm)[1].settings.auto_off_min == 75


class Failing(RamNvm):
    """Write `fails_at` from now on is not acknowledged; 0: all are."""

    fails_at = 0

    def write(self, address: int, data: bytes) -> None:
        self.fails_at -= 1
        if self.fails_at == 0:
            raise MemoryAbsent(0)
        super().write(address, data)


@pytest.mark.parametrize("first_only_stroke", [False, True])
@pytest.mark.parametrize("number", [1, 2])
def test_after_a_save_that_failed_the_next_is_whole_though_it_is_only_a_stroke_s(
    number: int, first_only_stroke: bool
) -> None:
    nvm = Failing()
    made = journal(nvm)
    made.initialise(1)
    made.record.strokes, made.record.command_id = 1, 5
    nvm.fails_at = number
    with pytest.raises(MemoryAbsent):
        made.save(first_only_stroke)
    made.record.strokes, made.record.command_id = 2, 6
    made.save(only_stroke=True)
    state, again = opened(nvm)
    assert (state, again.record.strokes, again.record.command_id) == (WHOLE, 2, 6)
    made.record.command_id = 7
    made.save(only_stroke=True)
    assert opened(nvm)[1].record.command_id == 6, "a stroke's record is short again"


def test_a_stroke_s_record_after_one_is_short() -> None:
    nvm, made = initialised()
    made.record.strokes, made.record.command_id = 1, 5
    made.save(only_stroke=True)
    state, again = opened(nvm)
    assert (state, again.record.strokes, again.record.command_id) == (WHOLE, 1, 0)
    made.record.strokes = 2
    made.save(only_stroke=True)
    assert opened(nvm)[1].record.command_id == 0, "and so is the one after"


@pytest.mark.parametrize("write", [1, 2])
def test_a_permit_counts_when_both_copies_have_it(write: int) -> None:
    nvm, made = initialised()
    made.record.strokes, made.record.permitted = 4, 5
    made.save()
    made.record.strokes, made.record.permitted = 5, 6
    nvm.cut_write, nvm.cut_bytes = len(nvm.writes) + write, 0
    with pytest.raises(PowerCut):
        made.save(only_stroke=True)
    state, again = opened(nvm)
    if write == 1:  # the record before, in both
        assert (state, again.record.strokes, again.record.permitted) == (WHOLE, 4, 5)
    else:
        assert (state, again.record.strokes, again.record.permitted) == (ONE_COPY, 5, 0)


@pytest.mark.parametrize("copy", [0, 1])
def test_a_permit_that_was_given_stands_though_a_copy_is_damaged_later(copy: int) -> None:
    nvm, made = initialised()
    made.record.strokes, made.record.permitted = 4, 5
    made.save()
    nvm.flip(copies(nvm, "state", made)[copy] + 6)
    state, again = opened(nvm)
    assert (state, again.record.strokes, again.record.permitted) == (ONE_COPY, 4, 5)


@pytest.mark.parametrize("damaged", [0, 1, 2])
def test_alarms_that_cannot_be_read_are_none_and_one_copy_is_enough(damaged: int) -> None:
    nvm, made = initialised()
    made.alarms[:] = bytes(range(1, 256)) * 2 + bytes(len(made.alarms) - 510)
    made.save_alarms()
    kept = bytes(made.alarms)
    at = places(nvm).alarms_at
    for copy in range(damaged):
        nvm.flip(at + 9 + copy * (memory_map.ALARMS_BYTES + OVERHEAD_BYTES))
    state, again = opened(nvm)
    assert state == WHOLE, "they are no part of it"
    assert bytes(again.alarms) == (bytes(len(kept)) if damaged == 2 else kept)


def test_the_log_goes_on_with_the_number_that_the_state_names() -> None:
    nvm, made = initialised()
    made.log.append(1, 1, 1)
    made.log.append(2, 1, 1)
    assert opened(nvm)[1].log.next_number == 1, "events count with the next save"
    made.save()
    assert opened(nvm)[1].log.next_number == 3


def test_a_memory_of_another_pump_is_not_believed() -> None:
    nvm, _ = initialised()
    assert opened(nvm)[0] == WHOLE
    assert journal(RamNvm(image=bytes(nvm.cells)), STROKE_UU // 4).open() == DAMAGED
    assert journal(RamNvm(image=bytes(range(256)) * 128)).open() == DAMAGED, "neither ours nor a new part"
    for blank in (b"\0", b"\xff"):
        assert journal(RamNvm(image=blank * 32768)).open() == NEW


def test_it_answers_while_the_memory_does() -> None:
    nvm, made = initialised()
    assert made.answers() is True
    nvm.absent = True
    assert made.answers() is False


def test_initialising_forgets_all() -> None:
    nvm, made = initialised()
    made.settings.auto_off_min = 65
    made.save_settings()
    made.alarms[:] = b"\x01" * len(made.alarms)
    made.save_alarms()
    for strokes in range(1, 12):
        made._history._ticks[strokes - 1] = 1000 + strokes
        made.record.strokes = strokes
        made.save(only_stroke=True)
    state, again = opened(nvm)
    assert again.restore_history() == 0
    assert list(again._history._ticks[:12]) == [*range(1001, 1012), 0], "each start came with its stroke"
    life = made.orders.life
    made.record.strokes = made.record.permitted = 0
    made.initialise(2)
    for strokes in range(1, 10):
        made._history._ticks[strokes - 1] = 2000 + strokes
        made.record.strokes = strokes
        made.save(only_stroke=True)
    state, again = opened(nvm)
    assert again.restore_history() == 0
    assert list(again._history._ticks[:10]) == [*range(2001, 2010), 0], "of before there is nothing"
    assert (state, again.settings.auto_off_min, any(again.alarms)) == (WHOLE, 0, False)
    assert made.orders.life != life


def test_the_battery_s_account_is_kept_by_itself() -> None:
    nvm, made = initialised()
    made.energy[:] = bytes(range(1, 1 + len(made.energy)))
    made.save_energy()
    state, again = opened(nvm)
    assert state == WHOLE and bytes(again.energy) == bytes(made.energy)
    assert len({NEW, WHOLE, ONE_COPY, DAMAGED}) == 4
