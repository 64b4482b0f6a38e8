"""A real boot ROM for the emulated Picos: `--bootrom FILE`; what is wrong with it is said before anything starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hil.backends import emulator_process
from hil.backends.emulator_process import BOOTROM, BOOTROM_BYTES, EMULATOR, use_bootrom
from hil.bench import Bench
from hil.errors import BenchError, DeviceMissing
from hil.plant import Plant, load_mechanism

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _none_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator_process, "_chosen", [])


def padded_stub(folder: Path) -> Path:
    """Our stub at a real one's size."""
    path = folder / "rom.bin"
    path.write_bytes(BOOTROM.read_bytes().ljust(BOOTROM_BYTES, b"\0"))
    return path


@pytest.mark.req("HIL-1")
def test_a_missing_boot_rom_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeviceMissing, match=rf"nowhere.bin is missing.*{BOOTROM_BYTES} bytes"):
        use_bootrom(tmp_path / "nowhere.bin")


@pytest.mark.req("HIL-1")
@pytest.mark.parametrize("size", [0, BOOTROM_BYTES - 1, 2 * BOOTROM_BYTES])
def test_one_of_the_wrong_size_is_refused(tmp_path: Path, size: int) -> None:
    (tmp_path / "rom.bin").write_bytes(bytes(size))
    with pytest.raises(BenchError, match=rf"has {size} bytes: a Pico's boot ROM has {BOOTROM_BYTES}"):
        use_bootrom(tmp_path / "rom.bin")


@pytest.mark.req("HIL-1")
def test_a_pico_starts_from_the_boot_rom_that_was_chosen(tmp_path: Path) -> None:
    path = padded_stub(tmp_path)
    use_bootrom(path)
    assert emulator_process.bootrom_file() == path.resolve()
    if not (EMULATOR / "node_modules").is_dir():
        pytest.skip("no emulator")
    with Bench(Plant(load_mechanism(), 1), kind="emulated") as bench:
        assert bench.programmer.status().state == "running"


@pytest.mark.req("HIL-1")
@pytest.mark.parametrize(
    ("bench", "rom", "words"),
    [("emulated", "nowhere.bin", "nowhere.bin is missing"), ("virtual", "nowhere.bin", "for --bench emulated")],
)
def test_the_suite_s_option_says_what_is_wrong(bench: str, rom: str, words: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests/suite",
        "--collect-only",
        "-q",
        "--bench",
        bench,
        "--bootrom",
        rom,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert words in done.stderr
