"""Bench files: those of the project are right, and what is wrong in one is named with its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.backends.bench_file import FOLDER, BenchFileError, bench_names, load_bench

DESK = (FOLDER / "desk.toml").read_text(encoding="utf-8")


@pytest.mark.req("HIL-1")
def test_every_bench_of_the_project_can_be_read() -> None:
    assert bench_names() == ["desk", "desk-emulated", "emulated", "emulated-stm32", "virtual"]
    kinds = {name: load_bench(name).kind for name in bench_names()}
    assert kinds == {name: "desk" if name == "desk-emulated" else name for name in bench_names()}
    assert load_bench("desk-emulated").emulated_desk
    assert not load_bench("desk").emulated_desk


@pytest.mark.req("HIL-1")
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('kind = "desk"', 'kind = "dsk"', ["kind", "'dsk'", "virtual, emulated, emulated-stm32, desk"]),
        ('board = "RPI_PICO"', "", ["board", "missing"]),
        ('pump = "/dev/ttyUSB0"', "pump = 7", ["ports.pump", "7 is not a text"]),
        ('pump = "/dev/ttyUSB0"', 'pump = "emulated"', ["ports", "both or neither"]),
        ('STEP = "STEP"', 'STEP = "DIR"', ["wiring.STEP", "'DIR'", "possible: STEP"]),
        ('date = "never', 'dat = "never', ["calibration.dat", "unknown"]),
        ("start_tolerance_us = 250000", "start_tolerance_us = -1", ["calibration.start_tolerance_us", "-1", "0 …"]),
        ("pump_rate_ppb = 0", "pump_rate_ppb = 0.5", ["calibration.pump_rate_ppb", "whole number"]),
        ("[calibration]", "[calibratio]", ["calibratio", "unknown"]),
        ('edge_capture = "bench_io"', 'edge_capture = "scope"', ["instruments.edge_capture", "'scope'"]),
        ('kind = "desk"', "kind = ", ["not TOML"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    assert old in DESK
    path = tmp_path / "my.toml"
    path.write_text(DESK.replace(old, new), encoding="utf-8")
    with pytest.raises(BenchFileError) as wrong:
        load_bench(path)
    assert all(word in str(wrong.value) for word in [*words, "my.toml"]), str(wrong.value)


@pytest.mark.req("HIL-1")
def test_a_bench_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchFileError, match="there are desk, desk-emulated, emulated, emulated-stm32, virtual"):
        load_bench("desktop")
    with pytest.raises(BenchFileError, match="No such file"):
        load_bench(tmp_path / "gone.toml")


@pytest.mark.req("HIL-1", "BOARD-4")
@pytest.mark.parametrize(("adc", "dac"), [(0, 0), (512, 512), (4095, 4095), (5000, 4095), (-3, 0)])
def test_the_dac_s_counts_stay_within_its_range(adc: float, dac: int) -> None:
    calibration = load_bench("desk-emulated").calibration
    assert calibration is not None
    assert calibration.dac_counts(adc) == dac
