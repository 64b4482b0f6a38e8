"""A bench that is broken says so, and never as a verdict about dosing."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hil import cli
from hil.backends.bench_file import bench_names
from hil.bench import Bench
from hil.ending import EXIT_INTERRUPTED
from hil.errors import EXIT_BENCH, DeviceLost, DeviceMissing
from hil.plant import Plant, load_mechanism
from host.errors import OrderUncertain

ROOT = Path(__file__).resolve().parents[2]
BENCH = [sys.executable, "-m", "hil"]


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
    assert ended.value.code == EXIT_BENCH
    assert not (tmp_path / "out" / "results.json").exists()


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and errors of `pump-bench`, in a process of its own."""
    done = subprocess.run(BENCH + list(arguments), capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.req("HIL-8")
def test_a_worker_that_is_killed_ends_the_campaign(tmp_path: Path) -> None:
    out = tmp_path / "occlusion.json"
    out.write_text("{}")
    campaign = subprocess.Popen(BENCH + ["occlusion", "--out", str(out)], stderr=subprocess.PIPE, text=True)
    # Two: a git that tells the commit is alone, and has the campaign's own words until it begins.
    while len(workers := [each for each in children(campaign.pid) if command(each) == command(campaign.pid)]) < 2:
        assert campaign.poll() is None
        time.sleep(0.05)
    os.kill(workers[-1], signal.SIGKILL)
    _, errors = campaign.communicate()
    assert campaign.returncode == EXIT_BENCH, errors
    assert "a worker process has died" in errors and "Traceback" not in errors
    assert not out.exists(), "an old result"


def children(pid: int) -> list[int]:
    """The processes that this one has started."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command(pid: int) -> bytes:
    """A process's words; a worker has those of its campaign, and a git that tells the commit has others."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


@pytest.mark.req("HIL-8")
def test_ctrl_c_is_no_verdict(tmp_path: Path) -> None:
    life = subprocess.Popen(
        BENCH + ["life", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    while not children(life.pid):
        time.sleep(0.05)
    os.killpg(life.pid, signal.SIGINT)
    _, errors = life.communicate()
    assert life.returncode == EXIT_INTERRUPTED
    assert "interrupted" in errors and "Traceback" not in errors
    assert not (tmp_path / "summary.json").exists()


@pytest.mark.req("HIL-8")
@pytest.mark.parametrize("what", [DeviceLost("the virtual board ended"), OrderUncertain("bolus", "no session")])
def test_a_board_that_is_lost_by_ctrl_c_is_no_broken_bench(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, what: Exception
) -> None:
    """An order that is interrupted is settled at once; a virtual board that was left in mid-word cannot be asked."""

    def lost(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise what from None

    monkeypatch.setattr("hil.protocols.life.run.run", lost)
    monkeypatch.setattr("sys.argv", ["pump-bench", "life", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == EXIT_INTERRUPTED
    assert "interrupted: nothing was judged" in capsys.readouterr().err


@pytest.mark.req("HIL-8", "HOST-4")
@pytest.mark.parametrize(
    ("program", "before", "code"),
    [
        ("begin(press)", "", -signal.SIGINT),  # while it loads
        ("begin(lambda: press)", "", 130),  # while it runs, if it has no answer of its own
        ("begin(lambda: atexit.register(press) and (lambda: sys.exit(3)))", "", -signal.SIGINT),  # while workers end
        ("begin(lambda: atexit.register(press) and (lambda: sys.exit(3)), insists=True)", "", 3),  # after its last word
        ("begin(lambda: atexit.register(end) and (lambda: sys.exit(3)), insists=True)", "", 3),
        ("begin(lambda: press)", "signal.signal(signal.SIGINT, signal.SIG_IGN)", 0),  # in the background
    ],
)
def test_ctrl_c_at_any_moment_ends_a_program_or_changes_nothing(program: str, before: str, code: int) -> None:
    words = f"import atexit, os, signal, sys; {before}\nfrom host.begin import begin\n"
    words += "press, end = (lambda n=n: os.kill(os.getpid(), n) for n in (signal.SIGINT, signal.SIGTERM))\n" + program
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == code
    assert done.stderr == ""


@pytest.mark.req("HIL-8")
def test_results_that_cannot_be_written_are_the_bench_s_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, errors = run("speed", "--days", "30", "--out", str(tmp_path / "file" / "speed.json"))
    assert (code, "cannot be written" in errors, "Traceback" in errors) == (EXIT_BENCH, True, False)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("hil.cli.recorded", full)
    monkeypatch.setattr("sys.argv", ["pump-bench", "speed", "--days", "30", "--out", str(tmp_path / "speed.json")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == EXIT_BENCH


@pytest.mark.req("HIL-8")
@pytest.mark.parametrize("bench", ["nonsense", "desk"])
def test_a_bench_that_is_not_there_is_named_in_a_line(bench: str) -> None:
    made = subprocess.run(["make", "-s", f"ready-{bench}"], capture_output=True, text=True, check=False, cwd=ROOT)
    if bench == "nonsense":
        assert "no bench 'nonsense'" in made.stderr
        assert all(name in made.stderr for name in bench_names())
        return
    asked = [sys.executable, "-m", "pytest", "tests/suite", "--bench", bench, "-q", "-n", "0"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == EXIT_BENCH
    assert "BENCH_FILE=my.toml" in done.stdout and "Traceback" not in done.stdout


def test_help_says_what_this_is() -> None:
    text = CliRunner().invoke(cli.app, ["--help"]).output
    assert "not a medical device" in " ".join(text.split())
