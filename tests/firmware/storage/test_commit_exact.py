"""The books by themselves: one record a store, the permit with it, and an order that is not stored leaves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.drivers.clock import Clock
from firmware.errors import FirmwareError
from firmware.storage.commit import Books
from tests.firmware.hand import BURST_US, SECOND_US, refused
from tests.firmware.storage.test_memory_exact import Alone

pytestmark = pytest.mark.req("STORE-1")
MINUTE_US = 60 * SECOND_US


class Kept(Alone):
    """A core, its memory and its books, with a bolus of ten strokes under way. `happened` is what was called back."""

    def __init__(self) -> None:
        super().__init__()
        self.happened: list[str] = []
        clock = Clock(lambda: self.now_us)
        self.books = Books(self.core, clock, self.memory, lambda: self.happened.append("failure"))
        assert self.core.bolus(0, 10, 0, 0) == code.OK
        self.books.store()

    def stroke(self) -> None:
        """The next stroke, of which the supervisor has not heard yet."""
        self.now_us = max(self.now_us, self.core.next_us())
        self.core.promise(self.now_us, self.now_us + MINUTE_US)
        assert self.core.service(self.now_us) == 1
        self.now_us += BURST_US
        self.core.confirmed()
        self.core.ended()
        self.core.settle(self.now_us)

    @property
    def permitted(self) -> bool:
        return self.core.next_us() >= 0


@pytest.mark.req("DOSE-1")
@pytest.mark.parametrize("what", ["stroke_over", "store", "keep_time", "accepted", "acted"])
def test_after_a_stroke_one_record_gives_the_next_its_permit(what: str) -> None:
    """Whatever comes first after it, be it an order that arrives before the stroke's own event."""
    kept = Kept()
    kept.stroke()
    assert not kept.permitted
    before = len(kept.nvm.writes)
    given = {"accepted": ("set_basal", 0), "acted": ("stop",)}.get(what, ())
    if what == "accepted":
        kept.books.begin()
    getattr(kept.books, what)(*given)
    stored = kept.stored.record
    assert (stored.strokes, stored.permitted, kept.books.strokes) == (1, 2, 1) and kept.permitted
    event = what in ("accepted", "acted")
    assert len(kept.nvm.writes) - before == 2 + event, "a record in two copies, once"


def test_a_permit_that_the_core_refuses_without_a_reason_is_a_fault_of_this_program() -> None:
    kept = Kept()
    core = kept.books._core = Refuses(kept.core)
    for core.commanded in (0, 2):
        with pytest.raises(FirmwareError, match=f"no permit for stroke 1 after {core.commanded}"):
            kept.books.store()
    core.commanded = 1  # that stroke is in progress: it has its permit
    kept.books.store()
    core.commanded, core.fault = 0, 1
    kept.books.store()


class Refuses:
    """A core that gives no permit."""

    fault = 0
    commanded = 0

    def __init__(self, core: Any) -> None:
        self._core = core

    def permit(self, _: int) -> bool:
        return False

    def over(self) -> int:
        return 0

    def state(self, *_: int) -> list[int]:
        state = list(self._core.state())
        state[code.GUARD_FAULT], state[code.GUARD_COMMANDED] = self.fault, self.commanded
        return state


@pytest.mark.req("THER-3", "THER-7")
@pytest.mark.parametrize("how", ["accepted", "acted"])
@pytest.mark.parametrize("name", ["set_basal", "stop", "recommend_rate"])
def test_an_order_is_the_act_of_a_person_unless_it_is_a_loop_s(name: str, how: str) -> None:
    kept = Kept()
    kept.now_us = MINUTE_US
    kept.books.begin()
    getattr(kept.books, how)(name, 7, 8)
    assert kept.stored.record.contact_us == (0 if name == "recommend_rate" else MINUTE_US)
    number = next(each.id for each in protocol.MESSAGES if each.name == name)
    assert kept.events[-1][1:] == (protocol.CATEGORY_COMMAND, protocol.EVENT_ACCEPTED, number, 0, 7, 8, 0, 0)


def test_an_order_that_is_not_stored_is_undone_as_a_whole() -> None:
    kept = Kept()
    books, memory = kept.books, kept.memory
    record = memory.record
    record.pattern, record.manual_mu_per_h, record.contact_us = 1, 2, 3
    record.command_before, record.command_id = 70, 71
    events = kept.events
    books.need_memory()
    record.pattern, record.manual_mu_per_h, record.contact_us = 4, 5, 6
    memory.settings.auto_off_min = 60
    books.store_settings()
    books.will_note(protocol.CATEGORY_COMMAND, protocol.EVENT_SETTING_CHANGED)
    kept.nvm.failing = True
    refused(lambda: books.accepted("set_settings", undo=lambda: kept.happened.append("undo")), protocol.MEMORY_FAILED)
    assert kept.happened == ["undo", "failure"]
    assert (record.pattern, record.manual_mu_per_h, record.contact_us, record.command_id) == (1, 2, 3, 70)
    assert memory.settings.auto_off_min == 0
    refused(books.need_memory, protocol.MEMORY_FAILED)
    kept.nvm.failing = False
    books.store()
    stored = kept.stored
    assert stored.settings.auto_off_min == 0 and kept.events == events
    assert (stored.record.pattern, stored.record.contact_us, stored.record.command_id) == (1, 3, 70)


@pytest.mark.req("LOG-1")
def test_what_an_order_has_to_note_comes_before_it_and_is_noted_with_none_after_it() -> None:
    kept = Kept()
    before = len(kept.events)
    for orders in range(2):
        kept.books.begin()
        if not orders:
            kept.books.will_note(protocol.CATEGORY_COMMAND, protocol.EVENT_SETTING_CHANGED, 5, 0, (1, 2))
        kept.books.accepted("set_settings")
    assert [each[2] for each in kept.events[before:]] == [
        protocol.EVENT_SETTING_CHANGED,
        protocol.EVENT_ACCEPTED,
        protocol.EVENT_ACCEPTED,
    ]


@pytest.mark.req("STORE-3")
@pytest.mark.parametrize("state", range(len(protocol.MEMORIES)))
def test_of_a_memory_that_is_damaged_or_absent_a_store_is_no_new_failure(state: int) -> None:
    kept = Kept()
    kept.nvm.failing = True
    kept.memory.state = state
    kept.books.store()
    assert kept.happened == (["failure"] if state <= protocol.MEMORY_WRITE_FAILED else [])
    assert kept.permitted, "the permit that was out"


def test_settings_that_cannot_be_stored_refuse_the_order_that_changes_them() -> None:
    kept = Kept()
    record = kept.memory.record
    record.command_before, record.command_id = 70, 71
    kept.memory.settings.auto_off_min = 60
    kept.nvm.failing = True
    refused(kept.books.store_settings, protocol.MEMORY_FAILED)
    assert kept.happened == ["failure"] and (record.command_id, kept.memory.settings.auto_off_min) == (70, 0)
