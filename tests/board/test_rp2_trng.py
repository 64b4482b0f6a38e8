"""Random numbers of an RP2350 (c_ext/rp2/trng.c), compiled for this machine against registers in memory."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "c_ext" / "rp2" / "trng.c"
REGISTERS = ("trng_sw_reset", "sample_cnt1", "trng_debug_control", "rnd_source_enable", "trng_valid", "ehr_data")
WORDS = [0x03020100, 0x07060504, 0x0B0A0908, 0x0F0E0D0C, 0x13121110, 0xFF161514]
RING = 0x5A

PICO_H = """
#include <stddef.h>
#include <stdint.h>
#define PICO_RP2040 0
#define count_of(a) (sizeof(a) / sizeof((a)[0]))
"""
TRNG_H = """
typedef struct {
    volatile uint32_t trng_sw_reset, sample_cnt1, trng_debug_control, rnd_source_enable, trng_valid, ehr_data[6];
} trng_hw_t;
extern trng_hw_t registers;
#define trng_hw (&registers)
#define TRNG_TRNG_SW_RESET_BITS 1u
#define TRNG_RND_SOURCE_ENABLE_RND_SRC_EN_BITS 1u
#define TRNG_TRNG_VALID_EHR_VALID_BITS 1u
"""
RING_C = """
#include "pico.h"
#include "hardware/structs/trng.h"
trng_hw_t registers;
uint32_t sampled;
uint8_t __real_rosc_random_u8(size_t cycles) { sampled += (uint32_t)cycles; return 0x5a; }
"""


class Registers(ctypes.Structure):
    """The TRNG's, as in TRNG_H."""

    _fields_ = [(name, ctypes.c_uint32 * (6 if name == "ehr_data" else 1)) for name in REGISTERS]


@pytest.fixture
def chip(tmp_path: Path) -> ctypes.CDLL:
    (tmp_path / "hardware" / "structs").mkdir(parents=True)
    (tmp_path / "pico.h").write_text(PICO_H, encoding="utf-8")
    (tmp_path / "hardware" / "structs" / "trng.h").write_text(TRNG_H, encoding="utf-8")
    (tmp_path / "ring.c").write_text(RING_C, encoding="utf-8")
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-O1"]
    command = ["gcc", *warnings, "-shared", "-fPIC", "-I", tmp_path, "-o", tmp_path / "trng.so"]
    subprocess.run([*command, SOURCE, tmp_path / "ring.c"], check=True)
    loaded = ctypes.CDLL(str(tmp_path / "trng.so"))
    loaded.__wrap_rosc_random_u8.restype = ctypes.c_uint8
    loaded.__wrap_rosc_random_u32.restype = ctypes.c_uint32
    return loaded


def registers(chip: ctypes.CDLL) -> Registers:
    return Registers.in_dll(chip, "registers")


def drawn(chip: ctypes.CDLL, count: int) -> list[int]:
    draw = getattr(chip, "__wrap_rosc_random_u8")
    return [draw(ctypes.c_size_t(8)) for _ in range(count)]


@pytest.mark.req("BOARD-1")
def test_each_byte_of_the_trng_is_used_once_and_mixed_with_the_ring_oscillator_s(chip: ctypes.CDLL) -> None:
    block = registers(chip)
    block.trng_valid[0] = 1
    block.ehr_data[:] = WORDS
    block.trng_debug_control[0] = 0xFFFFFFFF  # as the boot ROM leaves it
    every = [word >> shift & 0xFF for word in WORDS for shift in (0, 8, 16, 24)]
    assert sorted(byte ^ RING for byte in drawn(chip, 24)) == sorted(every)
    assert block.trng_debug_control[0] == 0, "the block's own tests are on"
    assert block.rnd_source_enable[0] == 0, "the source is off afterwards"
    block.ehr_data[:] = [0xAAAAAAAA] * 6
    assert drawn(chip, 24) == [0xAA ^ RING] * 24, "collected anew"
    assert ctypes.c_uint32.in_dll(chip, "sampled").value == 48 * 8


@pytest.mark.req("BOARD-1")
def test_a_trng_that_gives_nothing_leaves_the_ring_oscillator_s(chip: ctypes.CDLL) -> None:
    registers(chip).ehr_data[:] = WORDS  # not valid
    assert drawn(chip, 30) == [RING] * 30
    assert getattr(chip, "__wrap_rosc_random_u32")() == RING * 0x01010101
