"""A state as bytes that breaks an invariant is refused by its name, and no flipped bit does harm."""

import pytest

from c_ext.host import STROKE, Core
from tests.core.flow import HOUR_US
from tests.core.test_state import LIB, NOW_US, STATE_BYTES, bytes_of, history_of, rich

pytestmark = [pytest.mark.req("STORE-1"), pytest.mark.req("STORE-3"), pytest.mark.req("GUARD-2")]
NEVER = 2**64 - 1


def word(core, name, value):
    pair = getattr(core.c.guard, name)
    pair.value, pair.check = value, value ^ 0xFFFFFFFF


def at(path, value):
    """Sets a member of core_t; a number in the path is an index."""
    *way, last = path.split(".")

    def change(core):
        place = core.c
        for name in way:
            place = place[int(name)] if name.isdigit() else getattr(place, name)
        if last.isdigit():
            place[int(last)] = value
        else:
            setattr(place, last, value)

    return change


def words(**values):
    return lambda core: [word(core, name, value) for name, value in values.items()]


def both(*changes):
    return lambda core: [change(core) for change in changes]


def suspended(core):
    core.suspend(NOW_US)


BASAL, TEMP, NORMAL, SQUARE = range(4)
BREAKS = [
    ("WORDS_INTACT", at("guard.head.check", 0)),
    ("SAME_PUMP", at("guard.stroke_uu", 1)),
    ("SAME_PUMP", words(spacing_us=1)),
    ("SAME_PUMP", words(history_length=2499)),
    ("SAME_PUMP", at("dose.spacing_us", 1)),
    ("SAME_PUMP", at("dose.basal.pace.whole_q", 1)),
    ("TIME_PAST", at("dose.basal.at_us", NOW_US + 1)),
    ("TIME_PAST", at("stopped_us", NOW_US + 1)),
    ("TIME_PAST", at(f"dose.ledger.{NORMAL}.start_us", NOW_US + 1)),
    ("TIME_PAST", at(f"dose.ledger.{SQUARE}.start_us", NOW_US + 1)),
    ("TIME_PAST", at(f"dose.ledger.{TEMP}.start_us", NOW_US + 1)),
    ("TIME_PAST", at("dose.slot_us", NOW_US + 2_000_001)),
    ("FRACTIONS_SMALL", at("dose.basal.pace.owed_q", 200_000 * 3_600_000)),
    ("FRACTIONS_SMALL", at("dose.square_pace.owed_q", 6 * HOUR_US)),
    ("FRACTIONS_SMALL", at("dose.square_pace.whole_q", 0)),
    ("LIMITS_HARD", words(basal_mu_per_h=35_001)),
    ("LIMITS_HARD", words(bolus_strokes=201)),
    ("LIMITS_HARD", words(hour_strokes=301)),
    ("LIMITS_HARD", words(day_strokes=2501)),
    ("SCHEDULE_SOUND", at("dose.basal.schedule.temp", 3)),
    ("SCHEDULE_SOUND", at("dose.basal.schedule.temp_value", 201)),
    ("SCHEDULE_SOUND", at("dose.basal.schedule.temp_until_us", NEVER)),
    ("SCHEDULE_SOUND", at("dose.basal.schedule.temp", 0)),
    ("SCHEDULE_SOUND", at("dose.basal.schedule.boundary_us", NOW_US)),
    ("SCHEDULE_SOUND", at("dose.basal.schedule.temp_until_us", NOW_US)),
    ("SCHEDULE_SOUND", at("dose.basal.schedule.boundary_us", NOW_US + 24 * HOUR_US + 1)),
    ("SCHEDULE_SOUND", at("dose.basal.schedule.temp_until_us", NOW_US + 24 * HOUR_US + 1)),
    ("SCHEDULE_SOUND", at("dose.basal.schedule.temp_until_us", NEVER - 1)),
    ("SCHEDULE_SOUND", at("dose.basal.schedule.rate_mu_per_h", 23_334)),
    ("SCHEDULE_SOUND", at("dose.basal.schedule.boundary_mu_per_h", 23_334)),
    ("RATE_IN_FORCE", at("dose.basal.pace.rate_q", 4501)),
    ("RATE_IN_FORCE", at("dose.basal.paused", 1)),
    ("RATE_IN_FORCE", both(suspended, at("dose.basal.paused", 2))),
    ("LEDGERS_CONSERVE", at(f"dose.ledger.{BASAL}.commanded", 1)),
    ("LEDGERS_CONSERVE", at(f"dose.ledger.{TEMP}.abandoned", 1)),
    ("LEDGERS_CONSERVE", at(f"dose.ledger.{NORMAL}.delivered", 4)),
    ("LEDGERS_CONSERVE", at(f"dose.ledger.{NORMAL}.abandoned", 3)),
    ("LEDGERS_CONSERVE", at(f"dose.ledger.{SQUARE}.commanded", 10)),
    ("LEDGERS_CONSERVE", at(f"dose.ledger.{BASAL}.programmed", 1)),
    ("LEDGERS_CONSERVE", at(f"dose.ledger.{TEMP}.programmed", 1)),
    ("LEDGERS_CONSERVE", both(at(f"dose.ledger.{BASAL}.programmed", 1), at(f"dose.ledger.{BASAL}.remaining", 1))),
    ("LEDGERS_CONSERVE", both(at(f"dose.ledger.{TEMP}.programmed", 1), at(f"dose.ledger.{TEMP}.remaining", 1))),
    ("BOLUS_ENDS", at(f"dose.ledger.{NORMAL}.reason", 1)),
    ("BOLUS_ENDS", at(f"dose.ledger.{SQUARE}.reason", 2)),
    ("BOLUS_ENDS", both(at(f"dose.ledger.{NORMAL}.programmed", 3), at(f"dose.ledger.{NORMAL}.remaining", 0))),
    ("SQUARE_PACED", at("dose.square_waiting", 10)),
    ("SQUARE_PACED", at("dose.square_waiting", 9)),
    ("SQUARE_PACED", at("dose.square_pace.whole_q", 24 * HOUR_US + 1)),
    ("SQUARE_PACED", at("dose.square_pace.rate_q", 0)),
    ("SQUARE_PACED", at("dose.square_pace.rate_q", 8)),
    ("TEMP_ENDS", at(f"dose.ledger.{TEMP}.reason", 1)),
    ("SUSPENDED_STILL", words(fault=8)),
    ("SUSPENDED_STILL", both(suspended, at("dose.basal.waiting.0", 1))),
    ("SUSPENDED_STILL", both(suspended, at("dose.basal.waiting.1", 1))),
    (
        "SUSPENDED_STILL",
        both(
            suspended, at(f"dose.ledger.{NORMAL}.abandoned", 0), at(f"dose.ledger.{NORMAL}.remaining", 2),
            at(f"dose.ledger.{NORMAL}.reason", 0),
        ),
    ),
    (
        "SUSPENDED_STILL",
        both(
            suspended, at(f"dose.ledger.{SQUARE}.abandoned", 0), at(f"dose.ledger.{SQUARE}.remaining", 9),
            at(f"dose.ledger.{SQUARE}.reason", 0), at("dose.square_waiting", 9),
        ),
    ),
    (
        "SUSPENDED_STILL",
        both(
            suspended, at("dose.basal.schedule.temp", 1), at("dose.basal.schedule.temp_until_us", NOW_US + 1),
            at(f"dose.ledger.{TEMP}.reason", 0),
        ),
    ),
    ("COUNTS_AGREE", both(at(f"dose.ledger.{BASAL}.programmed", 4), at(f"dose.ledger.{BASAL}.commanded", 4))),
    ("COUNTS_AGREE", both(at(f"dose.ledger.{TEMP}.programmed", 4), at(f"dose.ledger.{TEMP}.commanded", 4))),
    ("COUNTS_AGREE", words(recorded=2)),
    ("COUNTS_AGREE", words(head=2500)),
    ("COUNTS_AGREE", words(head=4)),
    ("PERMIT_NEXT", words(permitted=5)),
    ("PERMIT_NEXT", words(permitted=2)),
    ("STROKE_KNOWN", both(at("in_flight", 1), at("armed_kind", 5))),
    ("STROKE_KNOWN", at("in_flight", 2)),
    ("STROKE_KNOWN", at("unconfirmed", 1)),
    ("STROKE_KNOWN", both(at("in_flight", 1), at("armed_kind", 4))),
    ("STROKE_KNOWN", at("event", 1)),
    ("STROKE_KNOWN", at("event", 2)),
    # All that was commanded is delivered already: one more confirmation would be one too many.
    ("STROKE_KNOWN", both(at("in_flight", 1), at("armed_kind", 2), at("unconfirmed", 1))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change"), BREAKS, ids=[f"{i} {name}" for i, (name, _) in enumerate(BREAKS)])
def test_a_state_that_breaks_an_invariant_is_refused_by_its_name(name, change):
    core = rich()
    other = history_of(core, Core())
    before = other.raw()
    change(core)
    found = other.load(NOW_US, bytes_of(core))
    assert found == getattr(LIB, f"STATE_{name}")
    assert other.raw() == before


def test_another_version_is_refused():
    core = rich()
    other = history_of(core, Core())
    before = other.raw()
    for version in (0, 1, 255):
        assert other.load(NOW_US, bytes([version]) + core.save(NOW_US)[1:]) == LIB.STATE_VERSION_KNOWN
    assert other.raw() == before


def test_no_name_is_left_out():
    names = {name for name in dir(LIB) if name.startswith("STATE_")} - {"STATE_OK", "STATE_BYTES", "STATE_VERSION"}
    assert names == {"STATE_VERSION_KNOWN", *(f"STATE_{name}" for name, _ in BREAKS)}


@pytest.mark.req("DOSE-7")
@pytest.mark.parametrize("bit", range(8))
def test_no_flipped_bit_does_harm(bit):
    """Refused with the core unchanged, or harmless: nothing written out of place, no stroke closer than the spacing."""
    core = rich()
    stored = bytearray(core.save(NOW_US))
    for place in range(STATE_BYTES):
        stored[place] ^= 1 << bit
        other = history_of(core, Core())
        before = other.raw()
        if other.load(NOW_US, bytes(stored)) != 0:
            assert other.raw() == before
        else:
            go_on(other)
        stored[place] ^= 1 << bit


def go_on(core):
    now_us, starts_us = NOW_US, []
    for _ in range(4):
        core.permit(int(core.c.guard.commanded.value) + 1)
        due_us = core.next_us()
        if due_us < 0 or due_us > now_us + HOUR_US:
            break
        core.promise(now_us, max(due_us, now_us))
        now_us = max(due_us, now_us)
        if core.service(now_us) == STROKE:
            starts_us.append(now_us)
        core.confirmed()
        core.ended()
        core.settle(now_us)
    assert all(later - earlier >= 1_000_000 for earlier, later in zip(starts_us, starts_us[1:], strict=False))
    core.cancel_bolus(now_us)
    core.suspend(now_us)
    core.save(now_us + HOUR_US)
