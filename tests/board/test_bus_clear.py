"""c_ext/board/bus_clear.c against a device that a reset has cut off in mid-byte, line by line."""

import ctypes
import subprocess
from pathlib import Path

import pytest

C_EXT = Path(__file__).resolve().parents[2] / "c_ext"
DRIVE, LEVEL, HALF = ctypes.CFUNCTYPE(None, ctypes.c_bool), ctypes.CFUNCTYPE(ctypes.c_bool), ctypes.CFUNCTYPE(None)
CLOCKS = 9


class Lines(ctypes.Structure):
    """bus_lines_t."""

    _fields_ = (("scl", DRIVE), ("sda", DRIVE), ("scl_is_high", LEVEL), ("sda_is_high", LEVEL), ("half", HALF))


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    built = tmp_path_factory.mktemp("bus") / "bus_clear.so"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "-o", built, C_EXT / "board" / "bus_clear.c"], check=True)
    library = ctypes.CDLL(str(built))
    library.bus_clear.restype = ctypes.c_bool
    return library


class Device:
    """Holds the data line for so many clocks, the clock for so many halves after each of its rises."""

    def __init__(self, clocks, stretch=0):
        self.left, self.stretch = clocks, stretch
        self.scl = self.sda = True
        self.clocks = self.stops = self.halves = self.stretched = 0

    @property
    def sda_is_high(self):
        return self.sda and self.left == 0

    def drive_scl(self, high):
        if high and not self.scl:
            self.stretched = self.stretch
            self.clocks += 1
            self.left = max(0, self.left - 1)
        self.scl = high

    def drive_sda(self, high):
        before = self.sda_is_high
        self.sda = high
        if self.scl and self.sda_is_high and not before:
            self.stops += 1

    def half(self):
        self.halves += 1
        self.stretched = max(0, self.stretched - 1)

    def clear(self, library):
        lines = Lines(
            DRIVE(self.drive_scl),
            DRIVE(self.drive_sda),
            LEVEL(lambda: self.scl and self.stretched == 0),
            LEVEL(lambda: self.sda_is_high),
            HALF(self.half),
        )
        return library.bus_clear(ctypes.byref(lines))


@pytest.mark.req("STORE-2")
@pytest.mark.parametrize("clocks", range(CLOCKS + 1))
@pytest.mark.parametrize("stretch", [0, 3])
def test_it_is_free_after_its_clocks_and_a_stop(library, clocks, stretch):
    device = Device(clocks, stretch)
    assert device.clear(library)
    assert device.stops == 1
    assert device.clocks == clocks + 1  # and the one of the stop
    assert device.scl
    assert device.sda


@pytest.mark.req("STORE-2")
@pytest.mark.parametrize(("clocks", "stretch"), [(100, 0), (100, 10**9), (0, 10**9)])
def test_a_line_that_is_held_for_ever_ends_it_soon(library, clocks, stretch):
    device = Device(clocks, stretch)
    assert device.clear(library) == (clocks == 0)
    assert device.clocks <= CLOCKS + 1
    assert device.halves <= 130, "650 µs"
    assert device.scl
    assert device.sda, "both are let go"
