"""French whole where French is offered: every word of every screen, question and error there stands in the texts that
are said in French, or is a name (of a command, an option, an alarm) that a person types as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_group

from firmware import protocol
from firmware.protocol.alarms import BY_NAME
from host import console, errors
from host.api.conversation import MESSAGES
from host.commands import COMMANDS
from host.commands.steps import unit_of
from host.screens.service import BY_NAME as STEPS
from host.texts import alarms_fr, procedures_fr
from host.texts.spoken import FRENCH, in_language
from host.texts.spoken_errors import SYSTEM
from tests.firmware.hand import SECOND_US
from tests.host.patient import Patient

pytestmark = pytest.mark.req("HOST-1", "HOST-4")
ROOT = Path(__file__).resolve().parents[2]
HOUR_US = 3600 * SECOND_US
MINUTE_US = 60 * SECOND_US
FR = ("--language", "fr")
WORD = re.compile(r"[^\W\d_]{3,}")
# What each sends, of what speaks French.
SENT = (
    ("identity", "status", "read_settings", "read_alarms", "read_time", "read_procedure", "start_procedure", "stop")
    + ("answer_procedure", "interrupt_procedure", "acknowledge_alarm", "telemetry", "suspend", "resume")
    + ("read_reservoir", "record_refill", "settle_order", "enrol", "read_programmers", "revoke", "rotate", "provision")
)
NAMES = {
    # Of commands and what they take, of this machine, of formats.
    *(word for commands in COMMANDS.values() for name in commands for word in name.split("-")), "pump", "walk", "start",
    "show", "answer", "procedure",
    *(word for name in BY_NAME for word in name.split("_")), "refill", "rinse", "flush", "stroke", "volume", "patency",
    "socket", "port", "toml", "TOML", "yes", "PORT", "RELEVE", "CONFIG", "UTC", "language", "timeout", "holds", "value",
    "identity", "hand", "config", "pyserial", "before", "after", "put", "drawn", "taken", "back",
}  # fmt: skip


def vocabulary() -> set[str]:
    """Every word that is said in French."""
    texts = [*FRENCH.values(), *SYSTEM.values()]
    for each in alarms_fr.TEXTS.values():
        texts += each
    texts += procedures_fr.TITLES.values()
    for pair in procedures_fr.TEXTS.values():
        texts += pair
    return {word.lower() for text in texts for word in WORD.findall(text)}


KNOWN = vocabulary() | {name.lower() for name in NAMES} | {"min", "erreur", "système"}


def english(shown: str) -> set[str]:
    """The words of a screen that are neither French nor names."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|--[a-z-]+", "", shown)
    return {word for word in WORD.findall(plain) if word.lower() not in KNOWN}


def test_an_english_word_is_found() -> None:
    assert english("état  running") == {"running"}
    assert english("alarme : pump alarms, 1,20 U/h") == set()


def speaking() -> Iterator[tuple[str, Any]]:
    """The commands that take --language."""

    def below(words: str, command: Any) -> Iterator[tuple[str, Any]]:
        for name, each in getattr(command, "commands", {}).items():
            yield from below(f"{words} {name}".strip(), each)
        if words and any("--language" in each.opts for each in command.params):
            yield words, command

    for module in {entry[0] for commands in COMMANDS.values() for entry in commands.values()}:
        yield from below("", get_group(import_module(f"host.commands.{module}").app))


def test_french_is_offered_where_a_patient_and_a_nurse_look() -> None:
    offered = {name for name, _ in speaking()}
    assert offered == {
        "status", "monitor", "telemetry", "stop", "suspend", "resume", "alarms", "acknowledge", "reservoir", "refill",
        "procedure show", "procedure start", "procedure walk", "procedure answer", "procedure interrupt",
        "programmers", *(f"programmers {name}" for name in ("list", "enrol", "revoke", "rotate", "card", "keys")),
    }  # fmt: skip


WEIGHTS = ("--drawn-before", "10", "--drawn-after", "10", "--put-before", "20", "--put-after", "5", "--taken-back", "1")


def restart(patient: Patient) -> None:
    """Power is lost for a moment, and the clock with it."""
    patient.hand = patient.terminal.device.hand = patient.hand.restarted(clock_lost=True)
    patient.terminal.device.connect()


def refill(patient: Patient) -> None:
    patient.do("refill", *WEIGHTS[:-2], "--taken-back", "2")
    patient.hand.live(patient.hand.now_us + HOUR_US)


# Each brings a pump into a state.
STATES: dict[str, Callable[[Patient], object]] = {
    "new": lambda patient: None,
    "running": lambda patient: patient.do("bolus", "5"),
    "square": lambda patient: (patient.do("bolus", "3", "--now", "1", "--over", "2h"), patient.hand.live(HOUR_US)),
    "over": lambda patient: (patient.do("bolus", "1"), patient.hand.live(HOUR_US)),
    "cancelled": lambda patient: (patient.do("bolus", "5"), patient.do("cancel")),
    "temporary": lambda patient: patient.do("temp", "50%", "--for", "3h"),
    "recommended": lambda patient: patient.do("recommend", "2", "--for", "5min"),
    "pattern": lambda patient: patient.do("pattern", "select", "A"),
    "cut": lambda patient: patient.do("limits", "--max-hour", "0.6", "--max-day", "150"),
    "suspended": lambda patient: patient.do("suspend"),
    "stopped": lambda patient: patient.do("stop"),
    "lost": restart,
    "fault": lambda patient: (patient.do("bolus", "1"), patient.hand.live(MINUTE_US * 2, confirm=False)),
    "procedure": lambda patient: (patient.do("stop"), patient.do("procedure", "start", "stroke-volume")),
    "interrupted": lambda patient: (
        patient.do("stop"), patient.do("procedure", "start", "refill"), patient.do("procedure", "answer", "ready"),
        patient.do("procedure", "interrupt"),
    ),
    "rinse": lambda patient: (patient.do("stop"), patient.do("procedure", "start", "rinse")),
    "alarms": lambda patient: [patient.hand.pump.alarms.raise_alarm(name, 3) for name in BY_NAME],
    "refilled": lambda patient: patient.do("refill", *WEIGHTS, "--taken-back", "2"),
    "low": lambda patient: (refill(patient), patient.do("settings", "--reservoir-low", "5900")),
}  # fmt: skip
# What is typed at a terminal, and after the bar the answers to what may be asked, a blank between two.
TYPED = """
status | ; monitor --count 1 | ; monitor --count many | ; monitor --interval x | ; monitor --interval 99999 | ;
telemetry --for 0min | ; telemetry --for soon | ; telemetry --interval 90 | ; telemetry --for 0.001h | ;
stop | x o ; stop | n ; suspend | o ; suspend | ; resume | oui ; alarms | ; acknowledge occlusion | o ;
acknowledge tea | o ; acknowledge pump_stopped | o ; acknowledge occlusion --yes | ; reservoir | ;
refill | x 10 12,5 20 5 -1 2 o ; refill | 10 9 20 5 2 o ; refill | 10 12 20 20 2 o ; refill | 10 12 90 20 2 o ;
refill WEIGHTS | n ; refill WEIGHTS --yes | ; refill --put-before 0,00001 | ; refill --put-before 99999999999 | ;
refill --put-after 9000000 | 1 1 9000001 1 ; refill --put-before 1 --yes | ;
procedure show | ; procedure start tea | ; procedure start patency | o ; procedure start patency --yes | ;
procedure start refill | o queue prêt fait 99 x 1 ; procedure walk | queue prêt 7,5 5 interrompre ;
procedure answer done --value 3 | o ; procedure answer ready | o ; procedure answer ready --value 2 | o ;
procedure answer perhaps | o ; procedure interrupt | o ; procedure interrupt --yes |
""".replace("WEIGHTS", " ".join(WEIGHTS)).split(";")


def said(run: Any) -> str:
    return str(run.stdout + run.stderr)


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_said_in_english(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    found: dict[str, set[str]] = {}
    for line in TYPED:
        typed, answers = (each.split() for each in line.split("|"))
        patient = Patient(monkeypatch)
        patient.do("set-basal", "1")
        STATES[state](patient)
        patient.terminal.person()
        run = patient.terminal.run(*typed, *FR, answer="\n".join([*answers, ""]))
        assert run.exit_code in (0, 1, 2, 3, 130), said(run)
        # What a person has typed may come back as it is, between marks.
        left = english(re.sub(r"« [^»]*»", "", said(run))) - {"queue", "oui", *answers}
        if left:
            found[" ".join(typed)] = left
    assert found == {}


@pytest.mark.parametrize("kind", ["patency", "stroke-volume", "flush", "rinse", "refill"])
def test_every_screen_of_every_procedure_is_french(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    patient = Patient(monkeypatch)
    patient.do("stop")
    patient.do("procedure", "start", kind)
    shown = patient.see("procedure", "show", *FR)
    while "aucune" not in shown.splitlines()[1]:
        assert english(shown) == set()
        shown = forward(patient)
    assert english(shown) == set()


def forward(patient: Patient) -> str:
    """Answer the present step with its first choice; the screen that follows."""
    now = json.loads(patient.see("procedure", "show", "--json"))
    step = STEPS[now["procedure"]].steps[now["step"]]
    value = []
    if step.takes is not None:
        unit, per_milli = unit_of(step.takes)
        some = (
            10
            if unit != "mL"
            else 4_000_000
            if step.takes.name in ("withdrawn_nl", "put_in_nl", "filled_nl")
            else 1_000_000
        )
        figure = max(step.takes.low, min(step.takes.high, some))
        value = ["--value", str(Decimal(figure) / (per_milli * 1000 if per_milli else 1))]
    told = patient.do("procedure", "answer", step.choices[0][0], *value, *FR)
    assert english(told) == set(), told
    patient.hand.live(patient.hand.now_us + HOUR_US)
    return patient.see("procedure", "show", *FR)


def test_a_link_that_fails_is_told_in_french(monkeypatch: pytest.MonkeyPatch) -> None:
    for typed in (("status",), ("stop",), ("resume",), ("refill", *WEIGHTS), ("acknowledge", "occlusion")):
        for lost in (1, 1000):
            patient = Patient(monkeypatch)
            patient.terminal.device.lose_replies = lost
            run = patient.terminal.run(*typed, "--yes" if typed != ("status",) else "--language=fr", *FR)
            assert english(said(run)) == set(), said(run)


def test_a_port_that_is_not_there_is_told_in_french(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from host.api.transport import SerialTransport

    for port in ("/dev/nothing", "socket://127.0.0.1:1", str(tmp_path), None, "socket://nowhere.invalid:7"):
        patient = Patient(monkeypatch)
        monkeypatch.setattr(console, "open_transport", SerialTransport)
        monkeypatch.setattr(console, "list_serial_ports", list)
        run = patient.terminal.run("status", *FR, port=port)
        assert run.exit_code in (2, 4)
        assert english(said(run).replace(str(port), "")) == set(), said(run)


def test_a_wrong_configuration_is_told_in_french(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "pump.toml"
    for content in ("port = ", "port = 3", 'yes = "a"', None):
        patient = Patient(monkeypatch)
        if content is None:
            file.unlink()
        else:
            file.write_text(content, encoding="utf-8")
        run = patient.terminal.run("status", *FR, env={"RELEVE_CONFIG": str(file)})
        assert run.exit_code == 2
        assert english(said(run).replace(str(file), "")) == set(), said(run)


@pytest.mark.parametrize("message", SENT)
def test_every_refusal_is_said_in_french(message: str) -> None:
    for code in range(1, len(protocol.CODES)):
        for field in ("", *(each.name for each in MESSAGES[message].request)):
            for kind in (errors.Refused, errors.InvalidRequest):
                for value, limit in ((2, 3), (3, 2)):
                    unit = "mU" if code in (protocol.HARD_LIMIT, protocol.NOT_WHOLE_STROKES) else ""
                    refused = kind(message, code, field, value, limit, unit)
                    shown = in_language(str(refused), "fr")
                    left = english(re.sub("|".join(errors.INVARIANTS), "", shown))
                    if field in ("command_id", "life", "confirms", "payload_crc", "schema_hash", "first", "message_id"):
                        continue  # the programmer fills these in
                    assert left == set(), (shown, code, field)
                    assert in_language(str(refused), "en") == str(refused)
