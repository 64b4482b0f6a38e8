"""The VIRTUAL board's program: what is frozen into it, its logical time, and when it is built anew."""

import subprocess
from pathlib import Path

import pytest

from tools import console, micropython
from tools.console import Problem
from tools.ports import common, unix

ROOT = Path(__file__).resolve().parents[2]


# Should it be stale, it is built first.
@pytest.fixture(scope="module")
def program():
    return micropython.build_board("VIRTUAL")


@pytest.fixture
def run(program, tmp_path):
    """Runs code on the board's program, in an empty folder; returns what it prints."""

    def run(code: str) -> str:
        done = subprocess.run(
            [program, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=900
        )
        assert done.returncode == 0, done
        return done.stdout.strip()

    return run


def test_the_firmware_is_frozen_as_a_package_and_the_board_as_a_module(run):
    code = "import board, sys; from firmware.drivers.stepper import Stepper; print(Stepper.__name__, board.Board.NAME)"
    assert run(code) == "Stepper VIRTUAL"
    assert run("import firmware.protocol as module; print(module.__file__)") == "firmware/protocol/__init__.py"


def test_the_dose_core_is_a_native_module(run):
    assert run("import dosecore; print(hasattr(dosecore, '__file__'), dosecore.__name__)") == "False dosecore"


def test_time_is_logical_and_wraps_as_on_a_board(run):
    assert run("import time; print(time.ticks_us(), time.ticks_ms(), time.time(), time.time_ns())") == "0 0 0.0 0"
    assert run("import time; print(time.ticks_diff(5, time.ticks_add(0, -7)))") == "12"
    assert run("import time; print(time.ticks_add(0, -1) == (1 << 30) - 1)") == "True"
    code = "import time\nfor sleep in (time.sleep, time.sleep_ms):\n try: sleep(1)\n except RuntimeError as e: print(e)"
    assert run(code).count("logical time") == 2


def test_the_same_run_gives_the_same_random_numbers(run):
    code = "import random; print([random.getrandbits(30) for _ in range(4)])"
    assert run(code) == run(code)


def test_a_runaway_recursion_is_an_exception(run):
    code = "def f(): f()\ntry: f()\nexcept RuntimeError as e: print(e)"
    assert run(code) == "pystack exhausted"


def test_scripts_modules_and_host_files_work(program, tmp_path):
    (tmp_path / "script.py").write_text(
        "import sys, json, struct, hashlib, select, io\nprint(sys.argv[1:], __name__)\n"
    )
    for how in (["script.py"], ["-m", "script"]):
        done = subprocess.run(
            [program, *how, "a"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=900
        )
        assert done.stdout.strip() == "['a'] __main__"


def test_what_is_up_to_date_is_not_built(program, monkeypatch):
    def build(*_):
        raise AssertionError("built again")

    monkeypatch.setattr(common, "make", build)
    assert micropython.build_board("VIRTUAL") == program


def test_a_stamp_depends_on_contents_and_names_and_not_on_times(tmp_path):
    one = tmp_path / "one.c"
    one.write_text("int a;")
    before = console.digest([tmp_path], "flag")
    one.touch()
    assert console.digest([tmp_path], "flag") == before
    assert console.digest([tmp_path], "other flag") != before
    one.write_text("int b;")
    changed = console.digest([tmp_path], "flag")
    assert changed != before
    one.rename(tmp_path / "two.c")
    assert console.digest([tmp_path], "flag") not in (before, changed)


def test_module_links_follow_the_list(tmp_path):
    links = tmp_path / "modules"
    unix.link_modules(links, {"first": "tools", "second": "tests"})
    assert (links / "first").resolve() == ROOT / "tools"
    unix.link_modules(links, {"second": "tools"})
    assert [each.name for each in links.iterdir()] == ["second"]
    assert (links / "second").resolve() == ROOT / "tools"


def test_what_a_board_lacks_is_named(tmp_path, monkeypatch):
    board = tmp_path / "boards" / "HALF"
    board.mkdir(parents=True)
    monkeypatch.setattr(micropython, "ROOT", tmp_path)
    text = 'port = "unix"\ninputs = ["firmware"]\n[c_modules]\ndosecore = "c_ext/micropython"\n'
    (board / "board.toml").write_text(text)
    with pytest.raises(Problem, match=r"c_ext/micropython/micropython\.mk is missing"):
        micropython.board_job("HALF")
    (board / "board.toml").write_text(text.replace('dosecore = "c_ext/micropython"', ""))
    with pytest.raises(Problem, match="firmware, an input of board HALF, is missing"):
        micropython.board_job("HALF")
    (board / "board.toml").write_text('port = "esp32"')
    with pytest.raises(Problem, match="'esp32' cannot be built yet"):
        micropython.board_job("HALF")


def test_a_failed_build_shows_the_end_of_its_log_and_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(console, "LOGS", tmp_path)
    with pytest.raises(Problem) as caught:
        console.run_logged("thing", ["sh", "-c", "seq 100; echo 'core.c:7: error: no'; exit 2"])
    message = str(caught.value)
    assert "core.c:7: error: no" in message
    assert str(tmp_path / "thing.log") in message
    assert " 1\n" not in message
