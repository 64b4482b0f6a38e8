"""Packing that no value can fail, on CPython and MicroPython, whose struct cuts the upper bits off without a word."""

from __future__ import annotations

import struct
import subprocess

import pytest

from firmware.protocol.bounded import pack_into
from tools.console import ROOT

LAYOUT = "<BHIQi"
GIVEN = [
    (0, 0, 0, 0, 0),
    (255, 65535, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF, -0x80000000),
    (256, 65536, 1 << 32, 1 << 64, 0x80000000),
    (1 << 40, 1 << 40, 1 << 70, 1 << 90, 1 << 90),
    (-1, -1, -1, -1, -0x80000001),
    (7, 65536, 8, 9, -10),
]
PACKED = [
    (0, 0, 0, 0, 0),
    (255, 65535, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF, -0x80000000),
    (255, 65535, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 0x7FFFFFFF),
    (255, 65535, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 0x7FFFFFFF),
    (0, 0, 0, 0, -0x80000000),
    (7, 65535, 8, 9, -10),
]


@pytest.mark.req("STORE-1")
def test_what_does_not_fit_is_the_nearest_that_does() -> None:
    for values, packed in zip(GIVEN, PACKED, strict=True):
        buffer = bytearray(b"\xaa" * 22)
        pack_into(LAYOUT, buffer, 2, *values)
        assert buffer[:2] + buffer[21:] == b"\xaa\xaa\xaa"
        assert struct.unpack_from(LAYOUT, buffer, 2) == packed


@pytest.mark.req("STORE-1")
def test_micropython_packs_the_same() -> None:
    program = f"""
import struct
from firmware.protocol.bounded import pack_into
for values in {GIVEN}:
    buffer = bytearray(22)
    pack_into("{LAYOUT}", buffer, 2, *values)
    print(struct.unpack_from("{LAYOUT}", buffer, 2))
"""
    board = ROOT / "build" / "VIRTUAL" / "micropython"
    done = subprocess.run([board, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == [str(each) for each in PACKED]
