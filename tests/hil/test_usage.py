"""`pump-bench` says how it is used: whole sentences, and for a wrong name those that there are, and runs nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hil.cli import app
from hil.oracle.campaign import main as oracle
from hil.twins.campaign import main as twins
from tests.adversary.__main__ import main as adversary
from tests.firmware.between.nightly import main as between

pytestmark = pytest.mark.req("HIL-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("bench --mechanism nope", "there is no mechanism 'nope'; there are implant, syringe_mock"),
        ("bench --bench nope", "no bench 'nope'; there are desk,"),
        ("floods --kind status --kind nope", "there is no kind of request 'nope'; there are read_time,"),
        ("floods --quantum 7", "there is no stroke of 7; there are 500, 125"),
        ("powerloss --script nope", "there is no life 'nope'; there are hour, short"),
        ("awake --beside /no/such", "'/no/such' does not exist"),
    ],
)
def test_a_wrong_name_is_wrong_usage_and_nothing_runs(words: str, told: str, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    run = CliRunner().invoke(app, [*words.split(), "--out", str(out)])
    assert run.exit_code == 2 and told in run.output and "Traceback" not in run.output
    assert run.output.splitlines()[-1].startswith("Error: Invalid value for ")
    assert not out.exists()


@pytest.mark.parametrize("words", [["-h"], ["--help"]])
def test_the_help_shortens_nothing(words: list[str]) -> None:
    run = CliRunner().invoke(app, words)
    text = " ".join(run.output.partition("Commands:")[2].split())
    assert run.exit_code == 0 and "..." not in text
    assert "Prove dosing accuracy: run the accuracy protocol, judge it, write the report." in text


@pytest.mark.parametrize("text", ["0", "-1", "", "many", "1.5", "²"])
@pytest.mark.parametrize("run", [oracle, twins, adversary, between])
def test_nothing_that_was_run_is_no_run(
    run: Callable[[], int], text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    option = {adversary: "--scenarios", between: "--workers"}.get(run, "--scripts")
    monkeypatch.setattr("sys.argv", ["run", option, text])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2 and f"{text!r} is no number from 1 on" in capsys.readouterr().err
