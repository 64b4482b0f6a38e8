"""Options that hold for every command: before it, after it; and the command line on a terminal of ASCII."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
import typer

from host import cli
from host import options as options_module
from host.cli import brought_forward
from host.options import Options, options_of, spoken_of
from tests.host.terminal import Terminal
from tests.host.test_host_console_exact import options

pytestmark = pytest.mark.req("HOST-1")


def test_options_stand_before_the_command_or_after_it() -> None:
    class Context:
        obj: Any = None

    def both(before: dict[str, Any], **after: Any) -> Options:
        context = Context()
        context.obj = options(**before)
        return options_of(context, **after)  # type: ignore[arg-type]

    for before, after, found in ((False, False, False), (True, False, True), (False, True, True), (True, True, True)):
        assert both({"as_json": before}, as_json=after).as_json is found
        context = Context()
        assert options_module._yes(context, after) is after, "before the command there are no options yet"  # type: ignore[arg-type]
        context.obj = options(yes=before)
        assert options_module._yes(context, after) is found  # type: ignore[arg-type]
    for before, after, language in ((None, None, None), ("fr", None, "fr"), (None, "fr", "fr"), ("en", "fr", "fr")):
        context.obj = options(language=before)
        found_options = spoken_of(context, after)  # type: ignore[arg-type]
        assert found_options.language == language and found_options.spoken
    assert not both({"language": "fr"}).spoken
    assert both({"port": "y"}).port == "y"


def test_what_every_command_takes_is_brought_forward_with_its_value() -> None:
    for words, found in (
        ("status --port x", "--port x status"), ("--timeout 1 status", "--timeout 1 status"),
        ("bolus 2 --holds 3 --yes", "--holds 3 bolus 2 --yes"), ("status --port=x", "--port=x status"),
        ("a --port x b --timeout=2 c", "--port x --timeout=2 a b c"), ("a --portable x", "a --portable x"),
        ("a --port x --holds 2 b", "--port x --holds 2 a b"),
        ("a -- --port x", "a -- --port x"), ("a --port x -- b --port y", "--port x a -- b --port y"),
        ("a --timeout 1 b --port", "--timeout 1 --port"), ("", ""),
    ):  # fmt: skip
        assert brought_forward(words.split()) == found.split()


@pytest.mark.req("HOST-4")
def test_words_that_make_no_command_are_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    for words, told in (
        ("bolus -1", "-1 has a sign, or is no option: an amount is written without a sign; see root bolus --help"),
        ("bolus", "Missing argument 'VOLUME'; see root bolus --help"),
        ("bolus 1 2", "Got unexpected extra argument(s) (2); see root bolus --help"),
        ("bolus 1 --now", "Option '--now' requires an argument"),
        ("bolus 1 --port", "Option '--port' requires an argument"),
        ("alarm", "No such command 'alarm'. Did you mean 'alarms'?; see root --help"),
        ("stop now", "Got unexpected extra argument(s) (now); see root stop --help"),
    ):
        run = terminal.run(*words.split())
        assert run.exit_code == 2 and run.stdout == "" and run.stderr.startswith("error: ") and told in run.stderr
        assert run.stderr.count("\n") == 1 and terminal.ports == []
        found = json.loads(terminal.run("--json", *words.split()).stderr)
        assert told in found["message"] and (found["exit_code"], found["outcome"]) == (2, "known")
    run = terminal.run("procedure")
    assert run.exit_code == 2 and "stroke volume, patency" in run.stdout and run.stderr == ""


def test_the_words_are_those_of_the_process_if_no_others_are_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pump", "--json", "bolus"])
    with pytest.raises(SystemExit) as error:
        cli.app(prog_name="pump")
    assert error.value.code == 2
    assert json.loads(capsys.readouterr().err)["message"] == "Missing argument 'VOLUME'; see pump bolus --help"


def test_a_terminal_that_closes_at_a_question_has_answered_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    terminal.person()
    run = terminal.run("bolus", "1", answer="")
    assert run.exit_code == 1 and run.stderr.endswith("Do it? [y/N]:\nerror: nothing was answered\n")
    found = json.loads(terminal.run("bolus", "1", "--json", answer="").stderr.partition("[y/N]:")[2])
    assert found["message"] == "nothing was answered" and terminal.device.done == []


def test_a_person_who_breaks_off_at_a_question_has_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_off(*_: object, **__: object) -> str:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise typer.Abort from None  # as a prompt does

    terminal = Terminal(monkeypatch)
    terminal.person()
    monkeypatch.setattr(typer, "confirm", broken_off)
    run = terminal.run("bolus", "1")
    assert run.exit_code == 130 and run.stderr.endswith("\nerror: interrupted; carried out: nothing\n")
    assert terminal.device.done == []


def test_a_stream_shows_by_number_what_it_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with pytest.raises(SystemExit) as error:
        cli.app(["--help"])
    stream.flush()
    assert error.value.code == 0 and rb"Rel\xe8ve" in raw.getvalue()
