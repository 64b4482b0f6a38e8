"""Numbers that stand on both sides of a border are the same on both."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import c_ext.host
from firmware import dose_codes, events
from hil.backends import backed, benchlink
from hil.backends.device import device_program
from host.errors import INVARIANTS

ROOT = Path(__file__).resolve().parents[2]
HEADER = (ROOT / "boards" / "VIRTUAL" / "benchlink" / "benchlink.h").read_text()


def test_bench_link_constants() -> None:
    defined = {name: int(value) for name, value in re.findall(r"#define BENCHLINK_(\w+) (\d+)u", HEADER)}
    assert defined
    for name, value in defined.items():
        assert getattr(benchlink, name) == value, name


def test_bench_link_layout() -> None:
    sizes = {"uint8_t": "B", "uint16_t": "H", "uint32_t": "I", "uint64_t": "Q"}
    structs = re.findall(r"typedef struct \{(.*?)\} benchlink_(\w+)_t;", HEADER, re.S)
    layouts = {
        name: "<" + "".join(sizes[each] for each in re.findall(r"(uint\d+_t) \w+;", body)) for body, name in structs
    }
    assert layouts == {"request": benchlink.REQUEST.format, "reply": benchlink.REPLY.format}


def test_backed_memory_layout() -> None:
    header = (ROOT / "boards" / "VIRTUAL" / "benchlink" / "backed.h").read_text()
    defined = {name: int(value, 0) for name, value in re.findall(r"#define BACKED_(\w+) (\w+?)u?\n", header)}
    assert defined == {name: getattr(backed, name) for name in ("MAGIC", "HEADER_BYTES", "EXIT_POWER_CUT")}
    sizes = {"uint32_t": "I", "uint64_t": "Q", "int64_t": "q"}
    structs = re.findall(r"typedef struct \{(.*?)\} (backed\w*)_t;", header, re.S)
    layouts = {
        name: "<" + "".join(sizes[each] for each in re.findall(r"(u?int\d+_t) \w+;", body)) for body, name in structs
    }
    assert layouts == {"backed": backed.HEADER.format, "backed_trace": backed.TRACE.format}
    assert backed.HEADER.size <= backed.HEADER_BYTES


def test_event_bits_of_the_virtual_board() -> None:
    names = [name for name in vars(events) if name.isupper()]
    program = "import virtual; print(" + ", ".join(f"virtual.EVENT_{name}" for name in names) + ")"
    printed = subprocess.run([device_program(), "-c", program], capture_output=True, text=True, check=True).stdout
    assert [int(each) for each in printed.split()] == [getattr(events, name) for name in names]


@pytest.mark.req("PWR-1")
def test_the_account_s_link_time_is_the_chip_s() -> None:
    figures = tomllib.loads((ROOT / "boards" / "STM32L4" / "current.toml").read_text())
    header = (ROOT / "c_ext" / "stm32" / "power.h").read_text()
    assert f"#define POWER_LINK_US {figures['time_us']['link']}u" in header


@pytest.mark.req("GUARD-2")
def test_the_names_of_the_state_s_invariants() -> None:
    header = (ROOT / "c_ext" / "core" / "state.h").read_text()
    names = re.findall(r"^    STATE_(\w+)(?: = 0)?,? ", header.partition("typedef enum {")[2], re.M)
    assert [name.lower() for name in names] == list(INVARIANTS)
    assert INVARIANTS.index("words_intact") == dose_codes.WORDS_INTACT


@pytest.mark.req("DOSE-3")
def test_dose_codes() -> None:
    for name in ("OK", *(each for each in vars(dose_codes) if each.startswith(("E_", "KIND_")))):
        assert getattr(dose_codes, name) == getattr(c_ext.host, name), name
    order = [each.lower() for each in vars(dose_codes) if each.isupper() and not each.startswith(("E_", "KIND_"))]
    places = {name: place for place, name in enumerate(c_ext.host.STATE_FIELDS)}
    for name in order:
        if name in places:
            assert getattr(dose_codes, name.upper()) == places[name], name
    assert {"basal_commanded", "normal_reason", "guard_fault", "in_flight"} <= set(order) & set(places)
    state = c_ext.host.Core(motor=(96, 400, 1600, 20_000)).state(0)
    assert dose_codes.NEXT_US == len(places) == len(state) - 1, "the last of state(now_us)"


@pytest.mark.req("GUARD-2", "GUARD-4")
def test_faults_temporary_rates_and_windows() -> None:
    names = {"FAULT_MEMORY": "MEMORY_FAULT", "FAULT_COUNT": "COUNT_FAULT", "FAULT_STOPPED": "STOPPED"}
    names |= {"FAULT_SUPERVISOR": "SUPERVISOR", "HOUR": "HOUR", "DAY": "DAY"}
    names |= {"TEMP_RATE": "TEMP_RATE", "TEMP_PERCENT": "TEMP_PERCENT"}
    for ours, theirs in names.items():
        assert getattr(dose_codes, ours) == getattr(c_ext.host, theirs), ours
