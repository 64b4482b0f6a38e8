"""`pump-bench` says how it is used: whole sentences, and for a wrong name those that there are, and runs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hil.cli import app

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
