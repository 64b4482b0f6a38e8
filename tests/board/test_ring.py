"""The ring of the programmer link (c_ext/board/ring.c), which every chip's DMA fills and empties."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.req("LINK-1")
ROOT = Path(__file__).resolve().parents[2]
BYTES, TX_BYTES = 4096, 2048


class CRing(ctypes.Structure):
    _fields_ = (
        ("rx", ctypes.c_char_p), ("tx", ctypes.c_void_p), ("rx_read", ctypes.c_uint32), ("rx_scanned", ctypes.c_uint32),
        ("rx_frames", ctypes.c_uint32), ("tx_written", ctypes.c_uint32), ("tx_started", ctypes.c_uint32),
    )  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    out = tmp_path_factory.mktemp("ring") / "ring.so"
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-Os"]
    subprocess.run(["gcc", *warnings, "-shared", "-fPIC", "-o", out, ROOT / "c_ext/board/ring.c"], check=True)
    loaded = ctypes.CDLL(str(out))
    for name in ("ring_scan", "ring_ready"):
        getattr(loaded, name).restype = ctypes.c_bool
    return loaded


class Ring:
    """A ring whose positions are near their wrap, with a DMA by hand."""

    def __init__(self, library: ctypes.CDLL, begun: int = 2**32 - 6) -> None:
        self.shim = library
        self.rx = ctypes.create_string_buffer(BYTES)
        self.tx = ctypes.create_string_buffer(TX_BYTES)
        self.ring = CRing(ctypes.cast(self.rx, ctypes.c_char_p), ctypes.addressof(self.tx))
        self.shim.ring_empty(ctypes.byref(self.ring))
        for name in ("rx_read", "rx_scanned", "tx_written", "tx_started"):
            setattr(self.ring, name, begun)
        self.at = begun

    def arrive(self, data: bytes, scan: bool = True) -> bool | None:
        for byte in data:
            self.rx[self.at % BYTES] = bytes([byte])
            self.at += 1
        return self.shim.ring_scan(ctypes.byref(self.ring), self.at % BYTES) if scan else None

    @property
    def ready(self) -> bool:
        return bool(self.shim.ring_ready(ctypes.byref(self.ring)))

    def read(self, size: int = BYTES) -> bytes:
        into = ctypes.create_string_buffer(BYTES)
        taken = self.shim.ring_read(ctypes.byref(self.ring), into, size)
        return into.raw[:taken]

    def write(self, data: bytes, under_way: int = 0) -> int:
        return int(self.shim.ring_write(ctypes.byref(self.ring), data, len(data), under_way))


def test_a_whole_frame_is_ready_and_a_part_is_not(library: ctypes.CDLL) -> None:
    ring = Ring(library)
    assert not ring.arrive(b"") and not ring.ready
    assert ring.arrive(b"abc") and not ring.ready
    assert ring.arrive(b"d\0") and ring.ready
    assert ring.read() == b"abcd\0" and not ring.ready and ring.read() == b""


def test_a_frame_stays_ready_until_its_end_is_read(library: ctypes.CDLL) -> None:
    ring = Ring(library)
    ring.arrive(b"one\0two\0thr")
    assert ring.read(2) == b"on" and ring.ready
    assert ring.read(2) == b"e\0" and ring.ready
    assert ring.read(4) == b"two\0" and not ring.ready
    assert ring.read() == b"thr"


@pytest.mark.parametrize("back", [1, 4, 16])
def test_a_position_that_has_gone_back_is_nothing_new(library: ctypes.CDLL, back: int) -> None:
    # RP2040-E12: the DMA's address, read while transfers are under way.
    ring = Ring(library)
    ring.arrive(b"old\0" + b"x" * (BYTES - 4))
    ring.read()
    ring.arrive(b"ab")
    there = ring.at
    ring.at -= back
    assert not ring.arrive(b"") and not ring.ready
    ring.at = there
    assert ring.arrive(b"c\0") and ring.ready and ring.read() == b"abc\0"


def test_half_a_ring_without_an_end_must_be_read(library: ctypes.CDLL) -> None:
    ring = Ring(library)
    ring.arrive(b"x" * (BYTES // 2 - 1))
    assert not ring.ready
    ring.arrive(b"x")
    assert ring.ready and len(ring.read()) == BYTES // 2 and not ring.ready


def test_of_more_than_a_ring_all_is_lost_and_what_comes_next_is_whole(library: ctypes.CDLL) -> None:
    ring = Ring(library)
    ring.arrive(b"early\0" + b"y" * 3000)
    ring.arrive(b"late\0" + b"z" * 2000)
    assert ring.ready and ring.read() == b"" and not ring.ready, "no frame is promised that is gone"
    ring.arrive(b"\0on\0")
    assert ring.ready and ring.read() == b"\0on\0"


def test_exactly_a_ring_is_kept(library: ctypes.CDLL) -> None:
    ring = Ring(library)
    ring.arrive(b"a" * 2000)
    ring.arrive(b"b" * (BYTES - 2000))
    assert ring.read() == b"a" * 2000 + b"b" * (BYTES - 2000)


@pytest.mark.parametrize("under_way", [0, 5, 96])
def test_there_is_room_for_a_ring_less_what_is_not_sent_yet(library: ctypes.CDLL, under_way: int) -> None:
    ring = Ring(library)
    data = bytes(range(256)) * 8
    assert ring.write(data[:1952]) == 1952
    begun = ring.ring.tx_started
    assert ring.write(data[1952:], under_way) == 96 - under_way
    sent = bytes(ring.tx[(begun + place) % TX_BYTES][0] for place in range(TX_BYTES - under_way))
    assert sent == data[: TX_BYTES - under_way]
    assert ring.write(b"more", under_way) == 0
    ring.ring.tx_started = (ring.ring.tx_started + 10) % 2**32
    assert ring.write(b"more than ten bytes", under_way) == 10
