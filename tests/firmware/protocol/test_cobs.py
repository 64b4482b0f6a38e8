"""COBS against the `cobs` package, byte for byte, and on anything that is no COBS."""

import pytest
from cobs import cobs as reference
from hypothesis import example, given
from hypothesis import strategies as st

from firmware.protocol.cobs import decode_in_place, encode_into

mostly_full = st.lists(st.sampled_from([0, 1, 1, 1, 255]), max_size=1100).map(bytes)
payloads = st.one_of(st.binary(max_size=600), mostly_full, st.integers(0, 800).map(lambda n: b"\x01" * n))


def encode(data):
    target = bytearray(len(data) + len(data) // 254 + 1)
    return bytes(target[: encode_into(data, len(data), target)])


def decode(data):
    buffer = bytearray(data)
    length = decode_in_place(buffer, len(buffer))
    return None if length < 0 else bytes(buffer[:length])


@pytest.mark.req("LINK-1")
@given(payloads)
@example(b"\x01" * 254)
@example(b"\x01" * 255)
@example(b"\x01" * 254 + b"\0")
@example(b"\x01" * 508)
def test_encodes_as_the_reference_and_back(data):
    encoded = encode(data)
    assert encoded == reference.encode(data)
    assert 0 not in encoded
    assert decode(encoded) == data


@pytest.mark.req("LINK-4")
@given(st.binary(min_size=1, max_size=600))
@example(b"\x01\x01\xff")
@example(b"\x02\x00")
def test_any_bytes_decode_as_in_the_reference_or_are_refused(data):
    try:
        expected = reference.decode(data)
    except reference.DecodeError:
        expected = None
    assert decode(data) == expected


def test_nothing_at_all_is_no_frame():
    assert decode(b"") is None
