"""A bench that is broken says so, and never as a verdict about dosing."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hil import cli
from hil.bench import Bench
from hil.errors import DeviceLost, DeviceMissing
from hil.plant import Plant, load_mechanism


def plant() -> Plant:
    return Plant(load_mechanism(), 1)


@pytest.mark.req("HIL-6")
def test_a_missing_board_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RELEVE_MICROPYTHON", str(tmp_path / "nothing"))
    with pytest.raises(DeviceMissing, match="make firmware"):
        Bench(plant())


@pytest.mark.req("HIL-6")
def test_a_board_that_does_not_start_is_told_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "board"
    program.write_text("#!/bin/sh\necho no firmware here >&2\nexit 7\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("RELEVE_MICROPYTHON", str(program))
    with pytest.raises(DeviceLost, match=r"exit status 7[\s\S]*no firmware here"):
        Bench(plant())


@pytest.mark.req("HIL-6")
def test_a_board_killed_in_the_middle_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(plant())
    os.kill(bench.board._device._process.pid, signal.SIGKILL)
    with pytest.raises(DeviceLost, match="signal 9"):
        bench.programmer.hello()


@pytest.mark.req("HIL-6")
def test_the_command_line_has_its_own_exit_code_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RELEVE_MICROPYTHON", str(tmp_path / "nothing"))
    monkeypatch.setattr("sys.argv", ["pump-bench", "bench", "--out", str(tmp_path / "out"), "--workers", "1"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == cli.EXIT_BENCH
    assert not (tmp_path / "out" / "results.json").exists()


def test_help_says_what_this_is() -> None:
    text = CliRunner().invoke(cli.app, ["--help"]).output
    assert "not a medical device" in " ".join(text.split())
