"""CRC-32C against the catalogue and against an independent implementation."""

import crcmod.predefined
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.protocol.crc32c import crc32c

reference = crcmod.predefined.mkCrcFun("crc-32c")


@pytest.mark.req("LINK-1")
def test_check_value_of_the_catalogue():
    assert crc32c(b"123456789", 9) == 0xE3069283


@pytest.mark.req("LINK-1")
@given(st.binary(max_size=600))
def test_agrees_with_crcmod(data):
    assert crc32c(data, len(data)) == reference(data)
    assert crc32c(memoryview(bytearray(data)), len(data)) == reference(data)


@given(st.binary(max_size=80), st.integers(0, 80))
def test_continues_over_pieces_and_stops_at_the_length(data, cut):
    cut = min(cut, len(data))
    head = crc32c(data, cut)
    assert head == reference(data[:cut])
    assert crc32c(data[cut:], len(data) - cut, head) == reference(data)


@pytest.mark.req("LINK-1")
@given(st.binary(min_size=1, max_size=254), st.data())
def test_every_burst_up_to_32_bits_is_detected(data, draw):
    bits = len(data) * 8
    burst = draw.draw(st.integers(1, min(0xFFFFFFFF, (1 << bits) - 1)))
    shift = draw.draw(st.integers(0, bits - burst.bit_length()))
    # The register is reflected: a burst is contiguous in the order of little-endian bits.
    damaged = (int.from_bytes(data, "little") ^ (burst << shift)).to_bytes(len(data), "little")
    assert crc32c(damaged, len(damaged)) != crc32c(data, len(data))
