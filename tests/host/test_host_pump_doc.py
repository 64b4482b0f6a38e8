"""docs/pump.md names every command, every option and every exit code that there is, and no other."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
import typer.main

from host import cli, options
from host.commands import COMMANDS

pytestmark = pytest.mark.req("HOST-1")
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pump.md").read_text(encoding="utf-8")


def commands() -> dict[str, set[str]]:
    """The commands by their words, and the options of each."""
    found = {}
    for heading in COMMANDS.values():
        for name, (module, _) in heading.items():
            command = typer.main.get_group(import_module(f"host.commands.{module}").app).commands[name]
            below = getattr(command, "commands", None)
            for words, each in (
                [(name, command)] if below is None else [(f"{name} {sub}", c) for sub, c in below.items()]
            ):
                found[words] = {option for param in each.params for option in (*param.opts, *param.secondary_opts)}
    return found


def test_every_command_is_there_with_its_options() -> None:
    parts = {re.sub(r" [A-Z\[].*| \w+\|.*", "", head): body for head, _, body in _sections()}
    for words, taken in commands().items():
        for option in sorted(each for each in taken if each.startswith("--")):
            assert f"`{option}`" in parts[words], f"pump {words} {option}"
    groups = {name.partition(" ")[0] for name in commands() if " " in name}
    assert set(parts) == set(commands()) | groups


def _sections() -> list[tuple[str, str, str]]:
    return [each.partition("`\n") for each in PAGE.split("### `pump ")[1:]]


def test_what_holds_for_every_command_is_there() -> None:
    root = typer.main.get_command(cli.app)
    for param in root.params:
        for option in param.opts:
            assert f"`{option}`" in PAGE.partition("## Exit codes")[0]
    codes = {value for name, value in vars(options).items() if name.startswith("EXIT_")} | {0}
    assert {int(each) for each in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == codes
    assert {int(each) for each in re.findall(r"^  (\d+) ", cli.HELP, re.MULTILINE)} == codes
