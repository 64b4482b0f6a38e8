"""An error names its figures: for whoever reads the log of a desk, and for the code that acts on it."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.errors import FirmwareError, MemoryAbsent, MemoryRange, Refused


@pytest.mark.req("GUARD-1")
def test_a_refusal_names_the_field_its_value_and_the_limit() -> None:
    error = Refused(protocol.CLINICIAN_LIMIT, "volume_mu", 12_400, 10_000)
    assert (error.code, error.field_name, error.value, error.limit) == (
        protocol.CLINICIAN_LIMIT, "volume_mu", 12_400, 10_000,
    )  # fmt: skip
    text = f"refused: code {protocol.CLINICIAN_LIMIT}, field volume_mu, value 12400, limit 10000"
    assert str(error) == text and isinstance(error, FirmwareError)
    plain = Refused(protocol.MEMORY_FAILED)
    assert (plain.field_name, plain.value, plain.limit) == (None, 0, 0)


@pytest.mark.req("STORE-1")
def test_a_memory_error_names_the_place_at_which_the_memory_failed() -> None:
    absent = MemoryAbsent(0x50)
    assert absent.bus_address == 0x50 and "0x50" in str(absent)
    beyond = MemoryRange(32_767, 2, 32_768)
    assert (beyond.address, beyond.length, beyond.size_bytes) == (32_767, 2, 32_768)
    assert str(beyond) == "2 bytes from 32767 on, of a memory of 32768 bytes"
    assert isinstance(absent, FirmwareError) and isinstance(beyond, FirmwareError)
