"""The VIRTUAL board's CRC-32 is everybody's: eight bytes a step, from any place, of any length, in parts."""

from __future__ import annotations

import random
import subprocess
from binascii import crc32

import pytest

from tests.virtual_board import MICROPYTHON, on_micropython

_PROGRAM = """
from binascii import crc32, unhexlify
data = memoryview(unhexlify(%r))
for start in range(9):
    for end in range(start, start + 41):
        print(crc32(data[start:end]), crc32(data[start:end], 0x12345678))
print(crc32(data), crc32(data[500:], crc32(data[:500])))
"""


@pytest.mark.req("BOARD-1")
@on_micropython
def test_the_crc_is_everybodys() -> None:
    data = random.Random(1).randbytes(1000)
    run = subprocess.run([str(MICROPYTHON), "-c", _PROGRAM % data.hex()], capture_output=True, text=True, check=True)
    places = [data[start:end] for start in range(9) for end in range(start, start + 41)]
    wanted = [f"{crc32(each)} {crc32(each, 0x12345678)}" for each in places]
    assert run.stdout.splitlines() == [*wanted, f"{crc32(data)} {crc32(data)}"]
