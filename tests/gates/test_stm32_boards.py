"""STM32 boards: what the build lacks is named, one folder is a board, the C glue compiles against MicroPython."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.gates import one_folder
from tools import facts as board_facts
from tools import micropython, pins, source, wiring
from tools.console import Problem
from tools.ports import stm32

ROOT = Path(__file__).resolve().parents[2]
BOARDS = [
    path.parent.name for path in sorted((ROOT / "boards").glob("*/board.toml")) if 'port = "stm32"' in path.read_text()
]
NUCLEO = "NUCLEO_L476RG"
GPIO = re.compile(r"#define PIN_(\w+) (\d+)u")
needs_compiler = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="no arm-none-eabi-gcc")


def facts(board):
    return tomllib.loads((ROOT / "boards" / board / "board.toml").read_text(encoding="utf-8"))


@pytest.mark.req("BOARD-2")
@pytest.mark.parametrize("board", [NUCLEO, "NUCLEO_L4A6ZG"])
def test_the_nucleo_is_one_folder_of_under_a_hundred_lines(board):
    bench = ("Makefile", "hil/backends/emulated_stm32.py", "hil/benches/emulated-stm32.toml", "tests/emulator_stm32/")
    one_folder.judge(board, Path(__file__).name, *bench)  # the emulated bench runs the image


def test_a_part_of_the_board_s_own_takes_the_place_of_the_family_s():
    family = wiring.parts_of(facts(NUCLEO))
    own = wiring.parts_of(facts("NUCLEO_L4A6ZG"))
    assert [part["pins"].keys() for part in own] == [part["pins"].keys() for part in family]
    assert own[0] != family[0] and own[1:] == family[1:]


@pytest.mark.req("BOARD-1", "BOARD-2")
@pytest.mark.parametrize("board", BOARDS)
def test_a_board_has_the_family_s_pins_and_uarts(board):
    job = micropython.board_job(board)
    assert set(job.facts["pins"]) == set(facts("RPI_PICO")["pins"])
    assert set(job.facts["uarts"]) == {"LINK", "CONSOLE"}
    assert {each.name for each in job.inputs} >= {board, "STM32L4", "firmware", "stm32", "micropython"}


@pytest.mark.req("BOARD-1")
def test_without_a_checkout_the_build_says_what_to_get_and_how(monkeypatch):
    monkeypatch.delenv("MICROPYTHON_DIR", raising=False)
    with pytest.raises(Problem) as caught:
        micropython.build_board(NUCLEO)
    said = str(caught.value)
    for name in stm32.SUBMODULES:
        assert f"    {name}: " in said
    assert f"git clone --branch v{source.VERSION}" in said
    assert f"git submodule update --init --depth 1 {' '.join(stm32.SUBMODULES)}" in said
    assert f"make firmware BOARD={NUCLEO} MICROPYTHON_DIR=" in said


def fake_tree(folder, *, version="25", port=True, submodules=()):
    (folder / "py").mkdir(parents=True)
    numbers = [f"#define MICROPY_VERSION_{part} {n}\n" for part, n in (("MAJOR", 1), ("MINOR", version), ("MICRO", 0))]
    (folder / "py" / "mpconfig.h").write_text("".join(numbers))
    for each in ("unix", "stm32") if port else ("unix",):
        (folder / "ports" / each).mkdir(parents=True)
        (folder / "ports" / each / "Makefile").touch()
    for name in submodules:
        probe = folder / name / stm32.SUBMODULES[name][0]
        probe.parent.mkdir(parents=True)
        probe.touch()
    return folder


@pytest.mark.req("BOARD-1")
@pytest.mark.parametrize("there", [(), ("lib/stm32lib",), ("lib/micropython-lib",)])
def test_a_checkout_is_told_each_thing_it_lacks_and_one_command(tmp_path, monkeypatch, there):
    monkeypatch.setenv("MICROPYTHON_DIR", str(fake_tree(tmp_path, submodules=there)))
    with pytest.raises(Problem) as caught:
        stm32.checkout(NUCLEO)
    said = str(caught.value)
    missing = [name for name in stm32.SUBMODULES if name not in there]
    assert said.endswith(f"git submodule update --init --depth 1 {' '.join(missing)}")
    for name in stm32.SUBMODULES:
        assert (f"    {name}: " in said) == (name in missing)


def test_a_checkout_of_another_version_or_without_the_port_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MICROPYTHON_DIR", str(fake_tree(tmp_path / "old", version="24")))
    with pytest.raises(Problem, match=r"is MicroPython 1\.24\.0"):
        stm32.checkout(NUCLEO)
    monkeypatch.setenv("MICROPYTHON_DIR", str(fake_tree(tmp_path / "half", port=False)))
    with pytest.raises(Problem, match="lacks ports/stm32"):
        stm32.checkout(NUCLEO)
    monkeypatch.setenv("MICROPYTHON_DIR", str(fake_tree(tmp_path / "whole", submodules=tuple(stm32.SUBMODULES))))
    assert stm32.checkout(NUCLEO) == (tmp_path / "whole").resolve()


@pytest.mark.parametrize(("pin", "number"), [("PA0", 0), ("PB3 D3", 19), ("PH1", 113), (7, 7)])
def test_pins_by_port_and_number(pin, number):
    assert pins.number(pin) == number


@pytest.mark.parametrize("pin", ["PI0", "PA16", "B3", "PB3,", True, None])
def test_what_is_no_pin_is_refused(pin):
    with pytest.raises(Problem, match="nor like"):
        pins.checked("X", {"pins": {"STEP": pin}})


@pytest.mark.parametrize("board", BOARDS)
def test_c_port_and_python_get_the_same_pins(tmp_path, board):
    table = facts(board)
    pins.write(tmp_path, board, table)
    header = (tmp_path / "pins.h").read_text()
    listed = dict(line.split(",") for line in (tmp_path / "pins.csv").read_text().splitlines())
    assert listed == {name: pin.split()[0] for name, pin in table["pins"].items()}
    for name, number in GPIO.findall(header):
        port, place = divmod(int(number), 16)
        assert listed[name] == f"P{'ABCDEFGH'[port]}{place}"
        assert f"#define PINNAME_{name} pin_{listed[name][1:]}\n" in header
    assert f'NAME = "{board}"' in board_facts.module(board, table)
    assert not (tmp_path / "pins.cmake").exists()


def test_parts_may_be_the_family_s_or_the_board_s_own():
    table = facts(NUCLEO)
    shared = wiring.parts_of(table)
    assert wiring.parts_of({"parts": shared}) == shared
    assert "PB14  CN10-28 " in wiring.drawing(NUCLEO, table)


# A configuration of MicroPython that needs no chip's headers: enough for its own.
PORT = """#include <stdint.h>
#include <alloca.h>
#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#define MP_STATE_PORT MP_STATE_VM
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_ENABLE_PYSTACK (1)
#define RELEVE_FRAMES_BYTES (3584)
typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef long mp_off_t;
"""


@needs_compiler
@pytest.mark.req("BOARD-1")
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("release", [0, 1])
def test_the_c_glue_compiles_for_the_chip_against_micropython(tmp_path, board, release):
    """The link against the port itself needs ST's headers, which CI does not have."""
    tree = source.source()
    pins.write(tmp_path, board, facts(board))
    (tmp_path / "mpconfigport.h").write_text(PORT)
    (tmp_path / "mphalport.h").touch()
    folder = ROOT / "c_ext" / "stm32"
    shared = [*sorted((ROOT / "c_ext/micropython").glob("*.c")), *sorted((ROOT / "c_ext/board").glob("*.c"))]
    files = [*sorted(folder.glob("*.c")), *shared]
    words = {word for path in files for word in re.findall(r"\bMP_QSTR_(\w+)", path.read_text())}
    builtin = {word for path in (tree / "py").glob("*.h") for word in re.findall(r"\bMP_QSTR_(\w+)", path.read_text())}
    genhdr = tmp_path / "genhdr"
    genhdr.mkdir()
    names = "".join(f'QDEF0(MP_QSTR_{word}, 0, 0, "")\n' for word in sorted(words | builtin))
    (genhdr / "qstrdefs.generated.h").write_text('QDEF0(MP_QSTRnull, 0, 0, "")\n' + names)
    (genhdr / "root_pointers.h").write_text("mp_obj_t releve_core;\n")
    (genhdr / "moduledefs.h").touch()
    command = "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -std=gnu99 -Os".split()
    command += "-Wall -Wpointer-arith -Werror -Wdouble-promotion -Wfloat-conversion -DDOSECORE_MASKED=1".split()
    include = [f"-I{each}" for each in (tmp_path, tree, folder, ROOT / "c_ext" / "micropython")]
    objects = [f"-DRELEVE_RELEASE={release}", *include, "-c", *files]
    done = subprocess.run([*command, *objects], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
