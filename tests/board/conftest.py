"""The stroke timer's service (c_ext/board) compiled for this machine, and a pump around it; c_ext/stm32 for its own."""

import ctypes
import subprocess
from pathlib import Path

import pytest

from tests.board.stm32_machine import build
from tests.board.stroke_service import Pump

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    out = tmp_path_factory.mktemp("service") / "service.so"
    sources = [Path(__file__).with_name("service_shim.c"), ROOT / "c_ext/board/service.c"]
    sources += sorted((ROOT / "c_ext/core").glob("*.c"))
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-Os"]
    subprocess.run(["gcc", *warnings, "-shared", "-fPIC", "-o", out, *sources], check=True)
    loaded = ctypes.CDLL(str(out))
    for name in ("shim_next_us", "shim_start_us", "shim_seen_us"):
        getattr(loaded, name).restype = ctypes.c_uint64
    loaded.shim_readings.restype = ctypes.c_uint32
    return loaded


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    return build(tmp_path_factory.mktemp("stm32"))


@pytest.fixture
def pump(library):
    made = Pump(library)
    made.permit(1)
    return made
