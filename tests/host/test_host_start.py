"""How the command line starts: what it loads, what it says of itself, completion, the configuration file, ports."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer.main

from host import cli, configuration
from host.commands import COMMANDS
from host.options import Options
from host.version import __version__
from tests.host.terminal import Terminal

pytestmark = pytest.mark.req("HOST-1")
ROOT = Path(__file__).resolve().parents[2]
# Each takes longer to load than a command to run.
NOT_FOR_HELP = ("pydantic", "rich", "serial", "firmware", "host.api.client", "host.console")
NOT_FOR_STATUS = ("pydantic", "serial", "typer.rich_utils", "tomllib")
LOADED = "import sys, json; sys.argv = ['pump', *sys.argv[1:]]\ntry:\n import host.cli; host.cli.app()\nfinally:"
LOADED += " print(json.dumps(sorted(sys.modules)), file=sys.stderr)"


def loaded(*words: str) -> list[str]:
    """The modules that a command has loaded when it ends."""
    command = [sys.executable, "-c", LOADED, *words]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    return list(json.loads(run.stderr.splitlines()[-1]))


def test_the_help_loads_no_more_than_it_shows() -> None:
    found = loaded("--help")
    assert not [name for name in found if name.startswith(NOT_FOR_HELP)]
    assert len(found) < 200


def test_a_command_over_tcp_loads_neither_pydantic_nor_pyserial() -> None:
    found = loaded("--port", "socket://127.0.0.1:1", "status")
    assert "host.commands.look" in found and "host.commands.bolus" not in found
    assert not [name for name in found if name.split(".")[0] in NOT_FOR_STATUS or name in NOT_FOR_STATUS]


@pytest.mark.req("HOST-5")
@pytest.mark.parametrize("words", [("status",), ("status", "--json")])
def test_ctrl_c_while_a_command_loads_is_told(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "import_module", interrupted)
    run = Terminal(monkeypatch).run(*words)
    assert run.exit_code == 130 and "interrupted" in run.stderr and len(run.stderr.splitlines()) == 1


def test_the_table_of_commands_is_that_of_the_modules() -> None:
    listed = {name: entry for commands in COMMANDS.values() for name, entry in commands.items()}
    found = {}
    for module in {entry[0] for entry in listed.values()}:
        group = typer.main.get_group(import_module(f"host.commands.{module}").app)
        for name, command in group.commands.items():
            found[name] = (module, " ".join((command.help or "").partition("\n\n")[0].split()))
    assert found == listed


def test_versions_and_help_are_told_without_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    told = terminal.run("--version", port=None)
    assert told.exit_code == 0 and told.stdout.startswith(f"pump {__version__}, link version 2, schema ")
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for words in (("-h",), ("--help",), ("bolus", "-h"), ("pattern", "edit", "--help"), ("completion", "-h")):
        run = terminal.run(*words, port=None)
        assert run.exit_code == 0 and run.stdout.startswith("Usage: ") and run.stderr == ""
        assert max(map(len, run.stdout.splitlines())) <= 80
    bare = terminal.run(port=None)
    assert bare.exit_code == 2 and bare.stdout.startswith("Usage: ") and bare.stderr == ""
    assert terminal.ports == []


def test_a_shell_completes_commands_options_and_values(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    for shell in ("bash", "zsh", "fish"):
        run = terminal.run("completion", shell, port=None)
        assert run.exit_code == 0 and "_PUMP_COMPLETE" in run.stdout
    assert terminal.run("completion", "tcsh", port=None).exit_code == 2
    for line, offered in (
        ("pump st", ["status", "stop"]), ("pump pattern ed", ["edit"]), ("pump pattern select B", ["B"]),
        ("pump acknowledge occ", ["occlusion"]), ("pump procedure start str", ["stroke-volume"]),
        ("pump bolus --wa", ["--wait"]),
    ):  # fmt: skip
        words = line.split()
        environment = {"_PUMP_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        run = subprocess.run(
            [sys.executable, "-c", "import host.cli; host.cli.app(prog_name='pump')"],
            cwd=ROOT, capture_output=True, text=True, timeout=900, env={"PATH": "", **environment}, check=False,
        )  # fmt: skip
        assert run.stdout.split() == offered, run.stderr


def test_ports_are_listed_for_people_and_for_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    from host.commands import here

    terminal = Terminal(monkeypatch)
    monkeypatch.setattr(here, "serial_ports", lambda: [("/dev/x", "a board")])
    assert terminal.run("ports", port=None).stdout == "/dev/x  a board\n"
    assert json.loads(terminal.run("ports", "--json", port=None).stdout) == [
        {"port": "/dev/x", "description": "a board"}
    ]
    monkeypatch.setattr(here, "serial_ports", list)
    assert "No serial port was found" in terminal.run("ports", port=None).stdout
    assert terminal.run("ports", "--json", port=None).stdout == "[]\n" and terminal.ports == []


def test_an_option_comes_before_the_environment_and_that_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    terminal = Terminal(monkeypatch)
    file = tmp_path / "pump.toml"
    file.write_text('port = "of-file"\nlanguage = "fr"\n', encoding="utf-8")
    named = {"RELEVE_CONFIG": str(file)}
    run = terminal.run("alarms", port=None, env=named)
    assert run.stdout == "Alarmes : aucune.\n" and terminal.ports == ["of-file"]
    run = terminal.run("alarms", "--language", "en", port=None, env={**named, "RELEVE_PORT": "of-environment"})
    assert run.stdout == "Alarms: none.\n" and terminal.ports[-1] == "of-environment"
    terminal.run("alarms", port="of-option", env={**named, "RELEVE_PORT": "of-environment"})
    assert terminal.ports[-1] == "of-option"
    run = terminal.run("--version", port=None, env={"RELEVE_CONFIG": str(tmp_path / "none")})
    assert run.exit_code == 0, "what needs no file does not read it"


@pytest.mark.req("HOST-4")
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"port = ", "is not TOML"), (b"port = 3", "port must be a text in"), (b"yes = true", "has 'yes'; it may"),
        (b"\xff", "cannot read"), (b'port = "a"\nport = "b"', "is not TOML"), (b"[port]\na = 1", "port must be a text"),
        (b'language = "de"', "'de' is not a language"), (b'timeout = "soon"', "'soon' is not a number of s"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, told: str
) -> None:
    terminal = Terminal(monkeypatch)
    file = tmp_path / "pump.toml"
    file.write_bytes(content)
    run = terminal.run("status", env={"RELEVE_CONFIG": str(file)})
    assert run.exit_code == 2 and told in run.stderr and run.stderr.count("\n") == 1 and run.stdout == ""


def test_the_file_is_where_a_user_s_configuration_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RELEVE_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path))
    for system in ("linux", "win32"):
        monkeypatch.setattr(sys, "platform", system)
        assert configuration.place() == tmp_path / "releve" / "pump.toml" and configuration.read() == {}
    monkeypatch.setattr(sys, "platform", "darwin")
    assert configuration.place() == Path("~/Library/Application Support/releve/pump.toml").expanduser()
    monkeypatch.setenv("RELEVE_CONFIG", str(tmp_path / "gone"))
    terminal = Terminal(monkeypatch)
    run = terminal.run("status")
    assert run.exit_code == 2 and "there is no such file" in run.stderr
    assert Options(None, False, None, None, None, False).port is None
