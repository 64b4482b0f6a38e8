"""The wire form of fields, byte by byte, and what is said of a value that is not allowed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware import protocol
from firmware.protocol import codec
from firmware.protocol.codec import ProtocolError, decode, encode, fit
from firmware.protocol.table import Field, describe

pytestmark = pytest.mark.req("LINK-1")
KINDS = Field("kind", "u8", "", "which", names=("none", "some", "all"))
RATE = Field("rate_mu_per_h", "u16", "mU/h", "", 50, 35_000, 50, hard=True)
NAME = Field("name", "str8", high=4)
PAIRS = Field("pairs", "records", high=2, fields=(Field("a", "i32"), Field("b", "bool")))


def refusal(call: Callable[[], object]) -> tuple[int, int, str, int, int]:
    with pytest.raises(ProtocolError) as error:
        call()
    found = error.value
    return found.code, found.field_index, found.field_name, found.value, found.limit


def test_a_field_is_what_it_was_made_of() -> None:
    kinds = Field("kind", "u8", "", "which", names=("none", "some", "all"))
    rate = Field("rate_mu_per_h", "u16", "mU/h", "", 50, 35_000, 50, hard=True)
    pairs = Field("pairs", "records", high=2, fields=(kinds, rate))
    names = ("name", "kind", "unit", "doc", "low", "high", "step", "names", "hard", "fields")
    assert [getattr(kinds, name) for name in names] == [
        "kind", "u8", "", "which", 0, 2, 1, ("none", "some", "all"), False, (),
    ]  # fmt: skip
    assert [getattr(rate, name) for name in names] == [
        "rate_mu_per_h", "u16", "mU/h", "", 50, 35_000, 50, (), True, (),
    ]  # fmt: skip
    assert pairs.fields == (kinds, rate)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("u8", 0, 255),
        ("u16", 0, 65_535),
        ("u32", 0, 2**32 - 1),
        ("u64", 0, 2**64 - 1),
        ("i32", -(2**31), 2**31 - 1),
        ("i64", -(2**63), 2**63 - 1),
        ("bool", 0, 1),
        ("str8", 0, 32),
        ("bytes", 0, 255),
    ],
)
def test_without_limits_of_its_own_a_field_has_those_of_its_type(kind: str, low: int, high: int) -> None:
    field = Field("x", kind)
    assert (field.low, field.high) == (low, high)
    if kind not in ("bool", "str8", "bytes"):
        for value in (low, high):
            assert decode((field,), encode((field,), {"x": value})) == {"x": value}
        assert fit((field,), {"x": low - 1}) == encode((field,), {"x": low})
        assert fit((field,), {"x": high + 1}) == encode((field,), {"x": high})


def test_the_schema_says_all_of_a_field_but_its_prose() -> None:
    assert describe(RATE) == "rate_mu_per_h u16 mU/h 50 35000 50 1"
    assert describe(KINDS) == "kind u8  0 2 1 0 none some all"
    assert describe(PAIRS) == "pairs records  0 2 1 0 a i32  -2147483648 2147483647 1 0 b bool  0 1 1 0"


FIELDS = (KINDS, RATE, NAME, PAIRS)
VALUES = {"kind": 2, "rate_mu_per_h": 1_050, "name": "aé", "pairs": [{"a": -2, "b": True}, {"a": 3, "b": False}]}
PAYLOAD = b"\x02" + b"\x1a\x04" + b"\x03a\xc3\xa9" + b"\x02" + b"\xfe\xff\xff\xff\x01" + b"\x03\x00\x00\x00\x00"


def test_a_payload_is_its_fields_in_order_little_endian() -> None:
    assert encode(FIELDS, VALUES) == fit(FIELDS, VALUES) == PAYLOAD
    assert decode(FIELDS, PAYLOAD) == VALUES


def test_what_is_not_allowed_is_named_with_its_place_value_and_limit() -> None:
    out = protocol.OUT_OF_RANGE

    def with_(**values: object) -> Callable[[], object]:
        return lambda: encode(FIELDS, {**VALUES, **values})

    assert refusal(with_(kind=3)) == (out, 0, "kind", 3, 2)
    assert refusal(with_(rate_mu_per_h=49)) == (out, 1, "rate_mu_per_h", 49, 50)
    assert refusal(with_(rate_mu_per_h=35_001)) == (protocol.HARD_LIMIT, 1, "rate_mu_per_h", 35_001, 35_000)
    assert refusal(with_(rate_mu_per_h=51)) == (protocol.NOT_MULTIPLE, 1, "rate_mu_per_h", 51, 50)
    assert refusal(with_(name="abcde")) == (out, 2, "name", 5, 4)
    assert refusal(with_(pairs=[{"a": 0, "b": False}] * 3)) == (out, 3, "pairs", 3, 2)
    with pytest.raises(ProtocolError, match="kind is 3, limit 2"):
        encode(FIELDS, {**VALUES, "kind": 3})
    assert encode(FIELDS, {**VALUES, "kind": 9}, check=False)[0] == 9


def test_a_payload_of_the_wrong_length_is_refused_by_its_own_and_the_one_it_should_have() -> None:
    bad = protocol.BAD_LENGTH
    assert refusal(lambda: decode(FIELDS, PAYLOAD[:2])) == (bad, 255, "payload", 2, 3)
    assert refusal(lambda: decode(FIELDS, PAYLOAD[:5])) == (bad, 255, "payload", 5, 7)
    assert refusal(lambda: decode(FIELDS, PAYLOAD[:-1])) == (bad, 255, "payload", 17, 18)
    assert refusal(lambda: decode(FIELDS, PAYLOAD + b"\0")) == (bad, 255, "payload", 19, 18)
    assert refusal(lambda: decode((NAME,), b"\x02\xff\xfe")) == (
        protocol.OUT_OF_RANGE, 255, "text that is not UTF-8", 0, 0,
    )  # fmt: skip


def test_247_bytes_fit_a_frame_and_248_do_not() -> None:
    fields = tuple(Field(str(place), "u8") for place in range(248))
    values = {field.name: 0 for field in fields}
    assert len(encode(fields[:247], values)) == 247
    assert refusal(lambda: encode(fields, values)) == (protocol.BAD_LENGTH, 255, "payload", 248, 247)


def test_a_reply_is_cut_to_what_fits_and_to_whole_steps() -> None:
    values = {"kind": 7, "rate_mu_per_h": 1_099, "name": "abcdef", "pairs": [{"a": 2**40, "b": True}] * 3}
    assert decode(FIELDS, fit(FIELDS, values)) == {
        "kind": 2,
        "rate_mu_per_h": 1_050,
        "name": "abcd",
        "pairs": [{"a": 2**31 - 1, "b": True}] * 2,
    }
    assert decode((RATE,), fit((RATE,), {"rate_mu_per_h": -1})) == {"rate_mu_per_h": 50}
    with pytest.raises(KeyError):
        fit((RATE,), {})


def test_no_field_is_beyond_every_place() -> None:
    assert codec.NO_FIELD == 0xFF and all(len(message.request) < 0xFF for message in protocol.MESSAGES)


def test_what_comes_is_checked_as_what_goes_and_what_is_no_number_is_named() -> None:
    for value, code, limit in (
        (0, protocol.OUT_OF_RANGE, 50),
        (75, protocol.NOT_MULTIPLE, 50),
        (35_050, protocol.HARD_LIMIT, 35_000),
    ):
        raw = encode((RATE,), {"rate_mu_per_h": value}, check=False)
        assert refusal(lambda raw=raw: decode((RATE,), raw)) == (code, 0, "rate_mu_per_h", value, limit)
    with pytest.raises(TypeError, match=r"rate_mu_per_h must be a whole number, not '100'"):
        encode((RATE,), {"rate_mu_per_h": "100"})
