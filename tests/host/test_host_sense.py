"""No question leads nowhere: what a person is not asked is what the pump would refuse; what others change."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host import console
from host.commands import following
from tests.firmware.hand import SECOND_US, Hand
from tests.host.patient import Patient

pytestmark = pytest.mark.req("HOST-1", "THER-9")
ORDERS = [
    ("bolus", "1"), ("bolus", "1", "--over", "1h"), ("bolus", "2", "--now", "1", "--over", "1h"), ("cancel",),
    ("set-basal", "1.5"), ("temp", "50%", "--for", "1h"), ("temp", "cancel"), ("recommend", "1", "--for", "5min"),
    ("pattern", "select", "B"), ("resume",), ("acknowledge", "occlusion"), ("initialise-memory",),
    ("acknowledge", "pump_stopped"), ("acknowledge", "pump_suspended"),
    ("procedure", "start", "patency"), ("procedure", "interrupt"), ("procedure", "answer", "ready"), ("clear-fault",),
    ("stop",), ("bolus", "40"), ("set-basal", "30"), ("temp", "30", "--for", "1h"), ("suspend",),
    ("limits", "--max-day", "0.2"), ("limits", "--max-bolus", "30"), ("limits", "--max-basal", "0.5"),
    ("settings", "--auto-off", "1h"), ("settings", "--reservoir-stop", "900"), ("set-time", "2026-02-01T00:00Z"),
    ("pattern", "edit", "B", "06:00=2"), ("pattern", "edit", "B", "06:00=30"), ("temp", "0", "--for", "1h"),
    ("refill", "--drawn-before", "20", "--drawn-after", "25", "--put-before", "40", "--put-after", "25",
     "--taken-back", "2"),
]  # fmt: skip
STATES: dict[str, Callable[[Patient], object]] = {
    "running": lambda patient: None,
    "bolus": lambda patient: patient.do("bolus", "2"),
    "square": lambda patient: patient.do("bolus", "2", "--over", "1h"),
    "temporary": lambda patient: patient.do("temp", "50%", "--for", "2h"),
    "suspended": lambda patient: patient.do("suspend"),
    "stopped": lambda patient: patient.do("stop"),
    "procedure": lambda patient: (patient.do("stop"), patient.do("procedure", "start", "patency")),
    "fault": lambda patient: (
        patient.do("bolus", "1"), patient.hand.live(patient.hand.now_us + 60 * SECOND_US, confirm=False),
    ),
    "pattern": lambda patient: patient.do("pattern", "select", "B"),
    "limited": lambda patient: patient.do("limits", "--max-bolus", "20", "--max-basal", "20"),
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("order", ORDERS, ids=[" ".join(order) for order in ORDERS])
def test_a_person_is_asked_what_the_pump_then_does(
    monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...], state: str
) -> None:
    """And told, without a question, what it would refuse."""
    patient = Patient(monkeypatch)
    patient.do("set-basal", "1")
    STATES[state](patient)
    patient.terminal.person()
    run = patient.terminal.run(*order, answer="y\n")
    asked = "Do it?" in run.stderr
    done = 130 if order[:2] == ("procedure", "start") else 0  # whose first step nobody answers here
    assert run.exit_code == (done if asked else 3), run.stderr
    assert "refused by the pump" not in run.stderr or not asked


CHANGED = [  # what one orders, what another does while it is asked about, and what is shown then
    (("limits", "--max-day", "90"), ("limits", "--max-hour", "50"), "any 60 min    50.00 U    50.00 U"),
    (("settings", "--auto-off", "1h"), ("settings", "--in-use-days", "30"), "30 d"),
    (("set-basal", "2"), ("set-basal", "3"), "3.00 U/h, set by hand -> 2.00 U/h"),
    (("temp", "50%", "--for", "1h"), ("set-basal", "3"), "1.50 U/h now, for 1 h"),
    (("temp", "cancel"), ("set-basal", "3"), "-> 3.00 U/h, as programmed"),
    (("recommend", "2", "--for", "5min"), ("set-basal", "3"), "3.00 U/h -> 2.00 U/h for 5 min, then 3.00 U/h"),
    (("pattern", "select", "B"), ("pattern", "edit", "B", "00:00=2"), "pattern B (48.00 U a day), 2.00 U/h now"),
    (("pattern", "edit", "B", "06:00=2"), ("pattern", "edit", "B", "00:00-06:00=1"), "A day: 9.60 U -> 42.00 U"),
    (("resume",), ("set-basal", "3"), "stopped, basal 0.00 U/h -> running, basal 3.00 U/h"),
    (("set-time", "2026-01-01T10:00Z"), ("settings", "--utc-offset", "+02:00"), "12:00:00 UTC+02:00"),
    (("procedure", "start", "patency"), ("resume",), "a procedure begins on a stopped pump"),
    (("temp", "0.5", "--for", "1h"), ("suspend",), "the state 'suspended': pump resume"),
]


@pytest.mark.req("SEC-3")
@pytest.mark.parametrize("answer", [True, False])
@pytest.mark.parametrize(("mine", "other", "shown"), CHANGED, ids=[" ".join(each[0]) for each in CHANGED])
def test_what_another_has_changed_while_the_question_stood_is_shown_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, mine: tuple[str, ...], other: tuple[str, ...], shown: str, answer: bool
) -> None:
    """As the pump says it; then it is asked again, or told that it cannot be any more."""
    patient = Patient(monkeypatch)
    patient.do("set-basal", "1")
    if mine[0] in ("resume", "procedure"):
        patient.do("stop")
    if mine == ("temp", "cancel"):
        patient.do("temp", "50%", "--for", "1h")
    said: list[int] = []

    def answers(language: str) -> bool:
        if not said:
            patient.do(*other)
            said.append(len(patient.terminal.device.done))
            return True
        said.append(len(patient.terminal.device.done))
        return answer

    patient.terminal.person()
    monkeypatch.setattr(console, "_says_yes", answers)
    run = patient.terminal.run(*mine)
    given = len(patient.terminal.device.done) - said[0]
    if len(said) == 1:  # it cannot be any more
        assert run.exit_code == 3 and given == 0 and shown in run.stderr
        return
    first, _, then = run.stderr.partition("The pump was changed meanwhile:")
    assert shown in then and shown not in first and said[1] == said[0]
    assert (run.exit_code, given) == ((0, 1) if answer else (1, 0))


def test_thinking_at_a_question_for_long_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """What moves by itself meanwhile, such as what the pump has used, is nothing that anybody has changed."""
    for order in (("set-basal", "2"), ("limits", "--max-day", "90"), ("pattern", "edit", "B", "06:00=2"), ("stop",)):
        patient = Patient(monkeypatch)
        patient.do("set-basal", "1")

        def answers(language: str, hand: Hand = patient.hand) -> bool:
            hand.live(hand.now_us + 600 * SECOND_US)
            return True

        patient.terminal.person()
        monkeypatch.setattr(console, "_says_yes", answers)
        run = patient.terminal.run(*order)
        assert run.exit_code == 0 and "changed meanwhile" not in run.stderr, run.stderr


@pytest.mark.req("SEC-3")
@pytest.mark.parametrize("answer", [True, False])
def test_a_bolus_beside_which_another_has_begun_is_shown_anew(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    patient = Patient(monkeypatch)
    said: list[bool] = []

    def answers(language: str) -> bool:
        said.append(answer)
        if len(said) == 1:
            patient.do("bolus", "1", "--over", "1h")
            patient.terminal.device.rested()
            return True
        return answer

    patient.terminal.person()
    monkeypatch.setattr(console, "_says_yes", answers)
    run = patient.terminal.run("bolus", "1")
    assert run.exit_code == (0 if answer else 1) and len(said) == 2 and "The pump was changed meanwhile:" in run.stderr
    assert run.stderr.index("0.00 U -> 1.00 U of at most 150.00 U") < run.stderr.index("0.00 U -> 2.00 U of at most")
    assert [each[0] for each in patient.terminal.device.done].count("bolus") == answer


@pytest.mark.req("SEC-3", "GUARD-1")
def test_a_bolus_that_a_cap_would_refuse_is_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within each limit by itself; it is the basal to come that leaves no room."""
    patient = Patient(monkeypatch)
    patient.do("limits", "--max-hour", "4")
    patient.do("set-basal", "3")
    patient.terminal.person()
    run = patient.terminal.run("bolus", "2")
    assert run.exit_code == 3 and "Do it?" not in run.stderr and "4.00 U" in run.stderr


def test_a_bolus_is_followed_to_its_end_or_to_why_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    patient = Patient(monkeypatch)
    monkeypatch.setattr(following.time, "sleep", lambda _: patient.hand.live(patient.hand.now_us + SECOND_US))
    told = patient.do("bolus", "0.6", "--wait")
    assert told.endswith("Completed: 0.60 U delivered.\n")
    assert patient.status["bolus_delivered_mu"] == 600
    assert patient.do("bolus", "1", "--now", "0.4", "--over", "30min", "--wait").endswith("1.00 U delivered.\n")
    assert len(patient.do("bolus", "0.2", "--wait", "--json").splitlines()) == 1

    def stops(_: float) -> None:
        patient.hand.live(patient.hand.now_us + 3 * SECOND_US)
        if not patient.status["state"]:
            patient.hand.pump.switch.stop()

    monkeypatch.setattr(following.time, "sleep", stops)
    run = patient.terminal.run("bolus", "2", "--wait", "--yes")
    assert run.exit_code == 8 and "the bolus ended early: 0.20 U of 2.00 U delivered; the pump is stopped" in run.stderr
    assert run.stderr.endswith("; carried out: bolus\n")


def test_who_stops_waiting_is_told_that_the_bolus_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    patient = Patient(monkeypatch)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(following.time, "sleep", interrupt)
    run = patient.terminal.run("bolus", "2", "--wait", "--yes")
    assert run.exit_code == 130 and run.stderr.endswith("error: interrupted; carried out: bolus\n")
    assert patient.status["bolus_remaining_mu"] > 0
