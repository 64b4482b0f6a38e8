"""The pump's states: what each order and each event leads to from each of them, as docs/therapy.md says.

Every cell of the page's two tables is one test, and the drawing must show the same arrows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware import dose_codes, protocol
from firmware.errors import Refused
from firmware.protocol.alarms import BY_NAME
from firmware.protocol.all_procedures import BY_NUMBER
from firmware.storage.memory_map import STATE_AT
from firmware.storage.slots import OVERHEAD_BYTES
from firmware.storage.state_record import PAYLOAD_BYTES
from tests.firmware.answering import answering
from tests.firmware.hand import SECOND_US, Hand

PAGE = Path(__file__).resolve().parents[3] / "docs" / "therapy.md"
HOUR_US = 3600 * SECOND_US
PATENCY = 5


def running() -> Hand:
    hand = Hand()
    hand.pump.therapy.set_basal(6000)
    return hand


def suspended() -> Hand:
    hand = running()
    hand.pump.switch.suspend()
    return hand


def stopped() -> Hand:
    hand = running()
    hand.pump.switch.stop()
    return hand


def procedure() -> Hand:
    hand = stopped()
    hand.pump.clinic.start_procedure(PATENCY)
    return hand


def fault() -> Hand:
    hand = running()
    unconfirmed(hand)
    return hand


REACH: dict[str, Callable[[], Hand]] = {
    "running": running,
    "suspended": suspended,
    "stopped": stopped,
    "procedure": procedure,
    "fault": fault,
}


def state(hand: Hand) -> str:
    return protocol.STATES[hand.pump.status()["state"]]


def order(name: str, **values: Any) -> Callable[[Hand], None]:
    """An order as the link brings it: to the part of the pump that answers it."""

    def give(hand: Hand) -> None:
        part = answering(None, hand.pump).get(name) or hand.pump
        getattr(part, name)(**values)

    return give


def after(first: Callable[[Hand], Any], then: Callable[[Hand], None]) -> Callable[[Hand], None]:
    """`then`, on a pump that `first` was tried on; where that is refused, without it."""

    def give(hand: Hand) -> None:
        try:
            first(hand)
        except Refused:
            pass
        then(hand)

    return give


def commit(hand: Hand) -> None:
    staged = hand.pump.patterns.stage_pattern(1, [{"rate_mu_per_h": 400}] * 48)
    hand.pump.patterns.commit_pattern(1, fingerprint=staged["fingerprint"])


def settings(hand: Hand) -> None:
    hand.pump.patterns.set_settings(**hand.pump.patterns.read_settings())


def acknowledge(hand: Hand) -> None:
    hand.pump.alarms.raise_alarm("communication_error")
    hand.pump.alarms.acknowledge_alarm(BY_NAME["communication_error"].number)


def answer(hand: Hand) -> None:
    hand.pump.clinic.answer_procedure(hand.pump.clinic.read_procedure()["step"], 0, 0)


def interrupt(hand: Hand) -> None:
    hand.pump.clinic.interrupt_procedure(hand.pump.clinic.read_procedure()["step"])


BOLUS = order("bolus", volume_mu=2000)
TEMP = order("temp_basal", kind=0, value=1000, duration_min=30)
WEIGHTS = {
    "put_before_mg": 17_085,
    "put_after_mg": 2_010,
    "taken_back_nl": 0,
    "drawn_before_mg": 1,
    "drawn_after_mg": 1,
}
LIMITS = {"max_basal_mu_per_h": 30_000, "max_bolus_mu": 30_000, "max_hour_mu": 50_000, "max_day_mu": 90_000}
ORDERS: dict[str, Callable[[Hand], None]] = {
    "set_basal": order("set_basal", rate_mu_per_h=1000),
    "select_pattern": order("select_pattern", pattern=1),
    "temp_basal": TEMP,
    "cancel_temp": after(TEMP, order("cancel_temp")),
    "recommend_rate": order("recommend_rate", rate_mu_per_h=1000, valid_min=10),
    "bolus": BOLUS,
    "square_bolus": order("square_bolus", volume_mu=2000, duration_min=30),
    "dual_bolus": order("dual_bolus", volume_mu=2000, square_mu=2000, duration_min=30),
    "cancel_bolus": after(BOLUS, order("cancel_bolus")),
    "suspend": order("suspend"),
    "stop": order("stop"),
    "resume": order("resume"),
    "commit_pattern": commit,
    "set_settings": settings,
    "set_limits": order("set_limits", **LIMITS),
    "set_time": order("set_time", utc_s=1_800_000_000),
    "record_refill": order("record_refill", **WEIGHTS),
    "acknowledge_alarm": acknowledge,
    "start_procedure": order("start_procedure", procedure=PATENCY),
    "answer_procedure": answer,
    "interrupt_procedure": interrupt,
    "clear_fault": order("clear_fault", fault=dose_codes.FAULT_COUNT),
    "initialise_memory": order("initialise_memory"),
}


def unconfirmed(hand: Hand) -> None:
    """A stroke is made and not seen by the stroke sensor."""
    if state(hand) == "running":
        hand.pump.boluses.bolus(200)
    if state(hand) == "procedure":
        answer(hand)
        answer(hand)
    hand.live(hand.now_us + 5 * HOUR_US, confirm=False)


def silence(hand: Hand) -> None:
    values = hand.pump.patterns.read_settings() | {"auto_off_min": 60}
    hand.pump.patterns.set_settings(**values)
    hand.live(hand.now_us + 2 * HOUR_US)


def temporary(hand: Hand) -> None:
    after(TEMP, lambda hand: hand.live(hand.now_us + HOUR_US))(hand)


def bolus_to_its_end(hand: Hand) -> None:
    after(BOLUS, lambda hand: hand.live(hand.now_us + HOUR_US))(hand)


def withheld(hand: Hand) -> None:
    if state(hand) == "fault":
        return
    hand.pump.device.set_limits(35_000, 40_000, 400, 150_000)
    hand.live(hand.now_us + 3 * HOUR_US)


def found(hand: Hand) -> None:
    hand.pump.alarms.raise_alarm("occlusion")


def emptied(hand: Hand) -> None:
    hand.pump.clinic.record_refill(**WEIGHTS)
    low = {"reservoir_" + name: 6_000_000 for name in ("low_mu", "empty_mu", "stop_mu")}
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | low))
    hand.pump.alarms.look(hand.now_us)


def no_memory(hand: Hand) -> None:
    hand.memory.failing = True
    hand.pump.visited(hand.pump.visitors.began, 1)
    hand.memory.failing = False


def no_clock(hand: Hand) -> None:
    hand.rtc.now_s = None
    hand.live(hand.now_us + 2 * HOUR_US)


def power_back(hand: Hand) -> Hand:
    return hand.restarted()


def damaged(hand: Hand) -> Hand:
    for address in range(STATE_AT, STATE_AT + 2 * (PAYLOAD_BYTES + OVERHEAD_BYTES)):
        hand.memory.cells[address] ^= 0x55
    return hand.restarted()


EVENTS: dict[str, Callable[[Hand], Hand | None]] = {
    "a temporary rate or a recommendation ends": temporary,
    "a bolus is completed": bolus_to_its_end,
    "a cap withholds a stroke": withheld,
    "no programmer for as long as auto-off says": silence,
    "an alarm whose action is *stop* or *stop now*": found,
    "the reservoir reaches the level at which it stops": emptied,
    "the memory takes no record": no_memory,
    "the wall clock is lost": no_clock,
    "the dose core finds a fault": unconfirmed,
    "power goes and comes back": power_back,
    "the memory cannot be believed at the start": damaged,
}


def outcome(given: Callable[[Hand], Hand | None], hand: Hand) -> str:
    """The state that an order or an event leads to, or the code of its refusal, which must leave the state."""
    before = state(hand)
    try:
        hand = given(hand) or hand
    except Refused as error:
        assert state(hand) == before
        return f"`{protocol.CODES[error.code]}`"
    return state(hand)


def table(marker: str) -> dict[str, dict[str, str]]:
    """The table under `<!-- marker -->` of the page, cells by row and column."""
    text = PAGE.read_text(encoding="utf-8").partition(f"<!-- {marker} -->")[2].lstrip().partition("\n\n")[0]
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines())
    return {row[0].strip("`"): dict(zip(head[1:], row[1:], strict=True)) for row in rows}


def cells(marker: str, orders: dict[str, Any]) -> list[Any]:
    found = table(marker) if PAGE.exists() else {}
    return [
        pytest.param(name, where, found.get(name, {}).get(where, ""), id=f"{name}-{where}")
        for name in orders
        for where in REACH
    ]


@pytest.mark.req("THER-1", "THER-2", "THER-3", "THER-6")
@pytest.mark.parametrize(("name", "where", "expected"), cells("orders", ORDERS))
def test_every_order_in_every_state_leads_where_the_page_says_or_is_refused(
    name: str, where: str, expected: str
) -> None:
    hand = REACH[where]()
    assert state(hand) == where
    assert expected.replace("stays", where) == outcome(ORDERS[name], hand)


@pytest.mark.req("THER-3", "ALARM-2", "STORE-2", "GUARD-3")
@pytest.mark.parametrize(("name", "where", "expected"), cells("events", EVENTS))
def test_what_happens_by_itself_leads_where_the_page_says(name: str, where: str, expected: str) -> None:
    hand = REACH[where]()
    if expected != "–":
        assert expected.replace("stays", where) == outcome(EVENTS[name], hand)


@pytest.mark.req("THER-3", "ALARM-2")
@pytest.mark.parametrize("where", ["suspended", "stopped", "procedure", "fault"])
def test_only_resume_makes_therapy_run(where: str) -> None:
    leads = {name: row[where] for marker in ("orders", "events") for name, row in table(marker).items()}
    assert [name for name, to in leads.items() if to == "running"] == (["resume"] if where[0] == "s" else [])


@pytest.mark.req("THER-3")
def test_the_page_has_every_order_and_every_event_and_draws_the_same() -> None:
    changing = {message.name for message in protocol.MESSAGES if message.changes_delivery}
    assert set(ORDERS) == changing == set(table("orders"))
    assert set(EVENTS) == set(table("events"))
    drawn = set(re.findall(r"^    (\w+) --> (\w+): ", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    told = {
        (where, to)
        for marker in ("orders", "events")
        for row in table(marker).values()
        for where, to in row.items()
        if to in REACH and to != where
    }
    assert drawn == told


def test_the_page_names_every_refusal() -> None:
    named = re.findall(
        r"`(\w+)`",
        " ".join(
            line
            for line in PAGE.read_text(encoding="utf-8").partition("<!-- refusals -->")[2].splitlines()
            if line.startswith("| `")
        ),
    )
    assert sorted(named) == sorted(protocol.CODES[1:])


@pytest.mark.req("THER-6")
@pytest.mark.parametrize("number", sorted(BY_NUMBER))
def test_every_procedure_begins_from_stopped_only_and_leaves_the_pump_stopped(number: int) -> None:
    begin = order("start_procedure", procedure=number)
    for where in ("running", "suspended", "fault"):
        assert outcome(begin, REACH[where]()) == "`wrong_state`"
    hand = stopped()
    assert outcome(begin, hand) == "procedure"
    assert outcome(interrupt, hand) == "stopped"


def rows(orders: dict[str, Any]) -> str:
    """The table as the firmware has it, to be looked at and put into the page."""
    lines = ["| | " + " | ".join(REACH) + " |", "|---" * (len(REACH) + 1) + "|"]
    for name, given in orders.items():
        ends = [outcome(given, reach()) for reach in REACH.values()]
        shown = ["stays" if end == where else end for end, where in zip(ends, REACH, strict=True)]
        lines.append(f"| {f'`{name}`' if name in ORDERS else name} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(rows(ORDERS), rows(EVENTS), sep="\n\n")
