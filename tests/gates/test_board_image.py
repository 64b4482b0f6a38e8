"""Images for RP2040 and RP2350: pins from one table, drawing, identity, what lies in RAM, what a checkout lacks."""

import hashlib
import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tools import interrupt_stack, micropython, pins, source, wiring
from tools.console import Problem
from tools.ports import image, in_ram

ROOT = Path(__file__).resolve().parents[2]
BOARDS = [path.parent.name for path in (ROOT / "boards").glob("*/board.toml") if "[pins]" in path.read_text()]
CONTRACT = {
    **{"LINK_TX": 0, "LINK_RX": 1, "CONSOLE_TX": 4, "CONSOLE_RX": 5, "I2C_SDA": 8, "I2C_SCL": 9, "STEP": 16},
    **{
        "DIR": 17,
        "MOTOR_ENABLE": 18,
        "STROKE_SENSOR": 19,
        "ANNUNCIATOR": 20,
        "PRESENCE": 21,
        "LED": 25,
        "PRESSURE": 26,
        "BATTERY": 27,
    },
}
needs_compiler = pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="no arm-none-eabi-gcc")


@pytest.mark.req("BOARD-1")
def test_the_pico_s_pins_are_those_that_emulator_and_bench_know():
    assert wiring.facts_of("RPI_PICO")["pins"] == CONTRACT


@pytest.mark.parametrize("board", BOARDS)
def test_the_drawing_is_up_to_date(board):
    text = (ROOT / "boards" / board / "README.md").read_text(encoding="utf-8")
    assert wiring.with_drawing(text, wiring.drawing(board, wiring.facts_of(board))) == text, (
        f"python3 -m tools.wiring {board}"
    )


def test_a_pin_without_part_and_a_part_without_pin_are_named():
    facts = {"name": "X", "header": "pico", "pins": {"A": 1, "B": 2}, "parts": [{"name": "p", "pins": {"A": "a"}}]}
    with pytest.raises(Problem, match="B: belongs to no part"):
        wiring.drawing("X", facts)
    facts["parts"] = [{"name": "p", "pins": {"A": "a", "B": "b", "C": "c"}}]
    with pytest.raises(Problem, match="C: no such pin"):
        wiring.drawing("X", facts)


def test_a_readme_without_marks_is_not_touched():
    with pytest.raises(Problem, match="each once"):
        wiring.with_drawing("text", "drawing")


@pytest.mark.parametrize(("table", "text"), [({"A": 1, "B": 1}, "both A and B"), ({"A": "GP1"}, "not a GPIO number")])
def test_a_wrong_table_of_pins_is_refused(table, text):
    with pytest.raises(Problem, match=text):
        pins.checked("X", {"pins": table})


def test_c_cmake_and_python_get_the_same_numbers(tmp_path):
    pins.write(tmp_path, "X", {"pins": {"STEP": 16}})
    assert "#define PIN_STEP 16u" in (tmp_path / "pins.h").read_text()
    assert "set(PIN_STEP 16)" in (tmp_path / "pins.cmake").read_text()
    assert "STEP = const(16)" in (tmp_path / "pins.py").read_text()
    before = (tmp_path / "pins.h").stat().st_mtime_ns
    pins.write(tmp_path, "X", {"pins": {"STEP": 16}})
    assert (tmp_path / "pins.h").stat().st_mtime_ns == before


def compiled(folder: Path, code: str, *flags: str) -> Path:
    """An ELF file with .text at 0x10000000 and .ram at 0x20000000."""
    (folder / "x.c").write_text(code)
    elf = folder / "firmware.elf"
    places = ["-Wl,--section-start=.text=0x10000000", "-Wl,--section-start=.ram=0x20000000"]
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb", "-O1", "-nostdlib", "-Wl,-e,run", *flags, *places]
    subprocess.run([*command, "-o", elf, folder / "x.c"], check=True)
    return elf


RAM = '__attribute__((section(".ram"), noinline, long_call))'


@needs_compiler
@pytest.mark.req("DOSE-6")
def test_an_interrupt_that_calls_into_flash_is_found(tmp_path):
    good = f"int x; {RAM} void leaf(void){{x++;}} {RAM} void run(void){{leaf(); x--;}}"
    good = good.replace(", long_call", "")
    assert in_ram.check(compiled(tmp_path, good), ("run",)) == 2
    bad = good.replace("void run", "void middle(void){extern void flash(void); flash(); x--;} void other")
    bad += " __attribute__((noinline)) void flash(void){x=7;}"
    bad += f" {RAM} void run(void){{middle(); x--;}}".replace(", long_call", "")
    with pytest.raises(Problem, match="lies in flash and is called by"):
        in_ram.check(compiled(tmp_path, bad), ("run",))


@needs_compiler
def test_a_call_through_a_pointer_and_a_missing_handler_are_found(tmp_path):
    code = f"void (*where)(void); int x; {RAM} void run(void){{where(); x++;}}"
    with pytest.raises(Problem, match="through a pointer"):
        in_ram.check(compiled(tmp_path, code), ("run",))
    with pytest.raises(Problem, match="lacks gone"):
        in_ram.check(tmp_path / "firmware.elf", ("gone",))


CONDITIONAL = """
    int x;
    __attribute__((noinline)) void flash(void) { x = 7; }
    __attribute__((section(".ram"), noinline, naked)) void run(void) {
        __asm volatile("push {r4, lr}; cmp r0, #0; %s; pop {r4, pc}" ::: "memory");
    }
"""


@needs_compiler
@pytest.mark.req("DOSE-6")
@pytest.mark.parametrize("way", ["it eq; bleq flash", "bne flash", "cbz r0, 1f; b flash; 1:"])
def test_on_an_rp2350_a_call_with_a_condition_is_followed_too(tmp_path, way):
    with pytest.raises(Problem, match=r"flash.* lies in flash"):
        in_ram.check(compiled(tmp_path, CONDITIONAL.replace("%s", way), "-mcpu=cortex-m33"), ("run",))
    pointer = CONDITIONAL.replace("%s", "it eq; bxeq r3")
    with pytest.raises(Problem, match="through a pointer"):
        in_ram.check(compiled(tmp_path, pointer, "-mcpu=cortex-m33"), ("run",))


DEEP = f"""
    volatile int x;
    {RAM.replace(", long_call", "")} int leaf(int a) {{ volatile int b[10]; b[a] = x; x = b[1]; return b[2] + 1; }}
    {RAM.replace(", long_call", "")} void run(void) {{ x = leaf(3) + leaf(x); }}
"""


@needs_compiler
@pytest.mark.req("DOSE-7")
@pytest.mark.parametrize(("chip", "cpu"), [("RP2040", "cortex-m0plus"), ("RP2350", "cortex-m33")])
def test_the_stack_of_an_interrupt_is_at_least_what_the_compiler_says(tmp_path, chip, cpu):
    elf = compiled(tmp_path, DEEP, f"-mcpu={cpu}", "-fstack-usage", "-save-temps=obj")
    (usage,) = tmp_path.glob("*.su")
    said = {line.split("\t")[0].split(":")[-1]: int(line.split("\t")[1]) for line in usage.read_text().splitlines()}
    assert said["leaf"] >= 40
    assert interrupt_stack.worst(elf, chip, ("run",)) == said["run"] + said["leaf"] + interrupt_stack.SAVED_BYTES[chip]


@needs_compiler
def test_a_stack_without_bound_is_refused(tmp_path):
    leaf = "int leaf(int a) {"
    again = DEEP.replace(leaf + "{", leaf).replace(leaf, leaf + " if (a > 7) { return leaf(a - x) + leaf(x); }")
    with pytest.raises(Problem, match=r"leaf.*without known bound"):
        interrupt_stack.worst(compiled(tmp_path, again), "RP2040", ("run",))
    assert interrupt_stack.frames("20000000 <f>:\n2000:\tsub\tsp, r3\n") == {0x20000000: -1}
    assert interrupt_stack.frames("20000000 <f>:\n2000:\tvpush\t{d8-d9}\n2004:\tstrd\tip, lr, [sp, #-16]!\n") == {
        0x20000000: 32
    }


@needs_compiler
@pytest.mark.req("SELF-1")
def test_the_seal_is_the_digest_of_the_image_without_itself(tmp_path):
    code = 'const unsigned char releve_image_digest[32] = {0}; const char text[] = "a pump"; void run(void){for(;;);}'
    elf = compiled(tmp_path, code, "-Wl,--section-start=.rodata=0x10000100")
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, tmp_path / "firmware.bin"], check=True)
    raw = (tmp_path / "firmware.bin").read_bytes()
    digest = image.seal(tmp_path, 0x10000000, "X")
    sealed = (tmp_path / "firmware.bin").read_bytes()
    assert digest == hashlib.sha256(raw).hexdigest()
    facts = json.loads((tmp_path / "firmware.json").read_text())
    place = facts["digest_address"] - 0x10000000
    assert sealed[place : place + 32].hex() == digest == facts["image"]
    assert sealed[:place] + bytes(32) + sealed[place + 32 :] == raw
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, tmp_path / "again.bin"], check=True)
    assert (tmp_path / "again.bin").read_bytes() == sealed


def test_a_place_outside_of_the_elf_file_is_an_error():
    header = bytearray(84)
    struct.pack_into("<I", header, 28, 52)
    struct.pack_into("<HH", header, 42, 32, 1)
    with pytest.raises(Problem, match="0x10000000"):
        image.file_offset(bytes(header), 0x10000000)


def test_a_checkout_without_its_submodules_is_told_the_command(tmp_path, monkeypatch):
    (tmp_path / "py").mkdir()
    (tmp_path / "ports" / "unix").mkdir(parents=True)
    (tmp_path / "ports" / "unix" / "Makefile").touch()
    numbers = "#define MICROPY_VERSION_MAJOR 1\n#define MICROPY_VERSION_MINOR 25\n#define MICROPY_VERSION_MICRO 0\n"
    (tmp_path / "py" / "mpconfig.h").write_text(numbers)
    (tmp_path / "lib" / "tinyusb" / "src").mkdir(parents=True)
    (tmp_path / "lib" / "tinyusb" / "src" / "tusb.h").touch()
    monkeypatch.setenv("MICROPYTHON_DIR", str(tmp_path))
    with pytest.raises(Problem, match="git submodule update --init lib/pico-sdk lib/mbedtls lib/micropython-lib"):
        source.rp2_source()


def test_only_hardware_has_a_release():
    with pytest.raises(Problem, match="VIRTUAL has no release"):
        micropython.board_job("VIRTUAL", release=True)
